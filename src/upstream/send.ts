import type { RecordAttempt } from '../audit/record.ts';
import type { Clock } from '../ports/clock.ts';
import type { LogFields, Logger } from '../ports/logger.ts';
import type { Metrics } from '../ports/metrics.ts';
import type { Breaker, BreakerVerdict } from './breaker.ts';
import type { Credential, Credentials, CredentialVerdict, RequestCredentials } from './credentials.ts';
import { isCredential } from './credentials.ts';
import { remaining } from './deadline.ts';
import type { NotSent, SendResult, Unknown } from './failure.ts';
import type { KeyUse } from './key-use.ts';
import { isProxyFailure } from '../ports/http.ts';
import type { Deadlines, HttpPort, HttpResult } from '../ports/http.ts';
import type { TraceFields } from './request.ts';
import { buildInviteRequest, inviteUrl } from './request.ts';
import { guardResponse, type AnswerEnding } from './response-guard.ts';

/**
 * Sends one canonical body upstream, at most once. There are two exceptions. It sends again, once, when the port proves
 * that no byte left. It sends the same bytes again, once, with another credential (the next key, or a new token), when
 * a complete 401 proves that nothing was done. The returned function never throws.
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
  readonly credentials: Credentials;
  readonly keyUse?: Pick<KeyUse, 'note'> | undefined;
  readonly breaker: Breaker;
  readonly clock: Clock;
  readonly baseUrl: string;
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
  readonly credentials: RequestCredentials;
  readonly attempts: RecordAttempt[];
  /** Becomes false with the one retry after a proven `not_sent`. */
  mayReconnect: boolean;
  /** Bytes may have left and no complete answer has been read, so after an exception the outcome is unknown. */
  bytesMayHaveLeft: boolean;
}

/** Throws a TypeError when the address is unfit; the message does not quote it. */
export function createSend(deps: SendDeps): Send {
  const { http, breaker, clock, metrics, logger, version } = deps;
  const url = inviteUrl(deps.baseUrl);

  return async function send(body, { requestId, traceId, traceFields }) {
    const ids = { request_id: requestId, trace_id: traceId };
    let credentials: RequestCredentials;
    try {
      credentials = await deps.credentials.credentials();
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
      credentials,
      attempts: [],
      mayReconnect: true,
      bytesMayHaveLeft: false,
    };
    let ending: AnswerEnding;
    try {
      ending = await sendSignedIn(sending);
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

  async function sendSignedIn(sending: Sending): Promise<AnswerEnding> {
    const { credentials } = sending;
    const found = credentials.first(timeLeft(sending));
    const credential = found instanceof Promise ? await found : found;
    if (!isCredential(credential)) return credential;
    const first = (await sendWith(sending, credential)) ?? notSent('connect_timeout');
    if (!isRejected(first)) return first;
    const other = await credentials.afterRejection(credential, timeLeft(sending));
    if (other === null) return first;
    if (!isCredential(other)) return { ...other, upstreamStatus: first.upstreamStatus };
    return (await sendWith(sending, other)) ?? first;
  }

  function timeLeft({ startedAtMs }: Sending): number {
    return remaining(deps.deadlines, clock.now() - startedAtMs)?.totalMs ?? 0;
  }

  /** Sends with one credential, and reports what the answer proves about it: also that nothing does. */
  async function sendWith(sending: Sending, credential: Credential): Promise<AnswerEnding | null> {
    let ending: AnswerEnding | null = null;
    const { report } = sending.credentials;
    try {
      const first = await attempt(sending, credential);
      let last = first;
      if (first?.result.kind === 'not_sent' && !IS_FINAL.has(first.result.reason) && sending.mayReconnect) {
        sending.mayReconnect = false;
        last = (await attempt(sending, credential)) ?? first;
      }
      ending = last?.ending ?? null;
    } finally {
      if (report !== undefined) await report(credential, ending === null ? 'unproven' : verdictOnCredential(ending));
    }
    if (ending !== null && isRejected(ending)) {
      const { slot, fingerprint } = credential;
      const fields = { ...sending.ids, slot, key_fingerprint: fingerprint, ...schemeOf(credential) };
      observe(() => logger.error('upstream_key_rejected', fields));
    }
    return ending;
  }

  /** One recorded exchange; null when there is no time left for it. */
  async function attempt(sending: Sending, credential: Credential) {
    const { slot } = credential;
    const startedAtMs = clock.now();
    const deadlines = remaining(deps.deadlines, startedAtMs - sending.startedAtMs);
    if (deadlines === null) return null;
    const request = buildInviteRequest({
      ...{ url, credential, body: sending.body, deadlines, version },
      traceFields: sending.traceFields,
    });
    const note = (result: RecordAttempt['result'], status: number | null, reason: string | null) => {
      const durationMs = Math.max(0, clock.now() - startedAtMs);
      // In the order of RFC 8785, which saves the record a copy.
      sending.attempts.push({
        duration_ms: durationMs,
        key_fingerprint: credential.fingerprint,
        ...(reason === null ? {} : { reason }),
        result,
        ...schemeOf(credential),
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
    const verdict = verdictOnCredential(ending);
    if (verdict !== 'unproven') observe(() => deps.keyUse?.note(slot, credential.secret, verdict === 'accepted'));
    sending.bytesMayHaveLeft = ending.kind !== 'not_sent';
    return { result, ending };
  }

  function endingOf(result: HttpResult, { credentials, attempts }: Sending): AnswerEnding {
    switch (result.kind) {
      case 'not_sent': {
        const answered = attempts.findLast((earlier) => earlier.result === 'answered');
        return { ...notSent(result.reason), upstreamStatus: answered?.status ?? null };
      }
      case 'maybe_sent':
        return { ...unknown(result.reason), upstreamStatus: result.status };
      case 'answered':
        return guardResponse(result, { holdsKey: credentials.holdsSecret, nowMs: clock.now() });
    }
  }
}

function notSent(reason: NotSent['reason']): NotSent {
  return { kind: 'not_sent', reason, upstreamStatus: null, retryAfterS: null };
}

function unknown(reason: Unknown['reason']): Unknown {
  return { kind: 'unknown', reason, upstreamStatus: null };
}

/** Records and log lines name the scheme where it is not the usual one. */
function schemeOf({ scheme }: Credential): Pick<RecordAttempt, 'scheme'> {
  return scheme === 'api_key' ? {} : { scheme };
}

function isRejected(ending: AnswerEnding): ending is NotSent {
  return ending.kind === 'not_sent' && ending.reason === 'credentials_rejected';
}

function verdictOnCredential(ending: AnswerEnding): CredentialVerdict {
  if (isRejected(ending)) return 'rejected';
  const isProven = ending.kind === 'accepted' || ending.kind === 'refused';
  return isProven ? 'accepted' : 'unproven';
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
  'sign_in_refused',
  'sign_in_failed',
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
