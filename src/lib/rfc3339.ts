/** Log lines and records of one millisecond have the same time, so the last one is kept. */
let last = { epochMs: 0, text: '1970-01-01T00:00:00.000Z' };

/** Milliseconds since the epoch as an RFC 3339 time in UTC with milliseconds. Throws if no date has this value. */
export function rfc3339(epochMs: number): string {
  if (epochMs !== last.epochMs) last = { epochMs, text: new Date(epochMs).toISOString() };
  return last.text;
}
