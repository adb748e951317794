import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { describe, expect, it } from 'vitest';
import type { AuditRecord, ChangeRecord } from '../../src/audit/record.ts';
import type { Ledger } from '../../src/ledger/port.ts';
import type { Bindings } from '../../src/platform/workers/bindings.ts';
import type { StepAnswer } from '../../src/platform/workers/ledger/rpc.ts';
import { canonicalJson } from '../../src/lib/canonical-json.ts';
import { Secret } from '../../src/lib/secret.ts';
import { sha256Hex } from '../../src/lib/sha256.ts';
import { MAX_POLICY_BYTES } from '../../src/policy/document/document-size.ts';
import { fingerprint, passwordFingerprint } from '../../src/upstream/api-keys.ts';
import { accountOf } from '../../src/upstream/sign-in/secret-fingerprint.ts';
import { createWorker } from '../../src/worker.ts';
import { answering, deploymentLedger, openLedgerObject } from './ledger/ledger-harness.ts';
import { POLICY, startWhole, until } from './whole-worker.ts';

/** What changes in a deployment is on record once, however many isolates serve it. */
const OTHER_POLICY = { ...POLICY, rules: POLICY.rules.map((rule) => ({ ...rule, domains: ['example.com'] })) };
const digestOf = (policy: object): string => sha256Hex(canonicalJson(policy));

function deployment() {
  const harness = openLedgerObject();
  const base = { ...(env as unknown as Bindings), POLICY: undefined } as unknown as Bindings;
  const lines: string[] = [];
  return {
    harness,
    lines,
    /** A new isolate of this deployed version: it asks for /livez, and its background work ends. */
    async isolate(policy: unknown, { version = 'v1', ledger, ...changes }: Record<string, unknown> = {}) {
      const worker = createWorker(policy, { write: (line) => void lines.push(line) });
      const namespace = ledger ?? {
        idFromName: () => harness.stub.id,
        get: () => harness.stub,
      };
      const bindings = {
        ...base,
        LEDGER: namespace,
        VERSION: { id: version },
        GALILEO_API_KEY: 'test-key-0f3c9a7e5b1d2468',
        AUTH_ISSUERS: '[{"name":"corp","issuer":"https://login.example.com","audience":"galileo-invites"}]',
        ...changes,
      } as unknown as Bindings;
      const ask = async (path: string): Promise<Response> => {
        const context = createExecutionContext();
        const request = new Request(`https://invites.example.com${path}`) as Parameters<
          NonNullable<typeof worker.fetch>
        >[0];
        const response = await worker.fetch?.(request, bindings, context);
        await waitOnExecutionContext(context);
        if (response === undefined) throw new Error('the Worker answers no requests');
        return response;
      };
      const first = await ask('/livez');
      return { first, ask };
    },
    async changes(): Promise<readonly string[]> {
      const records = (await harness.ledger.records(0, 1000)).map(({ line }) => JSON.parse(line) as AuditRecord);
      return records.filter((one) => one.kind === 'change').map(describeChange);
    },
  };
}

function describeChange({ change, service }: ChangeRecord): string {
  if (change.what === 'service_started') return `started ${service.instance}`;
  if (change.what !== 'policy_taken') return change.what;
  const short = (digest: string | null): string => digest?.slice(0, 8) ?? 'none';
  return `policy ${short(change.from)} to ${short(change.to)}`;
}

/** The answer of the ledger object that the whole Worker uses. */
async function stepOf<T>(
  name: Parameters<ReturnType<typeof deploymentLedger>['step']>[0],
  args: unknown[],
): Promise<T> {
  const answer = (await deploymentLedger().step(name, args)) as unknown as StepAnswer;
  if (answer.kind === 'failed') throw new Error(answer.reason);
  return answer.result as T;
}

type SlotChange = Extract<ChangeRecord['change'], { what: 'key_slot_changed' }>;

async function slotChanges(): Promise<readonly SlotChange[]> {
  const records = (await stepOf<readonly { line: string }[]>('records', [0, 1000])).map(
    ({ line }) => JSON.parse(line) as AuditRecord,
  );
  return records.flatMap((one) =>
    one.kind === 'change' && one.change.what === 'key_slot_changed' ? [one.change] : [],
  );
}

const [first, second] = [digestOf(POLICY).slice(0, 8), digestOf(OTHER_POLICY).slice(0, 8)];

