/**
 * Writes the outcome of an admitted request to the ledger, with retries: the send has happened, and a lost outcome
 * would stay unknown. The retries end after 5 s, because the caller is waiting. Afterwards the sweep turns the intent
 * into `unknown`.
 */
import type { Ledger, Settlement, Settled } from '../../ledger/port.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Schedule } from '../../ports/schedule.ts';

/** The waits between attempts, in milliseconds; 5 s in total (docs/operations.md, "Limits"). */
const RETRY_DELAYS_MS = [50, 100, 200, 400, 800, 1600, 1850] as const;

export interface SettleDeps {
  readonly ledger: Pick<Ledger, 'settle'>;
  readonly schedule: Schedule;
  readonly logger: Logger;
}

/** The ledger's result for this settlement; null when it could not be written within 5 s. */
export async function settleOutcome(deps: SettleDeps, settlement: Settlement): Promise<Settled | null> {
  for (const delayMs of [...RETRY_DELAYS_MS, null]) {
    try {
      return await deps.ledger.settle(settlement);
    } catch {
      deps.logger.error('ledger_settle_failed', {
        request_id: settlement.requestId,
        trace_id: settlement.record.trace_id,
        retry_in_ms: delayMs,
      });
    }
    if (delayMs !== null) await new Promise<void>((resolve) => deps.schedule.after(delayMs, resolve));
  }
  return null;
}
