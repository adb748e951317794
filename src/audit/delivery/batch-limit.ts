import type { OutboxItem } from './sink.ts';

/**
 * How much goes to a sink at a time: bounded by count and by weight, so that one batch is all the memory a sink takes.
 * The count halves when the far end finds a batch too large, and doubles again after a while without that, up to where
 * it began: a collector's limit is found by itself, and a limit that was raised too.
 */
export interface BatchLimit {
  /** How many items the next batch may have. */
  items(): number;
  /** A batch of `tried` items was too large. False when it was a single one: then there is nothing left to halve. */
  shrink(tried: number): boolean;
  delivered(): void;
}

/** Batches in a row that were taken before the count doubles. */
const DOUBLES_AFTER = 10;

export function createBatchLimit(mostItems: number): BatchLimit {
  let items = mostItems;
  let taken = 0;
  return {
    items: () => items,
    shrink(tried) {
      items = Math.max(1, Math.floor(tried / 2));
      taken = 0;
      return tried > 1;
    },
    delivered() {
      taken += 1;
      if (taken % DOUBLES_AFTER === 0) items = Math.min(mostItems, items * 2);
    },
  };
}

/** The first of `items` that weigh at most `mostLength` characters together; never none where there is one. */
export function takeBatch(items: readonly OutboxItem[], mostLength: number): readonly OutboxItem[] {
  let length = 0;
  const end = items.findIndex(({ line }, index) => (length += line.length) > mostLength && index > 0);
  return end === -1 ? items : items.slice(0, end);
}
