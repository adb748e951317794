import type { AppendedRecords } from '../../audit/checkpoint/appended-records.ts';
import type { Clock, MachineClock } from '../../ports/clock.ts';
import { sha256Hex } from '../../lib/sha256.ts';
import type { Ids } from '../../ports/ids.ts';
import type { Sha256 } from '../../ports/sha256.ts';
import { createChangeRows, createChanges } from './changes.ts';
import { findPolicy } from './policies.ts';
import { createMinuteRows } from './minute-rows.ts';
import { createCounterRows } from './requests/counter-rows.ts';
import { noteFurther } from './requests/further-records.ts';
import type { NoteFurther } from './requests/further-records.ts';
import { createIdempotencyKeys } from './requests/idempotency.ts';
import { addCheckpoint, readChain, readCheckpoints } from './trail/checkpoints.ts';
import { createJournal } from './trail/journal.ts';
import type { BatchSharer } from './trail/journal.ts';
import { createLedgerClock } from './ledger-clock.ts';
import type { ClockState } from './ledger-clock.ts';
import { createSqliteOutbox } from './trail/outbox.ts';
import type { Pruned, Retention } from '../background-steps.ts';
import type { Ledger } from '../port.ts';
import type { ReportUnreadable } from '../report-unreadable.ts';
import { createAdmissions } from './requests/admissions.ts';
import { createOpenRequests } from './requests/open-requests.ts';
import { createOwners } from './requests/owners.ts';
import { createQuotaCounters } from './requests/quota.ts';
import { findDeciding } from './requests/recall-admission.ts';
import { createRequests } from './requests/requests.ts';
import { createSettlements } from './requests/settlements.ts';
import { pruneRecords } from './trail/retention.ts';
import { migrate } from './schema.ts';
import { searchTrail } from './trail/search-trail.ts';
import type { SqlitePort } from './sqlite-port.ts';
import { createReads } from './reads.ts';
import { claimSignIn, endSignIn, readSignInHold, readSignInSalt } from './sign-ins.ts';
import { createSuppressions } from './suppressions.ts';
import { reachesAhead, readRecords } from './trail/trail.ts';

/**
 * The ledger over any SQLite: synchronous, and without transactions of its own. The adapter runs every writing method
 * (admit, settle, ack, addCheckpoint, recordAttempt, recordSuppressed, countRead, recordReads, recordChanges, prune,
 * probe) inside `sqlite.transaction`, alone or in a batch, and answers only after the commit. Reading methods need no
 * transaction. Creation migrates the schema, and throws when a cursor or a checkpoint is ahead of the trail's end: its
 * sink would get nothing more.
 */
export interface SqliteLedger extends Synchronous<Ledger> {
  /** Runs several writing steps as one, inside `sqlite.transaction`. They share one time, and cost less than each alone. */
  batch<T>(steps: () => T): T;
  /** The ledger's time, in whole milliseconds since the epoch. */
  now(): number;
  clockState(): ClockState;
}

type Synchronous<T> = {
  readonly [K in keyof T]: T[K] extends (...args: infer A) => Promise<infer R> ? (...args: A) => R : never;
};

/** Counters outlive their window: the clock may be corrected back into it, and it must not open again with an empty one. */
const KEEP_COUNTERS_MS = 60 * 60 * 1000;

