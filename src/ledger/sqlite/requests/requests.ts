import { takeEntries } from '../../page.ts';
import type { ExpiredIntent, UnsettledRequest } from '../../background-steps.ts';
import type {
  Admission,
  Ending,
  ListQuery,
  Owner,
  FoundRequest,
  RequestPage,
  RequestState,
  SettledBy,
} from '../../port.ts';
import { noteEarlierOutcome, readHistory } from './further-records.ts';
import type { ReportUnreadable } from '../../report-unreadable.ts';
import { packDebits } from './debits.ts';
import type { Debit } from './quota.ts';
import { createRequestReader } from './request-reader.ts';
import type { StoredRow } from './request-reader.ts';
import type { SqlitePort } from '../sqlite-port.ts';

/**
 * The table of requests that were admitted or refused: one row each, with the owner, the state, and the `seq` of its
 * decision record and of its outcome record. The records themselves are in the trail only. The quota debits (for a
 * refund) and the sent bytes are deleted once the outcome is known.
 */
export interface Requests {
  insert(row: NewRequest): void;
  get(requestId: string): RequestRow | null;
  /** `isFirst`: the request was open, so it has no outcome yet. */
  settle(
    requestId: string,
    settled: { ending: Ending; by: SettledBy; at: number; outcomeSeq: number; isFirst: boolean },
  ): void;
  find(requestId: string, owner: Owner | null): FoundRequest | null;
  list(query: ListQuery): RequestPage;
  /** Open requests whose intent has expired, oldest first. */
  expired(now: number, limit: number): readonly ExpiredIntent[];
  /** Unknown requests whose next reconcile attempt is due, the longest overdue first. */
  unsettled(now: number, limit: number): readonly UnsettledRequest[];
  /** Sets when the next attempt is due (null: never), and counts this one if `counted`. */
  recordAttempt(requestId: string, next: { at: number | null; counted: boolean }): void;
}

export interface NewRequest {
  readonly admission: Admission;
  readonly state: 'open' | 'denied';
  readonly admittedAt: number;
  readonly expiresAt: number | null;
  readonly decidedSeq: number;
  readonly keyScope: string | null;
  /** The units that a refund returns. */
  readonly debits: readonly Debit[];
}

export interface RequestRow {
  readonly state: RequestState;
  readonly expiresAt: number | null;
  readonly settledBy: SettledBy | null;
  readonly keyScope: string | null;
  /** Read on demand: only a refund needs them, and a large request has many. */
  debits(): readonly Debit[];
  /** When the next reconcile attempt is due; null: there is none. */
  readonly nextAttemptAt: number | null;
}

/** The columns of a StoredRow. Without `body`, which only `unsettled` reads. */
const COLUMNS = `request_id, issuer, client_id, subject, state, admitted_at, expires_at, settled_at, settled_by,
  decided_seq, outcome_seq, key_scope, debits, look_at`;
const OWNED = `issuer = ? AND client_id = ? AND subject = ?`;

/** Galileo may still be processing a request that it did not answer: an earlier attempt would prove less. */
const FIRST_ATTEMPT_AFTER_MS = 60_000;

