import type { LedgerEnd } from '../../../audit/verify/tables/end-comparison.ts';
import { readHead } from '../head.ts';
import type { Run } from '../postgres-port.ts';
import { clockSteps, misplacedCheckpoints } from './ledger-tables.ts';
import { readLine, readRecords } from './read-trail.ts';
import { createRequestLookups } from './request-lookups.ts';
import { countRequestsAfter, readUnsettled } from './request-rows.ts';

/** The end of a ledger in PostgreSQL, for `doctor` (audit/verify/tables/end-comparison.ts), in a transaction of the caller. */
export function ledgerEndOf(run: Run): LedgerEnd {
  const lookups = createRequestLookups((work) => work(run));
  return {
    ends: () => readHead(run),
    async records(after, limit) {
      const page = await readRecords(run, after, limit);
      await lookups.prepare(run, page);
      return page;
    },
    line: (seq) => readLine(run, seq),
    isClockStep: async (seq) => (await clockSteps(run, seq - 1, seq, 1)).length > 0,
    requests: lookups,
    countRequestsAfter: (after) => countRequestsAfter(run, after),
    misplacedCheckpoints: (limit) => misplacedCheckpoints(run, limit),
    unsettled: (decidedUpTo, limitOfEach) => readUnsettled(run, decidedUpTo, limitOfEach),
  };
}
