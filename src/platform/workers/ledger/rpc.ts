import * as z from 'zod';
import type { TrailFault } from '../../../audit/checkpoint/trail-guard.ts';
import type { RecordDraft } from '../../../audit/record.ts';
import {
  READ_KINDS,
  RECORD_KINDS,
  RECORD_RESULTS,
  REQUEST_RECORD_KINDS,
  SEARCH_FILTERS,
} from '../../../audit/record-vocabulary.ts';
import { MAX_LEASE_LENGTH } from '../../../ledger/page.ts';
import type { AdmissionRecords, Ledger } from '../../../ledger/port.ts';
import type { Step } from './rpc-step.ts';
import { SIGN_IN_STEPS } from './sign-in-rpc.ts';

/**
 * The RPC between a Worker and the ledger object: one row per method of the ledger port, used at both ends. During a
 * deployment the two may run different releases, so each end validates what it receives: the object the arguments, the
 * Worker the result. A record is not validated in full: it is a JSON object of bounded length with the members that the
 * ledger reads.
 */
/** The object's answer. A failure holds nothing of the arguments. */
export const stepAnswer = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('done'), result: z.unknown() }),
  z.strictObject({
    kind: z.literal('failed'),
    reason: z.enum(['unknown_step', 'invalid_arguments', 'storage_failed', 'step_failed']),
  }),
]);
export type StepAnswer = z.output<typeof stepAnswer>;
export type StepFailure = Extract<StepAnswer, { kind: 'failed' }>['reason'];

/** Far above the largest record, which has about 140,000 characters. */
const MAX_DRAFT_LENGTH = MAX_LEASE_LENGTH;

/** Without a maximum, like the lists below: the sender is our own Worker, which has bounded the caller's input. */
const text = z.string();
const whole = z.int();
const count = z.int().nonnegative();
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
/** Any UUID version: a reader may ask for an id that does not exist. */
const requestId = z.guid();
const nothing = z.undefined() as unknown as z.ZodType<void>;

const actor = z.looseObject({ issuer_url: text, client_id: text, subject: text });
const recordBase = z.looseObject({ request_id: requestId, actor, request: z.looseObject({ email_count: count }) });
const recordOutcome = z.looseObject({ result: text });
const draft = recordBase
  .extend({ kind: z.enum(REQUEST_RECORD_KINDS), outcome: recordOutcome })
  .refine(isJsonOfBoundedLength, 'must be JSON of bounded length') as unknown as z.ZodType<RecordDraft>;
const records = z
  .strictObject({
    base: recordBase,
    decided: recordOutcome,
    exhausted: recordOutcome.nullable(),
    replay: recordOutcome.nullable(),
  })
  .refine(isJsonOfBoundedLength, 'must be JSON of bounded length') as unknown as z.ZodType<AdmissionRecords>;

const owner = z.strictObject({ issuer: text, clientId: text, subject: text });
const reply = z.strictObject({
  status: whole,
  contentType: text.nullable(),
  body: text,
  headers: z.record(text, text),
});
const quota = {
  quota: text,
  unit: z.enum(['emails', 'requests']),
  windowMs: count,
  limit: count,
  visible: z.boolean(),
};
const charges = z.array(
  z.strictObject({ ...quota, counter: text, amount: count, admittedOnly: z.literal(true).exactOptional() }),
);
const quotaState = z.strictObject({ ...quota, remaining: count, resetMs: whole });
const quotas = z.array(quotaState);
const invitees = z.array(z.strictObject({ quota: text, counter: text, remaining: count, resetMs: whole }));

