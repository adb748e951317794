import type { Schedule } from '../ports/schedule.ts';

/**
 * Lets a bounded number of tasks work at once and a bounded number wait, each for a bounded time: first come, first
 * served. Whoever finds no place is told at once, because a queue without an end only makes everyone late.
 * Knows nothing of HTTP. Invariant: nobody waits while a place is free.
 */
export interface TurnLimits {
  readonly atWork: number;
  readonly waiting: number;
  /** The longest anyone waits. */
  readonly waitMs: number;
}

export type Turn =
  /** `release` gives the place to whoever has waited longest; a second call does nothing. */
  | { readonly kind: 'taken'; readonly release: () => void }
  | { readonly kind: 'refused'; readonly reason: 'queue_full' | 'waited_too_long' | 'caller_gone' };

export interface Turns {
  /** Resolves when a place is free, or when there will be none; `gone` gives up the wait. Never rejects. */
  take(gone: AbortSignal): Promise<Turn>;
}

export function createTurns({ atWork, waiting, waitMs }: TurnLimits, schedule: Schedule): Turns {
  /** In order of arrival; each starts the work of one who waits. */
  const queue = new Set<() => void>();
  let working = 0;

  function startWork(): Turn {
    let held = true;
    return {
      kind: 'taken',
      release() {
        if (!held) return;
        held = false;
        const [next] = queue;
        if (next === undefined) working -= 1;
        else next();
      },
    };
  }

  function wait(gone: AbortSignal): Promise<Turn> {
    return new Promise((resolve) => {
      const leave = (turn: Turn): void => {
        queue.delete(start);
        cancelTimer();
        gone.removeEventListener('abort', giveUp);
        resolve(turn);
      };
      const start = (): void => leave(startWork());
      const giveUp = (): void => leave({ kind: 'refused', reason: 'caller_gone' });
      const cancelTimer = schedule.after(waitMs, () => leave({ kind: 'refused', reason: 'waited_too_long' }));
      gone.addEventListener('abort', giveUp);
      queue.add(start);
    });
  }

  return {
    async take(gone) {
      if (working < atWork) {
        working += 1;
        return startWork();
      }
      if (gone.aborted) return { kind: 'refused', reason: 'caller_gone' };
      return queue.size < waiting ? await wait(gone) : { kind: 'refused', reason: 'queue_full' };
    },
  };
}
