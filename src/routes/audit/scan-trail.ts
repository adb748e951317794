/**
 * Reads the trail slice by slice, for what searches it and what counts it, until the reader has enough, the trail ends, the
 * budget is used up or the caller disconnects. All scans of the process together read one slice per turn of the event
 * loop. Decides nothing about an answer.
 */
import type { SearchFilter } from '../../audit/search.ts';
import type { Deps } from '../../deps.ts';
import type { SearchSlice } from '../../ledger/search-slice.ts';

export type ScanDeps = Pick<Deps, 'ledger' | 'clock' | 'schedule' | 'canAwaitAcrossRequests'>;

export interface Scan {
  readonly filter: SearchFilter;
  /** Exclusive cursor. */
  readonly after: number;
  /** How many records the next slice may hold. */
  limit(): number;
  /** Takes a slice. True: it is enough. */
  take(slice: SearchSlice): boolean;
}

export interface ScanEnd {
  /** Every record up to this seq was scanned. */
  readonly scannedTo: number;
  readonly ended: 'enough' | 'at_end' | 'budget_used' | 'disconnected';
}

export type ScanTrail = (scan: Scan, disconnected: AbortSignal) => Promise<ScanEnd>;

/** One answer holds one of the few places for searches no longer than this. */
const MAX_SCAN_MS = 1_000;
/** A slice is a call to the ledger object on Workers, and one request may make 1,000 calls there. */
const MAX_SLICES = 200;

/** Every call creates a queue of its own. */
export function createScanTrail(deps: ScanDeps): ScanTrail {
  const { ledger, clock } = deps;
  const inOwnTurn = createOneReadPerTurn(deps);
  return async function scanTrail(scan, disconnected) {
    const { filter } = scan;
    const startedAt = clock.now();
    for (let after = scan.after, slices = 1; ; slices += 1) {
      const slice = await inOwnTurn(() => ledger.search({ filter, after, limit: scan.limit() }));
      const isEnough = scan.take(slice);
      const { scannedTo } = slice;
      if (isEnough) return { scannedTo, ended: 'enough' };
      if (slice.done) return { scannedTo, ended: 'at_end' };
      const isSpent = slices >= MAX_SLICES || Math.abs(clock.now() - startedAt) >= MAX_SCAN_MS;
      if (isSpent) return { scannedTo, ended: 'budget_used' };
      if (disconnected.aborted) return { scannedTo, ended: 'disconnected' };
      after = scannedTo;
    }
  };
}

type InTurn = <T>(read: () => Promise<T>) => Promise<T>;

/**
 * Runs one read per turn of the event loop. A ledger in this process answers in the same turn, so the slices of many
 * searches would otherwise run back to back and delay every invite. Where requests must not wait for one another, each
 * search only yields between its own slices.
 */
function createOneReadPerTurn(deps: Pick<ScanDeps, 'schedule' | 'canAwaitAcrossRequests'>): InTurn {
  const { canAwaitAcrossRequests } = deps;
  let last: Promise<unknown> = Promise.resolve();
  const nextTurn = () => new Promise<void>((resolve) => void deps.schedule.after(0, resolve));
  return async function inOwnTurn(read) {
    const before = canAwaitAcrossRequests ? last : Promise.resolve();
    const turn = before.then(nextTurn).then(read);
    if (canAwaitAcrossRequests) last = turn.catch(() => undefined);
    return await turn;
  };
}
