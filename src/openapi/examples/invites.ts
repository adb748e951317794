import type { ExampleAnswer, ExampleExchange, ExampleRequest } from './exchange.ts';
import { answer, emptyAnswer, post } from './exchange.ts';
import { GROUP_ID, INVITE_ID } from './ids.ts';

/** Examples of invitations that were carried out or looked at beforehand; refused-invites.ts has the others. */
export const INVITE_PATH = '/v2/invite_users';

export const QUOTA = { 'RateLimit-Policy': '"app-day";q=500;w=86400' };

export const ONE_PERSON = { emails: ['ann@acme.com'] };

export const KEY = { 'Idempotency-Key': '5b0d7b2e-4c8f-4a57-9a53-1f6f8f1f2c11' };

export const EVERYTHING_SAID = {
  auth_method: 'okta',
  emails: ['ann@acme.com', 'bo@eu.acme.com'],
  role: 'read_only',
  group_ids: [GROUP_ID],
  send_email: false,
};

const MIXED = { emails: ['ann@acme.com', 'eve@rival.io', 'bob@acme.com', 'not an address'] };

export const EVE = {
  email: 'eve@rival.io',
  decision: 'deny',
  rule: 'never-invite',
  because: ['domains'],
  message: 'eve@rival.io: not an allowed domain (rule never-invite). Ask IT for partners.',
};

const NO_ADDRESS = {
  index: 3,
  decision: 'deny',
  reason: 'no_at_sign',
  message: 'Entry 4 of the list: no at sign: write the whole address, such as name@example.com.',
};

const allowed = (email: string) => ({
  email,
  decision: 'allow',
  rule: 'hr-staff',
  because: [],
  message: `${email}: allowed (rule hr-staff).`,
});

export const left = (units: number) => ({ ...QUOTA, RateLimit: `"app-day";r=${units};t=50400` });

const APP_DAY = { quota: 'app-day', unit: 'emails', limit: 500, before: 500, reset_s: 50_400 };

const ALLOWED = {
  dry_run: true,
  decision: 'allow',
  refused_by: null,
  quota: null,
  decisions: [allowed('ann@acme.com')],
  forced: [{ rule: 'staff-use-okta', field: 'auth_method', value: 'okta' }],
  quotas: [{ ...APP_DAY, after: 499 }],
  body: { auth_method: 'okta', emails: ['ann@acme.com'], role: 'user', group_ids: [], send_email: true },
};

const REFUSED = {
  ...ALLOWED,
  decision: 'deny',
  refused_by: 'policy',
  decisions: [allowed('ann@acme.com'), EVE],
  quotas: [{ ...APP_DAY, after: 498 }],
  body: { ...ALLOWED.body, emails: ['ann@acme.com', 'eve@rival.io'] },
};

export const INVITES: readonly ExampleExchange[] = [
  exchange(
    'one_person',
    'One person, all defaults',
    post(INVITE_PATH, ONE_PERSON),
    answer(200, { invited: 1 }, left(499)),
  ),
  exchange(
    'everything_said',
    'Two people, everything said',
    post(INVITE_PATH, EVERYTHING_SAID),
    answer(200, { invited: 2 }, left(498)),
  ),
  exchange(
    'lenient',
    'Some sent, the others refused one by one',
    post(INVITE_PATH, MIXED, { Prefer: 'handling=lenient' }),
    answer(
      207,
      { sent: ['ann@acme.com', 'bob@acme.com'], refused: [EVE, NO_ADDRESS], upstream: { invited: 2 } },
      { ...left(498), 'Preference-Applied': 'handling=lenient' },
    ),
  ),
  exchange(
    'dry_run',
    'Only asked: it would be sent',
    post(`${INVITE_PATH}?dry_run=true`, ONE_PERSON),
    answer(200, ALLOWED),
  ),
  exchange(
    'dry_run_refused',
    'Only asked: the policy would refuse it',
    post(`${INVITE_PATH}?dry_run=true`, { emails: ['ann@acme.com', 'eve@rival.io'] }),
    answer(200, REFUSED),
  ),
  exchange(
    'repeated',
    'The same request again, with its Idempotency-Key',
    post(INVITE_PATH, ONE_PERSON, KEY),
    answer(
      200,
      { invited: 1 },
      { 'Idempotency-Replayed': 'true', 'Content-Location': `/v2/invite_requests/${INVITE_ID}` },
    ),
  ),
  exchange(
    'settled',
    'The same request again, after a person settled its unknown outcome',
    post(INVITE_PATH, ONE_PERSON, KEY),
    answer(200, null, { 'Idempotency-Replayed': 'true', 'Content-Location': `/v2/invite_requests/${INVITE_ID}` }),
  ),
  exchange('no_content', 'Galileo answers without a body', post(INVITE_PATH, ONE_PERSON), emptyAnswer(204, left(499))),
];

function exchange(name: string, summary: string, request: ExampleRequest, answered: ExampleAnswer): ExampleExchange {
  return { operationId: 'inviteUsers', name, summary, request, answer: answered };
}
