/** Unique identifiers, injected so that tests can predict them. */
export interface Ids {
  /** A fresh UUIDv7 (RFC 9562 §5.7), lower-case and dashed. */
  uuid7(): string;
}
