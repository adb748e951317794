/**
 * Writes how an admitted request ended, and does not give up at the first failure: the send has happened,
 * so losing its outcome would leave a question nobody can answer. Bounded, because a caller is waiting;
 * afterwards the sweep turns the intent into `unknown`.
 */
import type { Ledger, Settlement, Settled } from '../ledger/port.ts';
import type { Logger } from '../ports/logger.ts';
import type { Schedule } from '../ports/schedule.ts';

/** Waits between attempts, in milliseconds; 5 s in all (docs/operations.md, "Limits"). */
const RETRY_DELAYS_MS = [50, 100, 200, 400, 800, 1600, 1850] as const;

export interface SettleDeps {
  readonly ledger: Pick<Ledger, 'settle'>;
  readonly schedule: Schedule;
  readonly logger: Logger;
}

/** The settlement as the ledger took it; null when it could not be written within 5 s. */
export async function settleOutcome(deps: SettleDeps, settlement: Settlement): Promise<Settled | null> {
  for (const delayMs of [...RETRY_DELAYS_MS, null]) {
    try {
      return await deps.ledger.settle(settlement);
    } catch {
      deps.logger.error('ledger_settle_failed', { request_id: settlement.requestId, retry_in_ms: delayMs });
    }
    if (delayMs !== null) await new Promise<void>((resolve) => deps.schedule.after(delayMs, resolve));
  }
  return null;
}
