import type { UnsettledRow } from '../../../audit/verify/tables/end-comparison.ts';
import type { RequestRow, StoredKey } from '../../../audit/verify/tables/request-rows.ts';
import { sha256Hex } from '../../../lib/sha256.ts';
import { KEYS_WITH_REPLIES, readReply } from './idempotency.ts';
import type { Owner } from '../../port.ts';
import { OF_ANY_OWNER } from './request-rows.ts';
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
  /** Earlier schemas do not have these. */
  owner?: number;
  body?: string | null;
};

/** `owner`: whose the request is by its records. In the table it may be another one's. */
export function readRequestRow(sqlite: SqlitePort, requestId: string, owner: Owner): RequestRow | null {
  const isOwn = hasOwners(sqlite);
  const row = isOwn
    ? (rowOf(sqlite, requestId, owner) ?? sqlite.run<Row>(`SELECT * ${OF_ANY_OWNER}`, requestId)[0])
    : sqlite.run<Row>(`SELECT * FROM requests WHERE request_id = ?`, requestId)[0];
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
    isOutOfReach: isOwn && row.state === 'open' && !isInReach(sqlite, row),
    hasKey: scope !== null,
    key: scope === null ? null : readKey(sqlite, scope, requestId, isOwn),
  };
}

/** The schema of the ledger: earlier versions have the owner in each row. */
function hasOwners(sqlite: SqlitePort): boolean {
  return sqlite.run(`SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'owners'`).length > 0;
}

/** A start finds open requests by what their records name, behind the one in the head row (open-requests.ts). */
function isInReach(sqlite: SqlitePort, { owner = 0, request_id: requestId, decided_seq: seq }: Row): boolean {
  const found = sqlite.run(
    `SELECT 1 FROM records CROSS JOIN head WHERE records.seq = ? AND records.seq > open_after AND owner = ? AND request_id = ?`,
    ...[seq, owner, requestId],
  );
  return found.length > 0;
}

function rowOf(sqlite: SqlitePort, requestId: string, owner: Owner): Row | undefined {
  return sqlite.run<Row>(
    `SELECT * FROM owners JOIN requests USING (owner)
     WHERE issuer = ? AND client_id = ? AND subject = ? AND request_id = ?`,
    ...[owner.issuer, owner.clientId, owner.subject, requestId],
  )[0];
}

/** Null when the key is not there, or is bound to another request. */
function readKey(sqlite: SqlitePort, scope: string, requestId: string, hasReplies: boolean): StoredKey | null {
  const key = sqlite.run<{ reply: string | null }>(
    `SELECT reply FROM ${hasReplies ? KEYS_WITH_REPLIES : 'keys'} WHERE keys.scope = ? AND request_id = ?`,
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

/** Open and unknown requests that a record up to `decidedUpTo` decided, the oldest of each state. */
export function unsettledRequests(
  sqlite: SqlitePort,
  decidedUpTo: number,
  limitOfEach: number,
): readonly UnsettledRow[] {
  // A query for each state, because only the second one has an index. Only `doctor` asks.
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
    // From the requests, which have no index by key.
    `SELECT (SELECT count(*) FROM keys) - count(DISTINCT keys.scope) AS n FROM requests CROSS JOIN keys
       ON keys.scope = requests.key_scope AND keys.request_id = requests.request_id`,
  );
}

function countOf(sqlite: SqlitePort, query: string, ...params: readonly number[]): number {
  return sqlite.run<{ n: number }>(query, ...params)[0]?.n ?? 0;
}
