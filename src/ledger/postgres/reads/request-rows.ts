import type { RequestRow, StoredKey } from '../../../audit/verify/tables/request-rows.ts';
import type { UnsettledRow } from '../../../audit/verify/tables/end-comparison.ts';
import { readReply } from '../../sqlite/requests/idempotency.ts';
import type { Run } from '../postgres-port.ts';
import { countWithoutIndexes } from './indexes.ts';

/**
 * Reads the tables of requests and keys for a verification against the records (sqlite/requests/request-table.ts), many
 * rows with one statement. Each function runs in a transaction of its caller.
 */
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
  body_sha256: string | null;
  has_key: boolean;
  has_key_row: boolean;
  reply: string | null;
};

/** The rows of these requests, by id. A request without a row, or whose owner is not there, is not among them. */
export async function readRequestRows(run: Run, ids: readonly string[]): Promise<ReadonlyMap<string, RequestRow>> {
  const rows = await run<Row>(
    `SELECT requests.request_id, state, decided_seq, outcome_seq, issuer, client_id, subject, settled_by, expires_at,
       encode(sha256(convert_to(body, 'UTF8')), 'hex') AS body_sha256, key_scope IS NOT NULL AS has_key,
       keys.scope IS NOT NULL AS has_key_row, reply
     FROM requests JOIN owners USING (owner)
       LEFT JOIN keys ON keys.scope = requests.key_scope AND keys.request_id = requests.request_id
       LEFT JOIN replies ON replies.seq = keys.seq AND replies.scope = keys.scope
     WHERE requests.request_id = ANY($1::text[])`,
    [...ids],
  );
  return new Map(rows.map((row) => [row.request_id, rowOf(row)]));
}

function rowOf(row: Row): RequestRow {
  return {
    state: row.state,
    decidedSeq: row.decided_seq,
    outcomeSeq: row.outcome_seq,
    owner: { issuer: row.issuer, clientId: row.client_id, subject: row.subject },
    settledBy: row.settled_by,
    expiresAt: row.expires_at,
    bodySha256: row.body_sha256,
    hasKey: row.has_key,
    key: row.has_key_row ? keyOf(row.reply) : null,
  };
}

function keyOf(text: string | null): StoredKey {
  if (text === null) return { reply: 'none' };
  const reply = readReply(text);
  return { reply: reply === null ? 'unreadable' : { status: reply.status } };
}

/** A record in the list of further records of a request. */
export interface FurtherRow {
  readonly requestId: string;
  readonly seq: number;
  readonly kind: 'replay' | 'other';
}

/** Of these requests, those in (after, upTo]. */
export async function readFurther(
  run: Run,
  ids: readonly string[],
  { after, upTo }: { readonly after: number; readonly upTo: number },
): Promise<readonly FurtherRow[]> {
  const rows = await run<{ request_id: string; is_replay: number; seq: number }>(
    `SELECT request_id, is_replay, seq FROM further_records WHERE request_id = ANY($1::text[]) AND seq > $2 AND seq <= $3`,
    ...[[...ids], after, upTo],
  );
  return rows.map((row) => ({
    requestId: row.request_id,
    seq: row.seq,
    kind: row.is_replay === 1 ? 'replay' : 'other',
  }));
}

/** Through the table itself: an index may have been changed. */
export function countRequests(run: Run): Promise<number> {
  return countWithoutIndexes(run, `SELECT count(*) AS n FROM requests`);
}

/** Of the requests that these records decided. */
export async function countRequestsAfter(run: Run, decidedAfter: number): Promise<number> {
  const [row] = await run<{ n: number }>(`SELECT count(*) AS n FROM requests WHERE decided_seq > $1`, decidedAfter);
  return row?.n ?? 0;
}

/** Keys that are bound to no request of theirs. */
export function countStrayKeys(run: Run): Promise<number> {
  return countWithoutIndexes(
    run,
    `SELECT count(*) AS n FROM keys WHERE NOT EXISTS (
       SELECT 1 FROM requests WHERE requests.key_scope = keys.scope AND requests.request_id = keys.request_id)`,
  );
}

/** Open and unknown requests that a record up to `decidedUpTo` decided, the oldest of each state. */
export async function readUnsettled(
  run: Run,
  decidedUpTo: number,
  limitOfEach: number,
): Promise<readonly UnsettledRow[]> {
  const found = await Promise.all(
    ['open', 'unknown'].map((state) =>
      run<{ request_id: string; decided_seq: number; outcome_seq: number | null }>(
        `SELECT request_id, decided_seq, outcome_seq FROM requests
         WHERE state = $1 AND decided_seq <= $2 ORDER BY decided_seq LIMIT $3`,
        ...[state, decidedUpTo, limitOfEach],
      ),
    ),
  );
  return found
    .flat()
    .map((row) => ({ requestId: row.request_id, decidedSeq: row.decided_seq, outcomeSeq: row.outcome_seq }));
}
