/**
 * SHA-256 (FIPS 180-4) of bytes, or of a text as UTF-8: 64 lower-case hex digits. Synchronous, because the hash chain is
 * computed inside a ledger transaction. A port because a runtime's own implementation is several times faster than the
 * portable one (lib/sha256), and every record and every token is hashed.
 */
export type Sha256 = (data: string | Uint8Array) => string;
