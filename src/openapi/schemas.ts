import * as z from 'zod';
import { auditRecordJsonSchema } from './audit-record-schema.ts';
import { auditCountsSchema } from '../audit/counts-request.ts';
import { auditSearchSchema } from '../audit/search-request.ts';
import { settlementSchema } from '../contract/settlement.ts';
import { MAX_EMAILS, MAX_GROUP_IDS } from '../contract/invite-users.ts';
import type { JsonSchema } from './json-schema.ts';
import { ANSWER_ID, ANSWER_TRACE_ID } from './examples/ids.ts';
import { COUNT, listOf, nullable, object, oneOf, schemaRef, TEXT } from './json-schema.ts';
import { viewSchemas } from './views.ts';
import { PROBLEMS } from '../contract/problem.ts';
import { upstreamSchemas } from './upstream-schema.ts';
import { ADDRESS_FAULT_REASONS } from '../contract/address-fault.ts';
import { MAX_LISTED_ERRORS, VALIDATION_ERROR_TYPES } from '../contract/validation-error.ts';

/**
 * The component schemas of /openapi.json: the request, the refusals and the audit trail. The request and the audit
 * schemas are derived from zod, the codes from PROBLEMS, and the error types from validation-error, so the published
 * schemas always match the code.
 */
const REQUEST_ID: JsonSchema = {
  type: 'string',
  format: 'uuid',
  description:
    'The X-Request-Id of the answer (UUIDv7). Quote it when you ask about a request; the audit trail knows it too.',
  examples: [ANSWER_ID],
};

const TRACE_ID: JsonSchema = {
  type: 'string',
  pattern: '^[0-9a-f]{32}$',
  description:
    'The trace of the request (W3C Trace Context): yours, where you sent a `traceparent` that can be read, else a new one. The log of this service and the audit trail know it too.',
  examples: [ANSWER_TRACE_ID],
};

const ORIGIN: JsonSchema = {
  type: 'string',
  enum: ['proxy', 'policy', 'quota', 'upstream'],
  description: 'Who refused: this service, the org policy, one of its quotas, or Galileo.',
};

/** Galileo's schema, plus the limits of this service. */
function inviteUsersRequest(): Record<string, JsonSchema> {
  const { InviteUsersRequest: request, AuthMethod, UserRole } = upstreamSchemas();
  const fields = request.properties as Record<string, JsonSchema>;
  return {
    AuthMethod,
    UserRole,
    InviteUsersRequest: {
      ...request,
      description:
        "Galileo's own request. Stricter here: unknown fields, repeated addresses and coercible values are refused.",
      properties: {
        ...fields,
        emails: {
          ...fields['emails'],
          maxItems: MAX_EMAILS,
          description:
            'Whom to invite: plain ASCII addresses such as ann@acme.com, each once (case is ignored), sent on exactly as given.',
        },
        group_ids: {
          ...fields['group_ids'],
          maxItems: MAX_GROUP_IDS,
          description: 'Galileo groups to join: version 4 UUIDs in their dashed form.',
        },
      },
      additionalProperties: false,
    },
  };
}

const ADDRESS_DECISION = object(
  {
    email: { ...TEXT, description: 'Exactly as you wrote it.' },
    decision: oneOf(['allow', 'deny']),
    rule: nullable({
      ...TEXT,
      description: 'The deciding rule or limit; null when no rule of yours covers the address.',
    }),
    because: {
      ...listOf(TEXT),
      description:
        'Empty when allowed. `no-caller`: the policy does not know this caller. `no-rule`: no rule of this caller covers the address. Otherwise the keys of the rule that failed or hit.',
    },
    message: { ...TEXT, description: 'For people: the address, the reason, the rule, and its note where it has one.' },
  },
  { description: 'What the policy says of one address.' },
);

const MALFORMED_ENTRY = object(
  {
    index: { ...COUNT, description: 'Its place in your list, from 0.' },
    decision: { const: 'deny' },
    reason: { type: 'string', enum: ADDRESS_FAULT_REASONS, description: 'Stable. Why it is no acceptable address.' },
    message: { ...TEXT, description: 'For people: what to change. Repeats nothing of the entry.' },
  },
  { description: 'An entry of your list that is no acceptable address, left out by `Prefer: handling=lenient`.' },
);

