import { rfc3339 } from '../../lib/rfc3339.ts';

/** Parses a time as a user types it: RFC 3339 with an offset, or a date, which means its midnight in UTC. Pure. */
const DATE = /^\d{4}-\d{2}-\d{2}$/;
const MOMENT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/;

/**
 * Milliseconds since the epoch. Null when the text has neither form, or names a day that the calendar does not have.
 */
export function momentOf(text: string): number | null {
  if (!DATE.test(text) && !MOMENT.test(text)) return null;
  const day = text.slice(0, 10);
  const midnight = Date.parse(`${day}T00:00:00Z`);
  // Date.parse reads 30 February as 2 March.
  if (Number.isNaN(midnight) || rfc3339(midnight).slice(0, 10) !== day) return null;
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : at;
}
