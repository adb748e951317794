/** The ids in the examples of /openapi.json. Each stands for the same thing in all of them. */

/** The `X-Request-Id` of the answer itself. */
export const ANSWER_ID = '0190a5d4-7c3a-7b1e-9f60-3f5d0c2b9e11';
/** An earlier invite that a request is about. */
export const INVITE_ID = '0190a5d4-11c0-7c52-8d3b-6a1f0e9b4d27';
/** The invite after it. */
export const NEXT_INVITE_ID = '0190a5d4-2f9e-7a08-b1c4-0d5e8f7a6b31';
/** The trace of the request itself, of the earlier invite and of the one after it. */
export const ANSWER_TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';
export const INVITE_TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
export const NEXT_INVITE_TRACE_ID = '7b2e9c41d05f4a6893e1b7f2c8d4a650';
/** A group of Galileo. */
export const GROUP_ID = '9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d';
/** The digest of the policy in force. */
export const DIGEST = '0f'.repeat(32);
/** SHA-256 of a document, of the bytes for Galileo, and of an Idempotency-Key. */
export const DOCUMENT_DIGEST = '3b'.repeat(32);
export const REQUEST_DIGEST = '5c'.repeat(32);
export const KEY_DIGEST = '7d'.repeat(32);
/** The hashes of the first two records of a trail. */
export const FIRST_HASH = '91'.repeat(32);
export const SECOND_HASH = 'a2'.repeat(32);
/** The `id` of the first two records. */
export const FIRST_RECORD_ID = '0190a5d4-11c1-7e0a-9a4c-2b7d8e6f5a43';
export const SECOND_RECORD_ID = '0190a5d4-12b7-7f31-8c05-4d9e1a2b3c64';
