import type { ExpiredIntent, UnsettledRequest } from '../../background-steps.ts';
import { MAX_FURTHER_RECORDS, MAX_SHOWN_REPLAYS, takeEntries, takeLines } from '../../page.ts';
import type { FoundRequest, ListQuery, Owner, RequestPage, StoredRecord } from '../../port.ts';
import type { ReportUnreadable } from '../../report-unreadable.ts';
import { createRequestReader } from '../../sqlite/requests/request-reader.ts';
import type { RequestReader, StoredRow } from '../../sqlite/requests/request-reader.ts';
import type { Run } from '../postgres-port.ts';

/** Reads requests and their records. Each function runs in a transaction of its caller. */
const ROW = `request_id, issuer, client_id, subject, state, admitted_at, expires_at, settled_at, settled_by,
  decided_seq, outcome_seq`;

export async function findRequest(
  run: Run,
  requestId: string,
  owner: Owner | null,
  reportUnreadable: ReportUnreadable,
): Promise<FoundRequest | null> {
  const [row] = await run<StoredRow>(
    `SELECT ${ROW} FROM requests JOIN owners USING (owner) WHERE request_id = $1
       AND ($2::text IS NULL OR (issuer = $2 AND client_id = $3 AND subject = $4))`,
    ...[requestId, owner?.issuer ?? null, owner?.clientId ?? null, owner?.subject ?? null],
  );
  if (row === undefined) return null;
  const further = `SELECT seq FROM further_records WHERE request_id = $1 AND is_replay = $2 ORDER BY seq DESC LIMIT $3`;
  const [others, replays, [all]] = await Promise.all([
    run<{ seq: number }>(further, row.request_id, 0, MAX_FURTHER_RECORDS),
    run<{ seq: number }>(further, row.request_id, 1, MAX_SHOWN_REPLAYS),
    run<{ replays: number }>(
      `SELECT count(*) AS replays FROM further_records WHERE request_id = $1 AND is_replay = 1`,
      row.request_id,
    ),
  ]);
  const seqs = new Set([row.decided_seq, ...others.map(({ seq }) => seq)]);
  if (row.outcome_seq !== null) seqs.add(row.outcome_seq);
  const lines = await readLines(run, [...seqs, ...replays.map(({ seq }) => seq)]);
  const lineAt = (seq: number): StoredRecord => ({ seq, line: lines.get(seq) ?? '' });
  const shown = takeLines(
    Iterator.from(replays).map(({ seq }) => lineAt(seq)),
    MAX_SHOWN_REPLAYS,
  );
  return {
    ...readerOf(lines, reportUnreadable).readEntry(row),
    records: [...[...seqs].map(lineAt), ...shown].toSorted((a, b) => a.seq - b.seq),
    replaysLeftOut: (all?.replays ?? 0) - shown.length,
  };
}

export async function listRequests(
  run: Run,
  { owner, before, limit }: ListQuery,
  reportUnreadable: ReportUnreadable,
): Promise<RequestPage> {
  const most = Math.max(0, limit) + 1;
  const older = `AND ($1::text IS NULL OR request_id < $1)`;
  const rows = await (owner === null
    ? run<StoredRow>(
        `SELECT ${ROW} FROM requests JOIN owners USING (owner) WHERE true ${older} ORDER BY request_id DESC LIMIT $2`,
        ...[before, most],
      )
    : run<StoredRow>(
        `SELECT ${ROW} FROM requests JOIN owners USING (owner)
         WHERE requests.owner = (SELECT owner FROM owners WHERE issuer = $3 AND client_id = $4 AND subject = $5) ${older}
         ORDER BY request_id DESC LIMIT $2`,
        ...[before, most, owner.issuer, owner.clientId, owner.subject],
      ));
  const { hasReadableId } = readerOf(new Map(), reportUnreadable);
  // A request whose id is damaged can be neither shown nor used as a cursor.
  const readable = rows.filter(hasReadableId);
  const entries: RequestPage['entries'][number][] = [];
  // A few at a time, so that records that do not fit on the page are not read.
  for (let from = 0; from < readable.length; from += ROWS_AT_A_TIME) {
    const some = readable.slice(from, from + ROWS_AT_A_TIME);
    const lines = await readLines(run, some.flatMap(recordsOf));
    const { readEntry } = readerOf(lines, reportUnreadable);
    const page = takeEntries([...entries, ...some.map((row) => readEntry(row))], limit);
    const isFull = page.length < entries.length + some.length;
    entries.splice(0, entries.length, ...page);
    if (isFull) break;
  }
  const hasMore = entries.length < readable.length || rows.length >= most;
  return { entries, next: hasMore ? (entries.at(-1)?.requestId ?? null) : null };
}

const ROWS_AT_A_TIME = 50;

/** Open requests whose intent has expired, oldest first. */
export async function expiredIntents(
  run: Run,
  { nowMs, limit }: { readonly nowMs: number; readonly limit: number },
  reportUnreadable: ReportUnreadable,
): Promise<readonly ExpiredIntent[]> {
  const rows = await run<{ request_id: string; decided_seq: number }>(
    `SELECT request_id, decided_seq FROM requests WHERE state = 'open' AND expires_at <= $1
     ORDER BY expires_at, decided_seq LIMIT $2`,
    nowMs,
    Math.max(0, limit),
  );
  const lines = await readLines(
    run,
    rows.map(({ decided_seq: seq }) => seq),
  );
  const { hasReadableId, readDraft } = readerOf(lines, reportUnreadable);
  return rows
    .filter(hasReadableId)
    .map((row) => ({ requestId: row.request_id, intent: readDraft(row.decided_seq, row.request_id) }));
}

/** Unknown requests whose next reconcile attempt is due, the longest overdue first. */
export async function unsettledRequests(
  run: Run,
  { nowMs, limit }: { readonly nowMs: number; readonly limit: number },
  reportUnreadable: ReportUnreadable,
): Promise<readonly UnsettledRequest[]> {
  const rows = await run<{
    request_id: string;
    admitted_at: number;
    decided_seq: number;
    body: string | null;
    looks: number;
  }>(
    `SELECT request_id, admitted_at, decided_seq, body, looks FROM requests
     WHERE state = 'unknown' AND look_at <= $1 ORDER BY look_at, decided_seq LIMIT $2`,
    nowMs,
    Math.max(0, limit),
  );
  const lines = await readLines(
    run,
    rows.map(({ decided_seq: seq }) => seq),
  );
  const { hasReadableId, readDraft } = readerOf(lines, reportUnreadable);
  return rows.filter(hasReadableId).map((row) => ({
    requestId: row.request_id,
    admittedAt: row.admitted_at,
    intent: readDraft(row.decided_seq, row.request_id),
    body: row.body,
    attempts: Math.max(0, row.looks),
  }));
}

function recordsOf({ decided_seq: decided, outcome_seq: outcome }: StoredRow): number[] {
  return outcome === null ? [decided] : [decided, outcome];
}

async function readLines(run: Run, seqs: readonly number[]): Promise<ReadonlyMap<number, string>> {
  if (seqs.length === 0) return new Map();
  const rows = await run<{ seq: number; line: string }>(`SELECT seq, line FROM records WHERE seq = ANY($1::bigint[])`, [
    ...seqs,
  ]);
  return new Map(rows.map(({ seq, line }) => [seq, line]));
}

function readerOf(lines: ReadonlyMap<number, string>, reportUnreadable: ReportUnreadable): RequestReader {
  return createRequestReader((seq) => lines.get(seq) ?? null, reportUnreadable);
}
