import { isObject, parseObject } from '../lib/parse-object.ts';
import type { UpstreamValidationError } from './failure.ts';

/**
 * The part of an upstream refusal that the caller may see: short plain text without email addresses. Galileo has four
 * error shapes: a `detail` list, a `detail` string (also on 422), `standard_error.message`, and text that is not JSON.
 * Only the members read here are passed on; `input` and `ctx`, which echo people's addresses, are not.
 */
export interface Refusal {
  /** Null when the upstream's answer has no text that can be shown. */
  readonly message: string | null;
  readonly errors: readonly UpstreamValidationError[] | null;
}

const MAX_MESSAGE_LENGTH = 500;
const MAX_LOC_LENGTH = 100;
const MAX_LOC_DEPTH = 16;
const MAX_ERRORS = 500;
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

/**
 * Reduces a text to one line of plain text: no control, format or bidi characters, no addresses, at most `maxLength`
 * characters; null when nothing is left.
 */
export function plainText(text: string, maxLength: number = MAX_MESSAGE_LENGTH): string | null {
  const line = text
    .replace(/[\s\p{Zl}\p{Zp}]+/gu, ' ')
    .replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cs}]/gu, '')
    .replace(/[^\s"'`<>()[\]{},;:=|]+/g, (word) => (/@|%40|＠|﹫/i.test(word) ? '[address]' : word))
    .trim();
  if (line === '') return null;
  if (line.length <= maxLength) return line;
  // The cut must not leave half a surrogate pair.
  return `${line.slice(0, maxLength - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}

function fromList(list: readonly unknown[]): Refusal {
  const errors = list.slice(0, MAX_ERRORS).flatMap((entry) => readError(entry) ?? []);
  if (errors.length === 0) return NOTHING;
  const shown = errors
    .slice(0, ERRORS_IN_MESSAGE)
    .map(({ loc, msg }) => (loc.length > 0 ? `${loc.join('.')}: ${msg}` : msg));
  const more = errors.length - shown.length;
  return { message: plainText(shown.join('; ') + (more > 0 ? `; and ${more} more` : '')), errors };
}

function readError(entry: unknown): UpstreamValidationError | null {
  if (!isObject(entry) || typeof entry['msg'] !== 'string') return null;
  const { type, loc } = entry;
  return {
    type: typeof type === 'string' && /^[a-z0-9_.]{1,64}$/.test(type) ? type : 'value_error',
    loc: Array.isArray(loc) ? loc.slice(0, MAX_LOC_DEPTH).flatMap((step) => readStep(step) ?? []) : [],
    msg: plainText(entry['msg']) ?? 'Invalid value',
  };
}

function readStep(step: unknown): string | number | null {
  if (typeof step === 'string') return plainText(step, MAX_LOC_LENGTH);
  return Number.isSafeInteger(step) ? (step as number) : null;
}
