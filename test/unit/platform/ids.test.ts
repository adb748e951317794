import { describe, expect, it } from 'vitest';
import { validate, version } from 'uuid';
import { createIds } from '../../../src/platform/node/runtime.ts';

/** Ids over a clock that shows these times one after the other, and the last one from then on. */
function idsAt(times: readonly number[], random: (at: number) => number = (at) => Math.imul(at, 0x9e3779b1) >>> 24) {
  let [calls, fills] = [0, 0];
  const ids = createIds({
    now: () => times[Math.min(calls++, times.length - 1)] ?? 0,
    fill: (bytes) => {
      fills += 1;
      bytes.forEach((_, at) => (bytes[at] = random(at + fills)));
    },
  });
  return { ids, fills: () => fills };
}

const many = (ids: { uuid7(): string }, count: number): string[] => Array.from({ length: count }, () => ids.uuid7());

describe('an id of the Node service', () => {
  it('is a UUID of version 7 that begins with the time', () => {
    const id = idsAt([0x0199_0000_abcd]).ids.uuid7();
    expect([validate(id), version(id), id.slice(0, 13)]).toEqual([true, 7, '01990000-abcd']);
  });

  it.each([
    ['within one millisecond', [5]],
    ['when the clock steps back', [9, 9, 3, 3, 3]],
  ])('is greater than every earlier one %s', (_, times) => {
    const ids = many(idsAt(times, () => 0xff).ids, 1_000);
    expect(ids).toEqual(ids.toSorted());
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('takes its random bytes from a supply that is filled once for 256 ids', () => {
    const { ids, fills } = idsAt([1]);
    const made = many(ids, 513);
    expect(fills()).toBe(3);
    expect(new Set(made.map((id) => id.slice(-12))).size).toBe(513);
  });
});
