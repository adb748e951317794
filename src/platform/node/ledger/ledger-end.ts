import type { LedgerEnd } from '../../../audit/verify/tables/end-comparison.ts';
import { listsFurther } from '../../../ledger/sqlite/requests/further-records.ts';
import {
  countRequestsAfter,
  readRequestRow,
  unsettledRequests,
} from '../../../ledger/sqlite/requests/request-table.ts';
import type { SqlitePort } from '../../../ledger/sqlite/sqlite-port.ts';
import { misplacedCheckpoints } from '../../../ledger/sqlite/trail/checkpoints.ts';
import { clockSteps, readEnds, readLine, readRecords } from '../../../ledger/sqlite/trail/trail.ts';

/** The end of a ledger file, for `doctor` (audit/verify/tables/end-comparison.ts). The caller runs it in one transaction. */
export function ledgerEndOf(sqlite: SqlitePort): LedgerEnd {
  return {
    ends: async () => readEnds(sqlite),
    records: async (after, limit) => readRecords(sqlite, after, limit),
    line: async (seq) => readLine(sqlite, seq),
    isClockStep: async (seq) => clockSteps(sqlite, seq - 1, seq, 1).length > 0,
    requests: {
      row: async (requestId, owner) => readRequestRow(sqlite, requestId, owner),
      listsFurther: async (requestId, seq, kind) => listsFurther(sqlite, requestId, seq, kind),
    },
    countRequestsAfter: async (after) => countRequestsAfter(sqlite, after),
    misplacedCheckpoints: async (limit) => misplacedCheckpoints(sqlite, limit),
    unsettled: async (decidedUpTo, limitOfEach) => unsettledRequests(sqlite, decidedUpTo, limitOfEach),
  };
}
