import { gzip } from '../../lib/gzip.ts';
import { isHtmlPage } from '../../lib/http/html-page.ts';
import { retryAfterSeconds } from '../../lib/http/retry-after.ts';
import type { Clock } from '../../ports/clock.ts';
import { isProxyFailure } from '../../ports/http.ts';
import type { HttpPort, MaybeSentReason, NotSentReason, ProxyFailure } from '../../ports/http.ts';
import type { Schedule } from '../../ports/schedule.ts';
import { withDeadline } from '../../tasks/with-deadline.ts';
import type { SinkFailure } from './sink.ts';
import { SinkError } from './sink.ts';

/**
 * Sends one batch to one collector with an HTTP POST. Only a complete 2xx answer that is no page in HTML can acknowledge
 * the batch. Every other result is a SinkError, which contains nothing of the request or of the answer. A request is never
 * repeated here. The HTTP port never follows a redirect, so a token is sent only to the configured address.
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
  readonly schedule: Schedule;
}

/** The client ends an exchange by its deadlines. Should it not, the batch is a `timeout` so much later. */
export const HANGING_AFTER_MS = 5_000;

/** Answers about a batch are short. A long error page is not read to its end: its status says enough. */
const MAX_ANSWER_BYTES = 256 * 1024;

/** A complete answer. `text` is its body as UTF-8. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  readonly text: string;
}

/** Resolves with the 2xx answer. `reasonOf` may know more of another answer than its status says; null: it does not. */
export async function postBatch(
  { http, clock, schedule }: PostDeps,
  post: BatchPost,
  reasonOf: (answer: HttpAnswer) => SinkFailure | null = () => null,
): Promise<HttpAnswer> {
  const { url, headers, body, compression, timeoutMs } = post;
  const isCompressed = compression === 'gzip';
  const exchange = http.exchange({
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
  const result = await withDeadline(exchange, {
    schedule,
    deadlineMs: timeoutMs + HANGING_AFTER_MS,
    onTimeout: () => new SinkError('timeout'),
  });
  if (result.kind === 'maybe_sent' && result.status !== null && !isSuccess(result.status)) {
    const head = { status: result.status, headers: {}, body: new Uint8Array(), text: '' };
    throw failureOf(head, reasonOf(head), clock.now());
  }
  if (result.kind !== 'answered') throw new SinkError(reasonWithoutAnswer(result.reason));
  const { status, headers: fields, body: bytes } = result;
  const answer = { status, headers: fields, body: bytes, text: new TextDecoder().decode(bytes) };
  if (!isSuccess(status)) throw failureOf(answer, reasonOf(answer), clock.now());
  // The page of a proxy or of a sign-in has stored nothing.
  if (isHtmlPage(answer.text)) throw new SinkError('wrong_address');
  return answer;
}

function isSuccess(status: number): boolean {
  return status >= 200 && status <= 299;
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

/** Other statuses are `server_error` from 500 on, `wrong_address` where they redirect, and else `refused`. */
const BY_STATUS: Readonly<Record<number, SinkFailure>> = {
  400: 'content_refused',
  401: 'credentials_rejected',
  403: 'credentials_rejected',
  404: 'wrong_address',
  405: 'wrong_address',
  408: 'timeout',
  410: 'wrong_address',
  413: 'too_large',
  422: 'content_refused',
  429: 'rate_limited',
};

/** Statuses whose Retry-After is used (RFC 6585 §4, RFC 9110 §15.6.4). */
const MAY_ASK_TO_WAIT: ReadonlySet<number> = new Set([429, 503]);

function reasonWithoutAnswer(reason: NotSentReason | MaybeSentReason): SinkFailure {
  return isProxyFailure(reason) ? reason : WITHOUT_ANSWER[reason];
}

function failureOf({ status, headers }: HttpAnswer, known: SinkFailure | null, nowMs: number): SinkError {
  const waitS = MAY_ASK_TO_WAIT.has(status) ? retryAfterSeconds(headers['retry-after'], nowMs) : null;
  return new SinkError(known ?? reasonByStatus(status), waitS === null ? null : waitS * 1000);
}

function reasonByStatus(status: number): SinkFailure {
  const known = BY_STATUS[status];
  if (known !== undefined) return known;
  if (status >= 500) return 'server_error';
  return status >= 300 && status <= 399 ? 'wrong_address' : 'refused';
}
