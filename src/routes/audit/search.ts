/**
 * POST /audit/search: the matching records, verbatim, as NDJSON, paged by `seq` like the trail itself. It reads the
 * trail (scan-trail) until the page is full, the trail ends or its budget is used up, and stops when the caller
 * disconnects. When the budget is used up, the last line says how far the search got. Invariant: an empty answer means
 * that no record after `after` matches. Filters are never logged. Records that cannot be read are left out, and a header
 * field names them.
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
import { addField } from '../../middleware/answers/respond.ts';
import { ndjson } from './ndjson.ts';
import { readLedger } from '../read-ledger.ts';
import { givenOf, recordRead } from '../record-read.ts';
import type { RecordReadDeps } from '../record-read.ts';
import type { ScanTrail } from './scan-trail.ts';

export type SearchDeps = RecordReadDeps & Pick<Deps, 'recordAddress'> & { readonly scanTrail: ScanTrail };

export async function searchAudit(c: Context<AppEnv>, deps: SearchDeps, search: AuditSearch): Promise<Response> {
  return await readLedger(
    c,
    () => findPage(deps, search, c.req.raw.signal),
    async ({ records, unreadable, scannedTo }) => {
      await recordRead(c, deps, { what: 'search', ...givenOf(records), filters: filtersIn(search) });
      addUnreadable(c, unreadable);
      return ndjson(c, scannedTo === null ? records : [...records, progressLine(scannedTo)]);
    },
  );
}

/** Has no member that only records have, so that a tool which reads records skips it. */
function progressLine(scannedTo: number): { readonly line: string } {
  return { line: JSON.stringify({ kind: 'search_progress', scanned_to: scannedTo }) };
}

async function findPage(
  { scanTrail, recordAddress }: Pick<SearchDeps, 'scanTrail' | 'recordAddress'>,
  search: AuditSearch,
  disconnected: AbortSignal,
): Promise<SearchPage> {
  const found: StoredRecord[] = [];
  const unreadable: number[] = [];
  let length = 0;
  const { scannedTo, ended } = await scanTrail(
    {
      filter: searchFilter(search, recordAddress),
      after: search.after,
      limit: () => search.limit - found.length,
      take(slice) {
        found.push(...slice.records);
        unreadable.push(...slice.unreadable);
        length = slice.records.reduce((sum, { line }) => sum + line.length, length);
        return found.length >= search.limit || length >= MAX_PAGE_LENGTH;
      },
    },
    disconnected,
  );
  const records = takeLines(found, search.limit);
  // The next page begins after the last record of this one.
  const end = records.length < found.length ? (records.at(-1)?.seq ?? search.after) : scannedTo;
  return {
    records,
    unreadable: unreadable.filter((seq) => seq <= end),
    scannedTo: ended === 'budget_used' ? scannedTo : null,
  };
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

/** An RFC 9651 dictionary: how many there are, and the first MAX_LISTED of them. No field when there are none. */
export function addUnreadable(c: Context<AppEnv>, seqs: readonly number[]): void {
  if (seqs.length === 0) return;
  addField(c, 'Audit-Unreadable-Records', `count=${seqs.length}, seq=(${seqs.slice(0, MAX_LISTED).join(' ')})`);
}

/** The names of the filters in use; their values may be addresses. */
export function filtersIn(search: Readonly<Partial<Record<SearchFilterName, unknown>>>): readonly SearchFilterName[] {
  return SEARCH_FILTERS.filter((name) => search[name] !== undefined);
}
