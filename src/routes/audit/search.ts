/**
 * POST /audit/search: the matching records, verbatim, as NDJSON, paged by `seq` like the trail itself. It reads the
 * trail slice by slice until the page is full, the trail ends or its budget is used up, and stops when the caller
 * disconnects. All searches together read one slice per turn of the event loop. When the budget is used up, the last
 * line says how far the search got. Invariant: an empty answer means that no record after `after` matches. Filters are
 * never logged. Records that cannot be read are left out, and a header field names them.
 */
import type { Context } from 'hono';
import type { SearchFilterName } from '../../audit/record.ts';
import { SEARCH_FILTERS } from '../../audit/record-vocabulary.ts';
import { searchFilter } from '../../audit/search-filter.ts';
import type { AuditSearch } from '../../audit/search-request.ts';
import type { Deps } from '../../deps.ts';
import { MAX_PAGE_LENGTH, takeLines } from '../../ledger/page.ts';
import type { StoredRecord } from '../../ledger/port.ts';
import type { AppEnv } from '../../middleware/app-env.ts';
import { addField } from '../../middleware/respond.ts';
import { ndjson } from './ndjson.ts';
import { readLedger } from '../read-ledger.ts';
import { givenOf, recordRead } from '../record-read.ts';
import type { RecordReadDeps } from '../record-read.ts';

export type SearchDeps = RecordReadDeps & Pick<Deps, 'recordAddress' | 'clock' | 'schedule' | 'canAwaitAcrossRequests'>;

type SearchAudit = (c: Context<AppEnv>, search: AuditSearch) => Promise<Response>;

/** Every call creates a queue of its own. */
export function createSearchAudit(deps: SearchDeps): SearchAudit {
  const inOwnTurn = createOneReadPerTurn(deps);
  return async function searchAudit(c, search) {
    return await readLedger(
      c,
      () => findPage({ ...deps, inOwnTurn }, search, c.req.raw.signal),
      async ({ records, unreadable, scannedTo }) => {
        await recordRead(c, deps, { what: 'search', ...givenOf(records), filters: filtersIn(search) });
        if (unreadable.length > 0) addField(c, 'Audit-Unreadable-Records', unreadableField(unreadable));
        return ndjson(c, scannedTo === null ? records : [...records, progressLine(scannedTo)]);
      },
    );
  };
}

/** One answer holds one of the few places for searches no longer than this. */
const MAX_SEARCH_MS = 1_000;
/** A slice is a call to the ledger object on Workers, and one request may make 1,000 calls there. */
const MAX_SLICES = 200;

/** Has no member that only records have, so that a tool which reads records skips it. */
function progressLine(scannedTo: number): { readonly line: string } {
  return { line: JSON.stringify({ kind: 'search_progress', scanned_to: scannedTo }) };
}

type InTurn = <T>(read: () => Promise<T>) => Promise<T>;

/**
 * Runs one read per turn of the event loop. A ledger in this process answers in the same turn, so the slices of many
 * searches would otherwise run back to back and delay every invite. Where requests must not wait for one another, each
 * search only yields between its own slices.
 */
function createOneReadPerTurn(deps: Pick<SearchDeps, 'schedule' | 'canAwaitAcrossRequests'>): InTurn {
  const { canAwaitAcrossRequests } = deps;
  let last: Promise<unknown> = Promise.resolve();
  const nextTurn = () => new Promise<void>((resolve) => void deps.schedule.after(0, resolve));
  return async function inOwnTurn(read) {
    const before = canAwaitAcrossRequests ? last : Promise.resolve();
    const turn = before.then(nextTurn).then(read);
    if (canAwaitAcrossRequests) last = turn.catch(() => undefined);
    return await turn;
  };
}

async function findPage(
  deps: Pick<SearchDeps, 'ledger' | 'recordAddress' | 'clock'> & { readonly inOwnTurn: InTurn },
  search: AuditSearch,
  disconnected: AbortSignal,
): Promise<SearchPage> {
  const { ledger, recordAddress, clock, inOwnTurn } = deps;
  const filter = searchFilter(search, recordAddress);
  const startedAt = clock.now();
  const found: StoredRecord[] = [];
  const unreadable: number[] = [];
  let length = 0;
  for (let after = search.after, slices = 1; ; slices += 1) {
    const slice = await inOwnTurn(() => ledger.search({ filter, after, limit: search.limit - found.length }));
    found.push(...slice.records);
    unreadable.push(...slice.unreadable);
    length = slice.records.reduce((sum, { line }) => sum + line.length, length);
    const full = found.length >= search.limit || length >= MAX_PAGE_LENGTH;
    const isSpent = slices >= MAX_SLICES || Math.abs(clock.now() - startedAt) >= MAX_SEARCH_MS;
    if (full || slice.done || isSpent || disconnected.aborted) {
      const records = takeLines(found, search.limit);
      // The next page begins after the last record of this one.
      const end = records.length < found.length ? (records.at(-1)?.seq ?? after) : slice.scannedTo;
      const isCutShort = isSpent && !full && !slice.done;
      return {
        records,
        unreadable: unreadable.filter((seq) => seq <= end),
        scannedTo: isCutShort ? slice.scannedTo : null,
      };
    }
    after = slice.scannedTo;
  }
}

interface SearchPage {
  readonly records: readonly StoredRecord[];
  /** The `seq` of records on this page's stretch of the trail that cannot be read. */
  readonly unreadable: readonly number[];
  /** Set when the budget was used up first: the search can be continued after this `seq`. */
  readonly scannedTo: number | null;
}

/** Keeps the field small when a long stretch of the trail is damaged. */
const MAX_LISTED = 100;

/** An RFC 9651 dictionary: how many there are, and the first MAX_LISTED of them. */
function unreadableField(seqs: readonly number[]): string {
  return `count=${seqs.length}, seq=(${seqs.slice(0, MAX_LISTED).join(' ')})`;
}

/** The names of the filters in use; their values may be addresses. */
function filtersIn(search: AuditSearch): readonly SearchFilterName[] {
  return SEARCH_FILTERS.filter((name) => search[name] !== undefined);
}
