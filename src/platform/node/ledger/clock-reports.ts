import type { ClockState } from '../../../ledger/sqlite/ledger-clock.ts';
import type { Logger } from '../../../ports/logger.ts';
import type { NodeMetrics } from '../telemetry/metrics.ts';

/**
 * What operators learn of the ledger's clock: a log line when the machine's clock becomes doubted and when it agrees
 * again, and gauges. Call the returned function after whatever may have changed the state.
 */
export function createClockReports(state: () => ClockState, logger: Logger): () => void {
  let isDoubted = false;
  return () => {
    const { doubtMs } = state();
    if (isDoubted === (doubtMs !== 0)) return;
    isDoubted = doubtMs !== 0;
    if (isDoubted) logger.warn('ledger_clock_doubted', { machine_ahead_ms: doubtMs });
    else logger.info('ledger_clock_agrees');
  };
}

export function exposeClock(metrics: Pick<NodeMetrics, 'gauge'>, state: () => ClockState): void {
  metrics.gauge('ledger_clock_doubt_seconds', () => [{ labels: {}, value: state().doubtMs / 1000 }]);
  metrics.gauge('ledger_clock_witness_timestamp_seconds', () => {
    const { witnessedMs } = state();
    return witnessedMs === null ? [] : [{ labels: {}, value: witnessedMs / 1000 }];
  });
}
