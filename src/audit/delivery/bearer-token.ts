/**
 * Checks the bearer token of the http sink, as it is in a setting or a file. Surrounding white space is removed. The
 * message is the second half of a sentence that begins with the name of the setting. It never quotes the token.
 */
import { pastedFault } from '../../lib/text/pasted-secret.ts';

const MAX_LENGTH = 8_192;
/** Some collectors issue tokens that are base64 of a printable text, but none of a text with a line end behind it. */
const PRINTED_LINE = /^[\x21-\x7e]{8,}\r?\n$/;

export function trimBearerToken(text: string): string {
  return text.trim();
}

/** The problem with the token, or null. Every hop passes visible ASCII on unchanged (RFC 9110 §5.5). */
export function checkBearerToken(text: string): string | null {
  const token = trimBearerToken(text);
  if (token === '') return 'is empty';
  const pasted = pastedFault(token, { base64Of: PRINTED_LINE });
  if (pasted !== null) return pasted;
  if (!/^[\x21-\x7e]+$/.test(token)) return 'must be one word of visible ASCII characters, without "Bearer"';
  return token.length > MAX_LENGTH ? `is longer than ${MAX_LENGTH} characters` : null;
}
