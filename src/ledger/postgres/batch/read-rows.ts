import { NEWEST_RECORDS } from '../../sqlite/requests/recall-admission.ts';
import { endOfWindow } from '../../sqlite/requests/quota.ts';
import { MINUTE_MS } from '../../sqlite/minute-rows.ts';
import type { ChangeRow } from '../../sqlite/changes.ts';
import type { Run } from '../postgres-port.ts';
import type { Needs } from './needs.ts';
import { ownerName } from './needs.ts';
import type { MinuteRow, MinuteTable, SetCounter, SetKey, SetRows, SettlingRow } from './working-set.ts';

/**
 * Reads what a batch needs, in one round trip: a statement for each table that it needs rows of. Runs behind the lock of
 * the head row, so nothing that it reads changes before the batch has ended.
 */
export async function readRows(
  run: Run,
  needs: Needs,
  { nowMs, headSeq }: { readonly nowMs: number; readonly headSeq: number },
): Promise<SetRows> {
  const [
    owners,
    requests,
    keys,
    counters,
    suppressions,
    readers,
    overSuppressions,
    overReads,
    repeated,
    changes,
    policies,
  ] = await Promise.all([
    readOwners(run, needs),
    readRequests(run, needs),
    readKeys(run, needs),
    readCounters(run, needs, nowMs),
    readSuppressions(run, needs, nowMs),
    needs.readers ? readReaders(run, nowMs) : null,
    readOvers(run, 'suppressions', needs.overs.suppressions, nowMs),
    readOvers(run, 'reads', needs.overs.reads, nowMs),
    Promise.all([...needs.repeated].map(async (id) => [id, await readNewest(run, id, headSeq)] as const)),
    readChanges(run, needs),
    readPolicies(run, needs),
  ]);
  const bound = [...keys.values()].flatMap((key) => (key === undefined ? [] : [key.request_id]));
  for (const id of bound) if (!requests.has(id)) requests.set(id, undefined);
  return {
    ...{ owners, requests, keys, counters, suppressions, readers, changes, policies },
    overs: { suppressions: overSuppressions, reads: overReads },
    repeated: new Map(repeated),
  };
}

/** Names that were asked for and have no row stay undefined. */
function named<T, R>(
  names: Iterable<string>,
  rows: readonly R[],
  of: (row: R) => readonly [string, T],
): Map<string, T | undefined> {
  const found = new Map<string, T | undefined>();
  for (const name of names) found.set(name, undefined);
  for (const row of rows) found.set(...of(row));
  return found;
}

async function readOwners(run: Run, { owners }: Needs): Promise<Map<string, number | undefined>> {
  const all = [...owners.values()];
  const rows =
    all.length === 0
      ? []
      : await run<{ owner: number; issuer: string; client_id: string; subject: string }>(
          `SELECT owner, issuer, client_id, subject FROM owners
           JOIN unnest($1::text[], $2::text[], $3::text[]) AS named (issuer, client_id, subject)
             USING (issuer, client_id, subject)`,
          all.map(({ issuer }) => issuer),
          all.map(({ clientId }) => clientId),
          all.map(({ subject }) => subject),
        );
  return named(owners.keys(), rows, (row) => [
    ownerName({ issuer: row.issuer, clientId: row.client_id, subject: row.subject }),
    row.owner,
  ]);
}

const SETTLING = `owner, request_id, state, expires_at, settled_by, key_scope, look_at, looks, decided_seq, outcome_seq, debits`;

async function readRequests(run: Run, { requests, keys }: Needs): Promise<Map<string, SettlingRow | undefined>> {
  if (requests.size === 0 && keys.size === 0) return new Map();
  const rows = await run<SettlingRow>(
    `SELECT ${SETTLING} FROM requests WHERE request_id IN (
       SELECT unnest($1::text[]) UNION SELECT request_id FROM keys WHERE scope = ANY($2::text[]))`,
    [...requests],
    [...keys],
  );
  return named(requests, rows, (row) => [row.request_id, row]);
}

