/**
 * The last units of a quota, on the real process, its real ledger and real sockets: a hundred rounds in one process,
 * and rounds that end in `kill -9`, each at another moment. The requests that passed are counted at Galileo. The full count:
 * `KILL_ROUNDS=100 npx vitest run --project e2e test/e2e/kills/quota-crash.test.ts`.
 */
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { killCount } from './kill-count.ts';
import type { Service } from '../started.ts';
import { startService } from '../started.ts';
import { readTrail } from '../../support/ledger/read-trail.ts';
import type { StandIns } from '../../../dev/stand-ins.ts';
import { startStandIns } from '../../../dev/stand-ins.ts';
import { verifyChain } from '../../../src/audit/chain.ts';
import type { RequestRecord } from '../../../src/audit/record.ts';

const ROUNDS = 100;
const KILLED_ROUNDS = killCount(30).rounds;
const PARALLEL = 40;
const LAST_UNITS = 10;

/** The longest window: a round that crossed the end of a window would prove nothing. */
const WINDOW_MS = 31 * 86_400_000;
const LEAST_LEFT_MS = 10 * 60_000;
const windowEndsSoon = WINDOW_MS - (Date.now() % WINDOW_MS) < LEAST_LEFT_MS;
const when = windowEndsSoon ? ' (skipped: a 31-day window ends within ten minutes)' : '';

let folder = '';
let standIns: StandIns;
let services: Service[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'invite-proxy-quota-'));
  standIns = await startStandIns({}, { identityProvider: 0, galileo: 0 });
});

afterEach(async () => {
  for (const service of services) if (service.child.exitCode === null) service.child.kill('SIGKILL');
  services = [];
  await standIns.close();
  await rm(folder, { recursive: true });
});

async function start(quota: string): Promise<Service> {
  const policy = join(folder, 'policy.yaml');
  await writeFile(
    policy,
    `version: 1
callers: { everybody: { issuer: dev } }
rules: [{ id: staff, allow: [everybody], domains: [acme.com], roles: any, auth_methods: any }]
quotas: [${quota}]
`,
  );
  const service = await startService({
    PATH: process.env.PATH ?? '',
    ...standIns.env,
    PORT: '0',
    OPS_PORT: '0',
    POLICY_FILE: policy,
    LEDGER_URL: `sqlite:${join(folder, 'ledger.db')}`,
  });
  services.push(service);
  return service;
}

/** The answer's status. Null when the process died before the answer. */
async function invite(service: Service, token: string, emails: readonly string[]): Promise<number | null> {
  const answered = fetch(`${service.url}/v2/invite_users`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ emails }),
  });
  return await answered.then(
    async (response) => {
      await response.arrayBuffer();
      return response.status;
    },
    () => null,
  );
}

async function kill(service: Service): Promise<void> {
  const killed = once(service.child, 'exit');
  service.child.kill('SIGKILL');
  await killed;
}

const trail = (): readonly string[] => readTrail(join(folder, 'ledger.db'));

const intents = (lines: readonly string[]): RequestRecord[] =>
  lines.map((line) => JSON.parse(line) as RequestRecord).filter(({ kind }) => kind === 'intent');
const count = <T>(values: readonly T[], value: T): number => values.filter((one) => one === value).length;
const addresses = (prefix: string, length: number): string[] =>
  Array.from({ length }, (_, index) => `${prefix}-${index}@acme.com`);
/** The number of requests for these addresses that arrived at Galileo. */
const arrived = (emails: readonly string[]): number =>
  standIns.galileo.received.filter(({ body }) => emails.some((email) => body.includes(`"${email}"`))).length;

async function until(holds: () => boolean): Promise<void> {
  const { galileo } = standIns;
  while (!holds()) await galileo.arrived(galileo.received.length + 1);
}

describe.skipIf(windowEndsSoon)(`the last ${LAST_UNITS} units of a quota${when}`, () => {
  it(
    `go to exactly ${LAST_UNITS} of ${PARALLEL} parallel requests, ${ROUNDS} rounds in a row`,
    { timeout: 300_000 },
    async () => {
      const service = await start('{ id: app-month, per: client_id, window: 31d, emails: 25 }');
      for (let round = 0; round < ROUNDS; round += 1) {
        // Each round has a counter of its own.
        const token = await standIns.identityProvider.issue({ sub: `app-${round}` });
        expect(await invite(service, token, addresses(`first-${round}`, 25 - LAST_UNITS))).toBe(200);
        const emails = addresses(`round-${round}`, PARALLEL);
        const statuses = await Promise.all(emails.map((email) => invite(service, token, [email])));
        expect([count(statuses, 200), count(statuses, 429)]).toEqual([LAST_UNITS, PARALLEL - LAST_UNITS]);
      }
      expect(standIns.galileo.received).toHaveLength(ROUNDS * (LAST_UNITS + 1));
      expect(await service.stop()).toBe(0);
      expect(verifyChain([...trail()])).toMatchObject({ kind: 'intact' });
    },
  );

  /** The moment of the kill. */
  const MOMENTS = ['after every answer', 'with the ten at Galileo', 'amid the admissions'] as const;

  it(
    `go to exactly ${LAST_UNITS} of ${PARALLEL} with a kill -9 between ${KILLED_ROUNDS} rounds, whenever it comes`,
    { timeout: 120_000 + KILLED_ROUNDS * 10_000 },
    async () => {
      // A new one for each round: a long run outlives a token.
      const issue = (): Promise<string> => standIns.identityProvider.issue({ sub: 'hr-portal' });
      let taken = 0;
      for (let round = 0; round < KILLED_ROUNDS; round += 1) {
        const token = await issue();
        const moment = MOMENTS[round % MOMENTS.length];
        // One counter over all rounds and processes: if a crash lost a charge, more would pass in the next round.
        const service = await start(`{ id: month, per: org, window: 31d, emails: ${taken + LAST_UNITS} }`);
        const emails = addresses(`killed-${round}`, PARALLEL);
        if (moment !== 'after every answer') {
          const never = new Promise<never>(() => undefined);
          for (const email of emails)
            standIns.galileo.script({ kind: 'answer', status: 200, body: {}, after: never }, email);
        }
        const answers = emails.map((email) => invite(service, token, [email]));
        if (moment === 'with the ten at Galileo') await until(() => arrived(emails) === LAST_UNITS);
        if (moment === 'amid the admissions') await until(() => arrived(emails) > 0);
        if (moment === 'after every answer') await Promise.all(answers);
        await kill(service);
        const statuses = await Promise.all(answers);

        const lines = trail();
        expect(verifyChain([...lines])).toMatchObject({ kind: 'intact' });
        const admitted = intents(lines).length - taken;
        taken += admitted;
        expect(count(statuses, 200)).toBe(moment === 'after every answer' ? LAST_UNITS : 0);
        if (moment === 'amid the admissions') expect(admitted).toBeLessThanOrEqual(LAST_UNITS);
        else expect([admitted, arrived(emails)]).toEqual([LAST_UNITS, LAST_UNITS]);
        // Every request that arrived was admitted.
        const hashes = new Set(intents(lines).map((record) => record.request_sha256));
        expect(standIns.galileo.received.filter(({ sha256 }) => !hashes.has(sha256))).toEqual([]);
      }

      // The counter and the trail still agree.
      const last = await start(`{ id: month, per: org, window: 31d, emails: ${taken + 1} }`);
      const token = await issue();
      expect(await invite(last, token, ['last@acme.com'])).toBe(200);
      expect(await invite(last, token, ['beyond@acme.com'])).toBe(429);
      expect(await last.stop()).toBe(0);
    },
  );
});
