import { createAppendedRecords } from '../../audit/checkpoint/appended-records.ts';
import type { AppendedRecords } from '../../audit/checkpoint/appended-records.ts';
import type { RecordDraft } from '../../audit/record.ts';
import type { Clock, MachineClock } from '../../ports/clock.ts';
import { sha256Hex } from '../../lib/sha256.ts';
import type { Ids } from '../../ports/ids.ts';
import type { Sha256 } from '../../ports/sha256.ts';
import { denialRecord, dryRunRecord, exhaustedRecord, intentRecord, replayRecord } from '../record-annotations.ts';
import { createChanges } from './changes.ts';
import { findPolicy } from './policies.ts';
import { createIdempotencyKeys, keyScope } from './requests/idempotency.ts';
import type { KeyLookup } from './requests/idempotency.ts';
import { addCheckpoint, readChain, readCheckpoints } from './trail/checkpoints.ts';
import { createJournal } from './trail/journal.ts';
import type { BatchSharer } from './trail/journal.ts';
import { createLedgerClock } from './ledger-clock.ts';
import type { ClockState } from './ledger-clock.ts';
import { createSqliteOutbox } from './trail/outbox.ts';
import type { Pruned, Retention } from '../background-steps.ts';
import type { Admission, Admitted, Ledger, QuotaState } from '../port.ts';
import type { ReportUnreadable } from '../report-unreadable.ts';
import { noteFurther } from './requests/further-records.ts';
import { createOpenRequests } from './requests/open-requests.ts';
import { createOwners } from './requests/owners.ts';
import { createQuotaCounters } from './requests/quota.ts';
import type { Tally } from './requests/quota.ts';
import { createRequests } from './requests/requests.ts';
import { createSettlements } from './requests/settlements.ts';
import { recallAdmission } from './requests/recall-admission.ts';
import { pruneRecords } from './trail/retention.ts';
import { migrate } from './schema.ts';
import { searchTrail } from './trail/search-trail.ts';
import type { SqlitePort } from './sqlite-port.ts';
import { createReads } from './reads.ts';
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
  /** What was appended through this object. */
  readonly appended: AppendedRecords;
}

type Synchronous<T> = {
  readonly [K in keyof T]: T[K] extends (...args: infer A) => Promise<infer R> ? (...args: A) => R : never;
};

/** Counters outlive their window: the clock may be corrected back into it, and it must not open again with an empty one. */
const KEEP_COUNTERS_MS = 60 * 60 * 1000;

/** A request in flight can end at any moment, so a retry before its deadline makes sense. */
const LONGEST_RETRY_AFTER_S = 5;

