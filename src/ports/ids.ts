/** Unique identifiers, injected so that tests can predict them. */
export interface Ids {
  /** A fresh UUIDv7 (RFC 9562 §5.7), lower-case and dashed. */
  uuid7(): string;
}

/** Random ids of W3C Trace Context (§3.2.2), in lower-case hex digits, not all zero. */
export interface TraceIds {
  /** 32 digits, the last 14 of which are random. */
  traceId(): string;
  /** 16 digits. */
  spanId(): string;
}
