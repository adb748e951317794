import type { Schedule } from '../ports/schedule.ts';

/**
 * A concurrency limit: at most `maxConcurrent` tasks hold a permit, at most `maxQueued` wait for one, first come, first
 * served, each for at most `queueTimeoutMs`. A task that finds the queue full is refused at once, because an unbounded
 * queue only makes every task late. Knows nothing of HTTP. Invariant: no task waits while a permit is free.
 */
export interface ConcurrencyLimits {
  readonly maxConcurrent: number;
  readonly maxQueued: number;
  /** The longest wait in the queue. */
  readonly queueTimeoutMs: number;
}

export type Permit =
  /** `release` passes the permit to the task that has waited longest; a second call does nothing. */
  | { readonly kind: 'granted'; readonly release: () => void }
  | { readonly kind: 'refused'; readonly reason: (typeof PERMIT_REFUSALS)[number] };

export const PERMIT_REFUSALS = ['queue_full', 'waited_too_long', 'caller_gone'] as const;

export interface ConcurrencyLimit {
  /**
   * Resolves with a permit or a refusal; the signal ends the wait, and is asked for only when there is one: creating it
   * has a cost. Never rejects.
   */
  acquire(gone: () => AbortSignal): Promise<Permit>;
}

export function createConcurrencyLimit(
  { maxConcurrent, maxQueued, queueTimeoutMs }: ConcurrencyLimits,
  schedule: Schedule,
): ConcurrencyLimit {
  /** In order of arrival; each call grants a permit to one waiting task. A short list, and not a Set (lib/in-flight.ts). */
  const queue: (() => void)[] = [];
  let held = 0;

  function grant(): Permit {
    let released = false;
    return {
      kind: 'granted',
      release() {
        if (released) return;
        released = true;
        const next = queue[0];
        if (next === undefined) held -= 1;
        else next();
      },
    };
  }

  function wait(gone: AbortSignal): Promise<Permit> {
    return new Promise((resolve) => {
      const leave = (permit: Permit): void => {
        const at = queue.indexOf(start);
        if (at !== -1) queue.splice(at, 1);
        cancelTimer();
        gone.removeEventListener('abort', giveUp);
        resolve(permit);
      };
      const start = (): void => leave(grant());
      const giveUp = (): void => leave({ kind: 'refused', reason: 'caller_gone' });
      const cancelTimer = schedule.after(queueTimeoutMs, () => leave({ kind: 'refused', reason: 'waited_too_long' }));
      gone.addEventListener('abort', giveUp);
      queue.push(start);
    });
  }

  return {
    async acquire(whenGone) {
      if (held < maxConcurrent) {
        held += 1;
        return grant();
      }
      const gone = whenGone();
      if (gone.aborted) return { kind: 'refused', reason: 'caller_gone' };
      return queue.length < maxQueued ? await wait(gone) : { kind: 'refused', reason: 'queue_full' };
    },
  };
}
