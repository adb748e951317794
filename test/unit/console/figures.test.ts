/** The figures of the audit view: periods, bars, the axis, and what is different between two policies. */
import { describe, expect, it } from 'vitest';
import { diffLines } from '../../../console/src/views/audit/line-diff.ts';
import { PERIODS, periodOf } from '../../../console/src/views/audit/period.ts';
import { barsOf, ticksTo, totalsOf } from '../../../console/src/views/audit/series.ts';
import { NO_FILTERS, searchOf } from '../../../console/src/views/audit/filters.ts';

const NOW = Date.parse('2026-03-02T10:20:30Z');

describe('a period', () => {
  it('ends with the hour or the day that still goes on, in UTC', () => {
    expect(periodOf('day', NOW)).toMatchObject({
      ...{ from: '2026-03-01T11:00:00.000Z', to: '2026-03-02T11:00:00.000Z', step: 'hour' },
    });
    expect(periodOf('week', NOW)).toMatchObject({
      ...{ from: '2026-02-24T00:00:00.000Z', to: '2026-03-03T00:00:00.000Z', step: 'day' },
    });
  });

  it.each(PERIODS)('of a %s has a bar for each of its steps, up to its end', (name) => {
    const { from, to, bars } = periodOf(name, NOW);
    const step = (bars[1] ?? 0) - (bars[0] ?? 0);
    expect([bars[0], (bars.at(-1) ?? 0) + step]).toEqual([Date.parse(from), Date.parse(to)]);
  });
});

describe('the bars', () => {
  const period = periodOf('week', NOW);
  const row = (from: string, result: string, requests: number) => ({ from, result, requests, addresses: requests });
  const counts = (counted: readonly ReturnType<typeof row>[]) =>
    ({ step: 'day', counts: counted, scanned_to: 9, complete: true }) as unknown as Parameters<typeof barsOf>[0];

  it('have a place for every day, also for those without a request, and before anything was counted', () => {
    expect(barsOf(null, period)).toHaveLength(7);
    expect(totalsOf(barsOf(null, period))).toEqual({ invited: 0, refused: 0, unknown: 0, suppressed: 0 });
  });

  it('count a request by its end, not by its intent, and refusals of the policy and of Galileo together', () => {
    const monday = '2026-03-02T00:00:00.000Z';
    const bars = barsOf(
      counts([
        row(monday, 'admitted', 9),
        row(monday, 'accepted', 5),
        row(monday, 'denied', 2),
        row(monday, 'refused', 1),
        row(monday, 'unknown', 3),
        row(monday, 'suppressed', 4),
        row(monday, 'previewed', 8),
        row(monday, 'a_result_of_a_later_release', 7),
        row('2020-01-01T00:00:00.000Z', 'accepted', 100),
      ]),
      period,
    );
    const figures = { invited: 5, refused: 3, unknown: 3, suppressed: 4 };
    expect(bars.at(-1)).toEqual({ fromMs: Date.parse(monday), ...figures });
    expect(totalsOf(bars)).toEqual(figures);
  });
});

describe('the axis', () => {
  it.each([
    [0, [0, 1]],
    [1, [0, 1]],
    [4, [0, 1, 2, 3, 4]],
    [8, [0, 2, 4, 6, 8]],
    [99, [0, 50, 100]],
    [4321, [0, 1000, 2000, 3000, 4000, 5000]],
  ])('reaches %i with round values', (max, ticks) => {
    expect(ticksTo(max)).toEqual(ticks);
  });

  it('has at most six values, all whole, and ends at or above the highest bar', () => {
    for (let max = 0; max < 3_000; max += 7) {
      const ticks = ticksTo(max);
      expect(ticks.length).toBeLessThanOrEqual(6);
      expect(ticks.every(Number.isInteger)).toBe(true);
      expect(ticks.at(-1)).toBeGreaterThanOrEqual(max);
    }
  });
});

describe('the difference between two texts', () => {
  const textOf = (before: string, after: string): string | undefined =>
    diffLines(before.split(' '), after.split(' '))
      ?.map(({ kind, text }) => ({ same: ' ', gone: '-', new: '+', left_out: '' })[kind] + text)
      .join('|');

  it('has what is gone and what is new, with the line before and after, and no more', () => {
    expect(textOf('a b c d e f g h', 'a b c x e f g h')).toBe('⋯| c|-d|+x| e|⋯');
    expect(textOf('a b', 'a b')).toBe('⋯');
    expect(textOf('a', 'a b c')).toBe(' a|+b|+c');
    expect(textOf('a b c', 'c')).toBe('-a|-b| c');
  });

  it('rebuilds both texts from its lines, where nothing is left out', () => {
    const [before, after] = [
      ['a', 'x', 'b', 'x'],
      ['x', 'a', 'x', 'c'],
    ] as const;
    const lines = diffLines(before, after) ?? [];
    const kept = (left: string) => lines.filter(({ kind }) => kind !== left).map(({ text }) => text);
    expect([kept('new'), kept('gone')]).toEqual([before, after]);
  });

  it('is not made of texts that are too long for it', () => {
    const long = Array.from({ length: 3_001 }, String);
    expect(diffLines(long, long)).toBeNull();
  });
});

describe('the filters', () => {
  it('are what was filled in, without blanks around it and without the period', () => {
    expect(searchOf(NO_FILTERS)).toEqual({});
    expect(searchOf({ ...NO_FILTERS, email: ' ann@acme.com ', rule: '  ', outcome: 'denied' })).toEqual({
      email: 'ann@acme.com',
      outcome: 'denied',
    });
  });
});
