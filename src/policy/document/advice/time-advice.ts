import * as z from 'zod';

/**
 * What to write instead of a value that is no day of the form YYYY-MM-DD. The result is the end of a sentence, or
 * nothing. Where a text has two readings (01/02/2027), none is suggested.
 */

/** Each form has one reading. */
const FORMS: readonly RegExp[] = [
  /^(?<year>\d{4})[-/.](?<month>\d{1,2})[-/.](?<day>\d{1,2})$/,
  /^(?<year>\d{4})(?<month>\d{2})(?<day>\d{2})$/,
  // With dots, the day comes first.
  /^(?<day>\d{1,2})\.(?<month>\d{1,2})\.(?<year>\d{4})$/,
  // With slashes, one order remains where a number is no month.
  /^(?<month>\d{1,2})[-/](?<day>1[3-9]|2\d|3[01])[-/](?<year>\d{4})$/,
  /^(?<day>1[3-9]|2\d|3[01])[-/](?<month>\d{1,2})[-/](?<year>\d{4})$/,
];
const WITH_TIME = /^\d{4}-\d{2}-\d{2}[Tt ]\s*\d{1,2}:/;

export function dayAdvice(value: unknown): string {
  const text = typeof value === 'string' || typeof value === 'number' ? String(value).trim() : '';
  if (value === null || /^(?:never|none|null|no|forever|unlimited)$/i.test(text))
    return '. A rule without an end has no until: remove the key';
  if (WITH_TIME.test(text)) return '. Write the day alone: the rule ends at 00:00 UTC of that day';
  for (const form of FORMS) {
    const parts = form.exec(text)?.groups;
    if (parts === undefined) continue;
    const { year = '', month = '', day = '' } = parts;
    const written = `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`;
    return z.iso.date().safeParse(written).success ? `. Write ${written}` : '. The calendar has no such day';
  }
  return /^\d{1,2}[-/]\d{1,2}[-/]\d{4}$/.test(text) ? '. Write the year first, then the month' : '';
}

/** For a moment of a test. */
export function instantAdvice(value: unknown): string {
  if (typeof value !== 'string') return value === null ? '' : dayAdvice(value);
  if (!WITH_TIME.test(value)) return dayAdvice(value);
  return '. Write a time in UTC with seconds, such as 2027-01-01T09:30:00Z';
}

/** For a window of a quota. */
export function windowAdvice(value: unknown): string {
  const text = typeof value === 'string' || typeof value === 'number' ? String(value).trim() : '';
  if (/^\d+$/.test(text)) return '. Write a unit after the number: m, h or d';
  const [, count = '', unit = ''] = /^(\d{1,4})\s*([a-z]*)$/i.exec(text) ?? [];
  const written = WINDOW_UNITS.find(({ named }) => named.test(unit))?.write(Number(count));
  return count === '' || written === undefined ? '' : `. Write ${written}`;
}

const WINDOW_UNITS: readonly { readonly named: RegExp; readonly write: (count: number) => string | undefined }[] = [
  { named: /^(?:min|mins|minutes?)$/i, write: (count) => `${count}m` },
  { named: /^(?:h|hr|hrs|hours?)$/i, write: (count) => `${count}h` },
  { named: /^(?:d|days?)$/i, write: (count) => (count <= 31 ? `${count}d` : undefined) },
  { named: /^(?:w|weeks?)$/i, write: (count) => (count <= 4 ? `${count * 7}d` : undefined) },
];