const admission = z.strictObject({
  requestId,
  repeated: z.boolean().exactOptional(),
  owner,
  idempotency: z.strictObject({ key: text, fingerprint: text, route: text }).nullable(),
  charges,
  plan: z.enum(['send', 'deny', 'dry_run']),
  leavesOutInvitees: z.literal(true).exactOptional(),
  expiresInMs: count,
  body: text.nullable(),
  records,
});
const admitted = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('admitted'), expiresAt: whole, quotas }),
  z.strictObject({ kind: z.literal('denied'), quotas }),
  z.strictObject({ kind: z.literal('previewed') }),
  z.strictObject({
    kind: z.literal('exhausted'),
    exhausted: quotaState,
    retryAfterS: count,
    quotas,
    invitees: invitees.exactOptional(),
  }),
  z.strictObject({ kind: z.literal('invitees_exhausted'), invitees }),
  z.strictObject({ kind: z.literal('replay'), firstRequestId: requestId, reply }),
  z.strictObject({ kind: z.literal('in_flight'), firstRequestId: requestId, retryAfterS: count }),
  z.strictObject({ kind: z.literal('reply_unreadable'), firstRequestId: requestId }),
  z.strictObject({ kind: z.literal('key_reused'), firstRequestId: requestId }),
]);

const ending = z.enum(['accepted', 'refused', 'not_sent', 'unknown']);
const state = z.enum(['open', 'denied', ...ending.options]);
const settlement = z.strictObject({
  requestId,
  by: z.enum(['exchange', 'sweep', 'reconciliation', 'person']),
  ending,
  reply,
  record: draft,
});
const settled = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('settled') }),
  z.strictObject({ kind: z.literal('unchanged'), state }),
  z.strictObject({ kind: z.literal('not_found') }),
]);

const entry = z.strictObject({
  requestId,
  owner,
  state,
  admittedAt: whole.nullable(),
  requestedAt: whole.nullable(),
  expiresAt: whole.nullable(),
  settledAt: whole.nullable(),
  decided: draft.nullable(),
  outcome: draft.nullable(),
  unreadable: z.array(z.enum(['decision', 'outcome', 'state'])),
});

const line = z.string().max(MAX_LEASE_LENGTH);
const stored = z.array(z.strictObject({ seq: count, line }));
const found = entry.extend({ records: stored, replaysLeftOut: count });
const outboxItem = z.strictObject({ position: count, kind: z.enum(['record', 'checkpoint']), line });
const checkpoint = z.strictObject({ count, madeAt: whole, line });
const chainHead = z.strictObject({ seq: count, hash: sha256 });
const trailFault = z.strictObject({ seq: count, reason: text }) as unknown as z.ZodType<TrailFault>;
const filter = z.strictObject({
  requestId: text.exactOptional(),
  traceId: text.exactOptional(),
  subject: text.exactOptional(),
  clientId: text.exactOptional(),
  email: text.exactOptional(),
  kind: z.enum(RECORD_KINDS).exactOptional(),
  outcome: z.enum(RECORD_RESULTS).exactOptional(),
  rule: text.exactOptional(),
  fromMs: whole.exactOptional(),
  toMs: whole.exactOptional(),
});
const sinks = z.array(text);

const sha256OrNull = sha256.nullable();
const service = z.strictObject({ name: text, version: text, runtime: text, instance: text });
const change = z.discriminatedUnion('what', [
  z.strictObject({ what: z.literal('service_started'), runtime: text, settings_sha256: sha256 }),
  z.strictObject({ what: z.literal('service_stopped') }),
  z.strictObject({ what: z.literal('policy_taken'), to: sha256, document: text.nullable() }),
  z.strictObject({
    what: z.literal('policy_refused'),
    kept: sha256OrNull,
    problems: count,
    text_sha256: sha256,
  }),
  z.strictObject({ what: z.literal('key_slot_changed'), slot: z.enum(['current', 'next']), to: text.nullable() }),
  z.strictObject({ what: z.literal('checkpoint_key_changed'), to: text.nullable() }),
]);
const readReport = z.strictObject({
  requestId,
  reader: z.strictObject({
    issuer: text,
    issuer_url: text,
    subject: text,
    client_id: text,
    kind: z.enum(['user', 'app']),
  }),
  what: z.enum(READ_KINDS),
  records: count,
  seqs: z.strictObject({ first: count, last: count }).nullable(),
  filters: z.array(z.enum(SEARCH_FILTERS)),
  service,
});
const changeReports = z.array(z.strictObject({ change, seen: z.enum(['changed', 'found']), service }));

