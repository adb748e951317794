/** The `Date` of an HTTP answer, as a bound on the time at which a clock made it. */
export interface AnswerDate {
  /** Milliseconds since the epoch. */
  readonly earliestMs: number;
  readonly latestMs: number;
}

/** IMF-fixdate, the only form a sender may generate (RFC 9110 §5.6.7). */
const IMF_FIXDATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/**
 * Null when there is no usable `Date`. `Date` has whole seconds. A cache reports in `Age`, also rounded, how long it
 * kept the answer (RFC 9111 §5.1). The names of `headers` are lower-case.
 */
export function answerDate(headers: Readonly<Record<string, string | undefined>>): AnswerDate | null {
  const date = headers['date'] ?? '';
  if (!IMF_FIXDATE.test(date)) return null;
  const age = /^\d{1,8}$/.test(headers['age'] ?? '') ? Number(headers['age']) : null;
  const earliestMs = Date.parse(date) + (age ?? 0) * 1000;
  return Number.isNaN(earliestMs) ? null : { earliestMs, latestMs: earliestMs + (age === null ? 999 : 1999) };
}
