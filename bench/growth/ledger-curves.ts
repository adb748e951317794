/**
 * What the ledger's steps cost by what it holds: one file that grows to a million records, two for each invite, every
 * invite with an Idempotency-Key. It is filled without waiting for the disk; the measured steps are as durable as the
 * service's.
 */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Owner } from '../../src/ledger/port.ts';
import { createSqliteLedger } from '../../src/ledger/sqlite/sqlite-ledger.ts';
import { prepareLedgerDatabase } from '../../src/platform/node/ledger/pragmas.ts';
import { createNodeSqlite } from '../../src/platform/node/ledger/sqlite.ts';
import { ids, sha256 } from '../../src/platform/node/runtime.ts';
import { admission, quotaCharge, settlement } from '../../test/support/ledger/ledger.ts';
import type { Point } from '../results.ts';
import type { CurveId } from './curves.ts';
import { BRIEF, median, microseconds, THOROUGH, threadUs } from './cpu-time.ts';

const RECORDS = { full: [2_000, 10_000, 50_000, 200_000, 500_000, 1_000_000], quick: [1_000, 4_000, 16_000] } as const;
/** As many as share a commit when 64 callers are busy. */
const BATCH = 18;
const BATCHES = 40;
const FILL_BATCH = 500;
const SUBJECTS = 64;
/** Between two invites. A day has more of them than the ledger gets, so that every key is still stored. */
const STEP_MS = 50;

const keyOf = (n: number): string => `invite-of-bench-${String(n).padStart(9, '0')}`;
const ownerOf = (n: number): Owner => ({
  ...{ issuer: 'https://login.example.com', clientId: 'hr-portal' },
  subject: `user-${n % SUBJECTS}`,
});

export function measureLedgerCurves(
  { folder, isQuick }: { readonly folder: string; readonly isQuick: boolean },
  print: (line: string) => void,
): Partial<Record<CurveId, readonly Point[]>> {
  const database = new DatabaseSync(join(folder, 'growth.db'));
  const sqlite = createNodeSqlite(database);
  prepareLedgerDatabase(sqlite);
  let nowMs = Date.UTC(2026, 5, 15);
  const ledger = createSqliteLedger({ sqlite, clock: { now: () => nowMs }, ids, sha256 });
  /** The id of each stored invite, in order. */
  const stored: string[] = [];

  function batch(count: number): void {
    const added = Array.from({ length: count }, (_, n) => ({ n: stored.length + n, id: ids.uuid7() }));
    sqlite.transaction(() =>
      ledger.batch(() => {
        for (const { n, id } of added) {
          nowMs += STEP_MS;
          const charges = [quotaCharge({ quota: 'person', counter: `["invitee","p${n}@acme.com"]`, visible: false })];
          const { kind } = ledger.admit(admission(id, { key: keyOf(n), owner: ownerOf(n), charges }));
          if (kind !== 'admitted') throw new Error(`the ledger answered ${kind}`);
        }
      }),
    );
    sqlite.transaction(() =>
      ledger.batch(() => {
        for (const { id } of added) ledger.settle(settlement(id, 'accepted'));
      }),
    );
    stored.push(...added.map(({ id }) => id));
  }

  /** A stored key that is neither among the first nor among the last, another one each time. */
  function replay(): void {
    sqlite.transaction(() =>
      ledger.batch(() => {
        for (let times = 0; times < BATCH; times += 1) {
          const n = Math.floor(stored.length * Math.random());
          nowMs += STEP_MS;
          const { kind } = ledger.admit(admission(ids.uuid7(), { key: keyOf(n), owner: ownerOf(n) }));
          if (kind !== 'replay') throw new Error(`the ledger answered ${kind}`);
        }
      }),
    );
  }

  const perStep = (run: () => void): number => {
    const samples = Array.from({ length: isQuick ? BATCHES / 4 : BATCHES }, () => {
      const from = threadUs();
      run();
      return (threadUs() - from) / BATCH;
    });
    return median(samples);
  };

  function searchMs(): number {
    const from = threadUs();
    for (let after = 0, done = false; !done;) {
      ({ scannedTo: after, done } = ledger.search({ filter: { email: 'nobody@acme.com' }, after, limit: 1_000 }));
    }
    return (threadUs() - from) / 1000;
  }

  const sampling = isQuick ? BRIEF : { ...THOROUGH, warmMs: 50 };
  const curves: Partial<Record<CurveId, Point[]>> = {};
  const add = (id: CurveId, size: number, cost: number): void => void (curves[id] ??= []).push([size, cost]);
  for (const records of isQuick ? RECORDS.quick : RECORDS.full) {
    sqlite.run('PRAGMA synchronous = OFF');
    while (2 * stored.length < records) batch(Math.min(FILL_BATCH, records / 2 - stored.length));
    sqlite.run('PRAGMA wal_checkpoint(TRUNCATE)');
    sqlite.run('PRAGMA synchronous = FULL');
    const invites = stored.length;
    const some = (): number => Math.floor(invites * Math.random());
    const { seq } = ledger.chain().head;
    const findOwn = (n: number): unknown => ledger.find(stored[n] ?? '', ownerOf(n));
    add(
      'ledger-find',
      records,
      microseconds(() => findOwn(some()), sampling),
    );
    add(
      'ledger-find-any',
      records,
      microseconds(() => ledger.find(stored[some()] ?? '', null), sampling),
    );
    add(
      'ledger-list',
      records,
      microseconds(() => ledger.list({ owner: ownerOf(some()), before: null, limit: 10 }), sampling),
    );
    add(
      'ledger-page',
      records,
      microseconds(() => ledger.records(Math.floor(seq / 2), 100), sampling),
    );
    add('ledger-search', records, searchMs());
    add('ledger-replay', invites, perStep(replay));
    add(
      'ledger-invite',
      records,
      perStep(() => batch(BATCH)),
    );
    print(`ledger of ${records.toLocaleString('en')} records: measured`);
  }
  database.close();
  return curves;
}
