/**
 * POST /audit/search: the records that match, verbatim, as NDJSON, paged by seq like the trail itself. Goes through the
 * trail slice by slice, of all searches one slice in a turn of the event loop, until the page is full or the trail at its
 * end; a caller who has gone ends it. Invariant: an empty answer means that nothing behind `after` matches. Filters are logged nowhere.
 */
import type { Context } from 'hono';
import { isHmacForm } from '../../audit/record-address.ts';
import type { SearchFilter } from '../../audit/search.ts';
import type { AuditSearch } from '../../audit/search-request.ts';
import type { Deps } from '../../deps.ts';
import { MAX_PAGE_LENGTH, takeLines } from '../../ledger/page.ts';
import type { StoredRecord } from '../../ledger/port.ts';
import type { AppEnv } from '../../middleware/app-env.ts';
import { ndjson } from './ndjson.ts';
import { readLedger } from '../read-ledger.ts';

export type SearchDeps = Pick<Deps, 'ledger' | 'recordAddress' | 'schedule' | 'canAwaitAcrossRequests'>;

type SearchAudit = (c: Context<AppEnv>, search: AuditSearch) => Promise<Response>;

/** Every call makes a queue of its own. */
export function createSearchAudit(deps: SearchDeps): SearchAudit {
  const inTurn = createTurnByTurn(deps);
  return async function searchAudit(c, search) {
    return await readLedger(
      c,
      () => findPage({ ...deps, inTurn }, search, c.req.raw.signal),
      (records) => ndjson(c, records),
    );
  };
}

type InTurn = <T>(read: () => Promise<T>) => Promise<T>;

/**
 * A ledger in this process answers within the turn of the event loop that it is asked in: without a turn for each, the
 * slices of many searches would run back to back and hold up every invite. Where requests may not wait for one another,
 * each waits for itself alone.
 */
function createTurnByTurn(deps: Pick<SearchDeps, 'schedule' | 'canAwaitAcrossRequests'>): InTurn {
  const { canAwaitAcrossRequests } = deps;
  let last: Promise<unknown> = Promise.resolve();
  const nextTurn = () => new Promise<void>((resolve) => void deps.schedule.after(0, resolve));
  return async function inTurn(read) {
    const before = canAwaitAcrossRequests ? last : Promise.resolve();
    const mine = before.then(nextTurn).then(read);
    if (canAwaitAcrossRequests) last = mine.catch(() => undefined);
    return await mine;
  };
}

async function findPage(
  { ledger, recordAddress, inTurn }: Pick<SearchDeps, 'ledger' | 'recordAddress'> & { readonly inTurn: InTurn },
  search: AuditSearch,
  gone: AbortSignal,
): Promise<readonly StoredRecord[]> {
  const filter = filterOf(search, recordAddress);
  const found: StoredRecord[] = [];
  let length = 0;
  for (let after = search.after; ;) {
    const slice = await inTurn(() => ledger.search({ filter, after, limit: search.limit - found.length }));
    found.push(...slice.records);
    length = slice.records.reduce((sum, { line }) => sum + line.length, length);
    const full = found.length >= search.limit || length >= MAX_PAGE_LENGTH;
    if (full || slice.done || gone.aborted) return takeLines(found, search.limit);
    after = slice.scannedTo;
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
