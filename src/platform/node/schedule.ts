import type { Schedule } from '../../ports/schedule.ts';

/** Node's timers, unreferenced: a pending one does not hold the process back from ending. */
export const schedule: Schedule = {
  after(delayMs, task) {
    const timer = setTimeout(task, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
};
