import type * as z from 'zod';
import { codePointOf, replaceInvisible, shorten } from '../lib/text/invisible-text.ts';
import { inviteUsersSchema } from './invite-users.ts';
import type { JsonRefusal } from './strict-json.ts';
import { uuidFault } from './uuid-text.ts';

/**
 * The 422 body in the upstream's shape: it translates refusals of our schema and our JSON reader into pydantic v2's
 * error types, locations and messages. It decides nothing; an issue that it does not know becomes a `value_error`.
 * Invariants: errors are listed at once, in model order, with the caller's own indices, and without any value of the
 * caller's. The body is bounded: it lists MAX_LISTED_ERRORS errors, counts the rest, and shortens long names.
 */
export const VALIDATION_ERROR_TYPES = [
  'missing',
  'list_type',
  'too_short',
  'string_type',
  'enum',
  'uuid_type',
  'uuid_parsing',
  'uuid_version',
  'bool_type',
  'bool_parsing',
  'model_attributes_type',
  'extra_forbidden',
  'json_invalid',
  'value_error',
] as const;

export type ValidationErrorType = (typeof VALIDATION_ERROR_TYPES)[number];

export interface ValidationError {
  readonly type: ValidationErrorType;
  readonly loc: readonly (string | number)[];
  readonly msg: string;
}

/** The most errors that a refusal lists. `omitted` counts the rest. */
export const MAX_LISTED_ERRORS = 50;
/** Names of the caller's are shown up to this length, in characters. */
const MAX_NAME_LENGTH = 100;

/** What people quote when they report a refusal: the ids of the request that got it. */
export interface RequestIds {
  readonly requestId: string;
  /** Left out where no trace was read. */
  readonly traceId?: string | undefined;
}

/** The body of the 422. */
export interface InvalidRequest {
  readonly detail: readonly ValidationError[];
  /** The number of errors that `detail` leaves out; absent when it lists all of them. */
  readonly omitted?: number;
  readonly code: 'invalid_request';
  readonly origin: 'proxy';
  readonly request_id: string;
  readonly trace_id?: string;
}

export function invalidRequest(errors: readonly ValidationError[], { requestId, traceId }: RequestIds): InvalidRequest {
  const detail = errors.slice(0, MAX_LISTED_ERRORS).map(showPlace);
  const omitted = errors.length - detail.length;
  return {
    detail,
    ...(omitted === 0 ? {} : { omitted }),
    code: 'invalid_request',
    origin: 'proxy',
    request_id: requestId,
    ...(traceId === undefined ? {} : { trace_id: traceId }),
  };
}

function showPlace({ type, loc, msg }: ValidationError): ValidationError {
  return { type, loc: loc.map((step) => (typeof step === 'string' ? showName(step) : step)), msg };
}

/** With the code points of invisible characters in place of these, so that two names that differ look different. */
function showName(name: string): string {
  const visible = replaceInvisible(shorten(name, MAX_NAME_LENGTH), (character) => `<${codePointOf(character)}>`);
  return shorten(visible, MAX_NAME_LENGTH);
}

type Loc = ValidationError['loc'];
type Words = Omit<ValidationError, 'loc'>;
type Issue = z.core.$ZodIssue;

const MISSING: Words = { type: 'missing', msg: 'Field required' };
const BOOL_PARSING: Words = { type: 'bool_parsing', msg: 'Input should be a valid boolean, unable to interpret input' };
const EXTRA: Words = { type: 'extra_forbidden', msg: 'Extra inputs are not permitted' };

function at(loc: Loc, { type, msg }: Words): ValidationError {
  return { type, loc, msg };
}

const JSON_MESSAGES: Readonly<Record<JsonRefusal, string>> = {
  syntax: 'JSON decode error',
  byte_order_mark: 'JSON decode error: a byte order mark precedes the text',
  duplicate_name: 'JSON decode error: a member name is repeated within its object',
  lone_surrogate: 'JSON decode error: a string holds half a surrogate pair',
  not_finite: 'JSON decode error: a number is not finite',
  too_deep: 'JSON decode error: nested too deeply',
};

/** There is no body. A body of `null` gets the same error. */
export const missingBody: ValidationError = at(['body'], MISSING);

/** `position` counts code points from 0. */
export function jsonInvalid(position: number, reason: JsonRefusal): ValidationError {
  return at(['body', position], { type: 'json_invalid', msg: JSON_MESSAGES[reason] });
}

