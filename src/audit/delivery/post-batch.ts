import { gzip } from '../../lib/gzip.ts';
import { retryAfterSeconds } from '../../lib/http/retry-after.ts';
import type { Clock } from '../../ports/clock.ts';
import { isProxyFailure } from '../../ports/http.ts';
import type { HttpPort, HttpResult, MaybeSentReason, NotSentReason, ProxyFailure } from '../../ports/http.ts';
import type { SinkFailure } from './sink.ts';
import { SinkError } from './sink.ts';

/**
 * Sends one batch to one collector with an HTTP POST. Only a complete 2xx answer acknowledges the batch. Every other
 * result is a SinkError, which contains nothing of the request or of the answer. A request is never repeated here. The
 * HTTP port never follows a redirect, so a token is sent only to the configured address.
 */
export interface BatchPost {
  readonly url: string;
  /** Without Content-Encoding and Accept-Encoding, which are set here. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly compression: 'gzip' | 'none';
  /** For the whole exchange. */
  readonly timeoutMs: number;
}

export interface PostDeps {
  readonly http: HttpPort;
  readonly clock: Clock;
}

/** Answers about a batch are short. A long error page is not read to its end. */
const MAX_ANSWER_BYTES = 256 * 1024;

/** Resolves with the body of the 2xx answer. */
export async function postBatch({ http, clock }: PostDeps, post: BatchPost): Promise<Uint8Array> {
  const { url, headers, body, compression, timeoutMs } = post;
  const isCompressed = compression === 'gzip';
  const result = await http.exchange({
    method: 'POST',
    url,
    headers: {
      ...headers,
      'Accept-Encoding': 'identity',
      ...(isCompressed ? { 'Content-Encoding': 'gzip' } : {}),
    },
    body: isCompressed ? await gzip(body) : body,
    deadlines: { connectMs: timeoutMs, headersMs: timeoutMs, bodyMs: timeoutMs, totalMs: timeoutMs },
    maxResponseBytes: MAX_ANSWER_BYTES,
  });
  if (result.kind === 'answered' && result.status >= 200 && result.status <= 299) return result.body;
  throw failureOf(result, clock.now());
}

const WITHOUT_ANSWER = {
  connect_failed: 'unreachable',
  connect_timeout: 'unreachable',
  tls_failed: 'unreachable',
  name_not_resolved: 'unreachable',
  client_closed: 'unreachable',
  timeout: 'timeout',
  connection_lost: 'connection_lost',
  protocol_error: 'unreadable_answer',
  response_too_large: 'unreadable_answer',
} as const satisfies Record<Exclude<NotSentReason, ProxyFailure> | MaybeSentReason, SinkFailure>;

/** Other statuses are `server_error` from 500 on, and `refused` below 500, which includes redirects. */
const BY_STATUS: Readonly<Record<number, SinkFailure>> = {
  401: 'credentials_rejected',
  403: 'credentials_rejected',
  413: 'too_large',
  429: 'rate_limited',
};

/** Statuses whose Retry-After is used (RFC 6585 §4, RFC 9110 §15.6.4). */
const MAY_ASK_TO_WAIT: ReadonlySet<number> = new Set([429, 503]);

function failureOf(result: HttpResult, nowMs: number): SinkError {
  if (result.kind !== 'answered') {
    const { reason } = result;
    return new SinkError(isProxyFailure(reason) ? reason : WITHOUT_ANSWER[reason]);
  }
  const { status, headers } = result;
  const waitS = MAY_ASK_TO_WAIT.has(status) ? retryAfterSeconds(headers['retry-after'], nowMs) : null;
  return new SinkError(
    BY_STATUS[status] ?? (status >= 500 ? 'server_error' : 'refused'),
    waitS === null ? null : waitS * 1000,
  );
}
