import type { Clock } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Metrics } from '../../ports/metrics.ts';
import type { Random } from '../../ports/random.ts';
import type { Schedule } from '../../ports/schedule.ts';
import { createBatchLimit, takeBatch } from './batch-limit.ts';
import { createFailureStreak } from '../../tasks/failure-streak.ts';
import type { Failing } from '../../tasks/failure-streak.ts';
import { SinkError } from './sink.ts';
import type { Outbox, Sink, SinkFailure } from './sink.ts';

/**
 * Carries records and checkpoints from the ledger's outbox to one sink: in order, at least once, one batch at a time.
 * It is woken after a record was written and works behind the answer, never in front of it; what is
 * not acknowledged stays in the outbox, so nothing is lost by a crash, a failure or a forgotten wake.
 */
export interface Delivery {
  /** There may be something to deliver. Returns at once; many wakes make one run. Cuts no back-off short. */
  wake(): void;
  /** Starts no further run; resolves when the one under way has ended. */
  stop(): Promise<void>;
  /**
   * One last effort, back-off or not, then stopped: true when the outbox is empty, false at the first failure or after
   * DRAIN_MS, whatever the sink does.
   */
  drain(): Promise<boolean>;
  status(): DeliveryStatus;
}

export interface DeliveryStatus {
  readonly sink: string;
  /** Null while all is well, or nothing was tried yet; a write that hangs is a `timeout`. */
  readonly failing: Failing<DeliveryFailure> | null;
}

/** `ledger_unavailable`: the outbox could not be read or the cursor not be moved. `unknown`: the sink threw something else than SinkError. */
export type DeliveryFailure = SinkFailure | 'ledger_unavailable' | 'unknown';

export interface DeliveryDeps {
  readonly outbox: Outbox;
  readonly sink: Sink;
  readonly schedule: Schedule;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'count'>;
  /** Items per write, at most. */
  readonly batchSize?: number;
  /** Characters of text per write, at most; a single item may have more. */
  readonly batchLength?: number;
}

export const BATCH_SIZE = 100;
export const BATCH_LENGTH = 1024 * 1024;
/** The wait after the first failure is half of this to all of it, twice as much after each further one. */
export const FIRST_BACKOFF_MS = 1_000;
export const LONGEST_BACKOFF_MS = 60_000;
/** A far end may ask for more patience than that, up to here. */
export const LONGEST_RETRY_AFTER_MS = 5 * 60_000;
/** What is under way for longer counts as failing; sinks have shorter deadlines of their own. */
export const LONGEST_WRITE_MS = 60_000;
/** Well within the time that a process has to end (platform/node/shutdown). */
export const DRAIN_MS = 5_000;

type State =
  | { kind: 'idle' }
  /** A run is due: at once, or after a back-off. */
  | { kind: 'waiting'; cancel: () => void }
  /** `again`: woken meanwhile. */
  | { kind: 'running'; again: boolean };

type BatchResult = { kind: 'delivered' } | { kind: 'empty' } | { kind: 'failed'; nextTryMs: number };

