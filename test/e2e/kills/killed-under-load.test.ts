/**
 * `kill -9` of the real process on SQLite at random moments under load. The full count:
 * `KILL_ROUNDS=500 npx vitest run --project e2e test/e2e/kills`.
 */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { startStandIns } from '../../../dev/stand-ins.ts';
import { createChance } from '../../support/chance.ts';
import { readTrail } from '../../support/ledger/read-trail.ts';
import { startService } from '../started.ts';
import { createCallers } from './callers.ts';
import { judgeKills, NO_DAMAGE, printKills } from './judge-kills.ts';
import { killCount, LATEST_KILL_MS, printProgress } from './kill-count.ts';
import { KILLS_POLICY } from './kills-policy.ts';

const count = killCount(6);
const { rounds, seed, isFull } = count;
const PARALLEL = 16;
const CLI = join(import.meta.dirname, '../../../src/cli.ts');

it(
  'kills at random moments leave no invite without a record, none sent twice, and no intent open',
  { timeout: 180_000 + rounds * 20_000 },
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'invite-proxy-kills-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const standIns = await startStandIns({}, { identityProvider: 0, galileo: 0 });
    onTestFinished(() => standIns.close());
    await writeFile(join(folder, 'policy.yaml'), KILLS_POLICY);
    const ledger = join(folder, 'ledger.db');
    const env = {
      ...{ PATH: process.env.PATH ?? '', ...standIns.env, PORT: '0', OPS_PORT: '0', GALILEO_TIMEOUT_MS: '1000' },
      ...{ POLICY_FILE: join(folder, 'policy.yaml'), LEDGER_URL: `sqlite:${ledger}` },
    };
    const chance = createChance(seed);
    const callers = createCallers({ standIns, chance });

    for (let round = 0; round < rounds; round += 1) {
      printProgress(count, round);
      const service = await startService(env);
      const killed = once(service.child, 'exit');
      const load = await callers.start([service.url], PARALLEL);
      await delay(chance.below(LATEST_KILL_MS));
      service.child.kill('SIGKILL');
      await killed;
      await load.end();
    }

    if (!isFull) expireIntents(ledger);
    const last = await startService(env);
    onTestFinished(() => void last.child.kill('SIGKILL'));
    // An intent expires 30 s after the time limit for Galileo.
    while (openRequests(ledger) > 0) await delay(100);
    await callers.repeatOpen(last.url);
    expect(await last.stop()).toBe(0);

    const found = judgeKills(readTrail(ledger), standIns.galileo.received, callers.tally);
    printKills('kill -9 on SQLite', { rounds, seed }, found, callers.tally);
    expect(found, `KILL_SEED=${seed}`).toMatchObject(NO_DAMAGE);
    // Every kill met invites, and nothing kept them from Galileo.
    expect(callers.tally.lost).toBeGreaterThanOrEqual(rounds);
    expect(found.sent).toBeGreaterThan(callers.tally.invites / 2);
    const verify = spawnSync(process.execPath, [CLI, 'audit', 'verify', '--ledger', ledger], {
      env: { PATH: process.env.PATH ?? '' },
      encoding: 'utf8',
    });
    expect({ status: verify.status, stderr: verify.stderr }).toEqual({ status: 0, stderr: '' });
  },
);

function inDatabase<T>(path: string, use: (database: DatabaseSync) => T): T {
  // The service may be at work on it.
  const database = new DatabaseSync(path, { timeout: 5_000 });
  try {
    return use(database);
  } finally {
    database.close();
  }
}

/** As the database says, beside the running service. */
function openRequests(path: string): number {
  return inDatabase(path, (database) =>
    Number(database.prepare(`SELECT count(*) AS open FROM requests WHERE state = 'open'`).get()?.['open']),
  );
}

function expireIntents(path: string): void {
  inDatabase(path, (database) => database.exec(`UPDATE requests SET expires_at = 1 WHERE state = 'open'`));
}
