import { inviteUsersSchema } from '../contract/invite-users.ts';
import { HEADER_LIMIT_BYTES } from '../lib/http/header-limit.ts';
import type { JsonSchema } from './json-schema.ts';
import { schemaRef } from './json-schema.ts';
import { EXAMPLE_REQUEST_ID } from './schemas.ts';
import type { ProblemCode, ProblemExtras } from '../contract/problem.ts';
import { PROBLEMS, problem } from '../contract/problem.ts';
import type { InvalidRequest } from '../contract/validation-error.ts';
import { bodyErrors, invalidRequest } from '../contract/validation-error.ts';

/**
 * The responses in /openapi.json: header fields, successes, and refusals. The refusals of an operation are grouped by
 * status from its problem codes. The functions that build real answers also build the examples, so they always match.
 */
export type Answers = Readonly<Record<string, JsonSchema>>;

/** Every header field that an answer can carry: its description and an example. */
const HEADERS = {
  'X-Request-Id': ['The id of this request (UUIDv7), also in the audit trail.', EXAMPLE_REQUEST_ID],
  'Policy-Digest': ['SHA-256 of the policy that was in force.', `sha256:${'0f'.repeat(32)}`],
  Vary: ['What the answer depends on, for caches.', 'Origin, Prefer'],
  'RateLimit-Policy': [
    'Your quotas: q is the limit, w the window in seconds (IETF draft ratelimit-headers).',
    '"app-day";q=500;w=86400',
  ],
  RateLimit: ['What is left: r units, t seconds until the window ends.', '"app-day";r=12;t=3600'],
  'Retry-After': ['Seconds to wait before asking again.', '5'],
  'WWW-Authenticate': ['RFC 6750: what is wrong with the credentials.', 'Bearer error="invalid_token"'],
  Allow: ['The methods this path takes.', 'POST'],
  ETag: ['The version of this document, for If-None-Match (RFC 9110).', `"${'0f'.repeat(32)}"`],
  'Idempotency-Replayed': [
    '`true`: this is the stored answer to an earlier request with this Idempotency-Key.',
    'true',
  ],
  'Preference-Applied': ['The preference that shaped this answer (RFC 7240).', 'handling=lenient'],
  'Audit-Unreadable-Records': [
    'Records that cannot be read, so that it is unknown whether they match (RFC 9651): their number, and the `seq` of the first 100.',
    'count=2, seq=(57 58)',
  ],
  'Content-Location': [
    'Where to see what became of a request: this one (502, 504, the one to be settled), or the first one with this key (409, replays).',
    `/v2/invite_requests/${EXAMPLE_REQUEST_ID}`,
  ],
} as const;

export type HeaderName = keyof typeof HEADERS;

const ON_EVERY_ANSWER: readonly HeaderName[] = ['X-Request-Id', 'Policy-Digest', 'Vary'];

const BY_STATUS: Readonly<Record<string, readonly HeaderName[]>> = {
  '401': ['WWW-Authenticate'],
  '403': ['WWW-Authenticate'],
  '405': ['Allow'],
  '409': ['Retry-After', 'Content-Location'],
  '429': ['Retry-After', 'RateLimit-Policy', 'RateLimit'],
  '502': ['Content-Location', 'Retry-After'],
  '503': ['Retry-After'],
  '504': ['Content-Location', 'Retry-After'],
};

/** The description of each status. */
const SUMMARIES: Readonly<Record<string, string>> = {
  '400': 'The request itself is malformed.',
  '401': 'No access token, or not a good one.',
  '403': 'The token lacks the scope or is not of a person, or the org policy says no. Nothing was sent.',
  '404': 'Nothing here by that name, or not yours.',
  '405': 'Not with this method.',
  '408': 'The request did not arrive in time. Nothing was sent.',
  '409': 'The request, or the first one with this Idempotency-Key, is not in a state that allows this.',
  '413': 'The body is larger than 64 KiB.',
  '415': 'The body is not plain application/json in UTF-8.',
  '422': 'The request is well-formed and wrong.',
  '429': 'Too much for now. Nothing was done.',
  '431': `The URL and the header fields are larger than ${HEADER_LIMIT_BYTES / 1024} KiB.`,
  '4XX': "Galileo refused; the status is Galileo's own. Nothing was done.",
  '500': 'Something failed here.',
  '502': 'Galileo answered, but not in a way that can be passed on.',
  '503': 'Not possible right now. Nothing was sent.',
  '504': 'It is not known yet whether it was done. It will not be repeated by itself.',
};

