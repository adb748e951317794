import type { SqlitePort } from '../sqlite-port.ts';
import type { StoredRow } from './request-reader.ts';

/**
 * Finds rows of the table `requests`, which are ordered by owner and request. One owner's rows are found at once. A
 * request whose owner is not known is looked up under each owner: only readers with a right to all requests do that.
 */

/** The columns of a StoredRow. */
const COLUMNS = `request_id, issuer, client_id, subject, state, admitted_at, expires_at, settled_at, settled_by,
  decided_seq, outcome_seq`;
/** CROSS JOIN makes SQLite go through the owners, and look the request up under each. */
export const OF_ANY_OWNER = `FROM owners CROSS JOIN requests USING (owner) WHERE request_id = ?`;

/** `owner`: null for one without a request. */
export function readOf(sqlite: SqlitePort, requestId: string, owner: number | null): StoredRow | undefined {
  if (owner === null) return undefined;
  return sqlite.run<StoredRow>(
    `SELECT ${COLUMNS} FROM requests JOIN owners USING (owner) WHERE requests.owner = ? AND request_id = ?`,
    owner,
    requestId,
  )[0];
}

export function readOfAny(sqlite: SqlitePort, requestId: string): StoredRow | undefined {
  return sqlite.run<StoredRow>(`SELECT ${COLUMNS} ${OF_ANY_OWNER}`, requestId)[0];
}

/** Of one owner, newest first. */
export function newestOf(
  sqlite: SqlitePort,
  owner: number | null,
  before: string | null,
  limit: number,
): readonly StoredRow[] {
  if (owner === null) return [];
  const { condition, params } = beforeOf(before);
  return sqlite.run<StoredRow>(
    `SELECT ${COLUMNS} FROM requests JOIN owners USING (owner)
     WHERE requests.owner = ?${condition} ORDER BY request_id DESC LIMIT ?`,
    owner,
    ...params,
    limit,
  );
}

/**
 * Newest first. A page has no other owners than those with the newest requests, as many as the page has places, and of
 * each no other requests than its newest. So the cost depends on the number of owners, not of requests.
 */
export function newestOfAll(sqlite: SqlitePort, before: string | null, limit: number): readonly StoredRow[] {
  const { condition, params } = beforeOf(before);
  const own = `FROM requests WHERE requests.owner = owners.owner${condition}`;
  return sqlite.run<StoredRow>(
    `SELECT ${COLUMNS} FROM (SELECT *, (SELECT max(request_id) ${own}) AS newest FROM owners ORDER BY newest DESC LIMIT ?)
       AS owners CROSS JOIN requests USING (owner)
     WHERE request_id IN (SELECT request_id ${own} ORDER BY request_id DESC LIMIT ?)
     ORDER BY request_id DESC LIMIT ?`,
    ...params,
    limit,
    ...params,
    limit,
    limit,
  );
}

function beforeOf(before: string | null): { readonly condition: string; readonly params: readonly string[] } {
  return before === null ? { condition: '', params: [] } : { condition: ' AND request_id < ?', params: [before] };
}
