import { env } from 'cloudflare:workers';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Bindings } from '../../src/platform/workers/bindings.ts';
import { BINDING_DEADLINE_MS } from '../../src/platform/workers/secrets/bound-secret.ts';
import type { ChangeAnswer } from '../../src/ledger/records/change-report.ts';
import { sha256Hex } from '../../src/lib/sha256.ts';
import type { PolicyRecord, PolicyStore } from '../../src/platform/workers/policy/source.ts';
import { POLICY_STORE_KEY } from '../../src/policy/document/read-document.ts';
import { openPolicy, POLICY_CHECK_MS, RECORD_RETRY_MS } from '../../src/platform/workers/policy/source.ts';
import { loadPolicy, readPolicy } from '../../src/policy/load.ts';
import { createFakeClock } from '../support/clock.ts';
import { recordLogs, recordMetrics } from '../support/upstream.ts';

/** The Worker's policy over a real KV namespace, with a fake clock. */
const YAML = (domain: string, { issuer = 'corp', expect: verdict = 'allow' } = {}) => `
version: 1
callers: { hr-portal: { issuer: ${issuer}, client_id: [hr-portal] } }
rules: [{ id: hr-staff, allow: [hr-portal], domains: [${domain}], roles: any, auth_methods: any }]
tests: [{ as: hr-portal, invite: ann@${domain}, expect: ${verdict} }]
`;

function documentOf(yaml: string): unknown {
  const read = readPolicy(yaml, { issuers: 'any' });
  if (read.kind === 'refused') throw new Error(JSON.stringify(read.problems));
  return read.document;
}

function digestOf(yaml: string): string {
  const loaded = loadPolicy(yaml, { issuers: ['corp'] });
  if (loaded.kind === 'refused') throw new Error(JSON.stringify(loaded.problems));
  return loaded.policy.digest;
}

const BUILT_IN = YAML('acme.com');
const PUSHED = YAML('example.com');
const [builtInDigest, pushedDigest] = [digestOf(BUILT_IN), digestOf(PUSHED)];
const kv = (env as unknown as { POLICY: KVNamespace }).POLICY satisfies Bindings['POLICY'];

/** Reads the namespace directly, without KV's cache of a location. */
const store: PolicyStore = { get: async (key) => await kv.get(key) };
const push = (yaml: string): Promise<void> => kv.put(POLICY_STORE_KEY, JSON.stringify(documentOf(yaml)));

function open(from: PolicyStore | undefined = store, builtIn: unknown = documentOf(BUILT_IN)) {
  const clock = createFakeClock();
  const logger = recordLogs();
  const metrics = recordMetrics();
  const taken: { digest: string; seen: string }[] = [];
  const refused: unknown[] = [];
  const ledger: { answer: () => Promise<ChangeAnswer> } = { answer: async () => 'recorded' };
  const record: PolicyRecord = {
    async take({ digest: to, document }, seen) {
      expect(sha256Hex(document)).toBe(to);
      const answer = await ledger.answer();
      taken.push({ digest: to, seen });
      return answer;
    },
    refuse: (refusal) => void refused.push(refusal),
  };
  const opened = openPolicy({
    builtIn,
    store: from,
    issuers: ['corp'],
    clock,
    schedule: clock,
    logger,
    metrics,
    record,
  });
  if (opened.kind === 'refused') throw new Error(opened.problems.join('\n'));
  const digest = () => opened.policy.current().digest;
  return { clock, schedule: clock, logger, digest, refresh: () => opened.refresh(), taken, refused, ledger };
}

beforeEach(() => kv.delete(POLICY_STORE_KEY));

