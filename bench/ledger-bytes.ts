/**
 * Measures what one subject can add to the ledger in an hour: refusals, replays or dry runs, each as large as a request
 * may be, as many as a rate allows; and beside them invites with an answer, of which a policy's quotas admit so many.
 * The clock is simulated. Prints a Markdown table: bytes of the audit trail, and of the ledger file. Run: node
 * bench/ledger-bytes.ts [REQUESTS_PER_MINUTE]
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Admission } from '../src/ledger/port.ts';
import { createSqliteLedger } from '../src/ledger/sqlite/sqlite-ledger.ts';
import { createNodeSqlite } from '../src/platform/node/ledger/sqlite.ts';
import { admission, quotaCharge, recordDraft, settlement } from '../test/support/ledger/ledger.ts';

const perMinute = Number(process.argv[2] ?? 600);
const id = (number: number): string => `019c0000-0000-7000-8000-${number.toString(16).padStart(12, '0')}`;
const emails = Array.from(
  { length: 500 },
  (_, n) => `${String(n).padStart(3, '0')}${'b'.repeat(58)}@${'c'.repeat(50)}.com`,
);
const groups = Array.from({ length: 100 }, (_, n) => `9b1deb4d-3b7d-4bad-9bdd-${n.toString(16).padStart(12, '0')}`);

function baseOf(requestId: string, addresses: readonly string[]): Admission['records']['base'] {
  const { kind: _, outcome: _outcome, ...base } = recordDraft('denial', requestId);
  return { ...base, request: { ...base.request, emails: addresses, email_count: addresses.length, group_ids: groups } };
}

const denial = (requestId: string, addresses: readonly string[]): Admission =>
  admission(requestId, {
    plan: 'deny',
    records: {
      base: baseOf(requestId, addresses),
      decided: { result: 'denied', code: 'policy_denied', status: 403 },
      exhausted: null,
      replay: null,
    },
  });

/** 60 a minute, as the use case allows. */
function dryRun(requestId: string): Admission {
  const { base } = denial(requestId, []).records;
  const charges = [quotaCharge({ quota: 'built-in/dry-run', unit: 'requests', windowMs: 60_000, limit: 60 })];
  const records = { base, decided: { result: 'previewed', status: 200 } as const, exhausted: null, replay: null };
  return admission(requestId, { plan: 'dry_run', charges, records });
}

const invite = (requestId: string, addresses: readonly string[]): Admission => {
  const { base } = denial(requestId, addresses).records;
  const decided = { result: 'admitted' } as const;
  return admission(requestId, {
    body: JSON.stringify({ emails: addresses, group_ids: groups }),
    records: { base, decided, exhausted: null, replay: null },
  });
};

const CASES: Readonly<Record<string, (n: number) => Admission>> = {
  'denials of one address': (n) => denial(id(n), ['eve@rival.io']),
  'denials of 500 addresses': (n) => denial(id(n), emails),
  'admitted invites of one address': (n) => invite(id(n), ['ann@acme.com']),
  'admitted invites of 500 addresses': (n) => invite(id(n), emails),
  'replays of one address': (n) => admission(id(n), { key: 'a-key-of-sixteen-characters' }),
  'dry runs with 100 groups': (n) => dryRun(id(n)),
  'denials of 100 addresses and dry runs with 100 groups': (n) =>
    n % 2 === 0 ? denial(id(n), emails.slice(0, 100)) : dryRun(id(n)),
};

function measure(make: (n: number) => Admission): { trail: number; file: number; records: number } {
  const folder = mkdtempSync(join(tmpdir(), 'invite-proxy-bench-'));
  const path = join(folder, 'ledger.db');
  const database = new DatabaseSync(path);
  const sqlite = createNodeSqlite(database);
  sqlite.run('PRAGMA journal_mode = WAL');
  sqlite.run('PRAGMA secure_delete = ON');
  let now = Date.UTC(2026, 2, 2, 10);
  let ids = 0x1000_0000;
  const ledger = createSqliteLedger({ sqlite, clock: { now: () => now }, ids: { uuid7: () => id((ids += 1)) } });
  sqlite.transaction(() => {
    ledger.admit(admission(id(0), { key: 'a-key-of-sixteen-characters' }));
    ledger.settle(settlement(id(0), 'accepted'));
  });
  let n = 0;
  for (let minute = 0; minute < 60; minute += 1) {
    sqlite.transaction(() => {
      for (let times = 0; times < perMinute; times += 1) {
        const { kind } = ledger.admit(make((n += 1)));
        if (kind === 'admitted') ledger.settle(settlement(id(n), 'accepted'));
      }
    });
    now += 60_000;
    sqlite.transaction(() => ledger.recordSuppressed(10));
  }
  const trail = sqlite.run<{ bytes: number; records: number }>(
    `SELECT sum(length(CAST(line AS BLOB))) AS bytes, count(*) AS records FROM records`,
  )[0];
  sqlite.run('PRAGMA wal_checkpoint(TRUNCATE)');
  database.close();
  const file = statSync(path).size;
  rmSync(folder, { recursive: true });
  return { trail: trail?.bytes ?? 0, file, records: trail?.records ?? 0 };
}

process.stdout.write(`${perMinute} requests a minute for an hour, by one subject\n\n`);
process.stdout.write('| requests | records | trail, MB | ledger file, MB |\n|---|---:|---:|---:|\n');
for (const [name, make] of Object.entries(CASES)) {
  const { trail, file, records } = measure(make);
  process.stdout.write(`| ${name} | ${records} | ${(trail / 1e6).toFixed(1)} | ${(file / 1e6).toFixed(1)} |\n`);
}
