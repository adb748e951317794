import type { MachineClock } from '../../src/ports/clock.ts';
import type { Ids, TraceIds } from '../../src/ports/ids.ts';
import type { Schedule } from '../../src/ports/schedule.ts';

/**
 * Time and ids for tests. The fake clock is the Clock and the Schedule in one: its timers run by its time, and only
 * when a test moves it. It never waits for real time.
 */
export interface FakeClock extends MachineClock, Schedule {
  /** The delays of the pending timers, soonest first. */
  readonly waitingMs: readonly number[];
  /** Sets the machine's clock. Timers do not notice, as on a real machine. */
  set(ms: number): void;
  /** Sets the machine's clock forward, or back when `ms` is negative. No time passes. */
  jump(ms: number): void;
  /**
   * Moves time forward and runs the timers that are due, in order of time. Timers set by these tasks run too, when due.
   * A negative value sets the clock back.
   */
  advance(ms: number): void;
  /** `advance`, with all promises settled before each timer and at the end. */
  pass(ms: number): Promise<void>;
  /** Resolves when the delays of the pending timers fit, with all promises settled. */
  until(fits: (waitingMs: readonly number[]) => boolean): Promise<void>;
}

/** 2026-03-02T10:00:00.000Z: the start of an hour, so that quota windows are easy to calculate. */
export const TEST_TIME_MS = Date.UTC(2026, 2, 2, 10);

export function createFakeClock(startMs = TEST_TIME_MS): FakeClock {
  let nowMs = startMs;
  /** Timers count from the start, so that `set` does not move them. */
  let elapsedMs = 0;
  let timers: { dueMs: number; task: () => void }[] = [];
  let changed = Promise.withResolvers<void>();
  const change = (next: typeof timers): void => {
    timers = next;
    changed.resolve();
    changed = Promise.withResolvers();
  };
  const sorted = () => timers.toSorted((a, b) => a.dueMs - b.dueMs);
  const moveTo = (atMs: number): void => {
    nowMs += atMs - elapsedMs;
    elapsedMs = atMs;
  };
  const clock: FakeClock = {
    now: () => nowMs,
    monotonic: () => elapsedMs,
    after(delayMs, task) {
      const timer = { dueMs: elapsedMs + delayMs, task };
      change([...timers, timer]);
      return () => change(timers.filter((other) => other !== timer));
    },
    get waitingMs() {
      return sorted().map(({ dueMs }) => dueMs - elapsedMs);
    },
    set(ms) {
      nowMs = ms;
    },
    jump(ms) {
      nowMs += ms;
    },
    advance(ms) {
      if (ms < 0) return clock.set(nowMs + ms);
      const untilMs = elapsedMs + ms;
      for (let due = sorted()[0]; due !== undefined && due.dueMs <= untilMs; due = sorted()[0]) {
        const timer = due;
        change(timers.filter((other) => other !== timer));
        moveTo(timer.dueMs);
        timer.task();
      }
      moveTo(untilMs);
    },
    async pass(ms) {
      await promisesSettled();
      for (let leftMs = ms; ;) {
        const nextMs = clock.waitingMs[0];
        const stepMs = nextMs === undefined ? leftMs : Math.min(nextMs, leftMs);
        clock.advance(stepMs);
        await promisesSettled();
        leftMs -= stepMs;
        if (leftMs === 0 && clock.waitingMs[0] !== 0) return;
      }
    },
    async until(fits) {
      for (;;) {
        await promisesSettled();
        if (fits(clock.waitingMs)) return;
        await changed.promise;
      }
    },
  };
  return clock;
}

/**
 * Resolves when no promise can settle any more without a timer or I/O: the microtask queue is empty before the next
 * macrotask runs. It is not a wait for I/O: tests wait for an event of the code under test instead.
 */
export function promisesSettled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Counts up. Each id is a valid UUIDv7 and sorts after the previous one. */
export function createFakeIds(first = 1): Ids {
  let next = first;
  return { uuid7: () => testUuid7(next++) };
}

/** Counts up. */
export function createFakeTraceIds(): TraceIds {
  let next = 1;
  const hex = (digits: number) => (next++).toString(16).padStart(digits, 'a');
  return { traceId: () => hex(32), spanId: () => hex(16) };
}

export function testUuid7(n: number): string {
  const digits = (0x019c00000000 + n).toString(16).padStart(12, '0');
  return `${digits.slice(0, 8)}-${digits.slice(8)}-7000-8000-000000000000`;
}