describe('the policy of a Worker', () => {
  it('is the one that was built in, with the digest it has on Node', async () => {
    const { refresh, digest } = open();
    expect([await refresh(), digest()]).toEqual(['ready', builtInDigest]);
  });

  it('needs no KV', async () => {
    const { refresh, digest } = open(undefined);
    expect([await refresh(), digest()]).toEqual(['ready', builtInDigest]);
  });

  it('is the one in KV where there is one, from the first request on', async () => {
    await push(PUSHED);
    const { refresh, digest } = open();
    expect([await refresh(), digest()]).toEqual(['ready', pushedDigest]);
  });

  it('changes with KV, and back again when that is empty', async () => {
    const { clock, refresh, digest, logger } = open();
    await refresh();
    await push(PUSHED);
    clock.advance(POLICY_CHECK_MS - 1);
    await refresh();
    expect(digest()).toBe(builtInDigest);
    clock.advance(1);
    await refresh();
    expect(digest()).toBe(pushedDigest);
    await kv.delete(POLICY_STORE_KEY);
    clock.advance(POLICY_CHECK_MS);
    await refresh();
    expect(digest()).toBe(builtInDigest);
    expect(logger.lines.map(({ event }) => event)).toEqual(['policy_loaded', 'policy_loaded']);
  });

  it.each([
    ['is not JSON', () => kv.put(POLICY_STORE_KEY, 'version: 1')],
    ['repeats a member', () => kv.put(POLICY_STORE_KEY, '{"version":1,"rules":[],"rules":[]}')],
    ['has an unknown key', () => kv.put(POLICY_STORE_KEY, '{"version":1,"rules":[],"rulez":[]}')],
    ['pins an issuer that is not configured', () => push(YAML('example.com', { issuer: 'elsewhere' }))],
    ['has a failing test', () => push(YAML('example.com', { expect: 'deny' }))],
  ])('stays when the document in KV %s, and the log says so once', async (_name, write) => {
    await push(PUSHED);
    const { clock, refresh, digest, logger } = open();
    await refresh();
    await write();
    for (let times = 0; times < 3; times += 1) {
      clock.advance(POLICY_CHECK_MS);
      expect([await refresh(), digest()]).toEqual(['ready', pushedDigest]);
    }
    expect(logger.lines.filter(({ event }) => event === 'policy_refused')).toHaveLength(1);
    expect(logger.lines.some(({ event }) => event === 'policy_problem')).toBe(true);
    expect(JSON.stringify(logger.lines)).not.toContain('@');
  });

  it('is missing for an isolate that finds an invalid document before it has read a valid one', async () => {
    await kv.put(POLICY_STORE_KEY, '{}');
    const { refresh } = open();
    expect([await refresh(), await refresh()]).toEqual(['no_policy', 'no_policy']);
    await push(PUSHED);
    expect(await refresh()).toBe('ready');
  });

  it('stays while KV cannot be read, and is missing for an isolate that never read KV', async () => {
    let fails = false;
    const failing: PolicyStore = { get: async (key) => (fails ? Promise.reject(new Error('KV')) : await kv.get(key)) };
    await push(PUSHED);
    const warm = open(failing);
    await warm.refresh();
    fails = true;
    warm.clock.advance(POLICY_CHECK_MS);
    expect([await warm.refresh(), warm.digest()]).toEqual(['ready', pushedDigest]);
    expect(await open(failing).refresh()).toBe('no_policy');
  });

  it('stays when KV hangs, and delays no request for longer than two seconds', async () => {
    let hangs = false;
    const hanging: PolicyStore = {
      get: async (key) => (hangs ? await new Promise<null>(() => undefined) : await kv.get(key)),
    };
    await push(PUSHED);
    const warm = open(hanging);
    await warm.refresh();
    hangs = true;
    warm.clock.advance(POLICY_CHECK_MS);
    for (const { opened, readiness } of [
      { opened: warm, readiness: 'ready' },
      { opened: open(hanging), readiness: 'no_policy' },
    ]) {
      const refreshed = opened.refresh();
      opened.schedule.advance(BINDING_DEADLINE_MS);
      expect(await refreshed).toBe(readiness);
      expect(opened.logger.lines.at(-1)?.event).toBe('policy_store_unreadable');
    }
    expect(warm.digest()).toBe(pushedDigest);
  });

  it('is read by one request at a time: the others use the policy in force', async () => {
    let answer: (text: string | null) => void = () => undefined;
    let asked = 0;
    const slow: PolicyStore = {
      get: () => {
        asked += 1;
        return asked === 1 ? Promise.resolve(null) : new Promise((resolve) => (answer = resolve));
      },
    };
    const { clock, refresh, digest } = open(slow);
    await refresh();
    clock.advance(POLICY_CHECK_MS);
    const looking = refresh();
    expect([await refresh(), digest()]).toEqual(['ready', builtInDigest]);
    answer(JSON.stringify(documentOf(PUSHED)));
    await looking;
    expect([asked, digest()]).toEqual([2, pushedDigest]);
  });

  it('is refused when the built-in document names an issuer that is not configured', () => {
    const builtIn = documentOf(YAML('acme.com', { issuer: 'elsewhere' }));
    expect(() => open(store, builtIn)).toThrow('policy at callers.hr-portal.issuer: unknown issuer');
  });
});

