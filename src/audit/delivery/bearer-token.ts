/**
 * The token of the http sink, as it stands in a setting or a file. White space around it is not part of it. The message
 * is the second half of a sentence that begins with the setting, and quotes nothing of the token.
 */
const MAX_LENGTH = 8_192;

export function trimBearerToken(text: string): string {
  return text.trim();
}

/** What is wrong with it, or null. Visible ASCII is what every hop passes on unchanged (RFC 9110 §5.5). */
export function checkBearerToken(text: string): string | null {
  const token = trimBearerToken(text);
  if (token === '') return 'is empty';
  if (!/^[\x21-\x7e]+$/.test(token)) return 'must be one word of visible ASCII characters, without "Bearer"';
  return token.length > MAX_LENGTH ? `is longer than ${MAX_LENGTH} characters` : null;
}
