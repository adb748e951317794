import type { CounterSeries } from '../../../ports/metrics.ts';
import { REFUSAL_CAUSES } from '../http-server/connections/refusal-causes.ts';
import { FILE_FAULTS } from '../ledger/ledger-connection.ts';

/** The combinations of labels of the counters that only Node has. */
export const NODE_SERIES: Pick<CounterSeries, 'connections_refused' | 'ledger_file_faults'> = {
  connections_refused: ['public', 'ops'].flatMap((listener) =>
    Object.keys(REFUSAL_CAUSES).map((reason) => ({ listener, reason })),
  ),
  ledger_file_faults: Object.entries(FILE_FAULTS).flatMap(([part, problems]) =>
    problems.map((problem) => ({ part, problem })),
  ),
};
