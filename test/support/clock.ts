import type { Clock } from '../../src/ports/clock.ts';
import type { Ids } from '../../src/ports/ids.ts';
import type { Schedule } from '../../src/ports/schedule.ts';

/** A clock that moves only when a test moves it. */
export interface FakeClock extends Clock {
  set(ms: number): void;
  advance(ms: number): void;
}

/** 2026-03-02T10:00:00.000Z: the start of an hour, so that quota windows are easy to calculate. */
export const TEST_TIME_MS = Date.UTC(2026, 2, 2, 10);

export function createFakeClock(startMs = TEST_TIME_MS): FakeClock {
  let nowMs = startMs;
  return {
    now: () => nowMs,
    set(ms) {
      nowMs = ms;
    },
    advance(ms) {
      nowMs += ms;
    },
  };
}

/** Counts up. Each id is a valid UUIDv7 and sorts after the previous one. */
export function createFakeIds(first = 1): Ids {
  let next = first;
  return { uuid7: () => testUuid7(next++) };
}

export function testUuid7(n: number): string {
  const digits = (0x019c00000000 + n).toString(16).padStart(12, '0');
  return `${digits.slice(0, 8)}-${digits.slice(8)}-7000-8000-000000000000`;
}

export interface FakeSchedule extends Schedule {
  /** The delays of the pending timers, soonest first. */
  readonly waitingMs: readonly number[];
  /**
   * Moves time forward and runs the timers that are due, in order of time. Timers set by these tasks run too, when due.
   */
  advance(ms: number): void;
}

export function createFakeSchedule(): FakeSchedule {
  let nowMs = 0;
  let timers: { dueMs: number; task: () => void }[] = [];
  const sorted = () => timers.toSorted((a, b) => a.dueMs - b.dueMs);
  return {
    after(delayMs, task) {
      const timer = { dueMs: nowMs + delayMs, task };
      timers.push(timer);
      return () => {
        timers = timers.filter((other) => other !== timer);
      };
    },
    get waitingMs() {
      return sorted().map((timer) => timer.dueMs - nowMs);
    },
    advance(ms) {
      const untilMs = nowMs + ms;
      for (let next = sorted()[0]; next !== undefined && next.dueMs <= untilMs; next = sorted()[0]) {
        const due = next;
        timers = timers.filter((timer) => timer !== due);
        nowMs = due.dueMs;
        due.task();
      }
      nowMs = untilMs;
    },
  };
}
