import { COUNT_STEPS } from '../audit/count-records.ts';
import { RECORD_RESULTS } from '../audit/record-vocabulary.ts';
import { STORY_EVENTS } from '../audit/story-events.ts';
import { AUTH_METHODS, USER_ROLES } from '../contract/invite-users.ts';
import { GROUP_NAMES_STATES } from '../policy/capabilities/group-names.ts';
import { recordedPartSchemas } from './audit-record-schema.ts';
import type { JsonSchema } from './json-schema.ts';
import { COUNT, INSTANT, listOf, nullable, object, oneOf, schemaRef, TEXT } from './json-schema.ts';

/**
 * The component schemas of the answers of the reading routes and of the dry run. They are written by hand, but for the
 * parts of an audit record; the HTTP test suite validates every real answer against them.
 */
const UNIT = oneOf(['emails', 'requests']);
const RESET_S = { ...COUNT, description: 'Seconds until the window ends.' };

const FORCED_VALUE = { anyOf: [TEXT, { type: 'boolean' }, listOf(TEXT)] };

const DRY_RUN = object(
  {
    dry_run: { const: true },
    decision: { ...oneOf(['allow', 'deny']), description: 'What the request would get, were it sent now.' },
    refused_by: nullable(oneOf(['policy', 'quota'])),
    quota: nullable({ ...TEXT, description: 'The quota that has too little left, when that is the reason.' }),
    decisions: listOf({ anyOf: [schemaRef('AddressDecision'), schemaRef('MalformedEntry')] }),
    forced: {
      ...listOf(
        object({ rule: TEXT, field: oneOf(['auth_method', 'role', 'group_ids', 'send_email']), value: FORCED_VALUE }),
      ),
      description: 'Values that the policy sets whatever you ask for.',
    },
    quotas: listOf(
      object({
        quota: TEXT,
        unit: UNIT,
        limit: COUNT,
        before: { ...COUNT, description: 'Left now.' },
        after: { ...COUNT, description: 'Left if this were sent.' },
        reset_s: RESET_S,
      }),
    ),
    body: { ...schemaRef('InviteUsersRequest'), description: 'What would be sent to Galileo.' },
  },
  { description: 'The answer to `?dry_run=true`: nothing was sent, nothing was counted.' },
);

/**
 * Galileo documents its 200 as any JSON. The two members are there for generators: in a union with an open object only
 * such members narrow to the other types. They have an `enum`, because generators make a value of an object of constants.
 */
const GALILEO_ANSWER = object(
  {
    dry_run: { type: 'boolean', enum: [false], description: 'Left out. With `true` it is the verdict of a dry run.' },
    refused: {
      type: 'boolean',
      enum: [false],
      description: 'Left out. With a list it is the answer to `Prefer: handling=lenient`.',
    },
  },
  {
    open: true,
    optional: ['dry_run', 'refused'],
    description:
      "Galileo's own answer, untouched. Galileo documents no members of it, so look before you read one. Other JSON than an object would be passed on as well.",
  },
);

const PARTLY_SENT = object(
  {
    sent: { ...listOf(TEXT), description: 'The addresses that went to Galileo.' },
    refused: {
      ...listOf({ anyOf: [schemaRef('AddressDecision'), schemaRef('MalformedEntry')] }),
      description:
        'The others, each with its reason. An entry that is no acceptable address has its place in your list.',
    },
    upstream: { description: "Galileo's answer for those that were sent; null when it was empty." },
  },
  {
    description: 'The answer to `Prefer: handling=lenient` when some addresses were sent and others left out.',
  },
);

const TARGET = {
  domains: { ...listOf(TEXT), description: '`*.acme.com` is every sub-domain of acme.com, and not acme.com itself.' },
  emails: listOf(TEXT),
};

const NAMED_GROUPS = listOf(object({ id: { ...TEXT, format: 'uuid' }, name: nullable(TEXT) }));

