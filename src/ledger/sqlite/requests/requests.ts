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
import type { OpenRequests, RequestKey } from './open-requests.ts';
import type { Owners } from './owners.ts';
import type { Debit } from './quota.ts';
import { newestOf, newestOfAll, OF_ANY_OWNER, readOf, readOfAny } from './request-rows.ts';
import { createRequestReader } from './request-reader.ts';
import type { StoredRow } from './request-reader.ts';
import type { SqlitePort } from '../sqlite-port.ts';
import { readLine } from '../trail/trail.ts';

/**
 * The table of requests that were admitted or refused: one row each, with the owner, the state, and the `seq` of its
 * decision record and of its outcome record. The records themselves are in the trail only. The quota debits (for a
 * refund) and the sent bytes are deleted once the outcome is known.
 */
export interface Requests {
  insert(row: NewRequest): void;
  /** `likely`: whose it is in all likelihood. Others are looked through only where it is not. */
  get(requestId: string, likely: Owner | null): RequestRow | null;
  /** `isFirst`: the request was open, so it has no outcome yet. */
  settle(row: Pick<RequestRow, 'id' | 'decidedSeq'>, settled: Outcome & { readonly isFirst: boolean }): void;
  /** Settles a request of this owner if it is open, in one statement. Null when there is no such request. */
  settleOpen(requestId: string, owner: Owner, settled: Outcome): Pick<RequestRow, 'keyScope' | 'decidedSeq'> | null;
  find(requestId: string, owner: Owner | null): FoundRequest | null;
  list(query: ListQuery): RequestPage;
  /** Open requests whose intent has expired, oldest first. */
  expired(now: number, limit: number): readonly ExpiredIntent[];
  /** Unknown requests whose next reconcile attempt is due, the longest overdue first. */
  unsettled(now: number, limit: number): readonly UnsettledRequest[];
  countUnknown(): number;
  /** Sets when the next attempt is due (null: never), and counts this one if `counted`. */
  recordAttempt(row: Pick<RequestRow, 'id'>, next: { at: number | null; counted: boolean }): void;
}

interface Outcome {
  readonly ending: Ending;
  readonly by: SettledBy;
  readonly at: number;
  readonly outcomeSeq: number;
}

export interface NewRequest {
  readonly admission: Admission;
  /** The number of the admission's owner. */
  readonly owner: number;
  readonly state: 'open' | 'denied';
  readonly admittedAt: number;
  readonly expiresAt: number | null;
  readonly decidedSeq: number;
  readonly keyScope: string | null;
  /** The units that a refund returns. */
  readonly debits: readonly Debit[];
}

export interface RequestRow {
  readonly id: RequestKey;
  readonly decidedSeq: number;
  readonly state: RequestState;
  readonly expiresAt: number | null;
  readonly settledBy: SettledBy | null;
  readonly keyScope: string | null;
  /** Read on demand: only a refund needs them, and a large request has many. */
  debits(): readonly Debit[];
  /** When the next reconcile attempt is due; null: there is none. */
  readonly nextAttemptAt: number | null;
}

/** The columns of a SettlingRow. */
const SETTLING = `requests.owner, request_id, state, expires_at, settled_by, key_scope, look_at, decided_seq`;
type SettlingRow = Pick<StoredRow, 'request_id' | 'state' | 'expires_at' | 'settled_by' | 'decided_seq'> & {
  owner: number;
  key_scope: string | null;
  look_at: number | null;
};

/** Galileo may still be processing a request that it did not answer: an earlier attempt would prove less. */
export const FIRST_ATTEMPT_AFTER_MS = 60_000;

