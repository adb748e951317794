import { expect, it } from 'vitest';
import { rfc3339 } from '../../../src/lib/rfc3339.ts';

it('writes a time in UTC, with three digits of milliseconds', () => {
  expect([0, 1, 1_767_225_600_000].map(rfc3339)).toEqual([
    '1970-01-01T00:00:00.000Z',
    '1970-01-01T00:00:00.001Z',
    '2026-01-01T00:00:00.000Z',
  ]);
});
