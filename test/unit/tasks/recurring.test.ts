import { describe, expect, it } from 'vitest';
import { runRecurring } from '../../../src/tasks/recurring.ts';
import { createFakeClock, promisesSettled } from '../../support/clock.ts';
import { keptLog } from '../../support/tokens.ts';

describe('a recurring task', () => {
  it('runs at once, then so long after each end, and never twice at a time', async () => {
    const schedule = createFakeClock();
    const ends: (() => void)[] = [];
    const stop = runRecurring(1000, () => new Promise<void>((resolve) => ends.push(resolve)), {
      schedule,
      logger: keptLog(),
    });
    schedule.advance(5000);
    expect(ends).toHaveLength(1);
    ends[0]?.();
    await promisesSettled();
    schedule.advance(999);
    expect(ends).toHaveLength(1);
    schedule.advance(1);
    expect(ends).toHaveLength(2);
    ends[1]?.();
    await stop();
  });

  it('comes again after a failure, which is logged', async () => {
    const schedule = createFakeClock();
    const log = keptLog();
    let runs = 0;
    const stop = runRecurring(1000, () => Promise.reject(new Error(`run ${(runs += 1)}`)), { schedule, logger: log });
    await promisesSettled();
    schedule.advance(1000);
    await promisesSettled();
    expect(runs).toBe(2);
    expect(JSON.stringify(log.lines)).toContain('recurring_task_failed');
    await stop();
  });

  it('stops when told to, after the run under way', async () => {
    const schedule = createFakeClock();
    let end = (): void => undefined;
    let runs = 0;
    const task = (): Promise<void> => {
      runs += 1;
      return new Promise((resolve) => (end = resolve));
    };
    const stop = runRecurring(1000, task, { schedule, logger: keptLog() });
    let stopped = false;
    const stopping = stop().then(() => (stopped = true));
    await promisesSettled();
    expect(stopped).toBe(false);
    end();
    await stopping;
    schedule.advance(10_000);
    expect(runs).toBe(1);
  });
});
