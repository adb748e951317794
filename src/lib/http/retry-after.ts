/**
 * Parses Retry-After (RFC 9110 §10.2.3) into whole seconds, from 1 to a day. Null when the field is missing or has
 * neither of its two forms. Only the number is returned, never the server's text.
 */
const MAX_S = 86_400;
/** IMF-fixdate, the only form a sender may generate (RFC 9110 §5.6.7). */
const IMF_FIXDATE = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

export function retryAfterSeconds(field: string | undefined, nowMs: number): number | null {
  const value = field?.trim() ?? '';
  if (/^\d+$/.test(value)) return within(Number(value));
  if (!IMF_FIXDATE.test(value)) return null;
  const atMs = Date.parse(value);
  return Number.isNaN(atMs) ? null : within(Math.ceil((atMs - nowMs) / 1000));
}

function within(seconds: number): number {
  return Math.min(Math.max(seconds, 1), MAX_S);
}
