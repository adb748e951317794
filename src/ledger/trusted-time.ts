/**
 * The time that expiry, quota windows and retention follow. It is a state machine without I/O: the caller supplies the
 * readings of the clocks. Trusted time starts at the last trusted time that the ledger stored, runs with the monotonic
 * clock, and moves only for a witness. The machine's clock alone never moves it, so a wrong clock frees no key and
 * opens no quota window. Invariant: while witnesses are right, trusted time is at most TOLERANCE_MS ahead of the real
 * time.
 */
export interface TrustedTime {
  /** Trusted time at the monotonic reading `monotonicMs`. */
  readonly trustedMs: number;
  readonly monotonicMs: number;
  /** Trusted time at the last witness of any process; null: there was none since the ledger was created. */
  readonly witnessedMs: number | null;
  /** A witness was believed since the process started. Before that, a lead of the machine's clock is the downtime. */
  readonly isHeard: boolean;
  /** How the time was moved forward since the process started, oldest first. */
  readonly forward: readonly Move[];
  readonly hasMovedBack: boolean;
  /** Witnesses that contradict trusted time while the machine's clock supports neither. */
  readonly dissent: Dissent | null;
}

/** What an outside clock says about the present, in milliseconds since the epoch. */
export interface Witness {
  readonly atMs: number;
  /** `now`: the `Date` of an answer made just now. `at_least`: a moment that has passed: an issued token. */
  readonly kind: 'now' | 'at_least';
}

/** At `toMs`, after the move, trusted time was `byMs` later than before it. */
export interface Move {
  readonly byMs: number;
  readonly toMs: number;
}

interface Dissent {
  /** The lead of the witness over trusted time. */
  readonly leadMs: number;
  /** Monotonic. */
  readonly sinceMs: number;
}

export interface ClockReadings {
  readonly machineMs: number;
  readonly monotonicMs: number;
}

/** A `Date` has whole seconds and may be as old as its exchange is long; clocks of servers differ by seconds. */
export const TOLERANCE_MS = 30_000;
/** Witnesses that contradict the machine's clock and trusted time must agree with one another for this long. */
export const DISSENT_MS = 10 * 60_000;

/**
 * A stored reply is kept this long after settling: the promised 7 days, and one for the errors of the ledger's clock.
 * While the outcome is unknown it is kept without limit.
 */
export const REPLY_RETENTION_MS = 8 * 24 * 60 * 60 * 1000;

/** `stored.trustedMs` is 0 in a new ledger, which has only the machine's clock to begin with. */
export function startTime(
  stored: { readonly trustedMs: number; readonly witnessedMs: number | null },
  { machineMs, monotonicMs }: ClockReadings,
): TrustedTime {
  return {
    trustedMs: stored.trustedMs === 0 ? machineMs : stored.trustedMs,
    monotonicMs,
    witnessedMs: stored.witnessedMs,
    isHeard: false,
    forward: [],
    hasMovedBack: false,
    dissent: null,
  };
}

/** Whole milliseconds since the epoch. */
export function timeAt(time: TrustedTime, { monotonicMs }: ClockReadings): number {
  return Math.floor(time.trustedMs + Math.max(0, monotonicMs - time.monotonicMs));
}

/**
 * The state after a witness. A witness moves the time when the machine's clock supports it: two independent clocks then
 * contradict trusted time. A witness that the machine's clock contradicts is ignored when that clock supports trusted
 * time; otherwise such witnesses must agree for DISSENT_MS. One answer with a wrong `Date` must not expire a key.
 */
export function hearWitness(time: TrustedTime, { atMs, kind }: Witness, readings: ClockReadings): TrustedTime {
  const { machineMs, monotonicMs } = readings;
  const nowMs = timeAt(time, readings);
  const leadMs = atMs - nowMs;
  if (kind === 'at_least') return leadMs > 0 && machineMs >= atMs - TOLERANCE_MS ? moved(time, atMs, readings) : time;
  if (isNear(atMs, nowMs)) return moved(time, Math.max(atMs, nowMs), readings);
  const isSupported = leadMs > 0 ? machineMs >= atMs - TOLERANCE_MS : isNear(machineMs, atMs);
  if (isSupported) return moved(time, atMs, readings);
  if (time.isHeard && isNear(machineMs, nowMs)) return time;
  const { dissent } = time;
  if (dissent === null || !isNear(dissent.leadMs, leadMs))
    return { ...time, dissent: { leadMs, sinceMs: monotonicMs } };
  return monotonicMs - dissent.sinceMs >= DISSENT_MS ? moved(time, atMs, readings) : time;
}

/**
 * How far the machine's clock is ahead of trusted time (behind: negative) when it is doubted; 0 when it is not. A lead
 * is doubted only after a witness: before the first one it is the time that passed without a running process.
 */
export function clockDoubtMs(time: TrustedTime, readings: ClockReadings): number {
  const leadMs = readings.machineMs - timeAt(time, readings);
  if (isNear(leadMs, 0)) return 0;
  return leadMs < 0 || time.isHeard || time.dissent !== null ? leadMs : 0;
}

function isNear(oneMs: number, otherMs: number): boolean {
  return Math.abs(oneMs - otherMs) <= TOLERANCE_MS;
}

function moved(time: TrustedTime, toMs: number, readings: ClockReadings): TrustedTime {
  const byMs = toMs - timeAt(time, readings);
  return {
    trustedMs: toMs,
    monotonicMs: readings.monotonicMs,
    witnessedMs: toMs,
    isHeard: true,
    forward: byMs > TOLERANCE_MS ? [...time.forward, { byMs, toMs }] : movesUpTo(toMs, time.forward),
    hasMovedBack: time.hasMovedBack || byMs < -TOLERANCE_MS,
    dissent: null,
  };
}

/** Moves without what lies behind `toMs`: the time was moved back there, and a later write must not repeat it. */
function movesUpTo(toMs: number, forward: readonly Move[]): readonly Move[] {
  return forward
    .map((move) => ({ byMs: move.byMs - Math.max(0, move.toMs - toMs), toMs: Math.min(move.toMs, toMs) }))
    .filter(({ byMs }) => byMs > 0);
}
