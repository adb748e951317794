import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { createInFlight } from '../../../src/lib/in-flight.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as (options: { readonly type: 'minor' | 'major' }) => void;

/** A young garbage collection: what has survived two of them is old, and only a full one frees it. */
function collectYoung(): void {
  collect({ type: 'minor' });
}

/** Bytes of objects that young garbage collections no longer look at. */
function oldBytes(): number {
  const spaces = getHeapSpaceStatistics();
  return spaces.find(({ space_name: name }) => name === 'old_space')?.space_used_size ?? 0;
}

describe('the things in flight', () => {
  it('are those that were added and not removed', () => {
    const inFlight = createInFlight<string>();
    const removals = ['a', 'b', 'c', 'd'].map((item) => inFlight.add(item));
    removals[1]?.();
    removals[3]?.();
    expect([...inFlight].toSorted()).toEqual(['a', 'c']);
    expect(inFlight.size).toBe(2);
  });

  it('lose nothing when an item is removed twice, or the last one has moved', () => {
    const inFlight = createInFlight<string>();
    const [removeA, removeB] = [inFlight.add('a'), inFlight.add('b')];
    removeA();
    removeA();
    expect([...inFlight]).toEqual(['b']);
    inFlight.add('c');
    removeA();
    removeB();
    expect([...inFlight]).toEqual(['c']);
  });

  it('can be removed while they are looked through', () => {
    const inFlight = createInFlight<() => void>();
    const removals = Array.from({ length: 5 }, () => inFlight.add(() => removals.shift()?.()));
    for (const remove of inFlight) remove();
    expect(inFlight.size).toBe(0);
  });

  it('leave nothing behind that only a full garbage collection can free', () => {
    const inFlight = createInFlight<{ readonly ballast: readonly number[] }>();
    // The list itself is old, as in a service that has run for a while.
    for (let n = 0; n < 3; n += 1) collectYoung();
    const pass = (bursts: number): void => {
      for (let burst = 1; burst <= bursts; burst += 1) {
        const items = Array.from({ length: 12 }, () => ({ ballast: Array.from({ length: 200 }, () => burst) }));
        for (const remove of items.map((item) => inFlight.add(item))) remove();
        if (burst % 30 === 0) collectYoung();
      }
    };
    pass(300);
    const before = oldBytes();
    pass(1_200);
    const perItem = (oldBytes() - before) / (12 * 1_200);
    // An item has 1,700 bytes. A Set leaves half of them.
    expect(perItem).toBeLessThan(50);
  });

  it('keep equal items apart', () => {
    const inFlight = createInFlight<number>();
    const remove = inFlight.add(1);
    inFlight.add(1);
    remove();
    expect([...inFlight]).toEqual([1]);
  });
});