async function readKeys(run: Run, { keys }: Needs): Promise<Map<string, SetKey | undefined>> {
  if (keys.size === 0) return new Map();
  const rows = await run<SetKey>(
    // The scope stands in both, so that no key gets the answer of another one.
    `SELECT keys.scope, request_id, fingerprint, keys.seq, keep_until, reply
     FROM keys LEFT JOIN replies ON replies.seq = keys.seq AND replies.scope = keys.scope
     WHERE keys.scope = ANY($1::text[])`,
    [...keys],
  );
  return named(keys, rows, (row) => [row.scope, row]);
}

async function readCounters(run: Run, { counters }: Needs, nowMs: number): Promise<Map<string, SetCounter>> {
  const found = new Map<string, SetCounter>();
  if (counters.size === 0) return found;
  for (const [name, { quota, unit, counter, windowMs }] of counters)
    found.set(name, { quota, unit, counter, windowMs, windowEnd: endOfWindow(nowMs, windowMs), used: null });
  const all = [...found.values()];
  const rows = await run<{ n: number; used: number }>(
    `SELECT n, used FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[]) WITH ORDINALITY
       AS named (window_end, window_ms, quota, unit, counter, n)
     JOIN counters USING (window_end, window_ms, quota, unit, counter)`,
    all.map(({ windowEnd }) => windowEnd),
    all.map(({ windowMs }) => windowMs),
    all.map(({ quota }) => quota),
    all.map(({ unit }) => unit),
    all.map(({ counter }) => counter),
  );
  for (const { n, used } of rows) {
    const counter = all[n - 1];
    if (counter !== undefined) counter.used = used;
  }
  return found;
}

async function readSuppressions(
  run: Run,
  { suppressions }: Needs,
  nowMs: number,
): Promise<Map<string, string | undefined>> {
  if (suppressions.size === 0) return new Map();
  const rows = await run<MinuteRow>(
    `SELECT scope, minute FROM suppressions WHERE window_end = $1 AND scope = ANY($2::text[])`,
    endOfWindow(nowMs, MINUTE_MS),
    [...suppressions],
  );
  return named(suppressions, rows, ({ scope, minute }) => [scope, minute]);
}

async function readReaders(run: Run, nowMs: number): Promise<Map<string, string | undefined>> {
  const rows = await run<MinuteRow>(
    `SELECT scope, minute FROM reads WHERE window_end = $1`,
    endOfWindow(nowMs, MINUTE_MS),
  );
  return named([], rows, ({ scope, minute }) => [scope, minute]);
}

/** Minutes behind the current one are of a clock that was corrected since, and count as over. */
async function readOvers(run: Run, table: MinuteTable, limit: number, nowMs: number): Promise<readonly MinuteRow[]> {
  if (limit === 0) return [];
  return await run<MinuteRow>(
    `SELECT window_end, scope, minute FROM ${table} WHERE window_end <= $1 OR window_end > $2
     ORDER BY window_end, scope LIMIT $3`,
    nowMs,
    nowMs + MINUTE_MS,
    limit,
  );
}

async function readNewest(run: Run, requestId: string, headSeq: number): Promise<readonly string[]> {
  const rows = await run<{ line: string }>(
    `SELECT line FROM records WHERE seq > $1 AND strpos(line, $2) > 0 ORDER BY seq`,
    headSeq - NEWEST_RECORDS,
    requestId,
  );
  return rows.map(({ line }) => line);
}

async function readChanges(run: Run, { changes }: Needs): Promise<Map<string, ChangeRow | undefined>> {
  if (changes.size === 0) return new Map();
  const rows = await run<ChangeRow & { subject: string }>(
    `SELECT subject, value, earlier, changed_at FROM last_changes WHERE subject = ANY($1::text[])`,
    [...changes],
  );
  return named(changes, rows, ({ subject, ...row }) => [subject, row]);
}

async function readPolicies(run: Run, { policies }: Needs): Promise<Map<string, true | undefined>> {
  if (policies.size === 0) return new Map();
  const rows = await run<{ digest: string }>(`SELECT digest FROM policies WHERE digest = ANY($1::text[])`, [
    ...policies,
  ]);
  return named(policies, rows, ({ digest }) => [digest, true]);
}
