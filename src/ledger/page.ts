/**
 * Limits on how much one read loads into memory. A page is bounded by count and by size. A page is never empty while
 * there is an item left, however large that item is, so large records cannot block a reader or exhaust its memory.
 */
import type { RequestEntry } from './port.ts';

/** Total length of the lines, in characters; a record has at most about 140,000. Many answers may be in flight at once. */
export const MAX_PAGE_LENGTH = 512 * 1024;
/** The same limit for a sink's lease. A sink has one batch in flight at a time. */
export const MAX_LEASE_LENGTH = 4 * 1024 * 1024;
/** Records that one slice of a search scans: about 5 ms of work. */
export const MAX_SLICE_RECORDS = 256;
/** Total length of the lines that a slice scans, so that a run of large records takes no longer than one page of them. */
export const MAX_SLICE_LENGTH = MAX_PAGE_LENGTH;
/** Records that one retention step drops. */
export const MAX_PRUNED_RECORDS = 2_000;
/** Replays that one answer about a request shows: the newest. */
export const MAX_SHOWN_REPLAYS = 20;
/** Records about one request besides its decision, its outcome and replays. The service writes at most about ten. */
export const MAX_FURTHER_RECORDS = 50;
/** Addresses in all entries of a page of requests; a request has at most 500. */
export const MAX_PAGE_ADDRESSES = 5_000;

/** The first page of `items`. Items are pulled one by one, so nothing behind the page is read. */
export function takeLines<T extends { readonly line: string }>(
  items: Iterable<T>,
  limit: number,
  maxLength: number = MAX_PAGE_LENGTH,
): T[] {
  return takeWhileLight(items, limit, maxLength, ({ line }) => line.length);
}

/** The first page of `entries`. */
export function takeEntries(entries: Iterable<RequestEntry>, limit: number): RequestEntry[] {
  return takeWhileLight(
    entries,
    limit,
    MAX_PAGE_ADDRESSES,
    ({ decided, outcome }) => (decided ?? outcome)?.request.email_count ?? 0,
  );
}

function takeWhileLight<T>(items: Iterable<T>, limit: number, maxWeight: number, weigh: (item: T) => number): T[] {
  const page: T[] = [];
  let weight = 0;
  for (const item of items) {
    weight += weigh(item);
    if (page.length >= limit || (page.length > 0 && weight > maxWeight)) break;
    page.push(item);
  }
  return page;
}
