import type { QuotaCharge, ShortInvitee } from '../../../policy/decision.ts';
import type { QuotaState } from '../../port.ts';

/**
 * Quota counters: fixed windows aligned to the Unix epoch, one row per quota, unit, counter and window.
 * Limits are not stored. Each charge carries its limit, so the counts survive a policy change. Reads and writes run
 * inside the caller's transaction; therefore only one request can get the last unit. The steps of a batch share their
 * counters: each is read once and written once, at the end.
 */
export interface QuotaCounters {
  /** Reads the counters of these charges at `now`. */
  tally(charges: readonly QuotaCharge[], now: number): Tally;
  /** Returns units to the windows they were debited from. Does nothing for a window that was dropped. */
  refund(debits: readonly Debit[]): void;
  /** Drops counters of windows that ended before `endedBefore`. */
  prune(endedBefore: number): void;
  /** From here on, debits are kept until `write`. */
  begin(): void;
  /** Writes what is kept. */
  write(): void;
  /** Forgets the counters, and what is kept. After `write`, or where the batch has failed. */
  end(): void;
}

export interface Tally {
  /** Of the charges over their limit, the one with the longest wait (the first among equals); null when all fit. */
  exceeded(): QuotaState | null;
  /** The counters of invitees among the charges over their limit. */
  shortInvitees(): readonly ShortInvitee[];
  /** Debits the charges that count every attempt, whether they fit or not. They are never refunded. */
  debitAttempt(): void;
  /** Debits the other charges, whether they fit or not. Returns the debits that a refund gives back: those in `emails`. */
  debitAdmission(): readonly Debit[];
  /** One state per charge, in order. */
  states(): readonly QuotaState[];
}

/** Units taken from one counter in one window. */
export interface Debit {
  readonly quota: string;
  readonly unit: QuotaCharge['unit'];
  readonly counter: string;
  readonly windowMs: number;
  readonly windowEnd: number;
  readonly amount: number;
}

/** Charges on the same counter share one `count` object. */
interface Entry {
  readonly charge: QuotaCharge;
  readonly windowEnd: number;
  readonly count: Count;
}

interface Count {
  used: number;
  /** Of `used`: what is not written yet. */
  unwritten: number;
}

/** The counters of one quota in one window. */
interface Window {
  readonly charge: QuotaCharge;
  readonly windowEnd: number;
  readonly counts: Map<string, Count>;
  /** The counters that were not read yet. */
  unread: string[];
}

/** The stored counters. */
export interface CounterRows {
  /** Of these counters of one window, those that are stored. */
  read(
    window: CounterWindow,
    counters: readonly string[],
  ): Iterable<{ readonly counter: string; readonly used: number }>;
  add(debit: Debit): void;
  /** Never below 0. Nothing for a counter that is not stored. */
  subtract(debit: Debit): void;
  dropEndedBefore(endedBefore: number): void;
}

export type CounterWindow = Pick<Debit, 'quota' | 'unit' | 'windowMs' | 'windowEnd'>;

