import type { RecordAttempt } from '../audit/record.ts';
import type { Secret } from '../lib/secret.ts';
import type { Clock } from '../ports/clock.ts';
import type { LogFields, Logger } from '../ports/logger.ts';
import type { Metrics } from '../ports/metrics.ts';
import type { GalileoKeys, Secrets } from '../ports/secrets.ts';
import { createKeySearch, fingerprint, isSameKey } from './api-keys.ts';
import type { Breaker, BreakerVerdict } from './breaker.ts';
import { remaining } from './deadline.ts';
import type { NotSent, SendResult, Unknown } from './failure.ts';
import type { KeyUse } from './key-use.ts';
import { isProxyFailure } from '../ports/http.ts';
import type { Deadlines, HttpPort, HttpResult } from '../ports/http.ts';
import type { TraceFields } from './request.ts';
import { buildInviteRequest, checkKeyHeader, inviteUrl } from './request.ts';
import { guardResponse, type AnswerEnding } from './response-guard.ts';

/**
 * Sends one canonical body upstream, at most once. There are two exceptions. It sends again, once, when the port proves
 * that no byte left. It sends the same bytes again, once, with the next key, when a complete 401 proves that nothing
 * was done. The current key always goes first: remembering the key that worked would hide a dead key from the
 * operators. The returned function never throws.
 */
export type Send = (body: string, sentFor: SentFor) => Promise<SendResult>;

/** The request for which something is sent. Only the trace fields are sent with it. */
export interface SentFor {
  readonly requestId: string;
  readonly traceId: string;
  /** Null: Galileo gets no trace context. */
  readonly traceFields: TraceFields | null;
}

export interface SendDeps {
  readonly http: HttpPort;
  readonly secrets: Secrets;
  readonly keyUse?: Pick<KeyUse, 'note'> | undefined;
  readonly breaker: Breaker;
  readonly clock: Clock;
  readonly baseUrl: string;
  readonly keyHeader: string;
  /** For all attempts of one send together. */
  readonly deadlines: Deadlines;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly version: string;
}

/** The state of one running send. */
interface Sending {
  readonly body: string;
  readonly traceFields: TraceFields | null;
  /** The ids of the request, for log lines. */
  readonly ids: LogFields;
  readonly startedAtMs: number;
  readonly holdsKey: (text: string) => boolean;
  readonly attempts: RecordAttempt[];
  /** Becomes false with the one retry after a proven `not_sent`. */
  mayReconnect: boolean;
  /** Bytes may have left and no complete answer has been read, so after an exception the outcome is unknown. */
  bytesMayHaveLeft: boolean;
}

