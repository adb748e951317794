import type { RequestRow } from '../../../audit/verify/request-rows.ts';
import type { SqlitePort } from '../sqlite-port.ts';

/** Reads the tables of requests and keys for a verification against the records. They may be of an older schema. */
export function readRequestRow(sqlite: SqlitePort, requestId: string): RequestRow | null {
  const row = sqlite.run<{
    state: string;
    decided_seq: number;
    outcome_seq: number | null;
    issuer: string;
    client_id: string;
    subject: string;
    key_scope: string | null;
  }>(
    `SELECT state, decided_seq, outcome_seq, issuer, client_id, subject, key_scope FROM requests WHERE request_id = ?`,
    requestId,
  )[0];
  if (row === undefined) return null;
  return {
    state: row.state,
    decidedSeq: row.decided_seq,
    outcomeSeq: row.outcome_seq,
    owner: { issuer: row.issuer, clientId: row.client_id, subject: row.subject },
    hasKey: row.key_scope !== null,
  };
}

export function countRequests(sqlite: SqlitePort): number {
  return countOf(sqlite, `SELECT count(*) AS n FROM requests`);
}

/**
 * Keys that are bound to no request of theirs, or whose answer is missing or too early; and requests that hold a key,
 * because they are open or unknown, and have none. Without it a repeat would be sent again.
 */
export function countMisfitKeys(sqlite: SqlitePort): number {
  const misfits = countOf(
    sqlite,
    `SELECT count(*) AS n FROM keys LEFT JOIN requests
       ON requests.request_id = keys.request_id AND requests.key_scope = keys.scope
     WHERE requests.request_id IS NULL OR (keys.reply IS NULL) <> (requests.state = 'open')`,
  );
  const lost = countOf(
    sqlite,
    `SELECT count(*) AS n FROM requests LEFT JOIN keys
       ON keys.scope = requests.key_scope AND keys.request_id = requests.request_id
     WHERE requests.key_scope IS NOT NULL AND requests.state IN ('open', 'unknown') AND keys.scope IS NULL`,
  );
  return misfits + lost;
}

function countOf(sqlite: SqlitePort, query: string): number {
  return sqlite.run<{ n: number }>(query)[0]?.n ?? 0;
}
