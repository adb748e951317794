import type { JsonSchema } from './json-schema.ts';
import { schemaRef } from './json-schema.ts';
import type { HeaderName } from './header-fields.ts';
import { FOR_BROWSERS, headerComponents } from './header-fields.ts';
import type { Answers } from './responses.ts';
import { refusals, success } from './responses.ts';
import { auditCounts, auditPolicy, auditRecords, auditSearch, auditStatus } from './audit-operations.ts';
import type { OpenApiDocument } from './localize.ts';
import { placeOpenApi } from './localize.ts';
import { json, needs, ON_EVERY_PATH, parameter, WITH_TOKEN } from './operation.ts';
import { settleInviteRequest } from './settle-operation.ts';
import { componentSchemas } from './schemas.ts';
import { EXAMPLE_EXCHANGES } from './examples/exchanges.ts';
import { INVITE_ID } from './examples/ids.ts';
import { publishExamples } from './examples/publish-examples.ts';
import type { ProblemCode } from '../contract/problem.ts';

/**
 * /openapi.json: the published contract of this service (OpenAPI 3.1). This file describes the routes and their
 * purpose. The request schema is derived from the zod schema that parses requests, and the refusals from the table of
 * problems.
 */
export interface OpenApiOptions {
  readonly version: string;
  /** The public address of this service. Null or absent: the address from which the document was fetched. */
  readonly publicUrl?: string | null;
}