const INVITE_POLICY = object(
  {
    digest: { type: 'string', pattern: '^[0-9a-f]{64}$' },
    rules: listOf(
      object({
        id: TEXT,
        ...TARGET,
        roles: listOf(oneOf(USER_ROLES)),
        auth_methods: listOf(oneOf(AUTH_METHODS)),
        groups: { anyOf: [{ const: 'any' }, NAMED_GROUPS], description: 'Empty: no group may be asked for.' },
        until: nullable({ ...TEXT, format: 'date', description: 'The rule ends at 00:00 UTC of that day.' }),
        note: nullable({ ...TEXT, description: 'For people: what the authors of the policy say about the rule.' }),
      }),
    ),
    forced: listOf(
      object(
        {
          id: TEXT,
          ...TARGET,
          auth_method: oneOf(AUTH_METHODS),
          role: oneOf(USER_ROLES),
          groups: NAMED_GROUPS,
          send_email: { type: 'boolean' },
        },
        { optional: ['auth_method', 'role', 'groups', 'send_email'], description: 'What is set whatever you ask for.' },
      ),
    ),
    limits: listOf(
      object({
        id: TEXT,
        per: oneOf(['request', 'subject', 'client_id', 'issuer', 'org', 'invitee']),
        unit: UNIT,
        limit: COUNT,
        window_s: nullable({ ...COUNT, description: 'Null: for each request alone.' }),
      }),
    ),
    group_names: {
      ...oneOf(GROUP_NAMES_STATES),
      description:
        'Where the operators let this service look groups up in Galileo: how good the names are that the policy itself does not give. `looked_up`: as in Galileo; a null is a group that Galileo does not list, or whose name cannot be shown. `outdated`: as they were when Galileo last answered. `incomplete`: Galileo has more groups than are read. `unavailable`: Galileo did not answer, so names are missing. It changes nothing about invites.',
    },
    quotas: listOf(
      object({ quota: TEXT, unit: UNIT, limit: COUNT, window_s: COUNT, remaining: COUNT, reset_s: RESET_S }),
    ),
  },
  {
    optional: ['group_names'],
    description: 'What you may do now, rule by rule, from the same functions that decide real requests.',
  },
);

const recorded = (part: string, description: string) => ({ ...nullable(schemaRef(part)), description });

const INVITE_REQUEST = object(
  {
    id: { ...TEXT, format: 'uuid', description: 'The X-Request-Id it was answered with.' },
    trace_id: {
      type: 'string',
      pattern: '^[0-9a-f]{32}$',
      description: 'The trace it came with (W3C Trace Context), or was given. Absent in requests of earlier releases.',
    },
    state: {
      ...oneOf(['open', 'accepted', 'refused', 'not_sent', 'unknown', 'denied']),
      description: '`open`: not ended yet. `unknown`: it may or may not have been done.',
    },
    requested_at: nullable({
      ...INSTANT,
      description: 'As `time` of its first audit record. Null only when it cannot be read.',
    }),
    settled_at: nullable(INSTANT),
    expires_at: nullable({ ...INSTANT, description: 'While open: when it becomes `unknown` by itself.' }),
    actor: recorded('RecordedActor', 'Who asked, as the audit record has it. Null: see `unreadable`.'),
    request: recorded('RecordedRequest', 'What was asked, as the audit record has it. Null: see `unreadable`.'),
    request_sha256: { type: 'string', pattern: '^[0-9a-f]{64}$', description: 'SHA-256 of the bytes for Galileo.' },
    policy: recorded(
      'RecordedPolicy',
      'What the policy decided, and which policy it was (digest). Null: see `unreadable`.',
    ),
    outcome: recorded(
      'RecordedOutcome',
      'What came of it: `result`, and code, status and reason where they apply. `attempts` and `settler` are for `audit:read` alone. Null: see `unreadable`; `state` still holds.',
    ),
    unreadable: {
      ...listOf(oneOf(['decision', 'outcome', 'state'])),
      minItems: 1,
      description:
        'The parts of this request that are stored but damaged: the audit record of the decision or of the outcome, or the state or a time of the request (`state` is then what the records prove, or `unknown`; the time is null). Absent when all is readable. The operators have a log line about it.',
    },
    events: {
      ...listOf(
        object({
          at: nullable({ ...INSTANT, description: 'When it was put on record. Null: the record is damaged.' }),
          event: { ...oneOf(STORY_EVENTS), description: 'Stable. More may come.' },
          message: { ...TEXT, description: 'Sentences for people, with times in UTC.' },
        }),
      ),
      description:
        'The story of the request, in the order of the records: what was asked, what the policy decided, how it ended, who settled it, and the newest repeats with its Idempotency-Key. Only in the answer about one request.',
    },
    replays_left_out: { ...COUNT, description: 'How many repeats with its Idempotency-Key are not among `events`.' },
  },
  {
    optional: ['trace_id', 'request_sha256', 'unreadable', 'events', 'replays_left_out'],
    description: 'A decided request.',
  },
);

