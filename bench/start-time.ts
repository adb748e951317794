/**
 * Measures how long the service takes from the start of its process to the first 200 of /readyz, by how much its ledger
 * holds: two records for each invite, every invite with an Idempotency-Key. Prints a Markdown table. Needs Debian's
 * PostgreSQL, unless its count is 0. Run: node bench/start-time.ts [SQLITE_RECORDS] [POSTGRES_RECORDS]
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { startService } from '../dev/service.ts';
import { startStandIns } from '../dev/stand-ins.ts';
import { createSqliteLedger } from '../src/ledger/sqlite/sqlite-ledger.ts';
import { prepareLedgerDatabase } from '../src/platform/node/ledger/pragmas.ts';
import { createNodeSqlite } from '../src/platform/node/ledger/sqlite.ts';
import { clock, ids, sha256 } from '../src/platform/node/runtime.ts';
import { admission, settlement } from '../test/support/ledger/ledger.ts';
import { openTestLedger } from '../test/support/postgres/postgres-ledger.ts';
import { startPostgres } from '../test/support/postgres/postgres-server.ts';
import { freePort } from '../test/support/servers/free-port.ts';

const [sqliteRecords = 1_000_000, postgresRecords = 200_000] = process.argv.slice(2).map(Number);
const STARTS = 5;
/** About the largest file that is read through before the service listens. */
const READ_THROUGH_RECORDS = 35_000;
const FILL_BATCH = 500;
const SCHEMA = 'galileo_invite_ledger';

const standIns = await startStandIns({}, { identityProvider: 0, galileo: 0 });
const folder = mkdtempSync(join(tmpdir(), 'invite-proxy-start-'));

/** Milliseconds, the median of some starts. */
async function startMs(ledgerUrl: string): Promise<number> {
  const times: number[] = [];
  while (times.length < STARTS) {
    const port = await freePort();
    const startedMs = performance.now();
    const service = await startService({
      ...{ PATH: process.env['PATH'], ...standIns.env, PORT: String(port), OPS_PORT: '0', LEDGER_URL: ledgerUrl },
      ...{ POLICY_FILE: 'dev/policy.yaml', AUDIT_SINKS: 'http', AUDIT_HTTP_URL: 'http://127.0.0.1:9' },
    });
    for (;;) {
      const { status } = await fetch(`${service.url}/readyz`);
      if (status === 200) break;
      await delay(5);
    }
    times.push(performance.now() - startedMs);
    const ended = new Promise((resolve) => void service.child.once('exit', resolve));
    service.child.kill('SIGKILL');
    await ended;
  }
  return times.toSorted((a, b) => a - b)[Math.floor(STARTS / 2)] ?? Number.NaN;
}

const keyOf = (n: number): string => `invite-of-bench-${String(n).padStart(9, '0')}`;

function fillSqlite(path: string, records: { readonly from: number; readonly to: number }): void {
  const database = new DatabaseSync(path);
  const sqlite = createNodeSqlite(database);
  prepareLedgerDatabase(sqlite);
  sqlite.run('PRAGMA synchronous = OFF');
  const ledger = createSqliteLedger({ sqlite, clock, ids, sha256 });
  for (let n = records.from / 2; n < records.to / 2;) {
    sqlite.transaction(() =>
      ledger.batch(() => {
        for (const end = n + FILL_BATCH; n < end; n += 1) {
          const id = ids.uuid7();
          ledger.admit(admission(id, { key: keyOf(n) }));
          ledger.settle(settlement(id, 'accepted'));
        }
      }),
    );
  }
  sqlite.run('PRAGMA wal_checkpoint(TRUNCATE)');
  database.close();
}

async function fillPostgres(port: number): Promise<void> {
  const { ledger, close } = await openTestLedger(port, {
    ...{ clock, ids, schema: SCHEMA, readClock: async () => clock.now() },
  });
  for (let n = 0; n < postgresRecords / 2; n += FILL_BATCH) {
    const some = Array.from({ length: FILL_BATCH }, (_, k) => ({ id: ids.uuid7(), key: keyOf(n + k) }));
    await Promise.all(some.map(({ id, key }) => ledger.admit(admission(id, { key }))));
    await Promise.all(some.map(({ id }) => ledger.settle(settlement(id, 'accepted'))));
  }
  await close();
}

const print = (ledger: string, records: number, mb: number | null, ms: number): void =>
  void process.stdout.write(
    `| ${ledger} | ${records.toLocaleString('en')} | ${mb === null ? '' : mb.toFixed(0)} | ${(ms / 1000).toFixed(2)} s |\n`,
  );

process.stdout.write('| ledger | records | MB | ready after |\n|---|---:|---:|---:|\n');
try {
  const path = join(folder, 'ledger.db');
  print('SQLite', 0, null, await startMs(`sqlite:${path}`));
  const sizes = [0, Math.min(READ_THROUGH_RECORDS, sqliteRecords), sqliteRecords];
  for (const [n, to] of sizes.slice(1).entries()) {
    fillSqlite(path, { from: sizes[n] ?? 0, to });
    print('SQLite', to, statSync(path).size / 1e6, await startMs(`sqlite:${path}`));
  }
  if (postgresRecords > 0) {
    const server = await startPostgres();
    try {
      const url = `postgres://postgres@127.0.0.1:${server.port}/postgres`;
      print('PostgreSQL', 0, null, await startMs(url));
      await fillPostgres(server.port);
      const size = server.tool('psql', [
        ...['-h', '127.0.0.1', '-p', String(server.port), '-U', 'postgres', '-At', '-c'],
        `SELECT pg_database_size('postgres')`,
      ]);
      print('PostgreSQL', postgresRecords, Number(size) / 1e6, await startMs(url));
    } finally {
      await server.remove();
    }
  }
} finally {
  await standIns.close();
  rmSync(folder, { recursive: true });
}
