/**
 * The results as CSV (RFC 4180), with a byte order mark so that spreadsheets read it as UTF-8. Where people write a decimal
 * comma, spreadsheets expect semicolons between cells, and put a line with commas into one column. What a spreadsheet would
 * take for a formula begins with an apostrophe, also behind the delimiter of another language: the file may be opened there.
 */
import { TEXTS } from '../../../texts.ts';
import type { Result } from './result.ts';

type Delimiter = ',' | ';';

/** What spreadsheets of this language expect; `language`: a BCP 47 tag, by default that of the browser. */
export function delimiterIn(language?: string): Delimiter {
  const parts = new Intl.NumberFormat(language).formatToParts(1.5);
  return parts.some(({ type, value }) => type === 'decimal' && value !== '.') ? ';' : ',';
}

export function csvOf(results: readonly Result[], delimiter: Delimiter): string {
  const { columns, kinds } = TEXTS.invite.results;
  const rows = results.map(({ email, kind, message, requestId }) => [
    email,
    kinds[kind],
    message ?? '',
    requestId ?? '',
  ]);
  const lines = [[columns.address, columns.result, columns.message, columns.request], ...rows].map((row) =>
    row.map((text) => cell(text, delimiter)).join(delimiter),
  );
  return `\uFEFF${lines.join('\r\n')}\r\n`;
}

function cell(text: string, delimiter: Delimiter): string {
  const safe = text.replaceAll(/(?<=^|[,;\t])(?=[=+\-@\t\r])/g, "'");
  return safe.includes(delimiter) || /["\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export function download(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/csv;charset=utf-8' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // Some browsers read it after the click has returned.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
