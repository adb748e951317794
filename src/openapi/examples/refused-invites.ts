import type { ExampleAnswer, ExampleExchange, ExampleRequest } from './exchange.ts';
import { get, invalid, post, refusal } from './exchange.ts';
import { ANSWER_ID, INVITE_ID } from './ids.ts';
import { EVE, INVITE_PATH, KEY, left, ONE_PERSON, QUOTA } from './invites.ts';
import { tokenRefusals } from './shared-refusals.ts';

/** Examples of invitations that were refused, or whose outcome is not known. */
const UPSTREAM = {
  400: 'Auth method okta is not enabled for this organization.',
  403: 'Inviting this person is not permitted.',
  404: 'Group not found.',
  409: 'User already exists.',
} as const;

const one = post(INVITE_PATH, ONE_PERSON);
const withKey = post(INVITE_PATH, ONE_PERSON, KEY);
const { body: _, ...withoutBody } = one;

const LOOK =
  'The invitation may or may not have been done. Do not send it again before you know what became of request {request_id}.';

const ofThisRequest = { 'Content-Location': `/v2/invite_requests/${ANSWER_ID}` };

export const REFUSED_INVITES: readonly ExampleExchange[] = [
  ...tokenRefusals('inviteUsers', one, ['invites:write']),
  exchange(
    'idempotency_key_missing',
    'No Idempotency-Key, where one is required',
    one,
    refusal('idempotency_key_missing'),
  ),
  exchange(
    'idempotency_key_malformed',
    'A key that is too short',
    post(INVITE_PATH, ONE_PERSON, { 'Idempotency-Key': 'short' }),
    refusal('idempotency_key_malformed'),
  ),
  exchange(
    'policy_denied',
    'A domain that the policy denies',
    post(INVITE_PATH, { emails: ['eve@rival.io'] }),
    refusal('policy_denied', { decisions: [EVE], detail: `Nothing was sent. ${EVE.message}` }, left(500)),
  ),
  exchange(
    'method_not_allowed',
    'GET, where only POST is possible',
    get(INVITE_PATH),
    refusal('method_not_allowed', {}, { Allow: 'POST' }),
  ),
  exchange(
    'request_timeout',
    'A body that does not arrive',
    { ...withoutBody, also: 'A body that does not end.' },
    refusal('request_timeout'),
  ),
  exchange(
    'idempotency_in_flight',
    'The first request with this key has not ended',
    withKey,
    refusal('idempotency_in_flight', { retryAfterS: 5 }, { 'Content-Location': `/v2/invite_requests/${INVITE_ID}` }),
  ),
  exchange(
    'body_too_large',
    'A body of more than 64 KiB',
    { ...withoutBody, also: 'A body of 65537 bytes.' },
    refusal('body_too_large'),
  ),
  exchange(
    'unsupported_media_type',
    'A body that is not declared as JSON',
    post(INVITE_PATH, ONE_PERSON, { 'Content-Type': 'text/plain' }),
    refusal('unsupported_media_type', { detail: 'The body came as text/plain. Send Content-Type: application/json.' }),
  ),
  exchange(
    'invalid_request',
    'Errors in several fields',
    post(INVITE_PATH, { emails: ['ann@acme.com', 'not an address'], role: 'owner', groupIds: [] }),
    invalid(
      {
        type: 'value_error',
        loc: ['body', 'emails', 1],
        msg: 'Value error, no at sign: write the whole address, such as name@example.com',
      },
      { type: 'enum', loc: ['body', 'role'], msg: "Input should be 'admin', 'manager', 'user' or 'read_only'" },
      { type: 'extra_forbidden', loc: ['body', 'groupIds'], msg: 'Extra inputs are not permitted' },
    ),
  ),
  exchange(
    'idempotency_key_reused',
    'A key that was used for another request',
    post(INVITE_PATH, { emails: ['bob@acme.com'] }, KEY),
    refusal('idempotency_key_reused'),
  ),
  exchange(
    'quota_exhausted',
    'A quota that is used up',
    one,
    refusal(
      'quota_exhausted',
      {
        quota: 'app-day',
        detail: 'Nothing was sent: the limit is used up (500 addresses in 1 day for this app, quota app-day).',
        retryAfterS: 14_160,
      },
      { ...QUOTA, RateLimit: '"app-day";r=0;t=14160' },
    ),
  ),
  exchange(
    'upstream_rate_limited',
    'Galileo asks for fewer requests',
    one,
    refusal('upstream_rate_limited', { outcome: 'not_sent', retryAfterS: 30 }, left(500)),
  ),
  ...([400, 403, 404, 409] as const).map((status) =>
    exchange(
      'upstream_refused',
      'Galileo refuses',
      one,
      refusal('upstream_refused', { status, detail: UPSTREAM[status], outcome: 'refused' }, left(500)),
    ),
  ),
  exchange(
    'upstream_refused',
    'Galileo lists errors',
    one,
    refusal(
      'upstream_refused',
      {
        status: 422,
        detail: 'emails, entry 1: value is not a valid email address',
        outcome: 'refused',
        errors: [{ type: 'value_error', loc: ['body', 'emails', 0], msg: 'value is not a valid email address' }],
      },
      left(500),
    ),
  ),
  exchange(
    'upstream_credentials_rejected',
    "Galileo does not take this service's key",
    one,
    refusal('upstream_credentials_rejected', { outcome: 'not_sent' }, left(500)),
  ),
  exchange(
    'upstream_error',
    'Galileo fails',
    one,
    refusal(
      'upstream_error',
      { outcome: 'unknown', detail: `Galileo answered with an error (status 500). ${LOOK}` },
      { ...left(499), ...ofThisRequest },
    ),
  ),
  exchange(
    'upstream_response_withheld',
    "Galileo's answer must not be shown",
    one,
    refusal('upstream_response_withheld', { outcome: 'accepted' }, left(499)),
  ),
  exchange(
    'ledger_unavailable',
    'Nothing can be put on record',
    one,
    refusal('ledger_unavailable', { retryAfterS: 5 }),
  ),
  exchange(
    'upstream_unavailable',
    'Galileo cannot be reached',
    one,
    refusal('upstream_unavailable', { outcome: 'not_sent' }, left(500)),
  ),
  exchange(
    'outcome_unknown',
    "The connection breaks before Galileo's answer",
    withKey,
    refusal(
      'outcome_unknown',
      { outcome: 'unknown', detail: `The connection to Galileo broke before its answer came. ${LOOK}` },
      { ...left(499), ...ofThisRequest },
    ),
  ),
];

function exchange(name: string, summary: string, request: ExampleRequest, answered: ExampleAnswer): ExampleExchange {
  return { operationId: 'inviteUsers', name, summary, request, answer: answered };
}
