import type { Schedule } from '../../ports/schedule.ts';
import { createWakeableLoop } from '../../tasks/wakeable-loop.ts';
import type { NextRun } from '../../tasks/wakeable-loop.ts';
import { createCheckpointMaker, RETRY_AFTER_MS } from './checkpoint-maker.ts';
import type { CheckpointMaker, CheckpointMakerDeps, CheckpointResult } from './checkpoint-maker.ts';

/**
 * Keeps the chain covered by checkpoints while the process runs. A wakeable loop drives checkpoint-maker, which does
 * the work. Requests never wait for it: a checkpoint that cannot be made is logged and tried again.
 */
export interface Checkpointer {
  /** Records were written. Returns at once; many wakes make one check of the ledger. */
  wake(): void;
  /** Makes no further checkpoint. Resolves when the current one is done. */
  stop(): Promise<void>;
  /** Stops, then covers every record that is still uncovered. Never rejects. */
  finish(): Promise<void>;
  readonly fault: CheckpointMaker['fault'];
}

export interface CheckpointerDeps extends CheckpointMakerDeps {
  readonly schedule: Schedule;
  /** Woken after each new checkpoint. */
  readonly delivery: { wake(): void };
}

/** From a wake to the check of the ledger: at most four checks a second, and an outcome is covered together with its intent. */
export const CHECK_AFTER_MS = 250;

export function createCheckpointer({ schedule, delivery, ...deps }: CheckpointerDeps): Checkpointer {
  const maker = createCheckpointMaker(deps);
  const loop = createWakeableLoop({
    schedule,
    wakeDelayMs: CHECK_AFTER_MS,
    run: async () => nextRun(await make('whenDue')),
  });

  async function make(occasion: 'whenDue' | 'now'): Promise<CheckpointResult> {
    const result = await maker.make(occasion);
    if (result.kind === 'made') delivery.wake();
    return result;
  }

  return {
    wake: () => loop.wake(),
    stop: () => loop.stop(),
    fault: maker.fault,
    async finish() {
      await loop.stop();
      for (;;) {
        const { kind } = await make('now');
        if (kind === 'failed' || kind === 'not_due') return;
        if (kind === 'unfinished') await new Promise<void>((resolve) => void schedule.after(0, resolve));
      }
    },
  };
}

function nextRun(result: CheckpointResult): NextRun {
  switch (result.kind) {
    case 'not_due':
      // A thousand records may come before the time is up, so a wake brings the check forward.
      return result.dueInMs === null ? null : { afterMs: result.dueInMs, wakeable: true };
    // The next slice, after the requests that wait now.
    case 'made':
    case 'unfinished':
      return { afterMs: 0, wakeable: false };
    case 'failed':
      return { afterMs: RETRY_AFTER_MS, wakeable: false };
    default:
      return result satisfies never;
  }
}
