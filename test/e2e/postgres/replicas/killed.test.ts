import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { startStandIns } from '../../../../dev/stand-ins.ts';
import { createChance } from '../../../support/chance.ts';
import { clock, ids } from '../../../../src/platform/node/runtime.ts';
import { readTrail } from '../../../support/ledger/ledger.ts';
import { connectTo, freshSchema, openTestLedger } from '../../../support/postgres/postgres-ledger.ts';
import { startPostgres } from '../../../support/postgres/postgres-server.ts';
import type { PostgresServer } from '../../../support/postgres/postgres-server.ts';
import { createCallers } from '../../kills/callers.ts';
import { judgeKills, NO_DAMAGE, printKills } from '../../kills/judge-kills.ts';
import { killCount, LATEST_KILL_MS, printProgress } from '../../kills/kill-count.ts';
import { KILLS_POLICY } from '../../kills/kills-policy.ts';
import type { Service } from '../../started.ts';
import { startService } from '../../started.ts';

/**
 * `kill -9` of one of two replicas at random moments under load, again and again. The full count:
 * `KILL_ROUNDS=200 npx vitest run --project e2e-servers test/e2e/postgres/replicas/killed.test.ts`.
 */
const count = killCount(4);
const { rounds, seed, isFull } = count;
const PARALLEL = 8;

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server.remove());

it(
  'a replica that is killed leaves no invite without a record, none sent twice, and no intent open',
  { timeout: 180_000 + rounds * 20_000 },
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'invite-proxy-kills-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const standIns = await startStandIns({}, { identityProvider: 0, galileo: 0 });
    onTestFinished(() => standIns.close());
    const policy = join(folder, 'policy.yaml');
    await writeFile(policy, KILLS_POLICY);
    const schema = freshSchema();
    const start = (): Promise<Service> =>
      startService({
        ...{ PATH: process.env.PATH ?? '', ...standIns.env, PORT: '0', OPS_PORT: '0', GALILEO_TIMEOUT_MS: '1000' },
        LEDGER_URL: `postgres://postgres@127.0.0.1:${server.port}/postgres?schema=${schema}`,
        POLICY_FILE: policy,
      });
    const chance = createChance(seed);
    const callers = createCallers({ standIns, chance });

    let replicas: readonly Service[] = await Promise.all([start(), start()]);
    onTestFinished(() => replicas.forEach(({ child }) => void child.kill('SIGKILL')));
    for (let round = 0; round < rounds; round += 1) {
      printProgress(count, round);
      const load = await callers.start(
        replicas.map(({ url }) => url),
        PARALLEL,
      );
      await delay(chance.below(LATEST_KILL_MS));
      const victim = chance.pick(replicas);
      const killed = once(victim.child, 'exit');
      victim.child.kill('SIGKILL');
      await killed;
      // The other one takes invites meanwhile, among them the repeated ones.
      const next = await start();
      replicas = replicas.map((replica) => (replica === victim ? next : replica));
      await load.end();
    }

    const connections = connectTo(server.port, 1);
    onTestFinished(() => connections.close());
    const database = await connections.connect();
    if (!isFull) await database.run(`UPDATE ${schema}.requests SET expires_at = 1 WHERE state = 'open'`);
    const openRequests = async (): Promise<number> =>
      (await database.run(`SELECT 1 FROM ${schema}.requests WHERE state = 'open'`)).length;
    // An intent expires 30 s after the time limit for Galileo.
    while ((await openRequests()) > 0) await delay(100);
    database.release();
    for (const { url } of replicas) await callers.repeatOpen(url);

    const { ledger, close } = await openTestLedger(server.port, {
      ...{ clock, ids, schema, readClock: async () => clock.now() },
    });
    const lines = await readTrail(ledger);
    await close();
    const found = judgeKills(lines, standIns.galileo.received, callers.tally);
    printKills('kill -9 of one of two replicas on PostgreSQL', { rounds, seed }, found, callers.tally);
    expect(found, `KILL_SEED=${seed}`).toMatchObject(NO_DAMAGE);
    // Every kill met invites, and nothing kept them from Galileo.
    expect(callers.tally.lost).toBeGreaterThanOrEqual(rounds);
    expect(found.sent).toBeGreaterThan(callers.tally.invites / 2);
  },
);
