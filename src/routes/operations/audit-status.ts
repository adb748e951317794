/**
 * What an operator sees of the trail's way out: how far behind each sink is, what keeps it there, and the last
 * checkpoint. None of it makes the service unready: what is not delivered waits in the ledger, and requests do not. Where
 * the ledger cannot be read the figures are null; what the deliveries themselves know is told all the same.
 */
import type { FanOut } from '../../audit/delivery/fan-out.ts';
import type { Failing } from '../../tasks/failure-streak.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Ledger } from '../../ledger/port.ts';

export interface AuditStatusDeps {
  readonly delivery: Pick<FanOut, 'status'>;
  readonly ledger: Pick<Ledger, 'backlog' | 'chain'>;
  readonly clock: Clock;
}

export async function describeAudit({ delivery, ledger, clock }: AuditStatusDeps) {
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
    checkpoint: checkpoint === null ? null : { count: checkpoint.count, made_at: isoTime(checkpoint.madeAt) },
  };
}

function describeFailing({ reason, sinceMs, failures }: Failing) {
  return { reason, since: isoTime(sinceMs), failures };
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

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
