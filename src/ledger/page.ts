/**
 * Bounds of what one read may bring into memory. A page is short by count and by weight, and never empty while there
 * is something to give: one caller's heavy records must not stop, or kill, whoever follows the trail.
 */
import type { RequestEntry } from './port.ts';

/** Of lines, in characters; a record is at most about 140,000. Many answers may be on their way at once. */
export const MAX_PAGE_LENGTH = 512 * 1024;
/** The same for what a sink takes: one batch at a time. */
export const MAX_LEASE_LENGTH = 4 * 1024 * 1024;
/** What one slice of a search looks at: about 5 ms of work. */
export const MAX_SLICE_RECORDS = 256;
/** Of the lines that a slice looks at, so that a stretch of heavy records takes no longer than a page full of them. */
export const MAX_SLICE_LENGTH = MAX_PAGE_LENGTH;
/** What one step of retention drops. */
export const MAX_PRUNED_RECORDS = 2_000;
/** Over all entries of a page of requests; a request has at most 500. */
export const MAX_PAGE_ADDRESSES = 5_000;

/** The first of `items` (asked for one by one, so the rest is never read) that make a page. */
export function takeLines<T extends { readonly line: string }>(
  items: Iterable<T>,
  limit: number,
  maxLength: number = MAX_PAGE_LENGTH,
): T[] {
  return takeWhileLight(items, limit, maxLength, ({ line }) => line.length);
}

/** The first of `entries` that make a page. */
export function takeEntries(entries: Iterable<RequestEntry>, limit: number): RequestEntry[] {
  return takeWhileLight(entries, limit, MAX_PAGE_ADDRESSES, ({ decided }) => decided.request.email_count);
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
