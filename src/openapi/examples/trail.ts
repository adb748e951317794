import type { ExampleAnswer, ExampleExchange, ExampleRequest, OperationId } from './exchange.ts';
import { answer, extraInQuery, get, invalid, post, refusal } from './exchange.ts';
import {
  DOCUMENT_DIGEST,
  FIRST_HASH,
  FIRST_RECORD_ID,
  INVITE_ID,
  INVITE_TRACE_ID,
  KEY_DIGEST,
  REQUEST_DIGEST,
  SECOND_HASH,
  SECOND_RECORD_ID,
} from './ids.ts';
import { tokenRefusals } from './shared-refusals.ts';
import { ACTOR, ALLOWED, ASKED_FOR_ANN } from './told-requests.ts';

/** Examples of the audit team's reads. */
const RECORDS = '/audit/records?after=0';
const SEARCH = '/audit/search';
const POLICY = `/audit/policies/${DOCUMENT_DIGEST}`;
const SCOPES = ['audit:read'];
const NDJSON = 'application/x-ndjson';

const search = post(SEARCH, { email: 'ann@acme.com' });
const { body: _, ...withoutBody } = search;

const UNREADABLE = refusal('ledger_unavailable', {
  detail: 'The record of requests cannot be read right now.',
  retryAfterS: 5,
});

/** What both records of the invite say. */
const BOTH = {
  request_id: INVITE_ID,
  trace_id: INVITE_TRACE_ID,
  time: '2026-03-02T10:00:00.000Z',
  request_sha256: REQUEST_DIGEST,
  actor: ACTOR,
  source: { address: '192.0.2.7' },
  request: { ...ASKED_FOR_ANN, idempotency_key_sha256: KEY_DIGEST },
  policy: ALLOWED,
  service: { name: 'galileo-invite-proxy', version: '1.0.0', runtime: 'node', instance: 'proxy-1' },
};

const TWO_RECORDS = [
  {
    seq: 1,
    id: FIRST_RECORD_ID,
    kind: 'intent',
    ...BOTH,
    outcome: { result: 'admitted', expires_at: '2026-03-02T10:00:45.000Z' },
    prev: '00'.repeat(32),
    hash: FIRST_HASH,
  },
  {
    seq: 2,
    id: SECOND_RECORD_ID,
    kind: 'outcome',
    ...BOTH,
    outcome: {
      result: 'accepted',
      status: 200,
      settled_by: 'exchange',
      upstream_status: 200,
      attempts: [{ slot: 'current', key_fingerprint: 'd4c077dcca24', result: 'answered', status: 200, duration_ms: 0 }],
    },
    prev: FIRST_HASH,
    hash: SECOND_HASH,
  },
];

export const TRAIL: readonly ExampleExchange[] = [
  of(
    'getAuditRecords',
    'one_invite',
    'The two records of an invite',
    get(RECORDS),
    answer(200, TWO_RECORDS, {}, NDJSON),
  ),
  of('getAuditRecords', 'no_more', 'No more yet', get(RECORDS), answer(200, [], {}, NDJSON)),
  ...tokenRefusals('getAuditRecords', get(RECORDS), SCOPES),
  of(
    'getAuditRecords',
    'invalid_request',
    'A cursor that is none',
    get('/audit/records?after=-1'),
    invalid({
      type: 'value_error',
      loc: ['query', 'after'],
      msg: 'Value error, after must be the seq of a record, or 0',
    }),
  ),
  of('getAuditRecords', 'ledger_unavailable', 'The trail cannot be read', get(RECORDS), UNREADABLE),
  of(
    'searchAuditRecords',
    'person',
    'Everything about one invited person',
    search,
    answer(200, TWO_RECORDS, {}, NDJSON),
  ),
  of(
    'searchAuditRecords',
    'cut_short',
    'Requests of one day whose outcome is unknown, in a long trail',
    post(SEARCH, { outcome: 'unknown', from: '2026-03-02T00:00:00Z', to: '2026-03-03T00:00:00Z' }),
    answer(200, [{ kind: 'search_progress', scanned_to: 200 }], {}, NDJSON),
  ),
  of(
    'searchAuditRecords',
    'next_page',
    'What one app sent, the next page, with nothing more',
    post(SEARCH, { client_id: 'hr-portal', outcome: 'accepted', after: 4711 }),
    answer(200, [], {}, NDJSON),
  ),
  of(
    'searchAuditRecords',
    'request',
    'One request from its intent to its end',
    post(SEARCH, { request_id: INVITE_ID }),
    answer(200, TWO_RECORDS, {}, NDJSON),
  ),
  of(
    'searchAuditRecords',
    'trace',
    'The requests that came with a trace id',
    post(SEARCH, { trace_id: INVITE_TRACE_ID }),
    answer(200, TWO_RECORDS, {}, NDJSON),
  ),
  ...tokenRefusals('searchAuditRecords', search, SCOPES),
  of(
    'searchAuditRecords',
    'request_timeout',
    'A body that does not arrive',
    { ...withoutBody, also: 'A body that does not end.' },
    refusal('request_timeout'),
  ),
  of(
    'searchAuditRecords',
    'body_too_large',
    'A body of more than 64 KiB',
    { ...withoutBody, also: 'A body of 65537 bytes.' },
    refusal('body_too_large'),
  ),
  of(
    'searchAuditRecords',
    'unsupported_media_type',
    'A body that is not declared as JSON',
    post(SEARCH, {}, { 'Content-Type': 'text/plain' }),
    refusal('unsupported_media_type', { detail: 'The body came as text/plain. Send Content-Type: application/json.' }),
  ),
  of(
    'searchAuditRecords',
    'invalid_request',
    'Filters that cannot be read',
    post(SEARCH, { from: 'yesterday', outcome: 'done' }),
    invalid(
      {
        type: 'enum',
        loc: ['body', 'outcome'],
        msg: "Input should be 'admitted', 'denied', 'accepted', 'refused', 'not_sent', 'unknown', 'replayed', 'previewed' or 'suppressed'",
      },
      {
        type: 'value_error',
        loc: ['body', 'from'],
        msg: 'Value error, from must be an RFC 3339 time with an offset, such as 2026-03-02T10:00:00Z',
      },
    ),
  ),
  of('searchAuditRecords', 'ledger_unavailable', 'The trail cannot be read', search, UNREADABLE),
  of(
    'getAuditPolicy',
    'kept',
    'A policy that decided',
    get(POLICY),
    answer(200, { version: 1, callers: {}, rules: [] }),
  ),
  ...tokenRefusals('getAuditPolicy', get(POLICY), SCOPES),
  of('getAuditPolicy', 'not_found', 'A digest that no record names', get(POLICY), refusal('not_found')),
  of('getAuditPolicy', 'invalid_request', 'A query parameter', get(`${POLICY}?format=yaml`), extraInQuery('format')),
  of('getAuditPolicy', 'ledger_unavailable', 'The record cannot be read', get(POLICY), UNREADABLE),
];

function of(
  operationId: OperationId,
  name: string,
  summary: string,
  request: ExampleRequest,
  answered: ExampleAnswer,
): ExampleExchange {
  return { operationId, name, summary, request, answer: answered };
}
