import { env } from 'cloudflare:workers';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Bindings } from '../../src/platform/workers/bindings.ts';
import { BINDING_DEADLINE_MS } from '../../src/platform/workers/secrets/bound-secret.ts';
import type { PolicyStore } from '../../src/platform/workers/policy/source.ts';
import { POLICY_STORE_KEY } from '../../src/policy/document/read-document.ts';
import { openPolicy, POLICY_CHECK_MS } from '../../src/platform/workers/policy/source.ts';
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
  const opened = openPolicy({ builtIn, store: from, issuers: ['corp'], clock, schedule: clock, logger, metrics });
  if (opened.kind === 'refused') throw new Error(opened.problems.join('\n'));
  const digest = () => opened.policy.current().digest;
  return { clock, schedule: clock, logger, digest, refresh: () => opened.refresh() };
}

beforeEach(() => kv.delete(POLICY_STORE_KEY));

describe('the policy of a Worker', () => {
  it('is the one that was built in, with the digest it has on Node', async () => {
    const { refresh, digest } = open();
    expect([await refresh(), digest()]).toEqual([true, builtInDigest]);
  });

  it('needs no KV', async () => {
    const { refresh, digest } = open(undefined);
    expect([await refresh(), digest()]).toEqual([true, builtInDigest]);
  });

  it('is the one in KV where there is one, from the first request on', async () => {
    await push(PUSHED);
    const { refresh, digest } = open();
    expect([await refresh(), digest()]).toEqual([true, pushedDigest]);
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
      expect([await refresh(), digest()]).toEqual([true, pushedDigest]);
    }
    expect(logger.lines.filter(({ event }) => event === 'policy_refused')).toHaveLength(1);
    expect(logger.lines.some(({ event }) => event === 'policy_problem')).toBe(true);
    expect(JSON.stringify(logger.lines)).not.toContain('@');
  });

  it('is missing for an isolate that finds an invalid document before it has read a valid one', async () => {
    await kv.put(POLICY_STORE_KEY, '{}');
    const { refresh } = open();
    expect([await refresh(), await refresh()]).toEqual([false, false]);
    await push(PUSHED);
    expect(await refresh()).toBe(true);
  });

  it('stays while KV cannot be read, and is missing for an isolate that never read KV', async () => {
    let fails = false;
    const failing: PolicyStore = { get: async (key) => (fails ? Promise.reject(new Error('KV')) : await kv.get(key)) };
    await push(PUSHED);
    const warm = open(failing);
    await warm.refresh();
    fails = true;
    warm.clock.advance(POLICY_CHECK_MS);
    expect([await warm.refresh(), warm.digest()]).toEqual([true, pushedDigest]);
    expect(await open(failing).refresh()).toBe(false);
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
    for (const { opened, isServing } of [
      { opened: warm, isServing: true },
      { opened: open(hanging), isServing: false },
    ]) {
      const refreshed = opened.refresh();
      opened.schedule.advance(BINDING_DEADLINE_MS);
      expect(await refreshed).toBe(isServing);
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
    expect([await refresh(), digest()]).toEqual([true, builtInDigest]);
    answer(JSON.stringify(documentOf(PUSHED)));
    await looking;
    expect([asked, digest()]).toEqual([2, pushedDigest]);
  });

  it('is refused when the built-in document names an issuer that is not configured', () => {
    const builtIn = documentOf(YAML('acme.com', { issuer: 'elsewhere' }));
    expect(() => open(store, builtIn)).toThrow('policy at callers.hr-portal.issuer: unknown issuer');
  });
});
