import type { RequestRow, StoredKey } from '../../../audit/verify/tables/request-rows.ts';
import { sha256Hex } from '../../../lib/sha256.ts';
import { readReply } from './idempotency.ts';
import type { SqlitePort } from '../sqlite-port.ts';

/** Reads the tables of requests and keys for a verification against the records. They may be of an older schema. */
type Row = {
  request_id: string;
  state: string;
  decided_seq: number;
  outcome_seq: number | null;
  issuer: string;
  client_id: string;
  subject: string;
  settled_by: string | null;
  expires_at: number | null;
  key_scope: string | null;
  /** Earlier schemas do not have it. */
  body?: string | null;
};

export function readRequestRow(sqlite: SqlitePort, requestId: string): RequestRow | null {
  const row = sqlite.run<Row>(`SELECT * FROM requests WHERE request_id = ?`, requestId)[0];
  if (row === undefined) return null;
  const { body = null, key_scope: scope } = row;
  return {
    state: row.state,
    decidedSeq: row.decided_seq,
    outcomeSeq: row.outcome_seq,
    owner: { issuer: row.issuer, clientId: row.client_id, subject: row.subject },
    settledBy: row.settled_by,
    expiresAt: row.expires_at,
    bodySha256: body === null ? null : sha256Hex(body),
    hasKey: scope !== null,
    key: scope === null ? null : readKey(sqlite, scope, requestId),
  };
}

/** Null when the key is not there, or is bound to another request. */
function readKey(sqlite: SqlitePort, scope: string, requestId: string): StoredKey | null {
  const key = sqlite.run<{ reply: string | null }>(
    `SELECT reply FROM keys WHERE scope = ? AND request_id = ?`,
    scope,
    requestId,
  )[0];
  if (key === undefined) return null;
  const reply = key.reply === null ? null : readReply(key.reply);
  if (reply === null) return { reply: key.reply === null ? 'none' : 'unreadable' };
  return { reply: { status: reply.status } };
}

export function countRequests(sqlite: SqlitePort): number {
  // Through the table itself: an index may have been changed.
  return countOf(sqlite, `SELECT count(*) AS n FROM requests NOT INDEXED`);
}

/** Of the requests that these records decided. */
export function countRequestsAfter(sqlite: SqlitePort, decidedAfter: number): number {
  return countOf(sqlite, `SELECT count(*) AS n FROM requests WHERE decided_seq > ?`, decidedAfter);
}

export interface UnsettledRow {
  readonly requestId: string;
  readonly decidedSeq: number;
  readonly outcomeSeq: number | null;
}

/** Open and unknown requests that a record up to `decidedUpTo` decided, the oldest of each state. */
export function unsettledRequests(
  sqlite: SqlitePort,
  decidedUpTo: number,
  limitOfEach: number,
): readonly UnsettledRow[] {
  // A query for each state: each has its index.
  return [`state = 'open'`, `state = 'unknown'`].flatMap((unsettled) =>
    sqlite
      .run<{ request_id: string; decided_seq: number; outcome_seq: number | null }>(
        `SELECT request_id, decided_seq, outcome_seq FROM requests
         WHERE ${unsettled} AND decided_seq <= ? ORDER BY decided_seq LIMIT ?`,
        decidedUpTo,
        limitOfEach,
      )
      .map((row) => ({ requestId: row.request_id, decidedSeq: row.decided_seq, outcomeSeq: row.outcome_seq })),
  );
}

/** Keys that are bound to no request of theirs. */
export function countStrayKeys(sqlite: SqlitePort): number {
  return countOf(
    sqlite,
    `SELECT count(*) AS n FROM keys LEFT JOIN requests
       ON requests.request_id = keys.request_id AND requests.key_scope = keys.scope
     WHERE requests.request_id IS NULL`,
  );
}

function countOf(sqlite: SqlitePort, query: string, ...params: readonly number[]): number {
  return sqlite.run<{ n: number }>(query, ...params)[0]?.n ?? 0;
}
