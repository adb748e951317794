import { HEADER_LIMIT_BYTES } from '../lib/http/header-limit.ts';
import type { JsonSchema } from './json-schema.ts';
import { schemaRef } from './json-schema.ts';
import type { HeaderName } from './header-fields.ts';
import { headerRefs } from './header-fields.ts';
import type { ProblemCode } from '../contract/problem.ts';
import { PROBLEMS } from '../contract/problem.ts';

/**
 * The responses in /openapi.json: successes and refusals. The refusals of an operation are grouped by status from its
 * problem codes. The examples come from examples/.
 */
export type Answers = Readonly<Record<string, JsonSchema>>;

const BY_STATUS: Readonly<Record<string, readonly HeaderName[]>> = {
  '401': ['WWW-Authenticate'],
  '403': ['WWW-Authenticate'],
  '405': ['Allow'],
  '409': ['Retry-After', 'Content-Location'],
  '429': ['Retry-After', 'RateLimit-Policy', 'RateLimit'],
  '500': ['Content-Location'],
  '502': ['Content-Location', 'Retry-After'],
  '503': ['Retry-After'],
  '504': ['Content-Location', 'Retry-After'],
};

/** The description of each status. */
const SUMMARIES: Readonly<Record<string, string>> = {
  '400': 'The request itself is malformed.',
  '401': 'No access token, or not a good one.',
  '403': 'The token lacks the scope. Nothing was done.',
  '404': 'Nothing here by that name, or not yours.',
  '405': 'Not with this method.',
  '408': 'The request did not arrive in time. Nothing was sent.',
  '409': 'The first request with this Idempotency-Key has not ended yet.',
  '413': 'The body is larger than 64 KiB.',
  '415': 'The body is not plain application/json in UTF-8.',
  '422': 'The request is well-formed and wrong.',
  '429': 'A quota is used up, or Galileo asks for fewer requests. Nothing was done.',
  '431': `The URL and the header fields are larger than ${HEADER_LIMIT_BYTES / 1024} KiB.`,
  '4XX': "Galileo refused; the status is Galileo's own. Nothing was done.",
  '500': 'Something failed here.',
  '502': 'Galileo answered, but not in a way that can be passed on.',
  '503': 'Not possible right now. Nothing was sent.',
  '504': 'It is not known yet whether it was done. It will not be repeated by itself.',
};

/** Where one of these codes is possible, the description of its status says more. */
const SUMMARIES_WITH: readonly (readonly [ProblemCode, string])[] = [
  ['policy_denied', 'The token lacks the scope, or the org policy says no. Nothing was sent.'],
  ['person_required', 'The token lacks the scope, or it is not of a person. Nothing was done.'],
  ['already_settled', 'The request is settled already, or it has not ended yet.'],
];

/** An upstream refusal keeps its status, except for these: they have another meaning here. */
const NEVER_REFUSED_WITH = new Set(['401', '407', '408', '421', '426', '429']);

/** A response with these headers. `content` maps media types to schemas; null when there is no body. */
export function success(
  description: string,
  content: Record<string, JsonSchema> | null,
  headers: readonly HeaderName[] = [],
): JsonSchema {
  return { description, headers: headerRefs(headers), ...(content === null ? {} : { content }) };
}

export interface RefusalOptions {
  /** The operation has a body or refuses query parameters, so there is the 422 list of validation errors, too. */
  readonly hasInput?: boolean;
  /** Further header fields by status; those of `4XX` are for every refusal that may be Galileo's. */
  readonly fields?: Readonly<Record<string, readonly HeaderName[]>>;
}

/** One response per status of these codes, and `default` for any other refusal. */
export function refusals(
  codes: readonly ProblemCode[],
  { hasInput = false, fields = {} }: RefusalOptions = {},
): Answers {
  const byStatus = Map.groupBy(codes, (code) => String(PROBLEMS[code].status ?? '4XX'));
  if (hasInput && !byStatus.has('422')) byStatus.set('422', []);
  const passesOn = codes.includes('upstream_refused');
  const answers: Record<string, JsonSchema> = {};
  for (const [status, own] of byStatus) {
    const shared = passesOn && /^4\d\d$/.test(status) && !NEVER_REFUSED_WITH.has(status);
    const further = [...(fields[status] ?? []), ...(shared ? (fields['4XX'] ?? []) : [])];
    answers[status] = success(
      SUMMARIES_WITH.find(([code]) => own.includes(code))?.[1] ?? SUMMARIES[status] ?? 'Refused.',
      refusalContent(status, shared ? [...own, 'upstream_refused'] : own, status === '422' && hasInput),
      [...(BY_STATUS[status] ?? []), ...further],
    );
  }
  const anyOther = { 'application/problem+json': { schema: schemaRef('Problem') } };
  return { ...answers, default: success('Any other refusal.', anyOther) };
}

function refusalContent(
  status: string,
  codes: readonly ProblemCode[],
  listsErrors: boolean,
): Record<string, JsonSchema> {
  return {
    ...(listsErrors ? { 'application/json': { schema: schemaRef('InvalidRequest') } } : {}),
    ...(codes.length > 0 ? { 'application/problem+json': { schema: problemOf(status, codes) } } : {}),
  };
}

function problemOf(status: string, codes: readonly ProblemCode[]): JsonSchema {
  const exact = /^\d+$/.test(status) ? { status: { const: Number(status) } } : {};
  return {
    allOf: [schemaRef('Problem'), { type: 'object', properties: { ...exact, code: { type: 'string', enum: codes } } }],
  };
}
