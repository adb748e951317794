import type { FakeClock, FakeSchedule } from '../../../support/clock.ts';
import { createFakeClock, createFakeSchedule } from '../../../support/clock.ts';

/** A clock and timers that advance together. Pending promises are settled between the steps. */
export interface SimulatedTime {
  readonly clock: FakeClock;
  readonly schedule: FakeSchedule;
  pass(ms: number): Promise<void>;
}

export function createSimulatedTime(): SimulatedTime {
  const clock = createFakeClock();
  const schedule = createFakeSchedule();
  return {
    clock,
    schedule,
    async pass(ms) {
      await settled();
      for (let leftMs = ms; ;) {
        const nextMs = schedule.waitingMs[0];
        const stepMs = nextMs === undefined ? leftMs : Math.min(nextMs, leftMs);
        clock.advance(stepMs);
        schedule.advance(stepMs);
        await settled();
        leftMs -= stepMs;
        if (leftMs === 0 && schedule.waitingMs[0] !== 0) return;
      }
    },
  };
}

/** Lets all pending promises settle. They wait only for each other, so a number of microtask turns is enough. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 40; turn += 1) await Promise.resolve();
}
