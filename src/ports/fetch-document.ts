import type { ProxyFailure } from './http.ts';

/**
 * Reads one small public JSON document (a key set, discovery metadata) over HTTP GET.
 * Implementations never follow a redirect, send no credentials, and stop reading at `maxBytes`.
 */
export type FetchDocument = (request: DocumentRequest) => Promise<DocumentResult>;

export interface DocumentRequest {
  readonly url: string;
  /** For the whole exchange. */
  readonly timeoutMs: number;
  /** Counted after any content decoding, as the body arrives. */
  readonly maxBytes: number;
}

export type DocumentResult =
  | {
      readonly kind: 'document';
      readonly text: string;
      readonly contentType: string | null;
      /** How long ago the fetch of a shared document began; absent when it began for this request. */
      readonly ageMs?: number;
    }
  | { readonly kind: 'failed'; readonly reason: DocumentFailure; readonly status?: number };

/** Why there is no document, where no egress proxy is the cause. */
export const DOCUMENT_FAILURES = [
  'unreachable',
  'timeout',
  'redirected',
  'bad_status',
  'too_large',
  'not_utf8',
] as const;

export type DocumentFailure = (typeof DOCUMENT_FAILURES)[number] | ProxyFailure;

/** The type of the document is judged by its content. Some servers refuse a request that accepts only their other type. */
export const DOCUMENT_ACCEPT = 'application/json, application/jwk-set+json, */*;q=0.1';
