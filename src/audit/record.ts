import * as z from 'zod';
import { RECORDED_EMAIL, REQUEST_RECORD_KINDS, REQUEST_RESULTS, TRACE_SAID_BY_CALLER } from './record-vocabulary.ts';
import { AUTH_METHODS, MAX_EMAILS, USER_ROLES } from '../contract/invite-users.ts';
import { attemptSchema } from './attempt-record.ts';
import { changeSchema } from './change-record.ts';
import { readSchema } from './read-record.ts';
import { suppressedSchema } from './suppressed-record.ts';

/**
 * The audit record: who asked for what, under which policy, and how the request ended; or, of kind `suppressed`, how
 * many refusals, replays and dry runs of one subject were only counted; or, of kind `change`, what changed in the
 * service (change-record.ts); or, of kind `read`, who read the trail (read-record.ts). This zod schema is the only
 * source of the record's types (below) and of the published JSON Schema (openapi/audit-record-schema).
 * docs/audit-reference.md describes every field. Names are in snake_case because this is a wire format. Objects are
 * strict because an undocumented member is a bug. The schema does not run during a request: the compiler checks the
 * code that builds records against the types, so code that serves requests imports only types from this file.
 */
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const traceId = z.string().regex(/^[0-9a-f]{32}$/);
const uuid7 = z.uuid({ version: 'v7' });
/** RFC 3339, UTC, milliseconds. */
const instant = z.iso.datetime({ precision: 3 });
/** A stable identifier in snake_case. */
const word = z.string().regex(/^[a-z][a-z0-9_]*$/);
const status = z.int().min(100).max(599);
const count = z.int().nonnegative();

const recordedEmail = z
  .string()
  .regex(RECORDED_EMAIL)
  .describe('An address exactly as given, or `hmac-sha256:` and 64 hex digits (AUDIT_EMAILS).');

const actor = z.strictObject({
  issuer: z.string().describe("The issuer's short name in this deployment (AUTH_ISSUERS)."),
  issuer_url: z.string().describe("The token's `iss`."),
  subject: z.string().describe("The token's `sub`."),
  client_id: z.string().describe("The token's client."),
  kind: z.enum(['user', 'app']).describe('`app`: the client acted for itself.'),
  token_id: z.string().exactOptional().describe("The token's `jti`, where it has one."),
});

const source = z.strictObject({
  address: z.string().nullable().describe("The caller's address; null when the platform does not know it."),
  user_agent: z.string().exactOptional().describe('As claimed, shortened.'),
  origin: z.string().exactOptional().describe('As claimed, shortened.'),
});

const request = z.strictObject({
  method: z.string().describe("The route's."),
  path: z.string().describe("The route's, without a query."),
  emails: z
    .array(recordedEmail)
    .max(MAX_EMAILS)
    .exactOptional()
    .describe('Whom the caller asked to invite. Not in dry runs.'),
  email_count: count.describe('How many well-formed addresses there were.'),
  malformed: z
    .array(
      z.strictObject({
        index: count.describe("Its place in the caller's list, from 0."),
        reason: word.describe('Why it is no acceptable address.'),
      }),
    )
    .exactOptional()
    .describe('Entries of the list that were left out because they are no acceptable addresses. Never their text.'),
  auth_method: z.enum(AUTH_METHODS).describe('As asked, like all of `request`; see `policy.forced`.'),
  role: z.enum(USER_ROLES).describe('As asked.'),
  group_ids: z.array(z.uuid({ version: 'v4' })).describe('As asked: Galileo groups to join.'),
  send_email: z.boolean().describe('As asked.'),
  idempotency_key_sha256: sha256.exactOptional().describe("SHA-256 of the caller's Idempotency-Key."),
});

const decision = z.strictObject({
  decision: z.enum(['allow', 'deny']).describe('For these addresses.'),
  rule: z.string().nullable().describe('The deciding rule or limit; null when no rule of this caller covers them.'),
  because: z
    .array(z.string())
    .describe(
      'Empty when allowed. `no-caller`: the policy does not know this caller. `no-rule`: no rule of this caller covers the address. Otherwise the keys of the rule that failed or hit.',
    ),
  emails: z
    .array(recordedEmail)
    .exactOptional()
    .describe('Where there is more than one decision; a single one is about all of `request.emails`.'),
  email_count: count.describe('How many addresses it is about.'),
});