/** Query parameters: only `dry_run`, at most once, `true` or `false`. `parameters` are in the caller's order. */
export function queryErrors(parameters: Iterable<readonly [name: string, value: string]>): ValidationError[] {
  const errors: ValidationError[] = [];
  const seen = new Set<string>();
  for (const [name, value] of parameters) {
    const loc = ['query', name];
    if (name !== 'dry_run' || seen.has(name)) errors.push(at(loc, EXTRA));
    else if (value !== 'true' && value !== 'false') errors.push(at(loc, BOOL_PARSING));
    seen.add(name);
  }
  return errors;
}

/** Translates the issues of `inviteUsersSchema`, or of any other body schema. */
export function bodyErrors(issues: readonly Issue[], body: unknown): ValidationError[] {
  return issues
    .toSorted((one, other) => fieldRank(one) - fieldRank(other) || itemRank(one) - itemRank(other))
    .flatMap((issue) => translate(issue, body));
}

function translate(issue: Issue, body: unknown): ValidationError[] {
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => at(['body', key], EXTRA));
  const path = issue.path as (string | number)[];
  const words = (WORDS[wordsKey(issue)] ?? FALLBACK_WORDS)(valueAt(body, path), issue);
  return [at(['body', ...path], words)];
}

/** The key of WORDS for an issue: the type that zod expected, or else the code of the issue. */
function wordsKey(issue: Issue): string {
  if (issue.code !== 'invalid_type') return issue.code;
  return issue.path[0] === 'group_ids' && issue.path.length > 1 ? 'uuid' : issue.expected;
}

const FALLBACK_WORDS = (): Words => ({ type: 'value_error', msg: 'Value error, not acceptable' });

const WORDS: Readonly<Record<string, (input: unknown, issue: Issue) => Words>> = {
  object: (input) =>
    input === null || input === undefined
      ? MISSING
      : { type: 'model_attributes_type', msg: 'Input should be a valid dictionary or object to extract fields from' },
  array: (input) => (input === undefined ? MISSING : { type: 'list_type', msg: 'Input should be a valid list' }),
  string: (input) => (input === undefined ? MISSING : { type: 'string_type', msg: 'Input should be a valid string' }),
  uuid: () => ({ type: 'uuid_type', msg: 'UUID input should be a string, bytes or UUID object' }),
  boolean: (input) =>
    isUnreadableAsBoolean(input) ? BOOL_PARSING : { type: 'bool_type', msg: 'Input should be a valid boolean' },
  too_small: () => ({ type: 'too_short', msg: 'List should have at least 1 item after validation, not 0' }),
  invalid_value: (input, issue) =>
    input === undefined ? MISSING : { type: 'enum', msg: `Input should be ${alternatives(issue)}` },
  invalid_format: (input) => uuidFault(String(input)),
  custom: (_, issue) => ({ type: 'value_error', msg: issue.message }),
};

function alternatives(issue: Issue): string {
  const quoted = issue.code === 'invalid_value' ? issue.values.map((value) => `'${String(value)}'`) : [];
  return `${quoted.slice(0, -1).join(', ')} or ${quoted.at(-1)}`;
}

const BOOLEAN_WORDS = /^(?:0|off|f|false|n|no|1|on|t|true|y|yes)$/i;
const INT64_BOUND = 2 ** 63;

/** Strings and 64-bit integers that pydantic tries to read and cannot. Those that it can read are `bool_type` here. */
function isUnreadableAsBoolean(input: unknown): boolean {
  if (typeof input === 'string') return !BOOLEAN_WORDS.test(input);
  if (typeof input !== 'number' || !Number.isInteger(input)) return false;
  return input !== 0 && input !== 1 && input >= -INT64_BOUND && input < INT64_BOUND;
}

const MODEL_ORDER: readonly PropertyKey[] = Object.keys(inviteUsersSchema.shape);

function fieldRank(issue: Issue): number {
  return issue.code === 'unrecognized_keys' ? MODEL_ORDER.length : MODEL_ORDER.indexOf(issue.path[0] ?? '');
}

function itemRank(issue: Issue): number {
  return typeof issue.path[1] === 'number' ? issue.path[1] : -1;
}

function valueAt(body: unknown, path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>((value, key) => (value as Record<string | number, unknown> | undefined)?.[key], body);
}
