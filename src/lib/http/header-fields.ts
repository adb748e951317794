/** The name of a header field (RFC 9110 §5.1): a token (§5.6.2). */
export const FIELD_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/**
 * Fields that belong to an HTTP message itself, in lower case. The HTTP client or the code that builds the message
 * writes them, so no setting may name one.
 */
export const MESSAGE_FIELDS: ReadonlySet<string> = new Set([
  'accept-encoding',
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'expect',
  'host',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'user-agent',
]);