export function createRequests(sqlite: SqlitePort, reportUnreadable: ReportUnreadable): Requests {
  const { hasReadableId, readDraft, readState, readDebits, readEntry } = createRequestReader(sqlite, reportUnreadable);

  function read(requestId: string): StoredRow | undefined {
    return sqlite.run<StoredRow>(`SELECT ${COLUMNS} FROM requests WHERE request_id = ?`, requestId)[0];
  }

  return {
    insert({ admission, state, admittedAt, expiresAt, decidedSeq, keyScope, debits }) {
      const { requestId, owner } = admission;
      sqlite.run(
        `INSERT INTO requests
           (request_id, issuer, client_id, subject, state, admitted_at, expires_at, decided_seq, key_scope, debits, body)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        requestId,
        owner.issuer,
        owner.clientId,
        owner.subject,
        state,
        admittedAt,
        expiresAt,
        decidedSeq,
        keyScope,
        packDebits(debits),
        state === 'open' ? admission.body : null,
      );
    },
    get(requestId) {
      const row = read(requestId);
      if (row === undefined) return null;
      return {
        state: readState(row),
        expiresAt: row.expires_at,
        settledBy: row.settled_by,
        keyScope: row.key_scope,
        debits: () => readDebits(row),
        nextAttemptAt: row.look_at,
      };
    },
    settle(requestId, { ending, by, at, outcomeSeq, isFirst }) {
      if (!isFirst) noteEarlierOutcome(sqlite, requestId);
      const isUnknown = ending === 'unknown';
      sqlite.run(
        `UPDATE requests SET state = ?, settled_by = ?, settled_at = ?, outcome_seq = ?, look_at = ?
           ${isUnknown ? '' : `, debits = '[]', body = NULL`} WHERE request_id = ?`,
        ending,
        by,
        at,
        outcomeSeq,
        isUnknown ? at + FIRST_ATTEMPT_AFTER_MS : null,
        requestId,
      );
    },
    find(requestId, owner) {
      const row = read(requestId);
      if (row === undefined || (owner !== null && !belongsTo(row, owner))) return null;
      return { ...readEntry(row), ...readHistory(sqlite, row) };
    },
    list({ owner, before, limit }) {
      const conditions = [...(owner === null ? [] : [OWNED]), ...(before === null ? [] : [`request_id < ?`])];
      const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
      const params = [
        ...(owner === null ? [] : [owner.issuer, owner.clientId, owner.subject]),
        ...(before === null ? [] : [before]),
      ];
      const rows = sqlite.run<StoredRow>(
        `SELECT ${COLUMNS} FROM requests ${where} ORDER BY request_id DESC LIMIT ?`,
        ...params,
        Math.max(0, limit) + 1,
      );
      // A request whose id is damaged can be neither shown nor used as a cursor.
      const readable = rows.filter(hasReadableId);
      // Lazy, so that records that do not fit on the page are not read.
      const entries = takeEntries(
        Iterator.from(readable).map((row) => readEntry(row)),
        limit,
      );
      const hasMore = entries.length < readable.length || rows.length > Math.max(0, limit);
      return { entries, next: hasMore ? (entries.at(-1)?.requestId ?? null) : null };
    },
    expired(now, limit) {
      return sqlite
        .run<{ request_id: string; decided_seq: number }>(
          `SELECT request_id, decided_seq FROM requests WHERE state = 'open' AND expires_at <= ? ORDER BY expires_at, decided_seq LIMIT ?`,
          now,
          Math.max(0, limit),
        )
        .filter(hasReadableId)
        .map((row) => ({ requestId: row.request_id, intent: readDraft(row.decided_seq, row.request_id) }));
    },
    unsettled(now, limit) {
      return sqlite
        .run<{ request_id: string; admitted_at: number; decided_seq: number; body: string | null; looks: number }>(
          `SELECT request_id, admitted_at, decided_seq, body, looks FROM requests
           WHERE state = 'unknown' AND look_at <= ? ORDER BY look_at, decided_seq LIMIT ?`,
          now,
          Math.max(0, limit),
        )
        .filter(hasReadableId)
        .map((row) => ({
          requestId: row.request_id,
          admittedAt: row.admitted_at,
          intent: readDraft(row.decided_seq, row.request_id),
          body: row.body,
          attempts: Math.max(0, row.looks),
        }));
    },
    recordAttempt(requestId, { at, counted }) {
      sqlite.run(
        `UPDATE requests SET look_at = ?, looks = looks + ? WHERE request_id = ?`,
        at,
        counted ? 1 : 0,
        requestId,
      );
    },
  };
}

function belongsTo(row: StoredRow, owner: Owner): boolean {
  return row.issuer === owner.issuer && row.client_id === owner.clientId && row.subject === owner.subject;
}
