import {
  DIGEST,
  INVITE_ID,
  INVITE_TRACE_ID,
  KEY_DIGEST,
  NEXT_INVITE_ID,
  NEXT_INVITE_TRACE_ID,
  REQUEST_DIGEST,
} from './ids.ts';

/** Requests as the service shows them afterwards, for the examples of reads and settlements. */
const AT = '2026-03-02T10:00:00.000Z';

export const ACTOR = {
  issuer: 'corp',
  issuer_url: 'https://id.example.com',
  subject: 'hr-portal',
  client_id: 'hr-portal',
  kind: 'app',
  token_id: 'token-1',
};

const ASKED = {
  method: 'POST',
  path: '/v2/invite_users',
  auth_method: 'email',
  role: 'user',
  group_ids: [],
  send_email: true,
  email_count: 1,
};

export const ASKED_FOR_ANN = { ...ASKED, emails: ['ann@acme.com'] };

export const ALLOWED = {
  digest: DIGEST,
  verdict: 'allow',
  decisions: [{ decision: 'allow', rule: 'hr-staff', because: [], email_count: 1 }],
  forced: [{ rule: 'staff-use-okta', field: 'auth_method', value: 'okta' }],
};

/** As the list shows it. */
export const ACCEPTED = {
  id: INVITE_ID,
  trace_id: INVITE_TRACE_ID,
  state: 'accepted',
  requested_at: AT,
  settled_at: AT,
  expires_at: null,
  actor: ACTOR,
  request: ASKED_FOR_ANN,
  request_sha256: REQUEST_DIGEST,
  policy: ALLOWED,
  outcome: { result: 'accepted', status: 200, settled_by: 'exchange', upstream_status: 200 },
};

export const DENIED = {
  id: NEXT_INVITE_ID,
  trace_id: NEXT_INVITE_TRACE_ID,
  state: 'denied',
  requested_at: AT,
  settled_at: null,
  expires_at: null,
  actor: ACTOR,
  request: { ...ASKED, emails: ['eve@rival.io'] },
  policy: {
    digest: DIGEST,
    verdict: 'deny',
    decisions: [{ decision: 'deny', rule: 'never-invite', because: ['domains'], email_count: 1 }],
    forced: [],
  },
  outcome: { result: 'denied', code: 'policy_denied', status: 403 },
};

const UNTIL_SENT = [
  told('asked', 'The app hr-portal (issuer corp) asked to invite 1 address as user with email: ann@acme.com.'),
  told('policy_decided', `The policy sha256:${DIGEST.slice(0, 12)}… allowed the address by rule hr-staff.`),
  told('values_forced', 'The policy set auth_method to okta (row staff-use-okta), whatever was asked.'),
  told(
    'admitted',
    'The request was admitted, and this was on record before anything was sent. Without an outcome it becomes unknown after 2026-03-02 10:00:45 UTC.',
  ),
];

const LOST = told(
  'became_unknown',
  'The outcome was unknown, because the connection to Galileo broke before the whole answer came: the invitation may or may not have been done. The caller was answered with status 504 (outcome_unknown).',
);

const WITH_KEY = { ...ASKED_FOR_ANN, idempotency_key_sha256: KEY_DIGEST };

/** With its story, as the answer about one request shows it. */
export const ACCEPTED_STORY = {
  ...ACCEPTED,
  request: WITH_KEY,
  events: [
    ...UNTIL_SENT,
    told('accepted', 'Galileo accepted the invitation (status 200). The caller was answered with status 200.'),
  ],
  replays_left_out: 0,
};

export const UNKNOWN_STORY = {
  ...ACCEPTED_STORY,
  state: 'unknown',
  outcome: {
    result: 'unknown',
    code: 'outcome_unknown',
    status: 504,
    reason: 'connection_lost',
    settled_by: 'exchange',
  },
  events: [...UNTIL_SENT, LOST],
};

export const ACCEPTED_BY_PERSON = {
  ...ACCEPTED_STORY,
  outcome: {
    result: 'accepted',
    status: 200,
    settled_by: 'person',
    person: 'kim',
    note: 'listed in Galileo since 10:02',
  },
  events: [...UNTIL_SENT, LOST, told('settled', 'kim settled it as accepted: "listed in Galileo since 10:02".')],
};

export const REFUSED_BY_PERSON = {
  ...ACCEPTED_STORY,
  state: 'refused',
  outcome: {
    result: 'refused',
    code: 'upstream_refused',
    status: 400,
    settled_by: 'person',
    person: 'kim',
    note: 'not there after a day',
  },
  events: [...UNTIL_SENT, LOST, told('settled', 'kim settled it as refused: "not there after a day".')],
};

function told(
  event: string,
  message: string,
): { readonly at: string; readonly event: string; readonly message: string } {
  return { at: AT, event, message };
}
