import type { Schedule } from '../../ports/schedule.ts';

/** workerd's timers: they belong to the event that set them, and end with it. */
export const schedule: Schedule = {
  after(delayMs, task) {
    const timer = setTimeout(task, delayMs);
    return () => clearTimeout(timer);
  },
};
