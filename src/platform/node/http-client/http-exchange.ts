import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import type { Dispatcher } from 'undici';

import { createByteCollector } from '../../../lib/byte-collector.ts';
import type { ByteCollector } from '../../../lib/byte-collector.ts';
import { thrownCode } from '../../../lib/thrown.ts';
import type { HttpExchange, HttpResult, MaybeSentReason, NotSentReason } from '../../../ports/http.ts';
import { connectFailure } from './connect-failure.ts';

/** Takes the place of the body of an exchange that has ended. */
const NOTHING = createByteCollector(0);

/**
 * One HTTP exchange as a handler of undici's events. It decides whether the request was not sent, may have been sent,
 * or was answered. undici calls `onRequestStart` in the tick in which it writes the head to a connected socket, and
 * writes nothing before that call. Before it, `not_sent` is proven; after it, only a complete answer proves anything.
 * A start after the end of the exchange is aborted before a byte is written. So is a second start: undici may requeue a
 * request whose socket closed.
 */
export class HttpExchangeHandler implements Dispatcher.DispatchHandler {
  readonly #exchange: HttpExchange;
  readonly #settle: (result: HttpResult) => void;
  readonly #whyNoConnection: () => NotSentReason;
  readonly #endsAtMs: number;
  #phase: 'waiting' | 'sent' | 'answering' | 'settled' = 'waiting';
  /** Runs up to the end of this phase, or of an earlier one. */
  #timer: NodeJS.Timeout | undefined;
  #timerEndsAtMs = Infinity;
  #expiresAtMs = Infinity;
  #controller: Dispatcher.DispatchController | null = null;
  #status: number | null = null;
  #headers: Record<string, string> = {};
  #body: ByteCollector;

  /** `settle` is called exactly once. `whyNoConnection` is asked when no connection came in time. */
  constructor(
    exchange: HttpExchange,
    settle: (result: HttpResult) => void,
    whyNoConnection: () => NotSentReason = () => 'connect_timeout',
  ) {
    this.#exchange = exchange;
    this.#body = createByteCollector(exchange.maxResponseBytes);
    this.#settle = settle;
    this.#whyNoConnection = whyNoConnection;
    this.#endsAtMs = performance.now() + exchange.deadlines.totalMs;
    // This timeout covers the wait for a free connection too: a request in the pool's queue has not been sent either.
    this.#arm(exchange.deadlines.connectMs);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.#phase !== 'waiting') {
      controller.abort(new Error('exchange already started'));
      this.#fail('connection_lost');
      return;
    }
    this.#phase = 'sent';
    this.#controller = controller;
    this.#arm(this.#exchange.deadlines.headersMs);
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: ResponseHeaders): void {
    // Interim answers (RFC 9110 §15.2) prove nothing and extend no timeout.
    if (this.#phase === 'settled' || status < 200) return;
    this.#phase = 'answering';
    this.#status = status;
    this.#headers = joinHeaders(headers);
    this.#arm(this.#exchange.deadlines.bodyMs);
    if (Number(this.#headers['content-length']) > this.#exchange.maxResponseBytes) this.#fail('response_too_large');
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#phase === 'settled') return;
    if (!this.#body.add(chunk)) this.#fail('response_too_large');
  }

  onResponseEnd(): void {
    if (this.#phase !== 'answering' || this.#status === null) return this.#fail('protocol_error');
    const decoded = decodeContent(
      this.#body.bytes(),
      this.#headers['content-encoding'],
      this.#exchange.maxResponseBytes,
    );
    if (typeof decoded === 'string') return this.#fail(decoded);
    this.#end({ kind: 'answered', status: this.#status, headers: this.#headers, body: decoded });
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    if (this.#phase === 'waiting') this.#end({ kind: 'not_sent', reason: connectFailure(error) });
    else this.#fail(maybeSentReason(error));
  }

  /** Begins a phase. A timer that ends earlier is kept: most exchanges end before it, so each needs only one. */
  #arm(phaseMs: number): void {
    const nowMs = performance.now();
    this.#expiresAtMs = Math.min(nowMs + phaseMs, this.#endsAtMs);
    if (this.#timerEndsAtMs > this.#expiresAtMs) this.#startTimer(nowMs);
  }

  #startTimer(nowMs: number): void {
    clearTimeout(this.#timer);
    this.#timerEndsAtMs = this.#expiresAtMs;
    this.#timer = setTimeout(() => this.#wake(), Math.max(0, Math.ceil(this.#expiresAtMs - nowMs)));
  }

  #wake(): void {
    const nowMs = performance.now();
    if (nowMs < this.#expiresAtMs) return this.#startTimer(nowMs);
    if (this.#phase === 'waiting') this.#end({ kind: 'not_sent', reason: this.#whyNoConnection() });
    else this.#fail('timeout');
  }

  /** Ends without a complete answer and closes the connection, so that a late answer is never read. */
  #fail(reason: MaybeSentReason): void {
    if (this.#phase === 'settled') return;
    this.#end({ kind: 'maybe_sent', reason, status: this.#status });
    this.#controller?.abort(new Error(reason));
  }

  #end(result: HttpResult): void {
    if (this.#phase === 'settled') return;
    this.#phase = 'settled';
    clearTimeout(this.#timer);
    this.#body = NOTHING;
    this.#settle(result);
  }
}

/**
 * The reason after the start. Errors of the parser have a name but no code; a chunked answer cut short is one of them.
 */
function maybeSentReason(error: Error): MaybeSentReason {
  const malformed = error.name === 'HTTPParserError' || thrownCode(error) === 'UND_ERR_HEADERS_OVERFLOW';
  return malformed ? 'protocol_error' : 'connection_lost';
}

type ResponseHeaders = Readonly<Record<string, string | string[] | undefined>>;

function joinHeaders(headers: ResponseHeaders): Record<string, string> {
  const joined: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers))
    joined[name.toLowerCase()] = Array.isArray(value) ? value.join(', ') : (value ?? '');
  return joined;
}

type Decoder = (body: Uint8Array, options: { maxOutputLength: number }) => Uint8Array;

/** The content codings that `fetch` on Workers decodes by itself, so that both runtimes read the same answers. */
const DECODERS: ReadonlyMap<string, Decoder> = new Map([
  ['gzip', gunzipSync],
  ['br', brotliDecompressSync],
]);

/**
 * The decoded body, or the failure. Decoding is synchronous: it is rare, because requests ask for `identity`, and
 * bounded.
 */
function decodeContent(body: Uint8Array, coding: string | undefined, maxBytes: number): Uint8Array | MaybeSentReason {
  const name = coding?.trim().toLowerCase() ?? '';
  if (name === '' || name === 'identity' || body.byteLength === 0) return body;
  const decode = DECODERS.get(name);
  if (decode === undefined) return 'protocol_error';
  try {
    return decode(body, { maxOutputLength: maxBytes });
  } catch (error) {
    return thrownCode(error) === 'ERR_BUFFER_TOO_LARGE' ? 'response_too_large' : 'protocol_error';
  }
}