describe('the record of a Worker’s policy', () => {
  const unavailable = (): Promise<ChangeAnswer> => Promise.reject(new Error('the ledger is not available'));

  it('is written before the first request, as found, and once for each isolate', async () => {
    const { refresh, taken, clock } = open();
    await refresh();
    clock.advance(POLICY_CHECK_MS);
    await refresh();
    expect(taken).toEqual([{ digest: builtInDigest, seen: 'found' }]);
  });

  it('is written before a changed policy decides anything, as a change', async () => {
    const { refresh, taken, clock, digest, ledger } = open();
    await refresh();
    await push(PUSHED);
    clock.advance(POLICY_CHECK_MS);
    const recording = Promise.withResolvers<ChangeAnswer>();
    ledger.answer = () => recording.promise;
    const first = refresh();
    // Another request meanwhile uses the policy in force.
    expect([await refresh(), digest()]).toEqual(['ready', builtInDigest]);
    recording.resolve('recorded');
    expect([await first, digest()]).toEqual(['ready', pushedDigest]);
    expect(taken.slice(1)).toEqual([{ digest: pushedDigest, seen: 'changed' }]);
  });

  it('that the ledger cannot take leaves the isolate without a policy, or with the one it has', async () => {
    const cold = open();
    cold.ledger.answer = unavailable;
    expect([await cold.refresh(), await cold.refresh()]).toEqual(['not_recorded', 'not_recorded']);
    cold.ledger.answer = async () => 'recorded';
    expect(await cold.refresh()).toBe('ready');

    const warm = open();
    await warm.refresh();
    await push(PUSHED);
    warm.clock.advance(POLICY_CHECK_MS);
    warm.ledger.answer = unavailable;
    expect([await warm.refresh(), warm.digest()]).toEqual(['ready', builtInDigest]);
    expect(warm.logger.lines.at(-1)).toMatchObject({
      event: 'policy_not_recorded',
      fields: { digest: pushedDigest, kept: builtInDigest },
    });
    warm.ledger.answer = async () => 'recorded';
    warm.clock.advance(RECORD_RETRY_MS - 1);
    expect([await warm.refresh(), warm.digest()]).toEqual(['ready', builtInDigest]);
    warm.clock.advance(1);
    expect([await warm.refresh(), warm.digest()]).toEqual(['ready', pushedDigest]);
  });

  it('that the ledger defers is reported again, while the policy serves', async () => {
    const { refresh, taken, clock, digest, ledger } = open();
    ledger.answer = async () => 'deferred';
    expect([await refresh(), digest()]).toEqual(['ready', builtInDigest]);
    await refresh();
    ledger.answer = async () => 'recorded';
    clock.advance(POLICY_CHECK_MS);
    await refresh();
    clock.advance(POLICY_CHECK_MS);
    await refresh();
    expect(taken).toEqual([
      { digest: builtInDigest, seen: 'found' },
      { digest: builtInDigest, seen: 'found' },
    ]);
  });

  it('of a refused document names the policy that stays, once for each text', async () => {
    const { refresh, refused, clock } = open();
    await refresh();
    await kv.put(POLICY_STORE_KEY, '{"version":1,"rules":[],"rulez":[]}');
    for (let times = 0; times < 3; times += 1) {
      clock.advance(POLICY_CHECK_MS);
      await refresh();
    }
    const textSha256 = sha256Hex('{"version":1,"rules":[],"rulez":[]}');
    expect(refused).toEqual([{ kept: builtInDigest, problems: 1, textSha256 }]);
  });
});