export function createDelivery({
  outbox,
  sink,
  schedule,
  clock,
  random,
  logger,
  metrics,
  batchSize = BATCH_SIZE,
  batchLength = BATCH_LENGTH,
}: DeliveryDeps): Delivery {
  let state: State = { kind: 'idle' };
  let underWay: Promise<unknown> = Promise.resolve();
  let stopped = false;
  let writingSinceMs: number | null = null;
  const limit = createBatchLimit(batchSize);
  const failureStreak = createFailureStreak<DeliveryFailure>(clock);

  async function deliverBatch(): Promise<BatchResult> {
    let tried = 0;
    let otherwise: DeliveryFailure = 'ledger_unavailable';
    try {
      const batch = takeBatch(await outbox.lease(sink.name, limit.items()), batchLength);
      const last = batch.at(-1);
      if (last === undefined) {
        logRecovery();
        return { kind: 'empty' };
      }
      tried = batch.length;
      otherwise = 'unknown';
      writingSinceMs = clock.now();
      await sink.write(batch);
      otherwise = 'ledger_unavailable';
      await outbox.ack(sink.name, last.position);
    } catch (error) {
      return noteFailure(error, otherwise, tried);
    } finally {
      writingSinceMs = null;
    }
    metrics.count('audit_deliveries', { sink: sink.name, result: 'delivered' });
    limit.delivered();
    logRecovery();
    return { kind: 'delivered' };
  }

  /** The error itself stays out of the log: a sink's exception may quote its token or a record. */
  function noteFailure(error: unknown, otherwise: DeliveryFailure, tried: number): BatchResult {
    const reason = error instanceof SinkError ? error.reason : otherwise;
    const retryAfterMs = error instanceof SinkError ? error.retryAfterMs : null;
    const { failures, shouldLog } = failureStreak.failed(reason);
    // A smaller batch is another question, which need not wait.
    const isSmallerNext = reason === 'too_large' && limit.shrink(tried);
    const nextTryMs = Math.max(
      isSmallerNext ? 0 : backoffMs(failures, random),
      Math.min(retryAfterMs ?? 0, LONGEST_RETRY_AFTER_MS),
    );
    metrics.count('audit_deliveries', { sink: sink.name, result: reason });
    if (shouldLog) logger.warn('audit_delivery_failed', { sink: sink.name, reason, failures, next_try_ms: nextTryMs });
    return { kind: 'failed', nextTryMs };
  }

  function logRecovery(): void {
    const ended = failureStreak.succeeded();
    if (ended?.shouldLog !== true) return;
    const { failures, failingMs } = ended;
    logger.info('audit_delivery_recovered', { sink: sink.name, failures, failing_ms: failingMs });
  }

  /** A write that hangs is told of, but waited for: a second one beside it might arrive before it. */
  function current(): Failing<DeliveryFailure> | null {
    const failing = failureStreak.current();
    if (writingSinceMs === null || clock.now() - writingSinceMs < LONGEST_WRITE_MS) return failing;
    return { reason: 'timeout', sinceMs: failing?.sinceMs ?? writingSinceMs, failures: (failing?.failures ?? 0) + 1 };
  }

  async function run(): Promise<void> {
    const running = { kind: 'running' as const, again: false };
    state = running;
    const result = await deliverBatch();
    state = { kind: 'idle' };
    if (stopped) return;
    if (result.kind === 'failed') runAfter(result.nextTryMs);
    // The next batch gets its own turn, so that a long backlog starves no request.
    else if (result.kind === 'delivered' || running.again) runAfter(0);
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
      const { promise: timeUp, resolve: giveUp } = Promise.withResolvers<'time_up'>();
      const cancel = schedule.after(DRAIN_MS, () => giveUp('time_up'));
      let isTimeUp = false;
      const deliverAll = async (): Promise<BatchResult> => {
        await stop();
        let result: BatchResult;
        do result = await deliverBatch();
        while (!isTimeUp && (result.kind === 'delivered' || (result.kind === 'failed' && result.nextTryMs === 0)));
        return result;
      };
      const ended = await Promise.race([deliverAll(), timeUp]);
      isTimeUp = true;
      cancel();
      return ended !== 'time_up' && ended.kind === 'empty';
    },
    status: () => ({ sink: sink.name, failing: current() }),
  };
}

/**
 * How long to wait after so many failures in a row: half of the back-off, and by chance up to all of it, so that replicas
 * that failed together do not come back together.
 */
export function backoffMs(failures: number, random: Random): number {
  const fullMs = Math.min(FIRST_BACKOFF_MS * 2 ** (failures - 1), LONGEST_BACKOFF_MS);
  return Math.round(fullMs / 2 + (random.next() * fullMs) / 2);
}
