import type { JsonSchema } from './json-schema.ts';
import { listOf, schemaRef } from './json-schema.ts';
import { refusals, success } from './responses.ts';
import { json, needs, parameter, WITH_TOKEN } from './operation.ts';
import { DOCUMENT_DIGEST } from './examples/ids.ts';

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
      ...refusals([...WITH_TOKEN, 'ledger_unavailable'], { hasInput: true }),
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
        },
      },
    },
    responses: {
      '200': success('Matching records in seq order.', lines('SearchProgress'), ['Audit-Unreadable-Records']),
      ...refusals(
        [...WITH_TOKEN, 'request_timeout', 'body_too_large', 'unsupported_media_type', 'ledger_unavailable'],
        { hasInput: true },
      ),
    },
  };
}

export function auditCounts(): JsonSchema {
  return {
    operationId: 'countAuditRecords',
    tags: ['audit'],
    summary: 'How many requests, by time and result',
    description:
      'Counts the records that match, by hour or day (UTC) and by result, for figures over a long trail. An answer takes about a second: where `complete` is false, ask again with `after` = `scanned_to`, and add the counts. A request whose outcome was unknown and was settled later counts as both, each in the period of its record. Filters are those of the search.',
    security: needs('audit:read'),
    requestBody: { required: true, content: { 'application/json': { schema: schemaRef('AuditCountsRequest') } } },
    responses: {
      '200': success('The counts so far.', json(schemaRef('AuditCounts')), ['Audit-Unreadable-Records']),
      ...refusals(
        [...WITH_TOKEN, 'request_timeout', 'body_too_large', 'unsupported_media_type', 'ledger_unavailable'],
        { hasInput: true },
      ),
    },
  };
}

export function auditStatus(): JsonSchema {
  return {
    operationId: 'getAuditStatus',
    tags: ['audit'],
    summary: 'How far the trail is proven and delivered',
    description:
      'The ends of the trail, the last checkpoint, what the verification found, how far each sink is behind, and which policy decides now. The service verifies every record before a checkpoint covers it; that the records are those it wrote is proven by checkpoints that you keep elsewhere.',
    security: needs('audit:read'),
    responses: {
      '200': success('The status now.', json(schemaRef('AuditStatus'))),
      ...refusals([...WITH_TOKEN, 'ledger_unavailable'], { hasInput: true }),
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
        example: DOCUMENT_DIGEST,
      },
    ],
    responses: {
      '200': success('The policy.', json({ type: 'object', description: 'The parsed policy file.' })),
      ...refusals([...WITH_TOKEN, 'not_found', 'ledger_unavailable'], { hasInput: true }),
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
