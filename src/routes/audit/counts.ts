/**
 * POST /audit/counts: how many requests of a period are on record with each result, by hour or by day, without the records.
 * It is for figures over a trail that is too long to be read by a page: a week with 100,000 records is 100 MB of lines. One
 * answer takes about a second, like one of a search; `scanned_to` says how far it got, and `complete` whether that was
 * the end. Filters are those of the search, in the body, and never logged. The read is on record itself.
 */
import type { Context } from 'hono';
import type { AuditCounts } from '../../audit/counts-request.ts';
import { createRecordCount } from '../../audit/count-records.ts';
import { searchFilter } from '../../audit/search-filter.ts';
import { readStoredLine } from '../../audit/stored-record.ts';
import { rfc3339 } from '../../lib/rfc3339.ts';
import type { AppEnv } from '../../middleware/app-env.ts';
import { respondJson } from '../../middleware/answers/respond.ts';
import { readLedger } from '../read-ledger.ts';
import { recordRead } from '../record-read.ts';
import { addUnreadable, filtersIn } from './search.ts';
import type { SearchDeps } from './search.ts';

/** A slice ends earlier by its own bounds (ledger/page.ts). */
const RECORDS_PER_SLICE = 1_000;

export async function auditCounts(c: Context<AppEnv>, deps: SearchDeps, asked: AuditCounts): Promise<Response> {
  const { step, after, ...search } = asked;
  const count = createRecordCount(step);
  const unreadable: number[] = [];
  const scan = {
    filter: searchFilter(search, deps.recordAddress),
    after,
    limit: () => RECORDS_PER_SLICE,
    take(slice: { readonly records: readonly { readonly line: string }[]; readonly unreadable: readonly number[] }) {
      for (const { line } of slice.records) {
        const read = readStoredLine(line);
        if (read.kind === 'read') count.add(read.record);
      }
      unreadable.push(...slice.unreadable);
      return false;
    },
  };
  return await readLedger(
    c,
    () => deps.scanTrail(scan, c.req.raw.signal),
    async ({ scannedTo, ended }) => {
      await recordRead(c, deps, { what: 'counts', records: 0, filters: filtersIn(search) });
      addUnreadable(c, unreadable);
      const counts = count.counts().map(({ fromMs, ...row }) => ({ from: rfc3339(fromMs), ...row }));
      return respondJson(c, { step, counts, scanned_to: scannedTo, complete: ended === 'at_end' });
    },
  );
}
