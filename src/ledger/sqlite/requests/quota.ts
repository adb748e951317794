import type { QuotaCharge, ShortInvitee } from '../../../policy/decision.ts';
import type { QuotaState } from '../../port.ts';
import type { SqlitePort } from '../sqlite-port.ts';

/**
 * Quota counters in SQLite: fixed windows aligned to the Unix epoch, one row per quota, unit, counter and window.
 * Limits are not stored. Each charge carries its limit, so the counts survive a policy change. Reads and writes run
 * inside the caller's transaction; therefore only one request can get the last unit.
 */
export interface QuotaCounters {
  /** Reads the counters of these charges at `now`. */
  tally(charges: readonly QuotaCharge[], now: number): Tally;
  /** Returns units to the windows they were debited from. Does nothing for a window that was dropped. */
  refund(debits: readonly Debit[]): void;
  /** Drops counters of windows that ended before `endedBefore`. */
  prune(endedBefore: number): void;
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
  readonly count: { used: number };
}

export function createQuotaCounters(sqlite: SqlitePort): QuotaCounters {
  function readUsed(charge: QuotaCharge, windowEnd: number): number {
    const row = sqlite.run<{ used: number }>(
      `SELECT used FROM counters WHERE window_end = ? AND window_ms = ? AND quota = ? AND unit = ? AND counter = ?`,
      windowEnd,
      charge.windowMs,
      charge.quota,
      charge.unit,
      charge.counter,
    )[0];
    return row?.used ?? 0;
  }

  function open(charges: readonly QuotaCharge[], now: number): readonly Entry[] {
    const counts = new Map<string, { used: number }>();
    return charges.map((charge) => {
      const windowEnd = endOfWindow(now, charge.windowMs);
      const key = JSON.stringify([charge.quota, charge.unit, charge.counter, charge.windowMs]);
      const count = counts.get(key) ?? { used: readUsed(charge, windowEnd) };
      counts.set(key, count);
      return { charge, windowEnd, count };
    });
  }

  function debitOne({ charge, windowEnd, count }: Entry): Debit {
    const { quota, unit, counter, windowMs, amount } = charge;
    sqlite.run(
      `INSERT INTO counters (window_end, window_ms, quota, unit, counter, used) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (window_end, window_ms, quota, unit, counter) DO UPDATE SET used = used + excluded.used`,
      windowEnd,
      windowMs,
      quota,
      unit,
      counter,
      amount,
    );
    count.used += amount;
    return { quota, unit, counter, windowMs, windowEnd, amount };
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
      for (const { windowEnd, windowMs, quota, unit, counter, amount } of debits) {
        sqlite.run(
          `UPDATE counters SET used = max(0, used - ?) WHERE window_end = ? AND window_ms = ? AND quota = ? AND unit = ? AND counter = ?`,
          amount,
          windowEnd,
          windowMs,
          quota,
          unit,
          counter,
        );
      }
    },
    prune(endedBefore) {
      sqlite.run(`DELETE FROM counters WHERE window_end <= ?`, endedBefore);
    },
  };
}

function countsAttempts({ charge: { unit, admittedOnly } }: Entry): boolean {
  return unit === 'requests' && admittedOnly !== true;
}

function endOfWindow(now: number, windowMs: number): number {
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
