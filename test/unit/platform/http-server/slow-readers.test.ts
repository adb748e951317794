import { describe, expect, it } from 'vitest';
import type { Expectation, Sent } from '../../../../src/platform/node/http-server/connections/slow-readers.ts';
import { expectOf } from '../../../../src/platform/node/http-server/connections/slow-readers.ts';

const ANSWER_MS = 5_000;
const KIB = 1024;

/** Checks a connection twice a second, like the listener. Returns when it is ended, or null. */
function watch(seconds: number, sentAt: (second: number) => Sent): number | null {
  let expected: Expectation | null = null;
  for (let nowMs = 0; nowMs <= seconds * 1000; nowMs += 500) {
    const next = expectOf(sentAt(nowMs / 1000), expected, nowMs, ANSWER_MS);
    if (next === 'too_slow') return nowMs;
    expected = next;
  }
  return null;
}

describe('a reader', () => {
  it('that owes nothing may be silent for as long as it likes', () => {
    expect(watch(600, () => ({ written: 500, waiting: 0 }))).toBeNull();
  });

  it('that takes nothing of a small answer is ended after five seconds', () => {
    expect(watch(60, () => ({ written: 1000, waiting: 500 }))).toBe(5_500);
  });

  it('that takes a byte now and then is ended no later', () => {
    expect(watch(60, (second) => ({ written: 1000, waiting: 500 - second }))).toBe(5_500);
  });

  it('has a second more for each 128 KiB of a large answer, and no more', () => {
    const size = 10 * 128 * KIB;
    expect(watch(60, () => ({ written: size, waiting: size }))).toBe(15_000);
    expect(watch(60, (second) => ({ written: size, waiting: second < 14 ? size : 0 }))).toBeNull();
  });

  it('that reads each of many answers in time is never ended', () => {
    const size = 64 * KIB;
    const sentAt = (second: number): Sent => ({ written: size * (1 + Math.floor(second / 4)), waiting: size });
    expect(watch(600, sentAt)).toBeNull();
  });

  it('that takes its time anew with each answer is judged by each anew', () => {
    const size = 64 * KIB;
    const sentAt = (second: number): Sent => ({
      written: size * (1 + Math.floor(Math.min(second, 8) / 4)),
      waiting: size,
    });
    expect(watch(60, sentAt)).toBe(13_500);
  });
});