export const LEDGER_STEPS = {
  admit: { args: z.tuple([admission]), result: admitted, writes: true },
  settle: { args: z.tuple([settlement]), result: settled, writes: true },
  find: { args: z.tuple([requestId, owner.nullable()]), result: found.nullable(), writes: false },
  list: {
    args: z.tuple([z.strictObject({ owner: owner.nullable(), before: text.nullable(), limit: whole })]),
    result: z.strictObject({ entries: z.array(entry), next: requestId.nullable() }),
    writes: false,
  },
  usage: { args: z.tuple([charges]), result: quotas, writes: false },
  records: { args: z.tuple([count, whole]), result: stored, writes: false },
  search: {
    args: z.tuple([z.strictObject({ filter, after: count, limit: whole })]),
    result: z.strictObject({ records: stored, scannedTo: count, done: z.boolean(), unreadable: z.array(count) }),
    writes: false,
  },
  lease: { args: z.tuple([text, whole]), result: z.array(outboxItem), writes: false },
  ack: { args: z.tuple([text, count]), result: nothing, writes: true },
  backlog: {
    args: z.tuple([sinks]),
    result: z.array(z.strictObject({ sink: text, records: count, oldestAt: whole.nullable() })),
    writes: false,
  },
  chain: {
    args: z.tuple([]),
    result: z.strictObject({
      base: chainHead,
      head: chainHead,
      checkpoint: z.strictObject({ count, madeAt: whole }).nullable(),
      fault: trailFault.nullable().exactOptional(),
    }),
    writes: false,
  },
  addCheckpoint: { args: z.tuple([checkpoint]), result: z.boolean(), writes: true },
  checkpoints: { args: z.tuple([count, whole]), result: z.array(checkpoint), writes: false },
  expired: {
    args: z.tuple([whole]),
    result: z.array(z.strictObject({ requestId, intent: draft.nullable() })),
    writes: false,
  },
  unsettled: {
    args: z.tuple([whole]),
    result: z.array(
      z.strictObject({
        requestId,
        admittedAt: whole,
        intent: draft.nullable(),
        body: text.nullable(),
        attempts: count,
      }),
    ),
    writes: false,
  },
  countUnknown: { args: z.tuple([]), result: count, writes: false },
  recordAttempt: {
    args: z.tuple([z.strictObject({ requestId, record: draft.nullable(), nextInMs: count.nullable() })]),
    result: nothing,
    writes: true,
  },
  prune: {
    args: z.tuple([z.strictObject({ sinks, keepRecordsMs: count.nullable() })]),
    result: z.strictObject({ records: count, more: z.boolean() }),
    writes: true,
  },
  recordSuppressed: {
    args: z.tuple([whole]),
    result: z.strictObject({ requests: count, more: z.boolean() }),
    writes: true,
  },
  countRead: { args: z.tuple([readReport]), result: nothing, writes: true },
  recordReads: {
    args: z.tuple([whole]),
    result: z.strictObject({ records: count, more: z.boolean() }),
    writes: true,
  },
  recordChanges: {
    args: z.tuple([changeReports]),
    result: z.array(z.enum(['recorded', 'unchanged', 'deferred', 'document_needed'])),
    writes: true,
  },
  ...SIGN_IN_STEPS,
  findPolicy: { args: z.tuple([sha256]), result: text.nullable(), writes: false },
  probe: { args: z.tuple([]), result: nothing, writes: true },
  witness: {
    args: z.tuple([z.strictObject({ atMs: whole, kind: z.enum(['now', 'at_least']) })]),
    result: nothing,
    writes: false,
  },
} as const satisfies { readonly [K in keyof Ledger]: Step<K> };

export type StepName = keyof typeof LEDGER_STEPS;

export function isStepName(name: unknown): name is StepName {
  return typeof name === 'string' && Object.hasOwn(LEDGER_STEPS, name);
}

/** Structured clone transfers values that are not JSON; a record holds JSON only. */
function isJsonOfBoundedLength(value: unknown): boolean {
  try {
    return (JSON.stringify(value)?.length ?? Infinity) <= MAX_DRAFT_LENGTH;
  } catch {
    return false;
  }
}
