import type { Accepted, NotSent, Refused, Unknown } from './failure.ts';
import type { HttpResult } from '../ports/http.ts';
import { readRefusal } from './refusal.ts';
import { isWebPage, isWrongAddress } from './wrong-address.ts';
import { retryAfterSeconds } from '../lib/http/retry-after.ts';
import { decodeUtf8 } from '../lib/text/utf8.ts';

/**
 * Turns a complete upstream answer into a result (docs/architecture.md, "Endings"). It passes on only what a caller may
 * see: the JSON text of a 2xx, the plain text of a refusal, the seconds of Retry-After. No upstream header field is
 * passed on. The fields of an answer that is shown are searched for the key, like its body.
 */
export type Answered = Extract<HttpResult, { kind: 'answered' }>;
export type AnswerEnding = Accepted | Refused | NotSent | Unknown;

export interface GuardContext {
  /** From `createKeySearch`, over every key that could have been sent. */
  readonly holdsKey: (text: string) => boolean;
  readonly nowMs: number;
}

type Reader = (answer: Answered, context: GuardContext) => AnswerEnding;

/** The first row that covers the status decides. A status that no row covers is not a valid answer to a POST. */
const READINGS: readonly { readonly from: number; readonly to: number; readonly read: Reader }[] = [
  { from: 200, to: 299, read: readSuccess },
  { from: 300, to: 399, read: unknown('redirect') },
  { from: 401, to: 401, read: notSent('credentials_rejected') },
  { from: 407, to: 407, read: notSent('egress_refused') },
  { from: 408, to: 408, read: unknown('request_timeout') },
  { from: 429, to: 429, read: readRateLimited },
  { from: 400, to: 499, read: readVerdict },
  { from: 500, to: 599, read: unknown('server_error') },
];

/** RFC 9110 §15.3.5, §15.3.6: these have no content, so bytes that came with one cannot be passed on. */
const NO_CONTENT: ReadonlySet<number> = new Set([204, 205]);

export function guardResponse(answer: Answered, context: GuardContext): AnswerEnding {
  const row = READINGS.find(({ from, to }) => answer.status >= from && answer.status <= to);
  return (row?.read ?? unknown('unusable_response'))(answer, context);
}

function readSuccess(answer: Answered, { holdsKey }: GuardContext): Accepted | Unknown {
  const text = NO_CONTENT.has(answer.status) ? '' : decodeUtf8(answer.body, 'remove');
  const isUsable = text === '' ? !isEmptyPage(answer) : text !== null && isJson(answer.headers['content-type'], text);
  if (text === null || !isUsable) {
    return { kind: 'unknown', reason: 'unusable_response', upstreamStatus: answer.status };
  }
  const withheld = holdsKey(text) || headersHoldKey(answer, holdsKey);
  return {
    kind: 'accepted',
    status: answer.status,
    body: withheld ? null : text,
    withheld: withheld ? 'contains_key' : null,
  };
}

/** An empty body passes as empty, but an empty web page is not Galileo's. A 204 often keeps a framework's default type. */
function isEmptyPage(answer: Answered): boolean {
  return !NO_CONTENT.has(answer.status) && isWebPage(answer);
}

function readRefused(answer: Answered, { holdsKey }: GuardContext): Refused {
  const { status } = answer;
  const text = decodeUtf8(answer.body, 'remove');
  const { message, ...listed } = readRefusal(text);
  // Searched again after sanitising: removing characters may join the parts of a key.
  const leaks =
    holdsKey(text ?? latin1(answer.body)) ||
    headersHoldKey(answer, holdsKey) ||
    holdsKey(message ?? '') ||
    holdsKey(JSON.stringify(listed.errors));
  if (leaks || message === null) {
    return {
      kind: 'refused',
      status,
      message: `Galileo refused the invitation with status ${status}.`,
      ...(leaks ? { errors: null } : listed),
    };
  }
  return { kind: 'refused', status, message, ...listed };
}

/** Galileo refuses, or no handler of Galileo's gave the answer: then the request went to a wrong address. */
function readVerdict(answer: Answered, context: GuardContext): Refused | NotSent {
  return isWrongAddress(answer) ? notSent('wrong_address')(answer) : readRefused(answer, context);
}

function notSent(reason: NotSent['reason']): (answer: Answered) => NotSent {
  return (answer) => ({ kind: 'not_sent', reason, upstreamStatus: answer.status, retryAfterS: null });
}

function readRateLimited(answer: Answered, { nowMs }: GuardContext): NotSent {
  const retryAfterS = retryAfterSeconds(answer.headers['retry-after'], nowMs);
  return { kind: 'not_sent', reason: 'rate_limited', upstreamStatus: answer.status, retryAfterS };
}

function unknown(reason: Unknown['reason']): (answer: Answered) => Unknown {
  return (answer) => ({ kind: 'unknown', reason, upstreamStatus: answer.status });
}

function headersHoldKey(answer: Answered, holdsKey: GuardContext['holdsKey']): boolean {
  return Object.entries(answer.headers).some(([name, value]) => holdsKey(`${name}: ${value}`));
}

function latin1(body: Uint8Array): string {
  return new TextDecoder('latin1').decode(body);
}

const JSON_TYPE = /^\s*application\/(?:[!#$&^_.+\-0-9a-z]+\+)?json\s*(?:;|$)/i;
/** The entries of a list. A comma inside a quoted parameter does not end one. */
const ENTRY = /(?:[^",]|"(?:[^"\\]|\\.)*"?)+/g;

/** A gateway may add the field a second time. Then each of them must say JSON. */
function isJson(contentType: string | undefined, text: string): boolean {
  const types = contentType?.match(ENTRY) ?? [''];
  if (!types.every((type) => JSON_TYPE.test(type))) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
