/**
 * How large the header section of a request may be: the request line and all field lines. The parser takes more than the
 * application, so that the application can answer what is too large itself: with the request's own CORS fields, so that
 * a page can read the answer. The largest token that an issuer may have follows from `HEADER_LIMIT_BYTES`.
 */

/** The parser's limit. A connection keeps at most this much of a request that is not complete. */
export const MAX_HEADER_BYTES = 32 * 1024;

/** The application's limit (431 `header_fields_too_large`). Browsers and proxies add up to 8 KiB beside a token. */
export const HEADER_LIMIT_BYTES = 28 * 1024;
