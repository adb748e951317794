/**
 * Reads the one preference that the service supports (RFC 7240 §4.4): `Prefer: handling=lenient`. Every other
 * preference is ignored, as the RFC requires. When `handling` has several values, the first one counts (§2).
 */
import type { Handling } from '../policy/decision.ts';
import type { Step } from './in-order.ts';

export function prefer(): Step {
  return function prefer(c) {
    c.set('handling', parseHandling(c.req.header('Prefer')));
    return undefined;
  };
}

/** One preference of the list. A comma inside a quoted string does not end it. */
const PREFERENCE = /(?:[^",]|"(?:[^"\\]|\\.)*")+/y;
const HANDLING = /^\s*handling\s*=\s*(?:"([a-z]+)"|([a-z]+))\s*(?:;|$)/i;

/** Names and values are case-insensitive tokens; a value may be quoted. A field that is not a list means `strict`. */
export function parseHandling(field: string | undefined): Handling {
  const text = field ?? '';
  for (let at = 0; at < text.length; at += 1) {
    PREFERENCE.lastIndex = at;
    const preference = PREFERENCE.exec(text)?.[0] ?? '';
    at += preference.length;
    if (at < text.length && text[at] !== ',') return 'strict';
    const [, quoted, token] = HANDLING.exec(preference) ?? [];
    const value = quoted ?? token;
    if (value !== undefined) return value.toLowerCase() === 'lenient' ? 'lenient' : 'strict';
  }
  return 'strict';
}
