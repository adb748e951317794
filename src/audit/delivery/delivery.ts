import type { Schedule } from '../../ports/schedule.ts';
import type { Failing } from '../../tasks/failure-streak.ts';
import { createWakeableLoop } from '../../tasks/wakeable-loop.ts';
import type { NextRun } from '../../tasks/wakeable-loop.ts';
import { withDeadline } from '../../tasks/with-deadline.ts';
import { createBatchDelivery } from './batch-delivery.ts';
import type { BatchDeliveryDeps, BatchResult, DeliveryFailure } from './batch-delivery.ts';

/**
 * Delivers records and checkpoints from the outbox to one sink, in order and at least once, behind the answers to
 * callers. A wakeable loop drives the batches; batch-delivery does the work. A crash, a failure or a lost wake loses
 * nothing, because an item stays in the outbox until the sink has acknowledged it.
 */
export interface Delivery {
  /** There may be something to deliver. Returns at once; many wakes make one run. A wake does not shorten a back-off. */
  wake(): void;
  /** Starts no further run. Resolves when the current run has ended. */
  stop(): Promise<void>;
  /**
   * Stops, then delivers once more without waiting for a back-off. True when the outbox is empty; false at the first
   * failure, or after DRAIN_MS whatever the sink does.
   */
  drain(): Promise<boolean>;
  status(): DeliveryStatus;
}

export interface DeliveryStatus {
  readonly sink: string;
  /** Null while the sink works, or before the first try. */
  readonly failing: Failing<DeliveryFailure> | null;
}

export interface DeliveryDeps extends BatchDeliveryDeps {
  readonly schedule: Schedule;
  /** GATHER_MS when left out. */
  readonly gatherMs?: number;
}

/**
 * How long records wait for others of the same batch. Each batch moves a cursor, which is a commit of its own: without
 * the wait, a service with little load would commit once more for every record.
 */
export const GATHER_MS = 100;
/** Well within the time that a process has to end (platform/node/process/shutdown). */
export const DRAIN_MS = 5_000;

export function createDelivery({ schedule, gatherMs = GATHER_MS, ...deps }: DeliveryDeps): Delivery {
  const batches = createBatchDelivery(deps);
  const loop = createWakeableLoop({
    schedule,
    wakeDelayMs: gatherMs,
    run: async () => nextRun(await batches.deliver(), gatherMs),
  });

  return {
    wake: () => loop.wake(),
    stop: () => loop.stop(),
    async drain() {
      let isTimeUp = false;
      const deliverAll = async (): Promise<boolean> => {
        await loop.stop();
        let result: BatchResult;
        do result = await batches.deliver();
        while (!isTimeUp && (result.kind === 'delivered' || (result.kind === 'failed' && result.nextTryMs === 0)));
        return result.kind === 'empty';
      };
      const isEmpty = await withDeadline(deliverAll(), { schedule, deadlineMs: DRAIN_MS }).catch(() => false);
      isTimeUp = true;
      return isEmpty;
    },
    status: () => ({ sink: deps.sink.name, failing: batches.failing() }),
  };
}

/** After a full batch the next one gets a turn of its own, so that a long backlog delays no request. */
function nextRun(result: BatchResult, gatherMs: number): NextRun {
  switch (result.kind) {
    case 'delivered':
      return { afterMs: result.more ? 0 : gatherMs, wakeable: false };
    case 'failed':
      return { afterMs: result.nextTryMs, wakeable: false };
    case 'empty':
      return null;
    default:
      return result satisfies never;
  }
}
