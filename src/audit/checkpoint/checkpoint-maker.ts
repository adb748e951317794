import { rfc3339 } from '../../lib/rfc3339.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Ids } from '../../ports/ids.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Sha256 } from '../../ports/sha256.ts';
import { createFailureStreak } from '../../tasks/failure-streak.ts';
import type { ChainHead } from '../chain.ts';
import { checkpointLine } from './checkpoint.ts';
import type { CheckpointSigner } from './checkpoint.ts';
import type { GuardedLedger, TrailFault } from './trail-guard.ts';
import { createTrailGuard } from './trail-guard.ts';

/**
 * Makes a checkpoint when one is due: after CHECKPOINT_EVERY_RECORDS records, or CHECKPOINT_EVERY_MS after the last
 * checkpoint when any record is uncovered; the first of a ledger at once. Everything that decides is in the ledger, so a
 * restart or a second replica only delays a checkpoint. Verifies the trail first, one slice per call: a checkpoint
 * covers the records that were verified, and never one that is not what the service wrote (trail-guard). It does not
 * wait for the chain's head, which moves on under load. It sets no timer: checkpointer.ts drives it on Node, the ledger
 * object's alarm on Workers.
 */
export interface CheckpointMaker {
  /**
   * Verifies one slice, and makes a checkpoint when enough is verified. `whenDue`: only when one is due. `now`: until
   * every record is covered. One call at a time. Never rejects.
   */
  make(occasion: 'whenDue' | 'now'): Promise<CheckpointResult>;
  /** What the last verification of the trail found; null when it found nothing, or before the first one. */
  fault(): TrailFault | null;
}

export type CheckpointResult =
  /** More records may be uncovered: call again. */
  | { readonly kind: 'made' }
  /** `dueInMs` is null when every record is covered. */
  | { readonly kind: 'not_due'; readonly dueInMs: number | null }
  /** More records have to be verified first: call again, after other tasks had a turn. */
  | { readonly kind: 'unfinished' }
  /** Logged already. Try again after RETRY_AFTER_MS. */
  | { readonly kind: 'failed' };

/** The part of the ledger that is used here. Its answers may come synchronously. */
export interface CheckpointLedger extends GuardedLedger {
  chain(): ChainCoverage | Promise<ChainCoverage>;
  /** Durable when it returns; false when there is a checkpoint at this count already. */
  addCheckpoint(checkpoint: NewCheckpoint): boolean | Promise<boolean>;
}

export interface NewCheckpoint {
  readonly count: number;
  readonly madeAt: number;
  readonly line: string;
}

export interface ChainCoverage {
  readonly base: ChainHead;
  readonly head: ChainHead;
  readonly checkpoint: { readonly count: number; readonly madeAt: number } | null;
}

export interface CheckpointMakerDeps {
  readonly ledger: CheckpointLedger;
  readonly ids: Ids;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Null: checkpoints are not signed. Rejects when the key cannot be read now. */
  readonly signer: () => Promise<CheckpointSigner | null>;
  /** Puts on record which key signs from now on; null: none. Rejects when the ledger cannot take it now. */
  readonly recordKey: (keyId: string | null) => Promise<void>;
  /** The runtime's own, where it is faster than the portable one. */
  readonly sha256?: Sha256 | undefined;
}

export const CHECKPOINT_EVERY_RECORDS = 1_000;
export const CHECKPOINT_EVERY_MS = 5 * 60_000;
export const RETRY_AFTER_MS = 30_000;

type Failure = 'ledger_unavailable' | 'signing_failed';

export function createCheckpointMaker(deps: CheckpointMakerDeps): CheckpointMaker {
  const { ledger, ids, clock, logger, signer, recordKey, sha256 } = deps;
  const guard = createTrailGuard(ledger, sha256);
  const failureStreak = createFailureStreak<Failure>(clock);
  let fault: TrailFault | null = null;
  /** The key that is on record; undefined until this maker has put one there. */
  let recordedKey: string | null | undefined;

  /** The record comes before the first checkpoint of the key. A failure does not stop the key from being used. */
  async function noteKey(keyId: string | null): Promise<void> {
    if (keyId === recordedKey) return;
    try {
      await recordKey(keyId);
      recordedKey = keyId;
    } catch {
      logger.warn('change_not_recorded', { changes: 1, what: 'checkpoint_key_changed' });
    }
  }

  function logRecovery(): void {
    const ended = failureStreak.succeeded();
    if (ended?.shouldLog !== true) return;
    logger.info('audit_checkpoint_recovered', { failures: ended.failures, failing_ms: ended.failingMs });
  }

  return {
    fault: () => fault,
    async make(occasion) {
      let reason: Failure = 'ledger_unavailable';
      try {
        const madeAt = Math.trunc(clock.now());
        const dueInMs = checkpointDueInMs(await ledger.chain(), madeAt);
        if (dueInMs === null || (dueInMs > 0 && occasion === 'whenDue')) {
          logRecovery();
          return { kind: 'not_due', dueInMs };
        }
        reason = 'signing_failed';
        const signing = await signer();
        reason = 'ledger_unavailable';
        await noteKey(signing?.keyId ?? null);
        // Read again: the chain may have changed while the key was read and recorded.
        const chain = await ledger.chain();
        const check = await guard.check(chain, signing);
        fault = check.kind === 'broken' ? { seq: check.seq, reason: check.reason } : null;
        if (check.kind === 'broken') {
          if (check.isNews) logger.error('audit_trail_broken', { seq: check.seq, reason: check.reason });
          return { kind: 'failed' };
        }
        const { verified, previous } = check;
        const { seq: count, hash: head } = verified;
        const covered = chain.checkpoint?.count ?? chain.base.seq;
        if (count < chain.head.seq && count - covered < CHECKPOINT_EVERY_RECORDS) return { kind: 'unfinished' };
        const statement = { id: ids.uuid7(), time: rfc3339(madeAt), count, head, previous };
        reason = 'signing_failed';
        const line = await checkpointLine(statement, signing);
        reason = 'ledger_unavailable';
        const isAdded = await ledger.addCheckpoint({ count, madeAt, line });
        logRecovery();
        // A checkpoint that another replica made first need not cover as much: check again later.
        if (!isAdded) return { kind: 'not_due', dueInMs: CHECKPOINT_EVERY_MS };
        guard.made(line);
        return { kind: 'made' };
      } catch {
        const { failures, shouldLog } = failureStreak.failed(reason);
        if (shouldLog) logger.warn('audit_checkpoint_failed', { reason, failures });
        return { kind: 'failed' };
      }
    },
  };
}

/** Milliseconds until the next checkpoint is due; null when every record is covered. */
export function checkpointDueInMs(
  { head, checkpoint }: Pick<ChainCoverage, 'head' | 'checkpoint'>,
  nowMs: number,
): number | null {
  const uncovered = head.seq - (checkpoint?.count ?? 0);
  if (uncovered === 0) return null;
  // A checkpoint beyond the head is a fault that the guard reports.
  if (uncovered < 0) return 0;
  if (checkpoint === null || uncovered >= CHECKPOINT_EVERY_RECORDS) return 0;
  const ageMs = nowMs - checkpoint.madeAt;
  // A checkpoint from the future: the machine's clock was set back, by an unknown amount.
  return ageMs < 0 ? 0 : Math.max(0, CHECKPOINT_EVERY_MS - ageMs);
}
