/**
 * POST /audit/search: the records that match, verbatim, as NDJSON, paged by seq like the trail itself. Goes through the
 * trail slice by slice and lets everyone else in between, until the page is full or the trail at its end; a caller who has
 * gone ends it. Invariant: an empty answer means that nothing behind `after` matches. Filters are logged nowhere.
 */
import type { Context } from 'hono';
import { isHmacForm } from '../audit/record-address.ts';
import type { SearchFilter } from '../audit/search.ts';
import type { AuditSearch } from '../contract/audit-search.ts';
import type { Deps } from '../deps.ts';
import { MAX_PAGE_LENGTH, takeLines } from '../ledger/page.ts';
import type { StoredRecord } from '../ledger/port.ts';
import type { AppEnv } from '../middleware/app-env.ts';
import { ndjson } from './ndjson.ts';
import { readLedger } from './read-ledger.ts';

export type SearchDeps = Pick<Deps, 'ledger' | 'recordAddress' | 'schedule'>;

export async function searchAudit(c: Context<AppEnv>, deps: SearchDeps, search: AuditSearch): Promise<Response> {
  return await readLedger(
    c,
    () => findPage(deps, search, c.req.raw.signal),
    (records) => ndjson(c, records),
  );
}

async function findPage(
  { ledger, recordAddress, schedule }: SearchDeps,
  search: AuditSearch,
  gone: AbortSignal,
): Promise<readonly StoredRecord[]> {
  const filter = filterOf(search, recordAddress);
  const found: StoredRecord[] = [];
  let length = 0;
  for (let after = search.after; ;) {
    const slice = await ledger.search({ filter, after, limit: search.limit - found.length });
    found.push(...slice.records);
    length = slice.records.reduce((sum, { line }) => sum + line.length, length);
    const full = found.length >= search.limit || length >= MAX_PAGE_LENGTH;
    if (full || slice.done || gone.aborted) return takeLines(found, search.limit);
    after = slice.lookedTo;
    // A ledger in this process answers within the turn: without a pause, a long search would hold up every invite.
    await new Promise<void>((resolve) => schedule.after(0, resolve));
  }
}

function filterOf(search: AuditSearch, recordAddress: Deps['recordAddress']): SearchFilter {
  const { request_id: requestId, subject, client_id: clientId, email, outcome, rule, from, to } = search;
  return {
    ...(requestId === undefined ? {} : { requestId }),
    ...(subject === undefined ? {} : { subject }),
    ...(clientId === undefined ? {} : { clientId }),
    ...(email === undefined ? {} : { email: isHmacForm(email) ? email : recordAddress(email) }),
    ...(outcome === undefined ? {} : { outcome }),
    ...(rule === undefined ? {} : { rule }),
    ...(from === undefined ? {} : { fromMs: Date.parse(from) }),
    ...(to === undefined ? {} : { toMs: Date.parse(to) }),
  };
}
