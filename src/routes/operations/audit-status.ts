/**
 * The status of the audit trail, for operators: the backlog of each sink, the reason for a failing one, where the trail
 * was found changed, and the last checkpoint. None of it makes the service unready: records that are not delivered wait
 * in the ledger, requests do not wait. When the ledger cannot be read, its figures are null and the status of the
 * deliveries is still shown.
 */
import type { TrailFault } from '../../audit/checkpoint/trail-guard.ts';
import type { FanOut } from '../../audit/delivery/fan-out.ts';
import { rfc3339 } from '../../lib/rfc3339.ts';
import type { Failing } from '../../tasks/failure-streak.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Ledger } from '../../ledger/port.ts';

export interface AuditStatusDeps {
  readonly delivery: Pick<FanOut, 'status'>;
  readonly ledger: Pick<Ledger, 'backlog' | 'chain'>;
  readonly clock: Clock;
  /** What the last verification of the trail found. */
  readonly trailFault: () => TrailFault | null;
}

export async function describeAudit({ delivery, ledger, clock, trailFault }: AuditStatusDeps) {
  const deliveries = delivery.status();
  const [backlogs, chain] = await Promise.all([
    orNull(() => ledger.backlog(deliveries.map(({ sink }) => sink))),
    orNull(() => ledger.chain()),
  ]);
  const checkpoint = chain?.checkpoint ?? null;
  return {
    audit: deliveries.map(({ sink, failing }) => {
      const backlog = backlogs?.find((one) => one.sink === sink);
      return {
        sink,
        backlog_records: backlog?.records ?? null,
        lag_seconds: backlog === undefined ? null : lagSeconds(backlog.oldestAt, clock.now()),
        failing: failing === null ? null : describeFailing(failing),
      };
    }),
    trail: trailFault() ?? 'intact',
    checkpoint: checkpoint === null ? null : { count: checkpoint.count, made_at: rfc3339(checkpoint.madeAt) },
  };
}

function describeFailing({ reason, sinceMs, failures }: Failing) {
  return { reason, since: rfc3339(sinceMs), failures };
}

function lagSeconds(oldestAt: number | null, nowMs: number): number {
  return oldestAt === null ? 0 : Math.max(0, nowMs - oldestAt) / 1000;
}

async function orNull<T>(read: () => Promise<T>): Promise<T | null> {
  try {
    return await read();
  } catch {
    return null;
  }
}
