/**
 * Writes the outcome of an admitted request to the ledger, with retries: the send has happened, and a lost outcome
 * would stay unknown. It ends after 5 s, because the caller is waiting, also while an attempt is under way: a database that
 * cannot be reached may take seconds to say so. Afterwards the sweep turns the intent into `unknown`, unless that
 * last attempt is written late.
 */
import type { Ledger, Settlement, Settled } from '../../ledger/port.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Schedule } from '../../ports/schedule.ts';

/** docs/operations.md, "Limits". */
const GIVE_UP_MS = 5_000;
/** The waits between attempts, in milliseconds: the last attempt of a ledger that fails at once begins after 4.5 s. */
const RETRY_DELAYS_MS = [50, 100, 200, 400, 800, 1450, 1500] as const;

export interface SettleDeps {
  readonly ledger: Pick<Ledger, 'settle'>;
  readonly schedule: Schedule;
  readonly logger: Logger;
}

/** The ledger's result for this settlement; null when it could not be written within 5 s. */
export async function settleOutcome(deps: SettleDeps, settlement: Settlement): Promise<Settled | null> {
  const { promise: overdue, resolve: giveUp } = Promise.withResolvers<null>();
  let isOverdue = false;
  const cancel = deps.schedule.after(GIVE_UP_MS, () => {
    isOverdue = true;
    giveUp(null);
  });
  try {
    return await Promise.race([trySettling(deps, settlement, () => isOverdue), overdue]);
  } finally {
    cancel();
  }
}

async function trySettling(
  { ledger, schedule, logger }: SettleDeps,
  settlement: Settlement,
  isOverdue: () => boolean,
): Promise<Settled | null> {
  for (const delayMs of [...RETRY_DELAYS_MS, null]) {
    try {
      return await ledger.settle(settlement);
    } catch {
      logger.error('ledger_settle_failed', {
        request_id: settlement.requestId,
        trace_id: settlement.record.trace_id,
        retry_in_ms: isOverdue() ? null : delayMs,
      });
    }
    if (delayMs === null || isOverdue()) return null;
    await new Promise<void>((resolve) => schedule.after(delayMs, resolve));
    if (isOverdue()) return null;
  }
  return null;
}
