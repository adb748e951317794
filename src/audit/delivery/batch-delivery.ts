import type { Clock } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Metrics } from '../../ports/metrics.ts';
import type { Random } from '../../ports/random.ts';
import { createFailureStreak } from '../../tasks/failure-streak.ts';
import type { Failing } from '../../tasks/failure-streak.ts';
import { createBatchLimit, takeBatch } from './batch-limit.ts';
import { SinkError } from './sink.ts';
import type { Outbox, Sink, SinkFailure } from './sink.ts';

/**
 * Delivers one batch from the outbox to one sink: lease, write, acknowledge. It decides how large a batch may be, how a
 * failure is named, counted and logged, and how long the back-off is. It sets no timer, so every runtime drives the
 * same code: a wakeable loop on Node (delivery.ts), the ledger object's alarm on Workers. An item is acknowledged only
 * after the sink has taken it, so a crash repeats items and loses none.
 */
export interface BatchDelivery {
  /** Delivers at most one batch of `maxLength` characters; a single item may be longer. One call at a time. Never rejects. */
  deliver(maxLength?: number): Promise<BatchResult>;
  /** Null while the sink works, or before the first try. A write that hangs counts as a `timeout`. */
  failing(): Failing<DeliveryFailure> | null;
}

export type BatchResult =
  /** `length`: characters of text. `more`: the outbox had more than this batch could hold. */
  | { readonly kind: 'delivered'; readonly length: number; readonly more: boolean }
  | { readonly kind: 'empty' }
  /** `nextTryMs` is 0 when a smaller batch may follow at once. */
  | { readonly kind: 'failed'; readonly nextTryMs: number };

/** `ledger_unavailable`: the outbox could not be read or the cursor not be moved. `unknown`: the sink threw no SinkError. */
export const OTHER_DELIVERY_FAILURES = ['ledger_unavailable', 'unknown'] as const;

export type DeliveryFailure = SinkFailure | (typeof OTHER_DELIVERY_FAILURES)[number];

export interface BatchDeliveryDeps {
  readonly outbox: Outbox;
  readonly sink: Sink;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'count'>;
  /** Items per write, at most. */
  readonly batchSize?: number;
}

/** Characters of text per write, at most. */
export const BATCH_LENGTH = 1024 * 1024;
export const BATCH_SIZE = 100;
/** The wait after the first failure is half of this to all of it, twice as much after each further one. */
export const FIRST_BACKOFF_MS = 1_000;
export const LONGEST_BACKOFF_MS = 60_000;
/** The longest wait that a collector can ask for with Retry-After. */
export const LONGEST_RETRY_AFTER_MS = 5 * 60_000;
/** A write that takes longer counts as failing. Sinks have shorter deadlines of their own. */
export const LONGEST_WRITE_MS = 60_000;

export function createBatchDelivery({
  outbox,
  sink,
  clock,
  random,
  logger,
  metrics,
  batchSize = BATCH_SIZE,
}: BatchDeliveryDeps): BatchDelivery {
  const limit = createBatchLimit(batchSize);
  const failureStreak = createFailureStreak<DeliveryFailure>(clock);
  let writingSinceMs: number | null = null;

  /** The error itself stays out of the log: a sink's exception may quote its token or a record. */
  function noteFailure(error: unknown, fallbackReason: DeliveryFailure, tried: number): BatchResult {
    const { reason, retryAfterMs } =
      error instanceof SinkError ? error : { reason: fallbackReason, retryAfterMs: null };
    const { failures, shouldLog } = failureStreak.failed(reason);
    // A smaller batch is a different request, which need not wait.
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

  return {
    async deliver(maxLength = BATCH_LENGTH) {
      let tried = 0;
      let length = 0;
      let isMore = false;
      let fallbackReason: DeliveryFailure = 'ledger_unavailable';
      try {
        const mostItems = limit.items();
        const { batch, more } = takeBatch(await outbox.lease(sink.name, mostItems), {
          mostItems,
          mostLength: maxLength,
        });
        isMore = more;
        const last = batch.at(-1);
        if (last === undefined) {
          logRecovery();
          return { kind: 'empty' };
        }
        tried = batch.length;
        length = batch.reduce((sum, { line }) => sum + line.length, 0);
        fallbackReason = 'unknown';
        writingSinceMs = clock.now();
        await sink.write(batch);
        fallbackReason = 'ledger_unavailable';
        await outbox.ack(sink.name, last.position);
      } catch (error) {
        return noteFailure(error, fallbackReason, tried);
      } finally {
        writingSinceMs = null;
      }
      metrics.count('audit_deliveries', { sink: sink.name, result: 'delivered' });
      limit.delivered();
      logRecovery();
      return { kind: 'delivered', length, more: isMore };
    },
    /**
     * A write that hangs is reported and still awaited: a second write beside it might arrive before it. Sinks over HTTP end
     * theirs (post-batch), so that they are tried again.
     */
    failing() {
      const failing = failureStreak.current();
      if (writingSinceMs === null || clock.now() - writingSinceMs < LONGEST_WRITE_MS) return failing;
      return { reason: 'timeout', sinceMs: failing?.sinceMs ?? writingSinceMs, failures: (failing?.failures ?? 0) + 1 };
    },
  };
}

/**
 * The wait after so many failures in a row: half of the back-off plus a random part of the other half, so that replicas
 * that failed together do not retry together.
 */
export function backoffMs(failures: number, random: Random): number {
  const fullMs = Math.min(FIRST_BACKOFF_MS * 2 ** (failures - 1), LONGEST_BACKOFF_MS);
  return Math.round(fullMs / 2 + (random.next() * fullMs) / 2);
}
