import { expect, it } from 'vitest';
import { rfc3339 } from '../../../src/lib/rfc3339.ts';

it('writes a time in UTC, with three digits of milliseconds', () => {
  expect([0, 1, 1, 1_767_225_600_000].map(rfc3339)).toEqual([
    '1970-01-01T00:00:00.000Z',
    '1970-01-01T00:00:00.001Z',
    '1970-01-01T00:00:00.001Z',
    '2026-01-01T00:00:00.000Z',
  ]);
});

it('throws for what is no time, each time', () => {
  for (const ms of [Number.NaN, Number.NaN, 8.64e15 + 1]) expect(() => rfc3339(ms)).toThrow(RangeError);
});