const policy = z.strictObject({
  digest: sha256.describe('SHA-256 of the policy in force, as in the field Policy-Digest.'),
  verdict: z
    .enum(['allow', 'deny'])
    .describe('On the whole request; in a replay what it would be now, which changed nothing.'),
  decisions: z.array(decision).describe('Grouped by what decided.'),
  forced: z
    .array(
      z.strictObject({
        rule: z.string().describe('The row of `force` in the policy.'),
        field: z.enum(['auth_method', 'role', 'group_ids', 'send_email']).describe('Of the request.'),
        value: z.union([z.string(), z.boolean(), z.array(z.string())]).describe('What was sent instead.'),
      }),
    )
    .describe("Values that the policy put in place of the caller's."),
});

const evidence = z
  .strictObject({
    created_after: count.describe('How many of the addresses sent belong to a user that was created after the intent.'),
    users: z
      .array(
        z.strictObject({
          email: recordedEmail,
          created_at: z.string().nullable().describe('As Galileo says; null when it knows no such user.'),
        }),
      )
      .describe('One for each address that was sent.'),
  })
  .describe("What a query of Galileo's users showed.");

const settler = z
  .strictObject({
    ...actor.shape,
    request_id: uuid7.describe('The X-Request-Id of the request that settled it.'),
    address: z.string().nullable().describe("That person's address; null when the platform does not know it."),
  })
  .describe('Who settled it over HTTP, as the verified token says. `actor` is who asked for the invitation.');

const outcome = z.strictObject({
  result: z.enum(REQUEST_RESULTS).describe('How the request ended.'),
  code: word.exactOptional().describe('The problem code of the answer, where it was a problem.'),
  status: status.exactOptional().describe('The status of the answer to the caller.'),
  reason: word.exactOptional().describe('Why it was not sent, or is unknown.'),
  quota: z.string().exactOptional().describe('The quota that refused.'),
  expires_at: instant.exactOptional().describe('When an intent becomes `unknown` by itself.'),
  first_request_id: uuid7.exactOptional().describe('The request whose answer was replayed.'),
  upstream_status: status.exactOptional().describe('The status of the last complete answer of Galileo.'),
  attempts: z.array(attemptSchema).exactOptional().describe('Each exchange with Galileo.'),
  withheld: word.exactOptional().describe("Why Galileo's body was kept from the caller."),
  settled_by: z
    .enum(['exchange', 'sweep', 'reconciliation', 'person'])
    .exactOptional()
    .describe(
      '`exchange`: the request itself; `sweep`: its intent expired; `reconciliation`: Galileo was asked; `person`.',
    ),
  person: z
    .string()
    .exactOptional()
    .describe('Who settled it: the name that was given on the command line, or over HTTP the `sub` of the token.'),
  note: z.string().exactOptional().describe("That person's reason."),
  settler: settler.exactOptional(),
  evidence: evidence.exactOptional(),
});

const service = z.strictObject({
  name: z.string().describe('What this service is called.'),
  version: z.string().describe('Its release.'),
  runtime: z.string().describe('What it runs on.'),
  instance: z.string().describe('Which of its processes.'),
});

/** The members that the ledger adds in the transaction that stores the record. */
const place = {
  seq: z.int().positive().describe('From 1, over the whole ledger, without gaps.'),
  id: uuid7.describe('Of this record; the same in every repeat.'),
  time: instant.describe("The machine's clock. It may be earlier than in the record before; `seq` is the order."),
  prev: sha256.describe('`hash` of the record before, 64 zeros for the first.'),
  hash: sha256.describe('SHA-256 over the RFC 8785 text of the record without this member.'),
};

export const requestRecordSchema = z.strictObject({
  ...place,
  kind: z
    .enum(REQUEST_RECORD_KINDS)
    .describe(
      '`intent`: admitted, about to be sent; `outcome`: how that ended; `denial`: refused with 403 or 429; `replay`: a known Idempotency-Key got its stored answer; `dry_run`: a verdict was asked for; `reconciliation`: a check of an unknown outcome, or its settlement.',
    ),
  request_id: uuid7.describe('The X-Request-Id of the request. All records of one request share it.'),
  trace_id: traceId.exactOptional().describe(TRACE_SAID_BY_CALLER),
  request_sha256: sha256
    .exactOptional()
    .describe('SHA-256 of the exact bytes sent, or ready to be sent, to Galileo; absent where there are none.'),
  actor: actor.describe('Who asked, as the verified token says.'),
  source: source.describe('Where from. Nothing is decided by it.'),
  request: request.describe('What was asked.'),
  policy: policy.describe('What the policy said, and which policy it was.'),
  outcome: outcome.describe('How the request ended; the members depend on `kind`.'),
  service: service.describe('Who wrote this record.'),
});

