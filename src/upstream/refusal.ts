import { MAX_LISTED_ERRORS } from '../contract/validation-error.ts';
import { isObject, parseObject } from '../lib/parse-object.ts';
import { replaceInvisible, shorten } from '../lib/text/invisible-text.ts';
import type { UpstreamValidationError } from './failure.ts';

/**
 * The part of an upstream refusal that the caller may see: short plain text without email addresses. Galileo has four
 * error shapes: a `detail` list, a `detail` string (also on 422), `standard_error.message`, and text that is not JSON.
 * Only the members read here are passed on; `input` and `ctx`, which echo people's addresses, are not.
 */
export interface Refusal {
  /** Null when the upstream's answer has no text that can be shown. */
  readonly message: string | null;
  /** At most MAX_LISTED_ERRORS. */
  readonly errors: readonly UpstreamValidationError[] | null;
  /** The number of errors that `errors` leaves out; absent when it lists all of them. */
  readonly omittedErrors?: number;
}

const MAX_MESSAGE_LENGTH = 500;
const MAX_LOC_LENGTH = 100;
const MAX_LOC_DEPTH = 16;
const ERRORS_IN_MESSAGE = 3;
const NOTHING: Refusal = { message: null, errors: null };

/** `text` is the body; null when it was not UTF-8. */
export function readRefusal(text: string | null): Refusal {
  const body = parseObject(text ?? '');
  if (body === null) return NOTHING;
  if (Array.isArray(body['detail'])) return fromList(body['detail']);
  if (typeof body['detail'] === 'string') return { message: plainText(body['detail']), errors: null };
  const standard = body['standard_error'];
  if (isObject(standard) && typeof standard['message'] === 'string') {
    return { message: plainText(standard['message']), errors: null };
  }
  return NOTHING;
}

/** What routers answer with when they have no handler, without a word about the request. Django REST names the method. */
const BARE_NOT_FOUND = /^\s*(?:40[45][\s:.-]*)?(?:not found|method (?:"[A-Z]+" )?not allowed)[.\s]*$/i;

/**
 * Whether a 404 or 405 with this body comes from a router or another server. Galileo's handlers answer with a JSON
 * object that has `detail` or `standard_error`. Gateways have other members, or say no more than the status does.
 */
export function isBareNotFound(text: string | null): boolean {
  const body = parseObject(text ?? '');
  if (body === null) return true;
  const names = Object.keys(body);
  if (names.includes('standard_error')) return false;
  if (names.length > 0 && !names.includes('detail')) return true;
  // RFC 9457, with a `title`, is no shape of Galileo's.
  return ['detail', 'title', 'message', 'error'].some((name) => {
    const words = body[name];
    return typeof words === 'string' && BARE_NOT_FOUND.test(words);
  });
}

/**
 * Reduces a text to one line of plain text: no control, format or bidi characters, no addresses, at most `maxLength`
 * characters; null when nothing is left.
 */
export function plainText(text: string, maxLength: number = MAX_MESSAGE_LENGTH): string | null {
  const line = replaceInvisible(text.replace(/[\s\p{Zl}\p{Zp}]+/gu, ' '))
    .replace(/[^\s"'`<>()[\]{},;:=|]+/g, (word) => (/@|%40|＠|﹫/i.test(word) ? '[address]' : word))
    .trim();
  return line === '' ? null : shorten(line, maxLength);
}

/** A place in the request as people name it: `emails, entry 1`. */
function placeOf(loc: readonly (string | number)[]): string {
  return (loc[0] === 'body' ? loc.slice(1) : loc)
    .map((part) => (typeof part === 'number' ? `entry ${part + 1}` : part))
    .join(', ');
}

function fromList(list: readonly unknown[]): Refusal {
  const readable = list.filter(isError);
  if (readable.length === 0) return NOTHING;
  const errors = readable.slice(0, MAX_LISTED_ERRORS).map(readError);
  const omitted = readable.length - errors.length;
  const shown = errors
    .slice(0, ERRORS_IN_MESSAGE)
    .map(({ loc, msg }) => [placeOf(loc), msg].filter((words) => words !== '').join(': '));
  const more = readable.length - shown.length;
  const message = plainText(shown.join('; ') + (more > 0 ? `; and ${more} more` : ''));
  return { message, errors, ...(omitted === 0 ? {} : { omittedErrors: omitted }) };
}

interface ErrorEntry {
  readonly msg: string;
  readonly type?: unknown;
  readonly loc?: unknown;
}

function isError(entry: unknown): entry is ErrorEntry {
  return isObject(entry) && typeof entry['msg'] === 'string';
}

function readError({ type, loc, msg }: ErrorEntry): UpstreamValidationError {
  return {
    type: typeof type === 'string' && /^[a-z0-9_.]{1,64}$/.test(type) ? type : 'value_error',
    loc: Array.isArray(loc) ? loc.slice(0, MAX_LOC_DEPTH).flatMap((step) => readStep(step) ?? []) : [],
    msg: plainText(msg) ?? 'Invalid value',
  };
}

function readStep(step: unknown): string | number | null {
  if (typeof step === 'string') return plainText(step, MAX_LOC_LENGTH);
  return Number.isSafeInteger(step) ? (step as number) : null;
}
