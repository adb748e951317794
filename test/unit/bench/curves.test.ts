import { describe, expect, it } from 'vitest';
import { CURVES, growthOf, isAsPromised } from '../../../bench/growth/curves.ts';
import type { Point } from '../../../bench/results.ts';

const SIZES = [1, 10, 100, 1_000];
const curve = (cost: (size: number) => number): Point[] => SIZES.map((size) => [size, cost(size)]);

describe('a growth curve', () => {
  it.each([
    ['a constant cost', curve(() => 7), true, true],
    ['a cost that varies by half', curve((size) => (size === 100 ? 10 : 7)), true, true],
    ['a constant cost and a share for each', curve((size) => 100 + size), false, true],
    ['a share for each', curve((size) => 3 * size), false, true],
    ['n log n', curve((size) => size * Math.log2(size + 1)), false, true],
    ['a square behind a large constant cost', curve((size) => 1_000 + size * size), false, false],
    ['a square', curve((size) => size * size), false, false],
  ])('of %s is judged', (_what, points, isFlat, isLinear) => {
    expect([isAsPromised('flat', points), isAsPromised('linear', points)]).toEqual([isFlat, isLinear]);
  });

  it('has the exponent of its upper part', () => {
    expect(growthOf(curve((size) => size ** 1.5)).exponent).toBeCloseTo(1.5);
  });

  it('fits its panel of the plot', () => {
    for (const { title } of CURVES) expect(title.length).toBeLessThanOrEqual(40);
  });
});
