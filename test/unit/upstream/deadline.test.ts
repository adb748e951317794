import { describe, expect, it } from 'vitest';

import { deadlinesOf, remaining } from '../../../src/upstream/deadline.ts';

describe('the upstream’s deadlines', () => {
  it('bound the whole by GALILEO_TIMEOUT_MS and give connecting less', () => {
    expect(deadlinesOf(15_000)).toEqual({ connectMs: 3_000, headersMs: 15_000, bodyMs: 15_000, totalMs: 15_000 });
    expect(deadlinesOf(500)).toEqual({ connectMs: 500, headersMs: 500, bodyMs: 500, totalMs: 500 });
  });

  it.each([0, -1, 20_001, 1.5, Number.NaN, Number.POSITIVE_INFINITY])('refuse %d milliseconds', (timeoutMs) => {
    expect(() => deadlinesOf(timeoutMs)).toThrow(RangeError);
  });

  it('shrink together with the time that is left', () => {
    expect(remaining(deadlinesOf(15_000), 13_000)).toEqual({
      connectMs: 2_000,
      headersMs: 2_000,
      bodyMs: 2_000,
      totalMs: 2_000,
    });
  });

  it('are over when no whole millisecond is left', () => {
    expect(remaining(deadlinesOf(15_000), 14_999.5)).toBeNull();
    expect(remaining(deadlinesOf(15_000), 99_999)).toBeNull();
  });

  it('do not grow when the clock steps back', () => {
    expect(remaining(deadlinesOf(15_000), -60_000)?.totalMs).toBe(15_000);
  });
});
