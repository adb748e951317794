/**
 * Measures a search of the trail that matches nothing: how long one answer takes and how many records it scans, and how long
 * the whole trail takes. Prints a Markdown table. It is not a test: the figures depend on the machine.
 * Run: node bench/audit-search.ts [RECORDS]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { createSqliteLedger } from '../src/ledger/sqlite/sqlite-ledger.ts';
import { createNodeSqlite } from '../src/platform/node/ledger/sqlite.ts';
import { admission } from '../test/support/ledger/ledger.ts';

const records = Number(process.argv[2] ?? 200_000);
const id = (number: number): string => `019c0000-0000-7000-8000-${number.toString(16).padStart(12, '0')}`;
let ids = records;

const folder = mkdtempSync(join(tmpdir(), 'invite-proxy-bench-'));
const sqlite = createNodeSqlite(new DatabaseSync(join(folder, 'ledger.db')));
sqlite.run('PRAGMA journal_mode = WAL');
const clock = { now: () => Date.UTC(2026, 2, 2, 10) };
const ledger = createSqliteLedger({ sqlite, clock, ids: { uuid7: () => id((ids += 1)) } });
for (let from = 0; from < records; from += 1_000) {
  sqlite.transaction(() => {
    for (let n = from; n < from + 1_000; n += 1) ledger.admit(admission(id(n)));
  });
}

process.stdout.write(`Node ${process.version}, ${cpus()[0]?.model ?? 'unknown CPU'}; ${records} records\n\n`);
process.stdout.write('| filter | CPU, ms | slices | µs a record |\n|---|---:|---:|---:|\n');
for (const filter of [{ subject: 'nobody' }, { email: 'nobody@acme.com' }, { requestId: id(0xffff_ffff) }]) {
  const before = process.cpuUsage();
  let slices = 0;
  for (let after = 0, done = false; !done; slices += 1) {
    ({ scannedTo: after, done } = ledger.search({ filter, after, limit: 1_000 }));
  }
  const { user, system } = process.cpuUsage(before);
  const [name] = Object.keys(filter);
  process.stdout.write(
    `| ${name} | ${Math.round((user + system) / 1000)} | ${slices} | ${((user + system) / records).toFixed(1)} |\n`,
  );
}
rmSync(folder, { recursive: true });
