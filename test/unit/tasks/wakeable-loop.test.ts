import { describe, expect, it } from 'vitest';
import { createWakeableLoop } from '../../../src/tasks/wakeable-loop.ts';
import type { NextRun } from '../../../src/tasks/wakeable-loop.ts';
import { createFakeClock, promisesSettled } from '../../support/clock.ts';

/** A loop whose runs the test ends one by one. */
function setup() {
  const schedule = createFakeClock();
  const ends: ((next: NextRun) => void)[] = [];
  let runs = 0;
  const loop = createWakeableLoop({
    schedule,
    wakeDelayMs: 10,
    run: () => {
      runs += 1;
      return new Promise((resolve) => ends.push(resolve));
    },
  });
  return {
    loop,
    schedule,
    runs: () => runs,
    /** Ends the current run; resolves when the loop has taken it in. */
    async end(next: NextRun) {
      ends.shift()?.(next);
      await promisesSettled();
    },
  };
}

describe('a wakeable loop', () => {
  it('makes one run of many wakes, after the wake delay and never in the caller’s own turn', () => {
    const { loop, schedule, runs } = setup();
    for (let n = 0; n < 5; n += 1) loop.wake();
    expect(runs()).toBe(0);
    expect(schedule.waitingMs).toEqual([10]);
    schedule.advance(10);
    expect(runs()).toBe(1);
  });

  it('rests after a run that asks for nothing', async () => {
    const { loop, schedule, end } = setup();
    loop.wake();
    schedule.advance(10);
    await end(null);
    expect(schedule.waitingMs).toEqual([]);
  });

  it('runs once more when it was woken during a run, also where the run asked for nothing', async () => {
    const { loop, schedule, runs, end } = setup();
    loop.wake();
    schedule.advance(10);
    loop.wake();
    loop.wake();
    expect(schedule.waitingMs).toEqual([]);
    await end(null);
    expect(schedule.waitingMs).toEqual([10]);
    schedule.advance(10);
    expect(runs()).toBe(2);
  });

  it('brings a wakeable wait forward, and no other', async () => {
    const { loop, schedule, end } = setup();
    loop.wake();
    schedule.advance(10);
    await end({ afterMs: 5_000, wakeable: true });
    expect(schedule.waitingMs).toEqual([5_000]);
    loop.wake();
    expect(schedule.waitingMs).toEqual([10]);
    schedule.advance(10);
    await end({ afterMs: 5_000, wakeable: false });
    loop.wake();
    expect(schedule.waitingMs).toEqual([5_000]);
  });

  it('lets no wake during a run shorten the back-off that the run asks for', async () => {
    const { loop, schedule, end } = setup();
    loop.wake();
    schedule.advance(10);
    loop.wake();
    await end({ afterMs: 5_000, wakeable: false });
    expect(schedule.waitingMs).toEqual([5_000]);
  });

  it('stops after the current run, and starts nothing more', async () => {
    const { loop, schedule, runs, end } = setup();
    loop.wake();
    schedule.advance(10);
    let stopped = false;
    const stopping = loop.stop().then(() => (stopped = true));
    await promisesSettled();
    expect(stopped).toBe(false);
    await end({ afterMs: 0, wakeable: false });
    await stopping;
    loop.wake();
    expect(schedule.waitingMs).toEqual([]);
    expect(runs()).toBe(1);
  });

  it('drops a run that is waiting when it stops', async () => {
    const { loop, schedule, runs } = setup();
    loop.wake();
    await loop.stop();
    schedule.advance(60_000);
    expect(runs()).toBe(0);
  });
});
