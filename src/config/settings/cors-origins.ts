/**
 * The value of CORS_ORIGINS: origins, written exactly as browsers send them (RFC 6454 §6.2), because they are compared
 * byte for byte. An entry that means one origin and is written otherwise is refused with the text to write. No entry
 * that cannot be read is quoted.
 */
import * as z from 'zod';

/** An app shell or a browser extension: capacitor://localhost, tauri://localhost, chrome-extension://<id>. */
const SHELL_ORIGIN = /^[a-z][a-z\d+.-]*:\/\/[\w.-]+(?::\d{1,5})?$/;
/** Schemes whose pages have no such origin: they send `null`, or are no pages. */
const NO_ORIGIN = /^(?:about|blob|data|file|filesystem|ftp|javascript|mailto|wss?):/i;

export const corsOrigins = z
  .string()
  .transform((value) =>
    value
      .split(',')
      .map((origin) => origin.trim())
      .filter((origin) => origin !== ''),
  )
  .superRefine((origins, context) => {
    for (const [index, origin] of origins.entries()) {
      const problem = originProblem(origin);
      if (problem !== null) context.addIssue({ code: 'custom', message: `${problem} (entry ${index + 1})` });
    }
  });

/** What is wrong with an entry; null when it is an origin as a browser sends it. */
function originProblem(origin: string): string | null {
  if (/[;\s]/.test(origin))
    return 'must have its origins separated by commas, and not by semicolons, blanks or line ends';
  if (origin.includes('*')) return 'must name each origin; a wildcard is not accepted';
  if (origin === 'null')
    return 'must not have null: every sandboxed frame and every local file sends that, so it names no page';
  if (NO_ORIGIN.test(origin)) return 'must be origins like https://app.acme.com; pages of this scheme send none';
  const sent = originSent(origin);
  if (sent === origin) return null;
  if (sent !== null) return `must be written as browsers send it: ${sent}`;
  return 'must be origins like https://app.acme.com, separated by commas';
}

/** The origin that a browser sends for pages of this URL; null when the entry is no URL of a host. */
function originSent(entry: string): string | null {
  const url = URL.parse(entry);
  if (url === null || url.host === '' || url.username !== '' || url.password !== '') return null;
  if (/^https?:$/.test(url.protocol)) return url.origin;
  const origin = `${url.protocol}//${url.host}`;
  return SHELL_ORIGIN.test(origin) ? origin : null;
}