export function createQuotaCounters(rows: CounterRows): QuotaCounters {
  /** The counters of this batch; null outside of one. */
  let shared: Window[] | null = null;

  function readCounts(window: Window): void {
    const { charge, windowEnd, counts, unread: counters } = window;
    window.unread = [];
    if (counters.length === 0) return;
    const { quota, unit, windowMs } = charge;
    for (const { counter, used } of rows.read({ quota, unit, windowMs, windowEnd }, counters)) {
      const count = counts.get(counter);
      if (count !== undefined) count.used = used;
    }
  }

  function open(charges: readonly QuotaCharge[], now: number): readonly Entry[] {
    const windows = shared ?? [];
    let window: Window | undefined;
    const entries = charges.map((charge) => {
      // The charges of a quota follow one another.
      if (window === undefined || !isOfWindow(window, charge)) {
        window = windows.find((other) => isOfWindow(other, charge));
        if (window === undefined) {
          window = { charge, windowEnd: endOfWindow(now, charge.windowMs), counts: new Map(), unread: [] };
          windows.push(window);
        }
      }
      let count = window.counts.get(charge.counter);
      if (count === undefined) {
        count = { used: 0, unwritten: 0 };
        window.counts.set(charge.counter, count);
        window.unread.push(charge.counter);
      }
      return { charge, windowEnd: window.windowEnd, count };
    });
    windows.forEach(readCounts);
    return entries;
  }

  function debitOne({ charge, windowEnd, count }: Entry): Debit {
    const { quota, unit, counter, windowMs, amount } = charge;
    const debit = { quota, unit, counter, windowMs, windowEnd, amount };
    count.used += amount;
    if (shared === null) rows.add(debit);
    else count.unwritten += amount;
    return debit;
  }

  function write(): void {
    for (const { charge, windowEnd, counts } of shared ?? []) {
      const { quota, unit, windowMs } = charge;
      for (const [counter, count] of counts) {
        if (count.unwritten > 0) rows.add({ quota, unit, counter, windowMs, windowEnd, amount: count.unwritten });
        count.unwritten = 0;
      }
    }
  }

  /** Before counters change otherwise: they are to be read again. */
  function writeAndForget(): void {
    write();
    if (shared !== null) shared = [];
  }

  return {
    tally(charges, now) {
      const entries = open(charges, now);
      return {
        exceeded: () => longestWait(entries, now),
        shortInvitees: () =>
          overLimit(entries)
            .filter(isOfInvitee)
            .map((entry) => inviteeStateOf(entry, now)),
        debitAttempt: () => entries.filter(countsAttempts).forEach(debitOne),
        debitAdmission: () =>
          entries
            .filter((entry) => !countsAttempts(entry))
            .map(debitOne)
            .filter(({ unit }) => unit === 'emails'),
        states: () => entries.map((entry) => stateOf(entry, now)),
      };
    },
    refund(debits) {
      writeAndForget();
      for (const debit of debits) rows.subtract(debit);
    },
    prune(endedBefore) {
      writeAndForget();
      rows.dropEndedBefore(endedBefore);
    },
    begin() {
      shared = [];
    },
    write,
    end() {
      shared = null;
    },
  };
}

function isOfWindow({ charge: { quota, unit, windowMs } }: Window, charge: QuotaCharge): boolean {
  return charge.quota === quota && charge.unit === unit && charge.windowMs === windowMs;
}

function countsAttempts({ charge: { unit, admittedOnly } }: Entry): boolean {
  return unit === 'requests' && admittedOnly !== true;
}

export function endOfWindow(now: number, windowMs: number): number {
  return (Math.floor(now / windowMs) + 1) * windowMs;
}

/** Other counters are about the caller, who may see them. */
function isOfInvitee({ charge }: Entry): boolean {
  return !charge.visible;
}

function overLimit(entries: readonly Entry[]): Entry[] {
  const asked = new Map<object, number>();
  return entries.filter((entry) => {
    const total = (asked.get(entry.count) ?? entry.count.used) + entry.charge.amount;
    asked.set(entry.count, total);
    return total > entry.charge.limit;
  });
}

function longestWait(entries: readonly Entry[], now: number): QuotaState | null {
  let longest: Entry | null = null;
  for (const entry of overLimit(entries)) if (longest === null || entry.windowEnd > longest.windowEnd) longest = entry;
  return longest === null ? null : stateOf(longest, now);
}

function inviteeStateOf(entry: Entry, now: number): ShortInvitee {
  const { quota, remaining, resetMs } = stateOf(entry, now);
  return { quota, counter: entry.charge.counter, remaining, resetMs };
}

function stateOf({ charge, windowEnd, count }: Entry, now: number): QuotaState {
  const { quota, unit, limit, windowMs, visible } = charge;
  return {
    quota,
    unit,
    limit,
    windowMs,
    remaining: Math.max(0, limit - count.used),
    resetMs: windowEnd - now,
    visible,
  };
}
