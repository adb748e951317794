import { describe, expect, it } from 'vitest';
import { runRecurring } from '../../../src/tasks/recurring.ts';
import { createFakeSchedule } from '../../support/clock.ts';
import { keptLog } from '../../support/tokens.ts';

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a recurring task', () => {
  it('runs at once, then so long after each end, and never twice at a time', async () => {
    const schedule = createFakeSchedule();
    const ends: (() => void)[] = [];
    const stop = runRecurring(1000, () => new Promise<void>((resolve) => ends.push(resolve)), {
      schedule,
      logger: keptLog(),
    });
    schedule.advance(5000);
    expect(ends).toHaveLength(1);
    ends[0]?.();
    await settled();
    schedule.advance(999);
    expect(ends).toHaveLength(1);
    schedule.advance(1);
    expect(ends).toHaveLength(2);
    ends[1]?.();
    await stop();
  });

  it('comes again after a failure, which is logged', async () => {
    const schedule = createFakeSchedule();
    const log = keptLog();
    let runs = 0;
    const stop = runRecurring(1000, () => Promise.reject(new Error(`run ${(runs += 1)}`)), { schedule, logger: log });
    await settled();
    schedule.advance(1000);
    await settled();
    expect(runs).toBe(2);
    expect(JSON.stringify(log.lines)).toContain('recurring_task_failed');
    await stop();
  });

  it('stops when told to, after the run under way', async () => {
    const schedule = createFakeSchedule();
    let end = (): void => undefined;
    let runs = 0;
    const task = (): Promise<void> => {
      runs += 1;
      return new Promise((resolve) => (end = resolve));
    };
    const stop = runRecurring(1000, task, { schedule, logger: keptLog() });
    let stopped = false;
    const stopping = stop().then(() => (stopped = true));
    await settled();
    expect(stopped).toBe(false);
    end();
    await stopping;
    schedule.advance(10_000);
    expect(runs).toBe(1);
  });
});
