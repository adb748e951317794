import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startStandIns } from '../../../../dev/stand-ins.ts';
import type { StandIns } from '../../../../dev/stand-ins.ts';
import { verifyChain } from '../../../../src/audit/chain.ts';
import { clock, ids } from '../../../../src/platform/node/runtime.ts';
import { readTrail } from '../../../support/ledger/ledger.ts';
import { freshSchema, openTestLedger } from '../../../support/postgres/postgres-ledger.ts';
import { startPostgres } from '../../../support/postgres/postgres-server.ts';
import type { PostgresServer } from '../../../support/postgres/postgres-server.ts';
import type { Service } from '../../started.ts';
import { startService } from '../../started.ts';

/**
 * Callers of two real replicas that race for the same thing; what was sent is counted at Galileo. The full count:
 * `RACE_ROUNDS=1000 npx vitest run --project e2e-servers test/e2e/postgres/replicas/races-over-http.test.ts`.
 */
const ROUNDS = Number(process.env['RACE_ROUNDS'] ?? 25);
const TIME = { timeout: 120_000 + ROUNDS * 500 };
/** Requests of a round at each replica. */
const AT_EACH = 3;
const LIMIT = 2;

const POLICY = `
version: 1
callers: { everybody: { issuer: dev } }
rules: [{ id: staff, allow: [everybody], domains: [acme.com], roles: any, auth_methods: any }]
quotas: [{ id: person-month, per: subject, window: 31d, emails: ${LIMIT} }]
`;

let folder = '';
let server: PostgresServer;
let standIns: StandIns;
let replicas: readonly Service[] = [];
const schema = freshSchema();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'invite-proxy-races-'));
  await writeFile(join(folder, 'policy.yaml'), POLICY);
  [server, standIns] = await Promise.all([startPostgres(), startStandIns({}, { identityProvider: 0, galileo: 0 })]);
});
afterAll(async () => {
  for (const { child } of replicas) child.kill('SIGKILL');
  await standIns.close();
  await server.remove();
  await rm(folder, { recursive: true });
});

/** The replicas are the same for all tests of the file; its first test starts them. */
async function startReplicas(): Promise<void> {
  const start = (): Promise<Service> =>
    startService({
      ...{ PATH: process.env.PATH ?? '', ...standIns.env, PORT: '0', OPS_PORT: '0' },
      LEDGER_URL: `postgres://postgres@127.0.0.1:${server.port}/postgres?schema=${schema}`,
      POLICY_FILE: join(folder, 'policy.yaml'),
    });
  if (replicas.length === 0) replicas = await Promise.all([start(), start()]);
}

async function invite({ url }: Service, token: string, email: string, key?: string): Promise<number> {
  const response = await fetch(`${url}/v2/invite_users`, {
    method: 'POST',
    headers: {
      ...{ Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      ...(key === undefined ? {} : { 'Idempotency-Key': key }),
    },
    body: JSON.stringify({ emails: [email] }),
  });
  await response.arrayBuffer();
  return response.status;
}

/** The statuses of AT_EACH requests at each replica, all at once. */
function race(send: (replica: Service, n: number) => Promise<number>): Promise<number[]> {
  return Promise.all(
    replicas.flatMap((replica, r) => Array.from({ length: AT_EACH }, (_, n) => send(replica, 2 * n + r))),
  );
}

const count = (statuses: readonly number[], status: number): number => statuses.filter((one) => one === status).length;
const sentTo = (prefix: string): number => standIns.galileo.received.filter(({ body }) => body.includes(prefix)).length;

describe('callers of two replicas', () => {
  it(`get the last unit of a quota once, in ${ROUNDS} rounds`, TIME, async () => {
    await startReplicas();
    let over = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      const token = await standIns.identityProvider.issue({ sub: `person-${round}` });
      const [first] = replicas;
      if (first !== undefined) expect(await invite(first, token, `first-${round}@acme.com`)).toBe(200);
      const statuses = await race((replica, n) => invite(replica, token, `last-${round}-${n}@acme.com`));
      expect([count(statuses, 200), count(statuses, 429)]).toEqual([1, 2 * AT_EACH - 1]);
      over += sentTo(`"last-${round}-`) - 1;
    }
    process.stdout.write(`last unit of a quota, two replicas: ${ROUNDS} rounds, ${over} sent over the limit\n`);
    expect(over).toBe(0);
  });

  it(`send an invite with one key once, in ${ROUNDS} rounds`, TIME, async () => {
    await startReplicas();
    let double = 0;
    const answers = new Map<number, number>();
    for (let round = 0; round < ROUNDS; round += 1) {
      const token = await standIns.identityProvider.issue({ sub: `key-person-${round}` });
      const email = `key-${round}-@acme.com`;
      const statuses = await race((replica) => invite(replica, token, email, `order-of-round-${round}`));
      for (const status of statuses) answers.set(status, (answers.get(status) ?? 0) + 1);
      // The others find it under way, or its answer.
      expect(count(statuses, 200)).toBeGreaterThanOrEqual(1);
      expect(count(statuses, 200) + count(statuses, 409)).toBe(2 * AT_EACH);
      double += sentTo(`"${email}"`) - 1;
    }
    const all = [...answers].map(([status, times]) => `${status}: ${times}`).join(', ');
    process.stdout.write(`one key, two replicas: ${ROUNDS} rounds, answers ${all}, ${double} sent twice\n`);
    expect(double).toBe(0);
  });

  it('leave one chain, with an intent for each request at Galileo', async () => {
    const { ledger, close } = await openTestLedger(server.port, {
      ...{ clock, ids, schema, readClock: async () => clock.now() },
    });
    const lines = await readTrail(ledger);
    await close();
    expect(verifyChain([...lines]).kind).toBe('intact');
    const intents = lines.filter((line) => line.includes('"kind":"intent"'));
    expect(intents).toHaveLength(standIns.galileo.received.length);
    expect(intents.length).toBeGreaterThan(0);
  });
});