export function createSqliteLedger({
  sqlite,
  clock,
  ids,
  reportUnreadable = () => undefined,
  isSpaceLow = () => false,
  sha256 = sha256Hex,
  appended,
}: {
  sqlite: SqlitePort;
  /** Without a monotonic reading: the platform keeps the time, and it is trusted as it is. */
  clock: Clock | MachineClock;
  ids: Ids;
  /** Called for each damaged value that a read meets; left out by tools, whose results say the same. */
  reportUnreadable?: ReportUnreadable;
  /** Whether the disk has so little space left that only admitted requests are recorded whole. */
  isSpaceLow?: () => boolean;
  /** The runtime's own, where it is faster than the portable one. */
  sha256?: Sha256;
  /** Gets every record with its text; left out where nothing compares with it. */
  appended?: Pick<AppendedRecords, 'note'>;
}): SqliteLedger {
  migrate(sqlite);
  if (reachesAhead(sqlite))
    throw new Error('the ledger has a cursor or a checkpoint ahead of the end of its trail: restore it from a backup');
  const time = createLedgerClock(sqlite, clock);
  const owners = createOwners(sqlite);
  const open = createOpenRequests(sqlite);
  const quotas = createQuotaCounters(createCounterRows(sqlite));
  const sharer: BatchSharer = {
    begin({ head }) {
      owners.begin();
      open.begin(head.hash);
      quotas.begin();
    },
    write: quotas.write,
    end: quotas.end,
  };
  const journal = createJournal({ sqlite, clock, time, ids, sha256, appended, sharer, openAfter: open.openAfter });
  const changes = createChanges(createChangeRows(sqlite, journal), journal);
  const keys = createIdempotencyKeys(sqlite, reportUnreadable);
  const further: NoteFurther = (requestId, seq, kind) => noteFurther(sqlite, requestId, seq, kind);
  const requests = createRequests(sqlite, reportUnreadable, { owners, open });
  const outbox = createSqliteOutbox(sqlite);
  const { settle, recordAttempt } = createSettlements({ journal, quotas, keys, requests, noteFurther: further });
  const reads = createReads(createMinuteRows(sqlite, 'reads'), reportUnreadable);
  const suppressions = createSuppressions(createMinuteRows(sqlite, 'suppressions'), { reportUnreadable, isSpaceLow });

  const { admit } = createAdmissions({
    ...{ clock, journal, quotas, keys, owners, requests, suppressions, sha256, noteFurther: further },
    findDeciding: (requestId) => findDeciding(sqlite, requestId),
  });

  /** A writing step. `readsHead`: it needs the head row as the steps before it in the batch have left it. */
  function step<A extends readonly unknown[], R>(
    run: (...args: A) => R,
    { readsHead }: { readonly readsHead: boolean },
  ): (...args: A) => R {
    return (...args) =>
      journal.batch(() => {
        if (readsHead) journal.writeHead();
        return run(...args);
      });
  }

  function recordSuppressed(limit: number): { readonly requests: number; readonly more: boolean } {
    const { drafts, more } = suppressions.take(journal.now(), limit);
    for (const draft of drafts) journal.append(draft);
    return { requests: drafts.reduce((sum, { suppressed }) => sum + suppressed.count, 0), more };
  }

  function recordReads(limit: number): { readonly records: number; readonly more: boolean } {
    const { drafts, more } = reads.take(journal.now(), limit);
    for (const draft of drafts) journal.append(draft);
    return { records: drafts.length, more };
  }

  function prune(retention: Retention): Pruned {
    const now = journal.now();
    if (!time.isWitnessed()) return { records: 0, more: false };
    quotas.prune(now - KEEP_COUNTERS_MS);
    keys.prune(now);
    return pruneRecords(sqlite, { outbox, owners, open }, retention, now);
  }

  const [writes, writesAndReads] = [{ readsHead: false }, { readsHead: true }];
  return {
    batch: journal.batch,
    admit: step(admit, writes),
    settle: step(settle, writes),
    recordAttempt: step(recordAttempt, writes),
    recordSuppressed: step(recordSuppressed, writes),
    countRead: step(
      (report) => reads.count(report, { now: journal.now(), machineMs: Math.trunc(clock.now()) }),
      writes,
    ),
    recordReads: step(recordReads, writes),
    recordChanges: step((reports) => changes.record(reports, journal.now()), writes),
    ack: step(outbox.ack, writesAndReads),
    addCheckpoint: step((checkpoint) => addCheckpoint(sqlite, checkpoint, journal.now()), writesAndReads),
    prune: step(prune, writesAndReads),
    find: requests.find,
    list: requests.list,
    usage: (charges) => quotas.tally(charges, time.now()).states(),
    records: (after, limit) => readRecords(sqlite, after, limit),
    search: (query) => searchTrail(sqlite, query, { reportUnreadable }),
    lease: outbox.lease,
    backlog: outbox.backlog,
    chain: () => readChain(sqlite),
    checkpoints: (after, limit) => readCheckpoints(sqlite, after, limit),
    expired: (limit) => requests.expired(time.now(), limit),
    unsettled: (limit) => requests.unsettled(time.now(), limit),
    countUnknown: requests.countUnknown,
    findPolicy: (digest) => findPolicy(sqlite, digest),
    signInSalt: () => readSignInSalt(sqlite),
    signInHold: (fingerprint) => readSignInHold(sqlite, fingerprint, time.now()),
    claimSignIn: step((claim) => claimSignIn(sqlite, claim, journal.now()), writes),
    endSignIn: step((end) => endSignIn(sqlite, end, journal.now()), writes),
    probe() {
      // A changed value: SQLite writes no page for an update that changes nothing.
      sqlite.run(`UPDATE probe SET writes = writes + 1 WHERE id = 1`);
    },
    witness: time.witness,
    now: time.now,
    clockState: time.state,
  };
}