const DECISIONS = listOf({ anyOf: [schemaRef('AddressDecision'), schemaRef('MalformedEntry')] });

const VALIDATION_ERROR = object({
  type: {
    type: 'string',
    enum: VALIDATION_ERROR_TYPES,
    description: "The names of pydantic v2, as Galileo's own 422 has them.",
  },
  loc: {
    ...listOf({ anyOf: [TEXT, { type: 'integer' }] }),
    description:
      'Where: `body` or `query`, then field names and your own indices. A name of more than 100 characters is shortened, and an invisible character in it is written as its code point.',
    examples: [['body', 'emails', 3]],
  },
  msg: { ...TEXT, description: 'For people. Repeats no value of yours.' },
});

const PROBLEM = object(
  {
    type: { const: 'about:blank' },
    title: TEXT,
    status: { type: 'integer', minimum: 400, maximum: 599 },
    detail: { ...TEXT, description: 'What happened and what to do, for people: it can be shown as it is.' },
    code: { type: 'string', enum: Object.keys(PROBLEMS), description: 'Stable. Branch on this.' },
    origin: ORIGIN,
    request_id: REQUEST_ID,
    trace_id: TRACE_ID,
    outcome: {
      type: 'string',
      enum: ['refused', 'not_sent', 'unknown', 'accepted'],
      description: 'What became of an admitted request. `unknown`: it may have been done; do not simply repeat it.',
    },
    decisions: { ...DECISIONS, description: 'Where the policy or a quota per invitee refused: address by address.' },
    quota: { ...TEXT, description: 'The quota that is exhausted.' },
    errors: {
      ...listOf(object({ type: TEXT, loc: listOf({ anyOf: [TEXT, { type: 'integer' }] }), msg: TEXT }, { open: true })),
      maxItems: MAX_LISTED_ERRORS,
      description: "Galileo's own list of errors, where it sent one.",
    },
    omitted: { ...COUNT, description: 'How many errors `errors` leaves out; absent when it lists all of them.' },
  },
  {
    optional: ['trace_id', 'outcome', 'decisions', 'quota', 'errors', 'omitted'],
    description: 'RFC 9457: every refusal but the list of validation errors.',
  },
);

export function componentSchemas(): Record<string, JsonSchema> {
  return {
    ...inviteUsersRequest(),
    ValidationError: VALIDATION_ERROR,
    InvalidRequest: object(
      {
        detail: { ...listOf(schemaRef('ValidationError')), maxItems: MAX_LISTED_ERRORS },
        omitted: { ...COUNT, description: 'How many errors `detail` leaves out; absent when it lists all of them.' },
        code: { const: 'invalid_request' },
        origin: { const: 'proxy' },
        request_id: REQUEST_ID,
        trace_id: TRACE_ID,
      },
      {
        optional: ['trace_id', 'omitted'],
        description: `Galileo's shape of a 422: the first ${MAX_LISTED_ERRORS} errors at once, in the order of the model's fields.`,
      },
    ),
    Problem: PROBLEM,
    AddressDecision: ADDRESS_DECISION,
    MalformedEntry: MALFORMED_ENTRY,
    ...viewSchemas(),
    Settlement: settlementJsonSchema(),
    AuditRecord: auditRecordJsonSchema(),
    AuditSearch: auditSearchJsonSchema(),
    AuditCountsRequest: auditCountsJsonSchema(),
    SearchProgress: object(
      { kind: { const: 'search_progress' }, scanned_to: COUNT },
      { description: 'The last line of a search that was cut short. Ask again with `after` = `scanned_to`.' },
    ),
  };
}

function settlementJsonSchema(): JsonSchema {
  const { $schema: _, ...schema } = z.toJSONSchema(settlementSchema, { io: 'input' });
  return { ...schema, description: 'How a request with an unknown outcome ended, and how you know.' };
}

function auditCountsJsonSchema(): JsonSchema {
  const { $schema: _, ...schema } = z.toJSONSchema(auditCountsSchema, { io: 'input', unrepresentable: 'any' });
  return { ...schema, description: 'Which records are counted, over which time, and by hour or by day.' };
}

function auditSearchJsonSchema(): JsonSchema {
  const { $schema: _, ...schema } = z.toJSONSchema(auditSearchSchema, { io: 'input', unrepresentable: 'any' });
  return { ...schema, description: 'What must hold of a record. Without any filter: every record.' };
}
