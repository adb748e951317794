import { auditSearchSchema } from '../audit/search-request.ts';
import type { JsonSchema } from './json-schema.ts';
import { listOf, schemaRef } from './json-schema.ts';
import { refusals, success } from './responses.ts';
import { json, needs, parameter, WITH_TOKEN } from './operation.ts';
import { EXAMPLE_REQUEST_ID } from './schemas.ts';
import type { InvalidRequest } from '../contract/validation-error.ts';
import { bodyErrors, invalidRequest } from '../contract/validation-error.ts';

/** The audit team's operations in /openapi.json: reading the trail and searching it. */
export function auditRecords(): JsonSchema {
  return {
    operationId: 'getAuditRecords',
    tags: ['audit'],
    summary: 'The audit trail, in order',
    description:
      'Up to 1,000 records or about 512 KiB after `after`, one JSON text a line. Ask again after the last `seq` you got; an empty answer means no more yet. Where the first record there is has a `prev` that is not 64 zeros, the ones before it were dropped for their age (`AUDIT_RETENTION_DAYS`), and the chain goes on from that hash.',
    security: needs('audit:read'),
    parameters: [
      parameter('query', 'after', { type: 'integer', minimum: 0, default: 0 }, 'Exclusive; 0 is the beginning.'),
    ],
    responses: {
      '200': success('Records in seq order, gap-free.', lines()),
      ...refusals([...WITH_TOKEN, 'ledger_unavailable'], { invalid: true }),
    },
  };
}

export function auditSearch(): JsonSchema {
  return {
    operationId: 'searchAuditRecords',
    tags: ['audit'],
    summary: 'The records that match',
    description:
      'All given filters must match. Up to `limit` records or about 512 KiB after `after`, one JSON text a line. Ask again after the last `seq` or `scanned_to` you got; an empty answer means no more. An answer takes about a second: when that is over before the page is full or the trail ends, its last line is a `SearchProgress`, which says how far the search got. Filters are in the body, because URLs end up in logs. Records without addresses (dry runs) match no `email`. A damaged record cannot be matched: the field `Audit-Unreadable-Records` names the records that were skipped, and is absent when there are none.',
    security: needs('audit:read'),
    requestBody: {
      required: true,
      content: {
        'application/json': {
          schema: schemaRef('AuditSearch'),
          examples: {
            person: { summary: 'Everything about one invited person', value: { email: 'ann@acme.com' } },
            open_questions: {
              summary: 'Requests of one day whose outcome is unknown',
              value: { outcome: 'unknown', from: '2026-03-02T00:00:00Z', to: '2026-03-03T00:00:00Z' },
            },
            next_page: {
              summary: 'What one app sent, the next page',
              value: { client_id: 'hr-portal', outcome: 'accepted', after: 4711 },
            },
            request: { summary: 'One request from its intent to its end', value: { request_id: EXAMPLE_REQUEST_ID } },
          },
        },
      },
    },
    responses: {
      '200': success('Matching records in seq order.', lines('SearchProgress'), ['Audit-Unreadable-Records']),
      ...refusals(
        [...WITH_TOKEN, 'request_timeout', 'body_too_large', 'unsupported_media_type', 'ledger_unavailable'],
        { invalid: invalidSearch() },
      ),
    },
  };
}

export function auditPolicy(): JsonSchema {
  return {
    operationId: 'getAuditPolicy',
    tags: ['audit'],
    summary: 'The policy behind a digest',
    description:
      'The policy that decided the requests whose records name this digest, as the RFC 8785 text of the parsed file. The SHA-256 of the body is the digest. A policy is kept as long as a record names it; one that decided under an earlier release of this service is not there.',
    security: needs('audit:read'),
    parameters: [
      {
        ...parameter(
          'path',
          'digest',
          { type: 'string', pattern: '^(?:sha256:)?[0-9a-f]{64}$' },
          'As in `policy.digest` of a record, or in the field `Policy-Digest`.',
        ),
        example: '5d41402abc4b2a76b9719d911017c5925d41402abc4b2a76b9719d911017c592',
      },
    ],
    responses: {
      '200': success('The policy.', json({ type: 'object', description: 'The parsed policy file.' })),
      ...refusals([...WITH_TOKEN, 'not_found', 'ledger_unavailable'], { invalid: true }),
    },
  };
}

/** Describes the text as the array of its lines, which is the rule of OpenAPI 3.2 for sequential media types. */
function lines(last?: 'SearchProgress'): Record<string, JsonSchema> {
  const record = schemaRef('AuditRecord');
  const items = last === undefined ? record : { anyOf: [record, schemaRef(last)] };
  const schema = { ...listOf(items), description: 'One record a line, as its RFC 8785 text.' };
  return { 'application/x-ndjson': { schema } };
}

function invalidSearch(): InvalidRequest {
  const asked = { from: 'yesterday', outcome: 'done' };
  const issues = auditSearchSchema.safeParse(asked).error?.issues ?? [];
  return invalidRequest(bodyErrors(issues, asked), EXAMPLE_REQUEST_ID);
}
