import type { Clock } from '../../ports/clock.ts';
import type { Ids } from '../../ports/ids.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Schedule } from '../../ports/schedule.ts';
import type { ChainHead } from '../chain.ts';
import { checkpointLine } from './checkpoint.ts';
import type { CheckpointSigner } from './checkpoint.ts';
import { createFailureStreak } from '../../tasks/failure-streak.ts';
import type { GuardedLedger } from './trail-guard.ts';
import { createTrailGuard } from './trail-guard.ts';

/**
 * Makes the checkpoints: at the chain's head, once CHECKPOINT_EVERY_RECORDS came since the last one, or once there are
 * any and the last one is CHECKPOINT_EVERY_MS old (the first of a ledger: at once). What decides stands in the ledger,
 * so a restart, a second replica or a forgotten wake delays a checkpoint and does no harm. Says nothing that it has not
 * verified: where the trail is not what the service wrote, none is made until it is again (trail-guard). Works behind the
 * answers: a checkpoint that cannot be made is logged and tried again, and no request knows of it.
 */
export interface Checkpointer {
  /** Records were written. Returns at once; many wakes make one look at the ledger. */
  wake(): void;
  /** Makes no further one; resolves when the one under way is done. */
  stop(): Promise<void>;
  /** Stops, and covers what is still uncovered. Never rejects. */
  finish(): Promise<void>;
}

/** What this needs of the ledger. */
export interface CheckpointLedger extends GuardedLedger {
  chain(): Promise<ChainCoverage>;
  /** Durable when it resolves; false when one stands at this count already. */
  addCheckpoint(checkpoint: {
    readonly count: number;
    readonly madeAt: number;
    readonly line: string;
  }): Promise<boolean>;
}

export interface ChainCoverage {
  readonly base: ChainHead;
  readonly head: ChainHead;
  readonly checkpoint: { readonly count: number; readonly madeAt: number } | null;
}

export interface CheckpointerDeps {
  readonly ledger: CheckpointLedger;
  readonly ids: Ids;
  readonly clock: Clock;
  readonly schedule: Schedule;
  readonly logger: Logger;
  /** Null: checkpoints go out unsigned. */
  readonly signer: CheckpointSigner | null;
  readonly delivery: { wake(): void };
}

export const CHECKPOINT_EVERY_RECORDS = 1_000;
export const CHECKPOINT_EVERY_MS = 5 * 60_000;
/** From a wake to the look at the ledger: one look a second under any traffic, and an outcome is covered with its intent. */
export const CHECK_AFTER_MS = 1_000;
export const RETRY_AFTER_MS = 30_000;

type State =
  | { kind: 'idle' }
  /** Until `look`: a wake was heard. `due`: by the last look. `retry`: after a failure. */
  | { kind: 'waiting'; until: 'check' | 'due' | 'retry'; cancel: () => void }
  /** `again`: woken meanwhile. */
  | { kind: 'running'; again: boolean };

/** `dueInMs` is null when every record is covered. */
type CheckpointAttempt =
  | { readonly kind: 'looked'; readonly dueInMs: number | null }
  /** There are more records to verify than one look may read. */
  | { readonly kind: 'unfinished' }
  | { readonly kind: 'failed' };

/** When the next one is due; null when every record is covered. */
export function checkpointDueInMs(
  { head, checkpoint }: Pick<ChainCoverage, 'head' | 'checkpoint'>,
  nowMs: number,
): number | null {
  const uncovered = head.seq - (checkpoint?.count ?? 0);
  if (uncovered === 0) return null;
  // One beyond the head is no work of ours: worth a look, which will say so.
  if (uncovered < 0) return 0;
  if (checkpoint === null || uncovered >= CHECKPOINT_EVERY_RECORDS) return 0;
  const ageMs = nowMs - checkpoint.madeAt;
  // Made in what is the future now: the machine's clock was set back, and nobody knows by how much it is wrong.
  return ageMs < 0 ? 0 : Math.max(0, CHECKPOINT_EVERY_MS - ageMs);
}

export function createCheckpointer({
  ledger,
  ids,
  clock,
  schedule,
  logger,
  signer,
  delivery,
}: CheckpointerDeps): Checkpointer {
  let state: State = { kind: 'idle' };
  let underWay: Promise<unknown> = Promise.resolve();
  let stopped = false;
  const guard = createTrailGuard(ledger);
  const failureStreak = createFailureStreak<'ledger_unavailable' | 'signing_failed'>(clock);

  /** Looks once, and makes a checkpoint when one is due, or `now` when any record is uncovered. */
  async function attempt(now: boolean): Promise<CheckpointAttempt> {
    let reason: 'ledger_unavailable' | 'signing_failed' = 'ledger_unavailable';
    try {
      const coverage = await ledger.chain();
      const madeAt = Math.trunc(clock.now());
      const dueInMs = checkpointDueInMs(coverage, madeAt);
      if (dueInMs === null || (dueInMs > 0 && !now)) {
        logRecovery();
        return { kind: 'looked', dueInMs };
      }
      const checked = await guard.check(coverage, signer);
      if (checked.kind === 'unfinished') return checked;
      if (checked.kind === 'broken') {
        const { seq, reason: broken, isNews } = checked;
        if (isNews) logger.error('audit_trail_broken', { seq, reason: broken });
        return { kind: 'failed' };
      }
      const { seq: count, hash: head } = coverage.head;
      const { previous } = checked;
      const statement = { id: ids.uuid7(), time: new Date(madeAt).toISOString(), count, head, previous };
      reason = 'signing_failed';
      const line = await checkpointLine(statement, signer);
      reason = 'ledger_unavailable';
      const isAdded = await ledger.addCheckpoint({ count, madeAt, line });
      if (isAdded) {
        guard.made(line);
        delivery.wake();
      }
      logRecovery();
      // One that came first need not have covered as much, so that is worth another look.
      return { kind: 'looked', dueInMs: isAdded ? null : CHECKPOINT_EVERY_MS };
    } catch {
      const { failures, shouldLog } = failureStreak.failed(reason);
      if (shouldLog) logger.warn('audit_checkpoint_failed', { reason, failures });
      return { kind: 'failed' };
    }
  }

  function logRecovery(): void {
    const ended = failureStreak.succeeded();
    if (ended?.shouldLog === true)
      logger.info('audit_checkpoint_recovered', { failures: ended.failures, failing_ms: ended.failingMs });
  }

  async function run(): Promise<void> {
    const running = { kind: 'running' as const, again: false };
    state = running;
    const attempted = await attempt(false);
    state = { kind: 'idle' };
    if (stopped) return;
    if (attempted.kind === 'failed') runAfter(RETRY_AFTER_MS, 'retry');
    else if (running.again || attempted.kind === 'unfinished') runAfter(CHECK_AFTER_MS, 'check');
    else if (attempted.dueInMs !== null) runAfter(attempted.dueInMs, 'due');
  }

  function runAfter(delayMs: number, until: 'check' | 'due' | 'retry'): void {
    const cancel = schedule.after(delayMs, () => {
      underWay = run();
    });
    state = { kind: 'waiting', until, cancel };
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
      if (state.kind === 'running') state.again = true;
      else if (state.kind === 'idle') runAfter(CHECK_AFTER_MS, 'check');
      else if (state.until === 'due') {
        // A thousand records may have come before the time is up.
        state.cancel();
        runAfter(CHECK_AFTER_MS, 'check');
      }
    },
    stop,
    async finish() {
      await stop();
      await attempt(true);
    },
  };
}