export function createSqliteLedger({
  sqlite,
  clock,
  ids,
  reportUnreadable = () => undefined,
  isSpaceLow = () => false,
  sha256 = sha256Hex,
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
}): SqliteLedger {
  migrate(sqlite);
  if (reachesAhead(sqlite))
    throw new Error('the ledger has a cursor or a checkpoint ahead of the end of its trail: restore it from a backup');
  const time = createLedgerClock(sqlite, clock);
  const appended = createAppendedRecords();
  const owners = createOwners(sqlite);
  const open = createOpenRequests(sqlite);
  const quotas = createQuotaCounters(sqlite);
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
  const changes = createChanges(sqlite, journal);
  const keys = createIdempotencyKeys(sqlite, reportUnreadable);
  const requests = createRequests(sqlite, reportUnreadable, { owners, open });
  const outbox = createSqliteOutbox(sqlite);
  const { settle, recordAttempt } = createSettlements({ sqlite, journal, quotas, keys, requests });
  const reads = createReads(sqlite, reportUnreadable);
  const suppressions = createSuppressions(sqlite, { reportUnreadable, isSpaceLow });

  function admit(admission: Admission): Admitted {
    const now = journal.now();
    return (admission.repeated === true ? recall(admission, now) : null) ?? decide(admission, now);
  }

  function recall(admission: Admission, now: number): Admitted | null {
    return recallAdmission(admission, {
      sqlite,
      tally: () => quotas.tally(admission.charges, now),
      openUntil: (requestId) => {
        const row = requests.get(requestId, admission.owner);
        return row?.state === 'open' ? row.expiresAt : null;
      },
      lookUpKey: () => lookUpKey(admission, keyScope(admission), now),
    });
  }

  function lookUpKey({ idempotency }: Admission, scope: string | null, now: number): KeyLookup | null {
    return scope === null ? null : keys.lookup(scope, idempotency?.fingerprint ?? '', now);
  }

  function decide(admission: Admission, now: number): Admitted {
    const scope = keyScope(admission);
    const known = lookUpKey(admission, scope, now);
    if (known !== null) return answerKnown(known, admission, now);
    const tally = quotas.tally(admission.charges, now);
    switch (admission.plan) {
      case 'deny':
        tally.debitAttempt();
        recordDenial(admission, denialRecord(admission.records), now);
        return { kind: 'denied', quotas: tally.states() };
      case 'dry_run':
        return preview(admission, tally, now);
      case 'send':
        return admitToSend(admission, { tally, scope, now });
    }
  }

  function answerKnown(known: KeyLookup, admission: Admission, now: number): Admitted {
    if (known.kind === 'key_reused' || known.kind === 'reply_unreadable') return known;
    if (known.kind === 'in_flight') {
      const expiresAt = requests.get(known.firstRequestId, admission.owner)?.expiresAt ?? now;
      return { ...known, retryAfterS: Math.min(wholeSeconds(expiresAt - now), LONGEST_RETRY_AFTER_S) };
    }
    const replay = replayRecord(admission.records, known.firstRequestId, known.reply);
    if (replay !== null && isWhole(admission, replay, now))
      noteFurther(sqlite, known.firstRequestId, journal.append(replay), 'replay');
    return known;
  }

  function admitToSend(
    admission: Admission,
    { tally, scope, now }: { tally: Tally; scope: string | null; now: number },
  ): Admitted {
    const exceeded = tally.exceeded();
    const invitees = exceeded === null ? [] : tally.shortInvitees();
    if (admission.leavesOutInvitees === true && invitees.length > 0) return { kind: 'invitees_exhausted', invitees };
    tally.debitAttempt();
    if (exceeded !== null) {
      const denial = exhaustedRecord(admission.records, exceeded.quota);
      if (denial !== null) recordDenial(admission, denial, now);
      return { ...exhaustedBy(exceeded, tally), ...(invitees.length === 0 ? {} : { invitees }) };
    }
    const debits = tally.debitAdmission();
    const expiresAt = now + admission.expiresInMs;
    const { requestId } = admission;
    const owner = owners.numberOf(admission.owner);
    const decidedSeq = journal.append(intentRecord(admission.records, expiresAt), { owner, requestId });
    requests.insert({
      admission,
      owner,
      state: 'open',
      admittedAt: now,
      expiresAt,
      decidedSeq,
      keyScope: scope,
      debits,
    });
    if (scope !== null)
      keys.bind(scope, { requestId, fingerprint: admission.idempotency?.fingerprint ?? '', seq: decidedSeq });
    return { kind: 'admitted', expiresAt, quotas: tally.states() };
  }

  function preview(admission: Admission, tally: Tally, now: number): Admitted {
    const exceeded = tally.exceeded();
    if (exceeded !== null) return exhaustedBy(exceeded, tally);
    tally.debitAttempt();
    tally.debitAdmission();
    const record = dryRunRecord(admission.records);
    if (isWhole(admission, record, now)) journal.append(record);
    return { kind: 'previewed' };
  }

  /** Whether the record is written; else it is only counted. */
  function isWhole({ owner }: Admission, draft: RecordDraft, now: number): boolean {
    return suppressions.isWhole(owner, draft, { now, machineMs: Math.trunc(clock.now()) });
  }

  function recordDenial(admission: Admission, denial: RecordDraft, now: number): void {
    if (!isWhole(admission, denial, now)) return;
    const owner = owners.numberOf(admission.owner);
    const decidedSeq = journal.append(denial, { owner, requestId: admission.requestId });
    requests.insert({
      admission,
      owner,
      state: 'denied',
      admittedAt: now,
      expiresAt: null,
      decidedSeq,
      keyScope: null,
      debits: [],
    });
  }

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
    findPolicy: (digest) => findPolicy(sqlite, digest),
    probe() {
      // A changed value: SQLite writes no page for an update that changes nothing.
      sqlite.run(`UPDATE probe SET writes = writes + 1 WHERE id = 1`);
    },
    witness: time.witness,
    now: time.now,
    clockState: time.state,
    appended,
  };
}

function exhaustedBy(exhausted: QuotaState, tally: Tally): Extract<Admitted, { kind: 'exhausted' }> {
  return { kind: 'exhausted', exhausted, retryAfterS: wholeSeconds(exhausted.resetMs), quotas: tally.states() };
}

/** Rounded up, at least 1: a Retry-After of 0 would cause a retry storm. */
function wholeSeconds(ms: number): number {
  return Math.max(1, Math.ceil(ms / 1000));
}
