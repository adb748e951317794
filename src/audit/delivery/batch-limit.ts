import type { OutboxItem } from './sink.ts';

/**
 * The size of one batch to a sink, bounded by items and by characters, so that a sink uses the memory of one batch at
 * most. The item limit is halved when the collector refuses a batch as too large, and doubled again after several
 * batches that it took, up to the configured limit. So it adapts to a collector's limit, also when that limit is
 * raised.
 */
export interface BatchLimit {
  /** The most items that the next batch may have. */
  items(): number;
  /** A batch of `tried` items was too large. False when it had one item only, which cannot be halved. */
  shrink(tried: number): boolean;
  delivered(): void;
}

/** Delivered batches in a row after which the limit doubles. */
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

/**
 * The first of `leased` that have at most `mostLength` characters together, and at least one item when there is any.
 * `more`: something stays behind, or may: the lease had as many items as it could have.
 */
export function takeBatch(
  leased: readonly OutboxItem[],
  { mostItems, mostLength }: { readonly mostItems: number; readonly mostLength: number },
): { readonly batch: readonly OutboxItem[]; readonly more: boolean } {
  let length = 0;
  const end = leased.findIndex(({ line }, index) => (length += line.length) > mostLength && index > 0);
  return end === -1 ? { batch: leased, more: leased.length >= mostItems } : { batch: leased.slice(0, end), more: true };
}