/** Throws a TypeError when the address or the key header is unfit; the message quotes neither. */
export function createSend(deps: SendDeps): Send {
  const { http, secrets, breaker, clock, metrics, logger, version } = deps;
  const url = inviteUrl(deps.baseUrl);
  const keyHeader = checkKeyHeader(deps.keyHeader);

  return async function send(body, { requestId, traceId, traceFields }) {
    const ids = { request_id: requestId, trace_id: traceId };
    let keys: GalileoKeys;
    try {
      keys = await secrets.galileoKeys();
    } catch {
      observe(() => logger.error('upstream_key_unavailable', ids));
      return { ...notSent('key_unavailable'), attempts: [] };
    }
    const entry = breaker.enter();
    if (entry.kind === 'refused') return { ...notSent('breaker_open'), retryAfterS: entry.retryAfterS, attempts: [] };

    const sending: Sending = {
      body,
      traceFields,
      ids,
      startedAtMs: clock.now(),
      holdsKey: createKeySearch(keys.next === null ? [keys.current] : [keys.current, keys.next]),
      attempts: [],
      mayReconnect: true,
      bytesMayHaveLeft: false,
    };
    let ending: AnswerEnding;
    try {
      ending = await sendWithKeys(sending, keys);
    } catch {
      // The exception may contain request fields, so it is not logged.
      observe(() => logger.error('upstream_send_interrupted', ids));
      ending = sending.bytesMayHaveLeft ? unknown('interrupted') : notSent('connect_failed');
    }
    if (isMisconfigured(ending)) {
      const { reason, upstreamStatus: status } = ending;
      observe(() => logger.error('upstream_misconfigured', { ...ids, reason, status }));
    }
    if (ending.kind === 'not_sent' && isProxyFailure(ending.reason)) {
      const { reason } = ending;
      observe(() => logger.error('egress_proxy_failed', { ...ids, reason }));
    }
    entry.report(verdictOf(ending));
    return { ...ending, attempts: sending.attempts };
  };

  async function sendWithKeys(sending: Sending, { current, next }: GalileoKeys): Promise<AnswerEnding> {
    const first = (await sendWith(sending, 'current', current)) ?? notSent('connect_timeout');
    if (!isKeyRejected(first)) return first;
    const reportRejected = (slot: RecordAttempt['slot'], key: Secret): void =>
      observe(() => logger.error('upstream_key_rejected', { ...sending.ids, slot, key_fingerprint: fingerprint(key) }));
    reportRejected('current', current);
    if (next === null || isSameKey(next, current)) return first;
    const second = (await sendWith(sending, 'next', next)) ?? first;
    if (isKeyRejected(second) && second !== first) reportRejected('next', next);
    return second;
  }

  async function sendWith(sending: Sending, slot: RecordAttempt['slot'], key: Secret): Promise<AnswerEnding | null> {
    const first = await attempt(sending, slot, key);
    if (first?.result.kind !== 'not_sent' || IS_FINAL.has(first.result.reason) || !sending.mayReconnect) {
      return first?.ending ?? null;
    }
    sending.mayReconnect = false;
    const second = await attempt(sending, slot, key);
    return (second ?? first).ending;
  }

  /** One recorded exchange; null when there is no time left for it. */
  async function attempt(sending: Sending, slot: RecordAttempt['slot'], key: Secret) {
    const startedAtMs = clock.now();
    const deadlines = remaining(deps.deadlines, startedAtMs - sending.startedAtMs);
    if (deadlines === null) return null;
    const request = buildInviteRequest({
      ...{ url, keyHeader, key, body: sending.body, deadlines, version },
      traceFields: sending.traceFields,
    });
    const note = (result: RecordAttempt['result'], status: number | null, reason: string | null) => {
      const durationMs = Math.max(0, clock.now() - startedAtMs);
      // In the order of RFC 8785, which saves the record a copy.
      sending.attempts.push({
        duration_ms: durationMs,
        key_fingerprint: fingerprint(key),
        ...(reason === null ? {} : { reason }),
        result,
        slot,
        ...(status === null ? {} : { status }),
      });
      observe(() => {
        metrics.count('upstream_attempts', { result, slot });
        metrics.observe('upstream_duration', durationMs / 1000, { result });
        logger.debug('upstream_attempt', { ...sending.ids, result, slot, status, reason, duration_ms: durationMs });
      });
    };

    sending.bytesMayHaveLeft = true;
    let result: HttpResult;
    try {
      result = await http.exchange(request);
    } catch (error) {
      note('maybe_sent', null, 'interrupted');
      throw error;
    }
    note(
      result.kind,
      result.kind === 'not_sent' ? null : result.status,
      result.kind === 'answered' ? null : result.reason,
    );
    const ending = endingOf(result, sending);
    const isTaken = isKeyTaken(ending);
    if (isTaken !== null) observe(() => deps.keyUse?.note(slot, key, isTaken));
    sending.bytesMayHaveLeft = ending.kind !== 'not_sent';
    return { result, ending };
  }

  function endingOf(result: HttpResult, { holdsKey, attempts }: Sending): AnswerEnding {
    switch (result.kind) {
      case 'not_sent': {
        const answered = attempts.findLast((earlier) => earlier.result === 'answered');
        return { ...notSent(result.reason), upstreamStatus: answered?.status ?? null };
      }
      case 'maybe_sent':
        return { ...unknown(result.reason), upstreamStatus: result.status };
      case 'answered':
        return guardResponse(result, { holdsKey, nowMs: clock.now() });
    }
  }
}

function notSent(reason: NotSent['reason']): NotSent {
  return { kind: 'not_sent', reason, upstreamStatus: null, retryAfterS: null };
}

function unknown(reason: Unknown['reason']): Unknown {
  return { kind: 'unknown', reason, upstreamStatus: null };
}

function isKeyRejected(ending: AnswerEnding): boolean {
  return ending.kind === 'not_sent' && ending.reason === 'credentials_rejected';
}

/** Null when the answer proves neither. */
function isKeyTaken(ending: AnswerEnding): boolean | null {
  if (isKeyRejected(ending)) return false;
  return ending.kind === 'accepted' || ending.kind === 'refused' ? true : null;
}

function isMisconfigured(ending: AnswerEnding): ending is NotSent {
  return ending.kind === 'not_sent' && (ending.reason === 'wrong_address' || ending.reason === 'egress_refused');
}

/**
 * Reasons that a second attempt would only repeat. A password that a proxy has refused must not be tried again at once:
 * that locks accounts.
 */
const IS_FINAL: ReadonlySet<NotSent['reason']> = new Set([
  'client_closed',
  'proxy_credentials_rejected',
  'proxy_refused',
]);

/** Reasons that do not indicate a failing upstream: our key, our configuration, its rate limit, our own shutdown. */
const NOT_THE_UPSTREAMS_FAULT: ReadonlySet<NotSent['reason']> = new Set([
  'credentials_rejected',
  'rate_limited',
  'wrong_address',
  'egress_refused',
  'proxy_credentials_rejected',
  'proxy_refused',
  'client_closed',
]);

function verdictOf(ending: AnswerEnding): BreakerVerdict {
  switch (ending.kind) {
    case 'accepted':
      return 'success';
    case 'refused':
      return 'ignored';
    case 'not_sent':
      return NOT_THE_UPSTREAMS_FAULT.has(ending.reason) ? 'ignored' : 'failure';
    case 'unknown':
      return 'failure';
  }
}

/** A failing logger or metric must not change the result of an invitation. */
function observe(task: () => void): void {
  try {
    task();
  } catch {
    // A failing logger cannot be logged.
  }
}
