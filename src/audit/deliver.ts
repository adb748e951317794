import type { Logger } from '../ports/logger.ts';
import type { Schedule } from '../ports/schedule.ts';
import type { Outbox, Sink } from './sink.ts';

/**
 * Carries records from the ledger's outbox to one sink: in order, at least once, one run at a time.
 * It is woken after a record was written and works behind the answer, never in front of it; what is
 * not acknowledged stays in the outbox, so nothing is lost by a crash, a failure or a forgotten wake.
 */
export interface Delivery {
  /** There may be something to deliver. Returns at once; many wakes make one run. Cuts no back-off short. */
  wake(): void;
  /** Starts no further run; resolves when the one under way has ended. */
  stop(): Promise<void>;
  /** One last effort, back-off or not, then stopped: true when the outbox is empty, false at the first failure. */
  drain(): Promise<boolean>;
}

export interface DeliveryDeps {
  readonly outbox: Outbox;
  readonly sink: Sink;
  readonly schedule: Schedule;
  readonly logger: Logger;
  /** Records per write. */
  readonly batchSize?: number;
}

const FIRST_BACKOFF_MS = 500;
const LONGEST_BACKOFF_MS = 60_000;

type State =
  | { kind: 'idle' }
  /** A run is due: at once, or after a back-off. */
  | { kind: 'waiting'; cancel: () => void }
  /** `again`: woken meanwhile. */
  | { kind: 'running'; again: boolean };

type BatchResult = 'delivered' | 'empty' | 'failed';

export function createDelivery({ outbox, sink, schedule, logger, batchSize = 100 }: DeliveryDeps): Delivery {
  let state: State = { kind: 'idle' };
  let underWay: Promise<unknown> = Promise.resolve();
  let failures = 0;
  let stopped = false;

  async function deliverBatch(): Promise<BatchResult> {
    try {
      const records = await outbox.lease(sink.name, batchSize);
      const last = records.at(-1);
      if (last === undefined) return 'empty';
      await sink.write(records);
      await outbox.ack(sink.name, last.seq);
      failures = 0;
      return 'delivered';
    } catch {
      // The error itself stays out of the log: a sink's exception may quote its token or a record.
      failures += 1;
      logger.warn('audit_delivery_failed', { sink: sink.name, failures, next_try_ms: backoffMs(failures) });
      return 'failed';
    }
  }

  async function run(): Promise<void> {
    const running = { kind: 'running' as const, again: false };
    state = running;
    const result = await deliverBatch();
    state = { kind: 'idle' };
    if (stopped) return;
    if (result === 'failed') runAfter(backoffMs(failures));
    // The next batch gets its own turn, so that a long backlog starves no request.
    else if (result === 'delivered' || running.again) runAfter(0);
  }

  function runAfter(delayMs: number): void {
    const cancel = schedule.after(delayMs, () => {
      underWay = run();
    });
    state = { kind: 'waiting', cancel };
  }

  async function stop(): Promise<void> {
    stopped = true;
    if (state.kind === 'waiting') state.cancel();
    await underWay;
    state = { kind: 'idle' };
  }

  return {
    wake() {
      if (stopped) return;
      if (state.kind === 'idle') runAfter(0);
      else if (state.kind === 'running') state.again = true;
    },
    stop,
    async drain() {
      await stop();
      let result: BatchResult;
      do result = await deliverBatch();
      while (result === 'delivered');
      return result === 'empty';
    },
  };
}

function backoffMs(failures: number): number {
  return Math.min(FIRST_BACKOFF_MS * 2 ** (failures - 1), LONGEST_BACKOFF_MS);
}
