import type { JsonSchema } from './json-schema.ts';
import { ANSWER_ID, INVITE_ID } from './examples/ids.ts';

/**
 * The header fields of answers in /openapi.json. A test refuses an answer with a field that is in none of these tables.
 */

/** The fields that are for callers: each with its description and an example. */
export const HEADERS = {
  'X-Request-Id': ['The id of this request (UUIDv7), also in the audit trail.', ANSWER_ID],
  'Policy-Digest': ['SHA-256 of the policy that was in force.', `sha256:${'0f'.repeat(32)}`],
  Vary: ['What the answer depends on, for caches.', 'Origin, Prefer'],
  'Cache-Control': ['Who may keep this answer (RFC 9111): only static documents may be kept.', 'no-store'],
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
    `/v2/invite_requests/${INVITE_ID}`,
  ],
} as const;

export type HeaderName = keyof typeof HEADERS;

/** The fields of every answer. */
export const ON_EVERY_ANSWER: readonly HeaderName[] = ['X-Request-Id', 'Policy-Digest', 'Vary', 'Cache-Control'];

/** The fields that browsers read, not callers: no operation lists them. */
export const FOR_BROWSERS = {
  'Access-Control-Allow-Credentials': 'CORS, for deployments behind Cloudflare Access',
  'Access-Control-Allow-Origin': 'CORS, for the origins of CORS_ORIGINS',
  'Access-Control-Expose-Headers': 'CORS: every field above that a script may want to read',
  'Content-Security-Policy': "nothing may be loaded or framed (`default-src 'none'`)",
  'Referrer-Policy': '`no-referrer`',
  'Strict-Transport-Security': 'HTTPS only, for a year',
  'X-Content-Type-Options': '`nosniff`',
  'X-Frame-Options': '`DENY`',
} as const satisfies Record<string, string>;

export function headerComponents(): Readonly<Record<string, JsonSchema>> {
  const entries = Object.entries(HEADERS).map(([name, [description, example]]) => [
    name,
    { description, schema: { type: 'string' }, example },
  ]);
  return Object.fromEntries(entries) as Readonly<Record<string, JsonSchema>>;
}

/** Refers to the components of the fields that every answer has, and of these. */
export function headerRefs(names: readonly HeaderName[]): Readonly<Record<string, JsonSchema>> {
  const all = [...ON_EVERY_ANSWER, ...names];
  return Object.fromEntries(all.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}
