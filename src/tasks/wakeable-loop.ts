import type { Schedule } from '../ports/schedule.ts';

/**
 * Runs a task when it is woken, and again when the task itself asks for it: one run at a time, never within the
 * caller's own turn. A wake during a run is not lost, and many wakes make one run. The loop holds no queue and no
 * result: what is to be done, the task finds out by itself.
 */
export interface WakeableLoop {
  /** There may be work. Returns at once. */
  wake(): void;
  /** Starts no further run. Resolves when the current run has ended. */
  stop(): Promise<void>;
}

/**
 * When the next run is due. `wakeable`: a wake may bring it forward; a back-off is not wakeable. Null: only a wake
 * starts the next run.
 */
export type NextRun = { readonly afterMs: number; readonly wakeable: boolean } | null;

export interface WakeableLoopOptions {
  readonly schedule: Schedule;
  /** From a wake to the run that it starts. */
  readonly wakeDelayMs: number;
  /** Must not reject. */
  readonly run: () => Promise<NextRun>;
}

type State =
  | { kind: 'idle' }
  | { kind: 'waiting'; wakeable: boolean; cancel: () => void }
  /** `woken`: a wake came during the run. */
  | { kind: 'running'; woken: boolean };

export function createWakeableLoop({ schedule, wakeDelayMs, run }: WakeableLoopOptions): WakeableLoop {
  let state: State = { kind: 'idle' };
  let currentRun: Promise<void> = Promise.resolve();
  let stopped = false;

  async function runOnce(): Promise<void> {
    const running = { kind: 'running' as const, woken: false };
    state = running;
    const next = await run();
    state = { kind: 'idle' };
    if (stopped) return;
    if (next !== null && !next.wakeable) runAfter(next.afterMs, false);
    else if (running.woken) runAfter(wakeDelayMs, false);
    else if (next !== null) runAfter(next.afterMs, true);
  }

  function runAfter(delayMs: number, wakeable: boolean): void {
    const cancel = schedule.after(delayMs, () => {
      currentRun = runOnce();
    });
    state = { kind: 'waiting', wakeable, cancel };
  }

  return {
    wake() {
      if (stopped) return;
      if (state.kind === 'running') state.woken = true;
      else if (state.kind === 'idle') runAfter(wakeDelayMs, false);
      else if (state.wakeable) {
        state.cancel();
        runAfter(wakeDelayMs, false);
      }
    },
    async stop() {
      stopped = true;
      if (state.kind === 'waiting') state.cancel();
      await currentRun;
      state = { kind: 'idle' };
    },
  };
}
