/**
 * Lengths of time in words, for people. A wait is rounded up to the last unit shown, so that waiting as long as the words
 * say is never too short. A window of a quota is exact.
 */
const MINUTE_S = 60;
const HOUR_S = 60 * MINUTE_S;
const DAY_S = 24 * HOUR_S;

/** A wait: `34 s`, `5 min`, `3 h 56 min`, `2 d 3 h`. `seconds` is the value of the Retry-After field beside it. */
export function durationWords(seconds: number): string {
  if (seconds < MINUTE_S) return `${Math.max(1, Math.ceil(seconds))} s`;
  const minutes = Math.ceil(seconds / MINUTE_S);
  if (minutes < 60) return `${minutes} min`;
  if (minutes < 24 * 60) return twoUnits(minutes, 60, 'h', 'min');
  return twoUnits(Math.ceil(seconds / HOUR_S), 24, 'd', 'h');
}

function twoUnits(amount: number, size: number, large: string, small: string): string {
  const rest = amount % size;
  return `${Math.floor(amount / size)} ${large}${rest === 0 ? '' : ` ${rest} ${small}`}`;
}

/** The length of a quota's window: `1 min`, `6 h`, `1 day`, `7 days`. */
export function windowWords(windowMs: number): string {
  const seconds = windowMs / 1000;
  const days = seconds / DAY_S;
  if (Number.isInteger(days)) return days === 1 ? '1 day' : `${days} days`;
  return durationWords(seconds);
}
