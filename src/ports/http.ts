/**
 * One HTTP exchange. Its result states whether a byte of the request left and whether a complete answer came, because
 * these two facts decide if the request may be sent again. Implementations never follow a redirect, never retry, and
 * never put request headers into an error.
 */
export interface HttpPort {
  exchange(request: HttpExchange): Promise<HttpResult>;
}

export interface HttpExchange {
  readonly method: 'POST' | 'GET' | 'PUT';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array<ArrayBuffer> | null;
  readonly deadlines: Deadlines;
  /** Counted as the body arrives, after content decoding. */
  readonly maxResponseBytes: number;
}

/** All in milliseconds. `totalMs` bounds the whole exchange, even if the others are longer. */
export interface Deadlines {
  readonly connectMs: number;
  readonly headersMs: number;
  readonly bodyMs: number;
  readonly totalMs: number;
}

export type HttpResult =
  /** It is certain that no byte of the request left. */
  | { readonly kind: 'not_sent'; readonly reason: NotSentReason }
  /** Bytes may have left, but no complete answer came. `status` is null if not even the head of one came. */
  | { readonly kind: 'maybe_sent'; readonly reason: MaybeSentReason; readonly status: number | null }
  /** A complete answer; `headers` names are lower-case, repeated ones joined by ", ". */
  | {
      readonly kind: 'answered';
      readonly status: number;
      readonly headers: Readonly<Record<string, string>>;
      readonly body: Uint8Array;
    };

/** Why no byte of the request left, where no egress proxy is the cause. */
export const CONNECT_FAILURES = [
  'connect_failed',
  'connect_timeout',
  'tls_failed',
  'name_not_resolved',
  'client_closed',
] as const;

export type NotSentReason = (typeof CONNECT_FAILURES)[number] | ProxyFailure;

/**
 * Why the egress proxy opened no tunnel to the target, so that no byte of the request left. Only where there is such a
 * proxy (Node, HTTPS_PROXY).
 */
export const PROXY_FAILURES = [
  'proxy_name_not_resolved',
  'proxy_unreachable',
  'proxy_tls_failed',
  /** It did not answer CONNECT in time. */
  'proxy_timeout',
  /** 407. */
  'proxy_credentials_rejected',
  /** It answered CONNECT with another status below 500. */
  'proxy_refused',
  /** It answered CONNECT with 500 or more, as proxies do that cannot connect to the target. */
  'proxy_target_unreachable',
  /** It does not answer as an HTTP proxy. */
  'proxy_protocol_error',
  /** It ended the connection before TLS with the target was set up. */
  'proxy_connection_lost',
] as const;

export type ProxyFailure = (typeof PROXY_FAILURES)[number];

export function isProxyFailure(reason: string): reason is ProxyFailure {
  return PROXY_FAILURES.some((failure) => failure === reason);
}

export const MAYBE_SENT_REASONS = ['timeout', 'connection_lost', 'protocol_error', 'response_too_large'] as const;

export type MaybeSentReason = (typeof MAYBE_SENT_REASONS)[number];
