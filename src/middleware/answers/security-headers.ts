/**
 * Begins the header fields of every answer with the security fields of an API whose answers are never framed, sniffed
 * or cached. An answer belongs to one caller, hence `no-store`. A route that serves a page brings its own
 * Content-Security-Policy and its own Cache-Control, which replace these. It runs before every step that adds a field.
 */
import type { AnswerFields } from '../app-env.ts';
import type { Step } from '../in-order.ts';

export const CONTENT_SECURITY_POLICY = 'Content-Security-Policy';

const FIELDS: Readonly<AnswerFields> = {
  'Cache-Control': 'no-store',
  [CONTENT_SECURITY_POLICY]: "default-src 'none'; frame-ancestors 'none'",
  'Referrer-Policy': 'no-referrer',
  'Strict-Transport-Security': 'max-age=31536000; includeSubDomains',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
};

export function securityHeaders(): Step {
  return function securityHeaders(c) {
    c.set('fields', { ...FIELDS });
    return undefined;
  };
}