export const suppressedRecordSchema = z.strictObject({
  ...place,
  kind: z
    .literal('suppressed')
    .describe('What one subject did in one minute beyond what is recorded whole: it was answered, and only counted.'),
  actor: actor.omit({ token_id: true }).describe('Who asked, as the verified tokens say.'),
  request: request.pick({ method: true, path: true }).describe('What was asked.'),
  policy: policy.pick({ digest: true }).describe('Which policy decided.'),
  outcome: z.strictObject({ result: z.literal('suppressed') }).describe('`suppressed` says how the requests ended.'),
  suppressed: suppressedSchema.describe('The requests.'),
  service: service.describe('Who wrote this record.'),
});

export const changeRecordSchema = z.strictObject({
  ...place,
  kind: z.literal('change').describe('The service, its policy or one of its keys changed. It is about no request.'),
  change: changeSchema.describe('What changed.'),
  service: service.describe('Who wrote this record.'),
});

export const readRecordSchema = z.strictObject({
  ...place,
  kind: z
    .literal('read')
    .describe("Who read the trail, or other callers' requests, in one minute. It is about no single request."),
  actor: actor
    .omit({ token_id: true })
    .exactOptional()
    .describe(
      'Who read, as the verified tokens say. Absent in the record about all readers of a minute beyond the limit.',
    ),
  read: readSchema.describe('What was read.'),
  service: service.describe('Who wrote this record.'),
});

export const auditRecordSchema = z.discriminatedUnion('kind', [
  requestRecordSchema,
  suppressedRecordSchema,
  changeRecordSchema,
  readRecordSchema,
]);

/** A record never changes once it is built. */
type Immutable<T> = T extends readonly (infer Item)[]
  ? readonly Immutable<Item>[]
  : T extends object
    ? { readonly [K in keyof T]: Immutable<T[K]> }
    : T;

export type RequestRecord = Immutable<z.output<typeof requestRecordSchema>>;
export type SuppressedRecord = Immutable<z.output<typeof suppressedRecordSchema>>;
export type ChangeRecord = Immutable<z.output<typeof changeRecordSchema>>;
export type ReadRecord = Immutable<z.output<typeof readRecordSchema>>;
/** Every record that says how requests of one caller ended. */
export type ResultRecord = RequestRecord | SuppressedRecord;
export type AuditRecord = ResultRecord | ChangeRecord | ReadRecord;

type Place = keyof typeof place;

/** A record about one request as the use case builds it, before the ledger adds it to the chain. */
export type RecordDraft = Omit<RequestRecord, Place>;
/** A record about suppressed requests as the ledger builds it. */
export type SuppressedDraft = Omit<SuppressedRecord, Place>;
/** A record about a change as the ledger builds it. */
export type ChangeDraft = Omit<ChangeRecord, Place>;
/** A record about reads as the ledger builds it. */
export type ReadDraft = Omit<ReadRecord, Place>;
export type AnyDraft = RecordDraft | SuppressedDraft | ChangeDraft | ReadDraft;

export type RecordKind = AuditRecord['kind'];
export type RequestRecordKind = RequestRecord['kind'];
export type RecordResult = ResultRecord['outcome']['result'];
export type RecordActor = RequestRecord['actor'];
export type RecordSource = RequestRecord['source'];
export type RecordDecision = RequestRecord['policy']['decisions'][number];
export type RecordOutcome = RequestRecord['outcome'];
export type RecordAttempt = NonNullable<RecordOutcome['attempts']>[number];
export type RecordEvidence = NonNullable<RecordOutcome['evidence']>;
export type RecordSettler = NonNullable<RecordOutcome['settler']>;
export type RecordService = RequestRecord['service'];
export type RecordChange = ChangeRecord['change'];
export type ChangeKind = RecordChange['what'];
export type Reader = NonNullable<ReadRecord['actor']>;
export type ReadKind = ReadRecord['read']['counts'][number]['what'];
export type SearchFilterName = ReadRecord['read']['filters'][number];
export type SuppressedCount = SuppressedRecord['suppressed']['counts'][number];
