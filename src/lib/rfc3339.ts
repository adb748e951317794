/** Milliseconds since the epoch as an RFC 3339 time in UTC with milliseconds. Throws if no date has this value. */
export function rfc3339(epochMs: number): string {
  return new Date(epochMs).toISOString();
}