describe('a deployment on Workers', () => {
  it('has one record of its start and of its policy, and the policy itself, whatever the number of isolates', async () => {
    const { isolate, changes, harness } = deployment();
    for (let n = 0; n < 3; n += 1) expect((await isolate(POLICY)).first.status).toBe(200);
    expect(await changes()).toEqual(['started v1', `policy none to ${first}`]);
    expect(await harness.ledger.findPolicy(digestOf(POLICY))).toBe(canonicalJson(POLICY));
  });

  it('has another one for a new version, with the policy that it brings', async () => {
    const { isolate, changes } = deployment();
    await isolate(POLICY);
    await isolate(POLICY, { version: 'v2' });
    await isolate(OTHER_POLICY, { version: 'v3' });
    expect(await changes()).toEqual([
      'started v1',
      `policy none to ${first}`,
      'started v2',
      'started v3',
      `policy ${first} to ${second}`,
    ]);
  });

  it('does not flap while isolates of two versions start in turn', async () => {
    const { isolate, changes } = deployment();
    for (const version of ['v1', 'v2', 'v1', 'v2', 'v1'])
      await isolate(version === 'v1' ? POLICY : OTHER_POLICY, { version });
    expect(await changes()).toEqual([
      'started v1',
      `policy none to ${first}`,
      'started v2',
      `policy ${first} to ${second}`,
    ]);
  });

  it('has one record of the key in a slot, and another one when a new version brings another key', async () => {
    const [one, two] = ['test-key-0f3c9a7e5b1d2468', 'test-key-two-9a7e5b1d2468'];
    const changes: Record<string, unknown>[] = [{}, {}, { GALILEO_API_KEY: two, GALILEO_API_KEY_NEXT: one }];
    for (const [index, changed] of changes.entries()) {
      const whole = await startWhole(changed);
      expect((await whole.invite(`key-${index}@acme.com`)).status).toBe(200);
      expect(await until(async () => (await slotChanges()).length >= (index === 2 ? 3 : 1))).toBe(true);
    }
    const [before, after] = [one, two].map((key) => fingerprint(new Secret(key)));
    expect(await slotChanges()).toEqual([
      { what: 'key_slot_changed', slot: 'current', from: null, to: before },
      { what: 'key_slot_changed', slot: 'current', from: before, to: after },
      { what: 'key_slot_changed', slot: 'next', from: null, to: before },
    ]);
  });

  it('has one record of each password, by a fingerprint under the salt of the ledger', async () => {
    const passwords = ['test-pass-0f3c9a7e5b1d2468', 'test-pass-two-9a7e5b1d2468'] as const;
    const ofCurrent = async () => (await slotChanges()).filter(({ slot }) => slot === 'current').map(({ to }) => to);
    const before = (await ofCurrent()).length;
    const signIn = { GALILEO_API_KEY: undefined, GALILEO_AUTH: 'basic', GALILEO_USERNAME: 'invites' };
    for (const [index, password] of [passwords[0], passwords[0], passwords[1]].entries()) {
      const whole = await startWhole({ ...signIn, GALILEO_PASSWORD: password });
      expect((await whole.invite(`password-${index}@acme.com`)).status).toBe(200);
      expect(await until(async () => (await ofCurrent()).length >= before + (index === 2 ? 2 : 1))).toBe(true);
    }
    const salt = await stepOf<string>('signInSalt', []);
    const account = accountOf({ baseUrl: 'https://api.galileo.ai', username: 'invites' });
    expect((await ofCurrent()).slice(before)).toEqual(
      passwords.map((password) => passwordFingerprint(new Secret(password), { salt, account })),
    );
    const trail = (await stepOf<readonly { line: string }[]>('records', [0, 1000])).map(({ line }) => line).join('\n');
    for (const password of passwords)
      for (const hidden of [password, fingerprint(new Secret(password)), salt]) expect(trail).not.toContain(hidden);
  });

  it('answers 503 ledger_unavailable while the ledger cannot take its first policy, and serves as soon as it can', async () => {
    const { isolate, harness, changes } = deployment();
    let isDown = true;
    const ledger = answering(async (name, args) => {
      if (isDown) throw new Error('the object is not available');
      return await harness.stub.step(name, args);
    });
    const { first: answer, ask } = await isolate(POLICY, { ledger });
    expect(answer.status).toBe(200);
    const refused = await ask('/v2/invite_policy');
    expect([refused.status, await refused.json()]).toMatchObject([
      503,
      { code: 'ledger_unavailable', origin: 'proxy' },
    ]);
    expect((await ask('/readyz')).status).toBe(503);
    isDown = false;
    expect((await ask('/v2/invite_policy')).status).toBe(401);
    expect(await changes()).toEqual(['started v1', `policy none to ${first}`]);
  });
});

describe('a policy in a Durable Object', () => {
  const report = (document: string): Parameters<Ledger['recordChanges']>[0] => [
    {
      change: { what: 'policy_taken', to: sha256Hex(document), document },
      seen: 'found',
      service: { name: 'galileo-invite-proxy', version: '0', runtime: 'workerd', instance: 'v1' },
    },
  ];

  it('is kept up to the limit, byte for byte, and not beyond it', async () => {
    const { ledger } = openLedgerObject();
    const largest = `"${'ä'.repeat((MAX_POLICY_BYTES - 2) / 2)}"`;
    expect(await ledger.recordChanges(report(largest))).toEqual(['recorded']);
    expect((await ledger.findPolicy(sha256Hex(largest))) === largest).toBe(true);
    await expect(ledger.recordChanges(report(`${largest} `))).rejects.toThrow('step_failed');
    expect((await ledger.chain()).head.seq).toBe(1);
  });
});
