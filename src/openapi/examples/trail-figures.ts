import type { ExampleExchange } from './exchange.ts';
import { answer, extraInQuery, get, invalid, post, refusal } from './exchange.ts';
import { DIGEST, SECOND_HASH } from './ids.ts';
import { tokenRefusals } from './shared-refusals.ts';

/** Examples of what the audit team asks about the trail as a whole: counts, and how far it is proven. */
const COUNTS = '/audit/counts';
const STATUS = '/audit/status';
const SCOPES = ['audit:read'];
const DAY = '2026-03-02T00:00:00.000Z';

const ONE_DAY = { from: '2026-03-02T00:00:00Z', to: '2026-03-03T00:00:00Z', step: 'day' };

const count = post(COUNTS, ONE_DAY);
const { body: _, ...withoutBody } = count;

const UNREADABLE = refusal('ledger_unavailable', {
  detail: 'The record of requests cannot be read right now.',
  retryAfterS: 5,
});

export const TRAIL_FIGURES: readonly ExampleExchange[] = [
  {
    operationId: 'countAuditRecords',
    name: 'one_day',
    summary: 'What came of the requests of one day',
    request: count,
    answer: answer(200, {
      step: 'day',
      counts: [
        { from: DAY, result: 'admitted', requests: 1, addresses: 1 },
        { from: DAY, result: 'accepted', requests: 1, addresses: 1 },
      ],
      scanned_to: 2,
      complete: true,
    }),
  },
  {
    operationId: 'countAuditRecords',
    name: 'cut_short',
    summary: 'What one app was refused, in a long trail: ask again',
    request: post(COUNTS, { ...ONE_DAY, client_id: 'hr-portal', kind: 'denial', step: 'hour' }),
    answer: answer(200, { step: 'hour', counts: [], scanned_to: 200, complete: false }),
  },
  ...tokenRefusals('countAuditRecords', count, SCOPES),
  {
    operationId: 'countAuditRecords',
    name: 'request_timeout',
    summary: 'A body that does not arrive',
    request: { ...withoutBody, also: 'A body that does not end.' },
    answer: refusal('request_timeout'),
  },
  {
    operationId: 'countAuditRecords',
    name: 'body_too_large',
    summary: 'A body of more than 64 KiB',
    request: { ...withoutBody, also: 'A body of 65537 bytes.' },
    answer: refusal('body_too_large'),
  },
  {
    operationId: 'countAuditRecords',
    name: 'unsupported_media_type',
    summary: 'A body that is not declared as JSON',
    request: post(COUNTS, {}, { 'Content-Type': 'text/plain' }),
    answer: refusal('unsupported_media_type', {
      detail: 'The body came as text/plain. Send Content-Type: application/json.',
    }),
  },
  {
    operationId: 'countAuditRecords',
    name: 'invalid_request',
    summary: 'More periods than one answer holds',
    request: post(COUNTS, { from: '2025-01-01T00:00:00Z', to: '2026-01-01T00:00:00Z', step: 'hour' }),
    answer: invalid({
      type: 'value_error',
      loc: ['body', 'to'],
      msg: 'Value error, from and to must be at most 1000 periods of step apart',
    }),
  },
  {
    operationId: 'countAuditRecords',
    name: 'ledger_unavailable',
    summary: 'The trail cannot be read',
    request: count,
    answer: UNREADABLE,
  },
  {
    operationId: 'getAuditStatus',
    name: 'young',
    summary: 'A young trail that no checkpoint covers yet',
    request: get(STATUS),
    answer: answer(200, {
      policy_digest: DIGEST,
      dropped_to: 0,
      last_seq: 2,
      head: SECOND_HASH,
      verified_to: 0,
      checkpoint: null,
      fault: null,
      sinks: [{ sink: 'stdout', backlog_records: 2, lag_s: 0 }],
    }),
  },
  ...tokenRefusals('getAuditStatus', get(STATUS), SCOPES),
  {
    operationId: 'getAuditStatus',
    name: 'invalid_request',
    summary: 'A query parameter',
    request: get(`${STATUS}?verbose=true`),
    answer: extraInQuery('verbose'),
  },
  {
    operationId: 'getAuditStatus',
    name: 'ledger_unavailable',
    summary: 'The trail cannot be read',
    request: get(STATUS),
    answer: UNREADABLE,
  },
];