const AUDIT_COUNTS = object(
  {
    step: oneOf(COUNT_STEPS),
    counts: {
      ...listOf(
        object({
          from: { ...INSTANT, description: 'Where the period begins, in UTC.' },
          result: {
            ...oneOf(RECORD_RESULTS),
            description:
              '`outcome.result` of the records. `suppressed`: answered and only counted, however they ended. More may come.',
          },
          requests: { ...COUNT, description: 'How many requests have such a record in the period.' },
          addresses: {
            ...COUNT,
            description:
              'How many addresses they had; of admitted requests those that were to be sent. 0 for `suppressed`.',
          },
        }),
      ),
      description: 'In order of time. A period without such a record is left out.',
    },
    scanned_to: { ...COUNT, description: 'The records up to this `seq` are counted.' },
    complete: { type: 'boolean', description: 'False: ask again with `after` = `scanned_to`, and add the counts.' },
  },
  { description: 'How many requests of a period are on record with each result.' },
);

const SEQ = (description: string) => ({ ...COUNT, description });

const AUDIT_STATUS = object(
  {
    policy_digest: {
      type: 'string',
      pattern: '^[0-9a-f]{64}$',
      description: 'The policy that decides now, as in `policy.digest` of records.',
    },
    dropped_to: SEQ('The records up to this `seq` were dropped for their age; 0: none was.'),
    last_seq: SEQ('The `seq` of the last record; 0: there is none.'),
    head: { type: 'string', pattern: '^[0-9a-f]{64}$', description: 'The `hash` of that record.' },
    verified_to: SEQ('The service verified every record up to this `seq` before it made the last checkpoint.'),
    checkpoint: nullable(
      object(
        { count: SEQ('The `seq` of the last record that it covers.'), made_at: INSTANT },
        {
          description: 'The last checkpoint.',
        },
      ),
    ),
    fault: nullable(
      object(
        { seq: SEQ('The record at which the trail is not what the service wrote.'), reason: TEXT },
        {
          description:
            'What the last verification found; null when it found nothing, or when none has run since the start. No checkpoint is made while there is one.',
        },
      ),
    ),
    sinks: {
      ...listOf(
        object({
          sink: TEXT,
          backlog_records: SEQ('Records that it has not acknowledged. On Workers: that are not in its Queue yet.'),
          lag_s: { ...COUNT, description: 'Seconds since the oldest of them was written.' },
        }),
      ),
      description: 'Every sink of the trail.',
    },
  },
  { description: 'Where the audit trail is, and how far it is proven and delivered.' },
);

export function viewSchemas(): Record<string, JsonSchema> {
  return {
    DryRun: DRY_RUN,
    GalileoAnswer: GALILEO_ANSWER,
    PartlySent: PARTLY_SENT,
    InvitePolicy: INVITE_POLICY,
    InviteRequest: INVITE_REQUEST,
    ...recordedPartSchemas(),
    AuditCounts: AUDIT_COUNTS,
    AuditStatus: AUDIT_STATUS,
    InviteRequestPage: object({
      requests: { ...listOf(schemaRef('InviteRequest')), description: 'Newest first.' },
      next: nullable({ ...TEXT, format: 'uuid', description: 'Pass as `before` for the next page; null at the end.' }),
    }),
    ProtectedResource: object(
      {
        resource: TEXT,
        authorization_servers: listOf(TEXT),
        scopes_supported: listOf(TEXT),
        bearer_methods_supported: listOf(TEXT),
      },
      {
        open: true,
        optional: ['authorization_servers'],
        description: 'OAuth 2.0 Protected Resource Metadata (RFC 9728).',
      },
    ),
  };
}
