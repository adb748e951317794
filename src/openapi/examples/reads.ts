import type { ExampleExchange } from './exchange.ts';
import { answer, extraInQuery, get, invalid, refusal } from './exchange.ts';
import { DIGEST, GROUP_ID, INVITE_ID } from './ids.ts';
import { left } from './invites.ts';
import { tokenRefusals } from './shared-refusals.ts';
import { ACCEPTED, ACCEPTED_STORY, DENIED, UNKNOWN_STORY } from './told-requests.ts';

/** Examples of what a caller reads about its own rights and requests. */
const UNREADABLE = refusal('ledger_unavailable', {
  detail: 'The record of requests cannot be read right now.',
  retryAfterS: 5,
});

const POLICY = '/v2/invite_policy';
const LIST = '/v2/invite_requests';
const ONE = `/v2/invite_requests/${INVITE_ID}`;

const BOTH_SCOPES = ['invites:write', 'audit:read'];

const ACME = { domains: ['acme.com', '*.acme.com'], emails: [] };

const PERMITTED = {
  digest: DIGEST,
  rules: [
    {
      id: 'hr-staff',
      ...ACME,
      roles: ['user', 'read_only'],
      auth_methods: ['okta'],
      groups: [{ id: GROUP_ID, name: 'annotators' }],
      until: null,
      note: null,
    },
  ],
  forced: [{ id: 'staff-use-okta', ...ACME, auth_method: 'okta' }],
  limits: [
    { id: 'batch', per: 'request', unit: 'emails', limit: 50, window_s: null },
    { id: 'app-day', per: 'client_id', unit: 'emails', limit: 500, window_s: 86_400 },
  ],
  quotas: [{ quota: 'app-day', unit: 'emails', limit: 500, window_s: 86_400, remaining: 499, reset_s: 50_400 }],
};

export const READS: readonly ExampleExchange[] = [
  {
    operationId: 'getInvitePolicy',
    name: 'permitted',
    summary: 'The rules and quotas of an app',
    request: get(POLICY),
    answer: answer(200, PERMITTED, left(499)),
  },
  ...tokenRefusals('getInvitePolicy', get(POLICY), ['invites:write']),
  {
    operationId: 'getInvitePolicy',
    name: 'invalid_request',
    summary: 'A query parameter',
    request: get(`${POLICY}?role=admin`),
    answer: extraInQuery('role'),
  },
  {
    operationId: 'getInvitePolicy',
    name: 'ledger_unavailable',
    summary: 'The quotas cannot be read',
    request: get(POLICY),
    answer: UNREADABLE,
  },
  {
    operationId: 'listInviteRequests',
    name: 'two_requests',
    summary: 'A request that was refused, and one that was accepted',
    request: get(LIST),
    answer: answer(200, { requests: [DENIED, ACCEPTED], next: null }),
  },
  {
    operationId: 'listInviteRequests',
    name: 'own',
    summary: 'Only your own, also with scope audit:read',
    request: get(`${LIST}?own=true`),
    answer: answer(200, { requests: [ACCEPTED], next: null }),
  },
  ...tokenRefusals('listInviteRequests', get(LIST), BOTH_SCOPES),
  {
    operationId: 'listInviteRequests',
    name: 'invalid_request',
    summary: 'A cursor that is none',
    request: get(`${LIST}?before=1`),
    answer: invalid({
      type: 'value_error',
      loc: ['query', 'before'],
      msg: 'Value error, before must be the id of a request',
    }),
  },
  {
    operationId: 'listInviteRequests',
    name: 'ledger_unavailable',
    summary: 'The record cannot be read',
    request: get(LIST),
    answer: UNREADABLE,
  },
  {
    operationId: 'getInviteRequest',
    name: 'accepted',
    summary: 'An invitation that Galileo accepted',
    request: get(ONE),
    answer: answer(200, ACCEPTED_STORY),
  },
  {
    operationId: 'getInviteRequest',
    name: 'unknown',
    summary: 'An invitation whose outcome is unknown',
    request: get(ONE),
    answer: answer(200, UNKNOWN_STORY),
  },
  ...tokenRefusals('getInviteRequest', get(ONE), BOTH_SCOPES),
  {
    operationId: 'getInviteRequest',
    name: 'not_found',
    summary: 'No request, or not yours',
    request: get(ONE),
    answer: refusal('not_found'),
  },
  {
    operationId: 'getInviteRequest',
    name: 'invalid_request',
    summary: 'A query parameter',
    request: get(`${ONE}?verbose=true`),
    answer: extraInQuery('verbose'),
  },
  {
    operationId: 'getInviteRequest',
    name: 'ledger_unavailable',
    summary: 'The record cannot be read',
    request: get(ONE),
    answer: UNREADABLE,
  },
];