const DESCRIPTION = `Invite colleagues to Galileo with Galileo's own request, authorised by your access token: Galileo's key stays here.
Each request is checked against the org policy and put on record before anything is sent.

Refusals carry a stable \`code\`, say who refused (\`origin\`) and what to do (\`detail\`). Send an \`Idempotency-Key\` and you may
repeat a request safely. Never repeat one whose \`outcome\` is \`unknown\` without it: look at \`GET /v2/invite_requests/{id}\` first.

Every example was sent by a test and answered like this. Ids and digests differ in reality. The time is 10:00 UTC on 2 March 2026.

Beside the header fields of each answer there are these, for browsers:
${Object.entries(FOR_BROWSERS)
  .map(([name, meaning]) => `- \`${name}\`: ${meaning}`)
  .join('\n')}`;

/** As package.json says it: no licence is granted. */
const LICENSE = { name: 'UNLICENSED', identifier: 'LicenseRef-UNLICENSED' };

const ON_INVITE: readonly ProblemCode[] = [
  'idempotency_key_missing',
  'idempotency_key_malformed',
  ...WITH_TOKEN,
  'policy_denied',
  'method_not_allowed',
  'request_timeout',
  'idempotency_in_flight',
  'body_too_large',
  'unsupported_media_type',
  'idempotency_key_reused',
  'quota_exhausted',
  'upstream_rate_limited',
  'upstream_refused',
  'upstream_credentials_rejected',
  'upstream_error',
  'upstream_response_withheld',
  'ledger_unavailable',
  'upstream_unavailable',
  'outcome_unknown',
];

const RATE_LIMIT: readonly HeaderName[] = ['RateLimit-Policy', 'RateLimit'];

const REPLAYABLE: readonly HeaderName[] = [...RATE_LIMIT, 'Idempotency-Replayed', 'Content-Location'];

/** What a refusal after admission can carry, by status. */
const AFTER_ADMISSION = { '4XX': REPLAYABLE, '502': REPLAYABLE, '503': RATE_LIMIT, '504': REPLAYABLE };

/** Builds the document. Pure: equal options give equal documents. */
export function createOpenApi({ version, publicUrl = null }: OpenApiOptions): OpenApiDocument {
  return placeOpenApi(describeEverything(version), publicUrl);
}

function describeEverything(version: string): OpenApiDocument {
  return {
    openapi: '3.1.0',
    info: { title: 'Galileo invite proxy', version, description: DESCRIPTION, license: LICENSE },
    servers: [],
    tags: [
      { name: 'invites', description: 'Invite people, ask beforehand what is allowed, and see what became of it.' },
      { name: 'audit', description: 'The trail, for the audit team.' },
      { name: 'service', description: 'About the service itself; open to everyone.' },
    ],
    paths: publishExamples(
      {
        '/v2/invite_users': { post: inviteUsers() },
        '/v2/invite_policy': { get: invitePolicy() },
        '/v2/invite_requests': { get: listInviteRequests() },
        '/v2/invite_requests/{id}': { get: findInviteRequest() },
        '/v2/invite_requests/{id}/settlement': { post: settleInviteRequest() },
        '/audit/records': { get: auditRecords() },
        '/audit/search': { post: auditSearch() },
        '/audit/counts': { post: auditCounts() },
        '/audit/status': { get: auditStatus() },
        '/audit/policies/{digest}': { get: auditPolicy() },
        '/openapi.json': {
          get: staticDocument('getOpenApi', 'This contract, for programs', 'OpenAPI 3.1.', { type: 'object' }),
        },
        '/livez': { get: open('getLiveness', 'Is the process alive?', 'It is.', status('live')) },
        '/readyz': { get: readiness() },
        '/.well-known/oauth-protected-resource': {
          get: staticDocument(
            'getProtectedResource',
            'Which issuers and scopes this service takes',
            'RFC 9728.',
            schemaRef('ProtectedResource'),
          ),
        },
      },
      EXAMPLE_EXCHANGES,
    ),
    components: {
      schemas: componentSchemas(),
      headers: headerComponents(),
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description: 'An access token of a configured issuer (RFC 9068), with the scope that the operation names.',
        },
      },
    },
  };
}

/** Every operation reads them. Only that of this one may go on to Galileo. */
const TRACE_FIELDS = [
  parameter(
    'header',
    'traceparent',
    { type: 'string' },
    'W3C Trace Context, on every operation: its trace id becomes the `trace_id` of refusals, log lines and audit records. One that cannot be read is ignored. It decides nothing.',
  ),
  parameter(
    'header',
    'tracestate',
    { type: 'string' },
    'Beside `traceparent`. It is passed on to Galileo with `TRACE_UPSTREAM=on`, up to 512 characters; else it is ignored.',
  ),
];

function inviteUsers(): JsonSchema {
  return {
    operationId: 'inviteUsers',
    tags: ['invites'],
    summary: 'Invite people to Galileo',
    description:
      'All or nothing, unless you send `Prefer: handling=lenient`: if the policy refuses one address, nothing is sent. With `dry_run=true` you get the verdict, and nothing is sent or counted.',
    security: needs('invites:write'),
    parameters: [
      parameter('query', 'dry_run', { type: 'string', enum: ['true', 'false'] }, 'Only ask what would happen.'),
      parameter(
        'header',
        'Idempotency-Key',
        { type: 'string', minLength: 16, maxLength: 257 },
        'A new random value per intended invitation, 16 to 255 visible ASCII characters, quoted or bare. Repeating it repeats the answer, never the invitation. Kept for at least 7 days.',
      ),
      parameter(
        'header',
        'Prefer',
        { type: 'string' },
        '`handling=lenient` (RFC 7240): send the allowed addresses and refuse the rest one by one.',
      ),
      ...TRACE_FIELDS,
    ],
    requestBody: {
      required: true,
      content: {
        'application/json': {
          schema: schemaRef('InviteUsersRequest'),
        },
      },
    },
    responses: {
      '200': success(
        "Galileo's own answer; with `dry_run=true` the verdict. Null: a person settled a request whose answer was lost.",
        json({ anyOf: [schemaRef('DryRun'), schemaRef('GalileoAnswer'), { type: 'null' }] }),
        REPLAYABLE,
      ),
      '207': success(
        "With `Prefer: handling=lenient`: some were sent, the others refused one by one. A 207 of Galileo's own would come without `Preference-Applied`.",
        json({ anyOf: [schemaRef('PartlySent'), schemaRef('GalileoAnswer')] }),
        [...REPLAYABLE, 'Preference-Applied'],
      ),
      '2XX': success(
        "Galileo's own status and answer; an empty one stays empty.",
        json(schemaRef('GalileoAnswer')),
        REPLAYABLE,
      ),
      ...refusals(ON_INVITE, { hasInput: true, fields: AFTER_ADMISSION }),
    },
  };
}

function invitePolicy(): JsonSchema {
  return {
    operationId: 'getInvitePolicy',
    tags: ['invites'],
    summary: 'What you may do now',
    description:
      'The rules that let you invite, with domains, roles, auth methods and groups, and what is left of your quotas. Build your form from it.',
    security: needs('invites:write'),
    responses: {
      '200': success('Your part of the policy.', json(schemaRef('InvitePolicy')), RATE_LIMIT),
      ...refusals([...WITH_TOKEN, 'ledger_unavailable'], { hasInput: true }),
    },
  };
}

function listInviteRequests(): JsonSchema {
  return {
    operationId: 'listInviteRequests',
    tags: ['invites'],
    summary: 'Your requests, newest first',
    description: 'With scope `audit:read`: those of everyone, unless you ask for your own.',
    security: [...needs('invites:write'), ...needs('audit:read')],
    parameters: [
      parameter('query', 'before', { type: 'string', format: 'uuid' }, 'The `next` of the page before.'),
      parameter(
        'query',
        'own',
        { type: 'string', enum: ['true', 'false'] },
        'Only yours, also with scope `audit:read`.',
      ),
    ],
    responses: {
      '200': success('Up to 100 requests.', json(schemaRef('InviteRequestPage'))),
      ...refusals([...WITH_TOKEN, 'ledger_unavailable'], { hasInput: true }),
    },
  };
}

function findInviteRequest(): JsonSchema {
  return {
    operationId: 'getInviteRequest',
    tags: ['invites'],
    summary: 'What became of a request',
    description: "Another caller's request is a 404, unless you have scope `audit:read`.",
    security: [...needs('invites:write'), ...needs('audit:read')],
    parameters: [
      {
        ...parameter('path', 'id', { type: 'string', format: 'uuid' }, 'The X-Request-Id of the request.'),
        example: INVITE_ID,
      },
    ],
    responses: {
      '200': success('The request and its outcome.', json(schemaRef('InviteRequest'))),
      ...refusals([...WITH_TOKEN, 'not_found', 'ledger_unavailable'], { hasInput: true }),
    },
  };
}

function readiness(): JsonSchema {
  const operation = open('getReadiness', 'Does it take requests?', 'It does.', status('ready'));
  const notReady = success(
    'Not now: the ledger or the policy is missing, or it is shutting down.',
    json(status('not_ready')),
  );
  return { ...operation, responses: { ...(operation['responses'] as Answers), '503': notReady } };
}

function open(operationId: string, summary: string, description: string, schema: JsonSchema): JsonSchema {
  const responses = { '200': success(description, json(schema)), ...refusals(ON_EVERY_PATH) };
  return { operationId, tags: ['service'], summary, security: [], responses };
}

function staticDocument(operationId: string, summary: string, description: string, schema: JsonSchema): JsonSchema {
  const responses = {
    '200': success(description, json(schema), ['ETag']),
    '304': success('You have this version already: your `If-None-Match` names its `ETag`.', null, ['ETag']),
    ...refusals([...ON_EVERY_PATH, 'overloaded']),
  };
  const parameters = [
    parameter('header', 'If-None-Match', { type: 'string' }, 'The `ETag` of the version that you have.'),
  ];
  return { operationId, tags: ['service'], summary, security: [], parameters, responses };
}

function status(word: string): JsonSchema {
  return { type: 'object', properties: { status: { const: word } }, required: ['status'], additionalProperties: false };
}