export function createRequests(
  sqlite: SqlitePort,
  reportUnreadable: ReportUnreadable,
  {
    owners,
    open,
  }: { readonly owners: Pick<Owners, 'find'>; readonly open: Pick<OpenRequests, 'add' | 'end' | 'expired'> },
): Requests {
  const { hasReadableId, readDraft, readState, readDebits, readEntry } = createRequestReader(
    (seq) => readLine(sqlite, seq),
    reportUnreadable,
  );

  function readSettling(requestId: string, likely: Owner | null): SettlingRow | undefined {
    const number = likely === null ? null : owners.find(likely);
    const [found] =
      number === null
        ? []
        : sqlite.run<SettlingRow>(
            `SELECT ${SETTLING} FROM requests WHERE owner = ? AND request_id = ?`,
            number,
            requestId,
          );
    return found ?? sqlite.run<SettlingRow>(`SELECT ${SETTLING} ${OF_ANY_OWNER}`, requestId)[0];
  }

  function debitsOf({ owner, requestId }: RequestKey): readonly Debit[] {
    const [row] = sqlite.run<{ debits: string }>(
      `SELECT debits FROM requests WHERE owner = ? AND request_id = ?`,
      owner,
      requestId,
    );
    return row === undefined ? [] : readDebits({ debits: row.debits, request_id: requestId });
  }

  return {
    insert({ admission, owner, state, admittedAt, expiresAt, decidedSeq, keyScope, debits }) {
      sqlite.run(
        `INSERT INTO requests
           (owner, request_id, state, admitted_at, expires_at, decided_seq, key_scope, debits, body)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        owner,
        admission.requestId,
        state,
        admittedAt,
        expiresAt,
        decidedSeq,
        keyScope,
        packDebits(debits),
        state === 'open' ? admission.body : null,
      );
      if (state === 'open') open.add(decidedSeq, { owner, requestId: admission.requestId });
    },
    get(requestId, likely) {
      const row = readSettling(requestId, likely);
      if (row === undefined) return null;
      const id = { owner: row.owner, requestId };
      return {
        id,
        decidedSeq: row.decided_seq,
        state: readState(row),
        expiresAt: row.expires_at,
        settledBy: row.settled_by,
        keyScope: row.key_scope,
        debits: () => debitsOf(id),
        nextAttemptAt: row.look_at,
      };
    },
    settle({ id, decidedSeq }, { isFirst, ...outcome }) {
      if (isFirst) open.end(decidedSeq);
      else noteEarlierOutcome(sqlite, id);
      sqlite.run(`UPDATE requests ${changesOf(outcome)} WHERE owner = ? AND request_id = ?`, ...valuesOf(outcome, id));
    },
    settleOpen(requestId, owner, outcome) {
      const number = owners.find(owner);
      if (number === null) return null;
      const [row] = sqlite.run<{ key_scope: string | null; decided_seq: number }>(
        `UPDATE requests ${changesOf(outcome)} WHERE owner = ? AND request_id = ? AND state = 'open'
         RETURNING key_scope, decided_seq`,
        ...valuesOf(outcome, { owner: number, requestId }),
      );
      if (row === undefined) return null;
      open.end(row.decided_seq);
      return { keyScope: row.key_scope, decidedSeq: row.decided_seq };
    },
    find(requestId, owner) {
      const row = owner === null ? readOfAny(sqlite, requestId) : readOf(sqlite, requestId, owners.find(owner));
      return row === undefined ? null : { ...readEntry(row), ...readHistory(sqlite, row) };
    },
    list({ owner, before, limit }) {
      const most = Math.max(0, limit) + 1;
      const rows =
        owner === null ? newestOfAll(sqlite, before, most) : newestOf(sqlite, owners.find(owner), before, most);
      // A request whose id is damaged can be neither shown nor used as a cursor.
      const readable = rows.filter(hasReadableId);
      // Lazy, so that records that do not fit on the page are not read.
      const entries = takeEntries(
        Iterator.from(readable).map((row) => readEntry(row)),
        limit,
      );
      const hasMore = entries.length < readable.length || rows.length >= most;
      return { entries, next: hasMore ? (entries.at(-1)?.requestId ?? null) : null };
    },
    expired(now, limit) {
      return open
        .expired(now)
        .slice(0, Math.max(0, limit))
        .map(({ requestId, decidedSeq }) => ({ requestId, intent: readDraft(decidedSeq, requestId) }));
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
    // The index requests_unsettled holds no other requests, so the cost is the number itself.
    countUnknown: () =>
      sqlite.run<{ unknown: number }>(`SELECT count(*) AS unknown FROM requests WHERE state = 'unknown'`)[0]?.unknown ??
      0,
    recordAttempt({ id }, { at, counted }) {
      sqlite.run(
        `UPDATE requests SET look_at = ?, looks = looks + ? WHERE owner = ? AND request_id = ?`,
        at,
        counted ? 1 : 0,
        id.owner,
        id.requestId,
      );
    },
  };
}

/** What is kept for the outcome alone goes with it. */
function changesOf({ ending }: Outcome): string {
  const rest = ending === 'unknown' ? '' : `, debits = '[]', body = NULL`;
  return `SET state = ?, settled_by = ?, settled_at = ?, outcome_seq = ?, look_at = ?${rest}`;
}

function valuesOf(
  { ending, by, at, outcomeSeq }: Outcome,
  { owner, requestId }: RequestKey,
): (string | number | null)[] {
  const lookAt = ending === 'unknown' ? at + FIRST_ATTEMPT_AFTER_MS : null;
  return [ending, by, at, outcomeSeq, lookAt, owner, requestId];
}