const EXTRAS: Partial<Record<ProblemCode, ProblemExtras>> = {
  policy_denied: {
    decisions: [
      {
        email: 'ann@rival.io',
        decision: 'deny',
        rule: 'never-invite',
        because: ['domains'],
        message: 'ann@rival.io: not an allowed domain (rule never-invite). Ask IT for partners.',
      },
    ],
  },
  quota_exhausted: {
    quota: 'app-day',
    detail: 'Nothing was sent: the limit is used up (500 addresses in 1 day for this app, quota app-day).',
    retryAfterS: 14_160,
  },
  already_settled: { outcome: 'accepted' },
  still_open: { retryAfterS: 40 },
  idempotency_in_flight: { retryAfterS: 5 },
  overloaded: { retryAfterS: 5 },
  ledger_unavailable: { retryAfterS: 5 },
  identity_keys_unavailable: { retryAfterS: 5 },
  upstream_refused: { status: 409, detail: 'Galileo refused the invitation.', outcome: 'refused' },
  upstream_rate_limited: { outcome: 'not_sent', retryAfterS: 30 },
  upstream_credentials_rejected: { outcome: 'not_sent' },
  upstream_unavailable: { outcome: 'not_sent' },
  upstream_error: { outcome: 'unknown' },
  upstream_response_withheld: { outcome: 'accepted' },
  outcome_unknown: { outcome: 'unknown' },
};

/** An upstream refusal keeps its status, except for these: they have another meaning here. */
const NEVER_REFUSED_WITH = new Set(['401', '407', '408', '421', '426', '429']);

export function headerComponents(): Answers {
  const entries = Object.entries(HEADERS).map(([name, [description, example]]) => [
    name,
    { description, schema: { type: 'string' }, example },
  ]);
  return Object.fromEntries(entries) as Answers;
}

/** A response with these headers. `content` maps media types to schemas; null when there is no body. */
export function success(
  description: string,
  content: Record<string, JsonSchema> | null,
  headers: readonly HeaderName[] = [],
): JsonSchema {
  return { description, headers: headerRefs(headers), ...(content === null ? {} : { content }) };
}

/**
 * One response per status of these codes, and `default` for any other refusal. `invalid` adds the 422 list of
 * validation errors with this example; `true` uses the example of an invitation.
 */
export function refusals(
  codes: readonly ProblemCode[],
  { invalid = false }: { readonly invalid?: boolean | InvalidRequest } = {},
): Answers {
  const example = invalid === true ? invalidInvite() : invalid;
  const byStatus = Map.groupBy(codes, (code) => String(PROBLEMS[code].status ?? '4XX'));
  if (example !== false && !byStatus.has('422')) byStatus.set('422', []);
  const passesOn = codes.includes('upstream_refused');
  const answers: Record<string, JsonSchema> = {};
  for (const [status, own] of byStatus) {
    const shared = passesOn && /^4\d\d$/.test(status) && !NEVER_REFUSED_WITH.has(status);
    answers[status] = refusal(
      status,
      shared ? [...own, 'upstream_refused'] : own,
      status === '422' && example !== false ? example : null,
    );
  }
  const anyOther = { 'application/problem+json': { schema: schemaRef('Problem') } };
  return { ...answers, default: success('Any other refusal.', anyOther) };
}

function refusal(status: string, codes: readonly ProblemCode[], invalid: InvalidRequest | null): JsonSchema {
  const content = {
    ...(invalid === null ? {} : { 'application/json': { schema: schemaRef('InvalidRequest'), example: invalid } }),
    ...(codes.length > 0 ? { 'application/problem+json': problemContent(status, codes) } : {}),
  };
  return success(SUMMARIES[status] ?? 'Refused.', content, BY_STATUS[status] ?? []);
}

function problemContent(status: string, codes: readonly ProblemCode[]): JsonSchema {
  const exact = /^\d+$/.test(status) ? { status: { const: Number(status) } } : {};
  const example = (code: ProblemCode): unknown => {
    const override = PROBLEMS[code].status === null && 'status' in exact ? { status: Number(status) } : {};
    return {
      summary: PROBLEMS[code].title,
      value: problem(code, EXAMPLE_REQUEST_ID, { ...EXTRAS[code], ...override }),
    };
  };
  return {
    schema: {
      allOf: [
        schemaRef('Problem'),
        { type: 'object', properties: { ...exact, code: { type: 'string', enum: codes } } },
      ],
    },
    examples: Object.fromEntries(codes.map((code) => [code, example(code)])),
  };
}

function invalidInvite(): InvalidRequest {
  const asked = { emails: ['ann@acme.com', 'not an address'], role: 'owner', groupIds: [] };
  const issues = inviteUsersSchema.safeParse(asked).error?.issues ?? [];
  return invalidRequest(bodyErrors(issues, asked), EXAMPLE_REQUEST_ID);
}

function headerRefs(names: readonly HeaderName[]): Answers {
  const all = [...ON_EVERY_ANSWER, ...names];
  return Object.fromEntries(all.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}
