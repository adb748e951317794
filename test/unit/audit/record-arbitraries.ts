import * as fc from 'fast-check';
import { chainRecord } from '../../../src/audit/chain.ts';
import type {
  ChangeDraft,
  ReadDraft,
  RecordChange,
  RecordDraft,
  RecordOutcome,
  RequestRecordKind,
  SuppressedDraft,
} from '../../../src/audit/record.ts';
import { READ_KINDS, SEARCH_FILTERS } from '../../../src/audit/record-vocabulary.ts';
import type { OutboxItem } from '../../../src/audit/delivery/sink.ts';
import { AUTH_METHODS, USER_ROLES } from '../../../src/contract/invite-users.ts';
import { canonicalJson } from '../../../src/lib/canonical-json.ts';

/** Records and checkpoints that the service can write: every kind, with any text where people choose the text. */

const hex = (digits: number) => fc.stringMatching(new RegExp(`^[0-9a-f]{${digits}}$`));
const uuid7 = fc.uuid({ version: 7 });
/** Any text that has a UTF-8 form. */
const text = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('', '\u2028', '"\\', '😀', 'Åsa', '</script>'));
const word = fc.constantFrom('timeout', 'server_error', 'policy_denied', 'upstream_refused');
const status = fc.integer({ min: 100, max: 599 });
const instant = fc
  .date({ min: new Date('2020-01-01T00:00:00Z'), max: new Date('2100-01-01T00:00:00Z'), noInvalidDate: true })
  .map((date) => date.toISOString());
const email = fc.oneof(
  fc.constantFrom('ann@acme.com', "o'neill+tag@eu.acme.com"),
  hex(64).map((digits) => `hmac-sha256:${digits}`),
);
const emails = fc.array(email, { minLength: 1, maxLength: 4 });

/** Members of `outcome` by kind; those under `maybe` may be left out. */
function outcomeOf(
  result: fc.Arbitrary<RecordOutcome['result']>,
  always: object,
  maybe: object = {},
): fc.Arbitrary<RecordOutcome> {
  return fc
    .tuple(fc.record({ result, ...always }), fc.record({ ...maybe }, { requiredKeys: [] }))
    .map(([fixed, rest]) => ({ ...fixed, ...rest }));
}

const attempts = fc.array(
  fc.record({
    slot: fc.constantFrom('current', 'next'),
    key_fingerprint: hex(12),
    result: fc.constantFrom('answered', 'maybe_sent', 'not_sent'),
    duration_ms: fc.nat(20_000),
  }),
);
const evidence = fc.record({
  created_after: fc.nat(500),
  users: fc.array(fc.record({ email, created_at: fc.option(instant, { nil: null }) })),
});

const settler = fc.record(
  {
    issuer: text,
    issuer_url: text,
    subject: text,
    client_id: text,
    kind: fc.constant('user'),
    token_id: text,
    request_id: uuid7,
    address: fc.option(fc.ipV4(), { nil: null }),
  },
  { requiredKeys: ['issuer', 'issuer_url', 'subject', 'client_id', 'kind', 'request_id', 'address'] },
);

const OUTCOMES: Readonly<Record<RequestRecordKind, fc.Arbitrary<RecordOutcome>>> = {
  intent: outcomeOf(fc.constant('admitted'), { expires_at: instant }),
  denial: outcomeOf(fc.constant('denied'), { code: word, status }, { quota: text }),
  outcome: outcomeOf(
    fc.constantFrom('accepted', 'refused', 'not_sent', 'unknown'),
    { status, attempts, settled_by: fc.constant('exchange') },
    { code: word, reason: word, upstream_status: status, withheld: fc.constant('contains_key') },
  ),
  replay: outcomeOf(fc.constant('replayed'), { first_request_id: uuid7, status }),
  dry_run: outcomeOf(fc.constant('previewed'), { status }),
  reconciliation: fc.oneof(
    outcomeOf(fc.constant('unknown'), { evidence }),
    outcomeOf(fc.constant('accepted'), { status, evidence, settled_by: fc.constant('reconciliation') }),
    outcomeOf(
      fc.constantFrom('accepted', 'refused'),
      { status, settled_by: fc.constant('person'), person: text, note: text },
      { code: word, settler },
    ),
  ),
};

/** Kinds about bytes that exist, and those about addresses. */
const WITH_BYTES: ReadonlySet<RequestRecordKind> = new Set(['intent', 'outcome', 'reconciliation']);
const WITHOUT_ADDRESSES: ReadonlySet<RequestRecordKind> = new Set(['dry_run']);

function draftOf(kind: RequestRecordKind): fc.Arbitrary<RecordDraft> {
  return fc.record(
    {
      kind: fc.constant(kind),
      request_id: uuid7,
      trace_id: hex(32),
      ...(WITH_BYTES.has(kind) ? { request_sha256: hex(64) } : {}),
      actor: fc.record(
        {
          issuer: text,
          issuer_url: text,
          subject: text,
          client_id: text,
          kind: fc.constantFrom('user', 'app'),
          token_id: text,
        },
        { requiredKeys: ['issuer', 'issuer_url', 'subject', 'client_id', 'kind'] },
      ),
      source: fc.record(
        { address: fc.option(fc.oneof(fc.ipV4(), fc.ipV6()), { nil: null }), user_agent: text, origin: text },
        { requiredKeys: ['address'] },
      ),
      request: fc.record(
        {
          method: fc.constant('POST'),
          path: fc.constant('/v2/invite_users'),
          ...(WITHOUT_ADDRESSES.has(kind) ? {} : { emails }),
          email_count: fc.nat(500),
          auth_method: fc.constantFrom(...AUTH_METHODS),
          role: fc.constantFrom(...USER_ROLES),
          group_ids: fc.array(fc.uuid({ version: 4 })),
          send_email: fc.boolean(),
          idempotency_key_sha256: hex(64),
        },
        { noNullPrototype: true },
      ),
      policy: fc.record({
        digest: hex(64),
        verdict: fc.constantFrom('allow', 'deny'),
        decisions: fc.array(
          fc.record(
            {
              decision: fc.constantFrom('allow', 'deny'),
              rule: fc.option(text, { nil: null }),
              because: fc.array(text),
              emails,
              email_count: fc.nat(500),
            },
            { requiredKeys: ['decision', 'rule', 'because', 'email_count'] },
          ),
        ),
        forced: fc.array(
          fc.record({
            rule: text,
            field: fc.constantFrom('auth_method', 'send_email', 'group_ids'),
            value: fc.oneof(text, fc.boolean(), fc.array(text)),
          }),
        ),
      }),
      outcome: OUTCOMES[kind],
      service: fc.record({ name: text, version: text, runtime: text, instance: text }),
    },
    { noNullPrototype: true },
  ) as fc.Arbitrary<RecordDraft>;
}

const suppressedDraft = fc.record(
  {
    kind: fc.constant('suppressed'),
    actor: fc.record(
      { issuer: text, issuer_url: text, subject: text, client_id: text, kind: fc.constantFrom('user', 'app') },
      { noNullPrototype: true },
    ),
    request: fc.record({ method: fc.constant('POST'), path: fc.constant('/v2/invite_users') }),
    policy: fc.record({ digest: hex(64) }),
    outcome: fc.constant({ result: 'suppressed' }),
    suppressed: fc.record({
      count: fc.nat(),
      from: instant,
      to: instant,
      first_request_id: uuid7,
      last_request_id: uuid7,
      counts: fc.array(
        fc.record(
          {
            result: fc.constantFrom('denied', 'replayed', 'previewed'),
            count: fc.nat(),
            code: word,
            rule: fc.option(text, { nil: null }),
            quota: text,
          },
          { requiredKeys: ['result', 'count'] },
        ),
        { maxLength: 3 },
      ),
      uncounted: fc.nat(),
    }),
    service: fc.record({ name: text, version: text, runtime: text, instance: text }),
  },
  { noNullPrototype: true },
) as fc.Arbitrary<SuppressedDraft>;

const orNull = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null });

const CHANGES: {
  readonly [K in RecordChange['what']]: fc.Arbitrary<Omit<Extract<RecordChange, { what: K }>, 'what'>>;
} = {
  service_started: fc.record({ runtime: text, settings_sha256: hex(64) }),
  service_stopped: fc.record({}),
  policy_taken: fc.record({ from: orNull(hex(64)), to: hex(64) }),
  policy_refused: fc.record({ kept: orNull(hex(64)), problems: fc.nat(100) }),
  key_slot_changed: fc.record({
    slot: fc.constantFrom('current', 'next'),
    from: orNull(hex(12)),
    to: orNull(hex(12)),
  }),
  checkpoint_key_changed: fc.record({ from: orNull(hex(16)), to: orNull(hex(16)) }),
  restored: fc.record({ records: fc.nat(), head: hex(64), backup_time: orNull(instant) }),
};

const changeDraft = fc.record({
  kind: fc.constant('change'),
  change: fc.oneof(
    ...Object.entries(CHANGES).map(([what, members]) => members.map((rest) => ({ what, ...rest }) as RecordChange)),
  ),
  service: fc.record({ name: text, version: text, runtime: text, instance: text }),
}) as fc.Arbitrary<ChangeDraft>;

const readDraft = fc.record(
  {
    kind: fc.constant('read'),
    actor: fc.record(
      { issuer: text, issuer_url: text, subject: text, client_id: text, kind: fc.constantFrom('user', 'app') },
      { noNullPrototype: true },
    ),
    read: fc.record(
      {
        count: fc.nat(),
        counts: fc.array(fc.record({ what: fc.constantFrom(...READ_KINDS), count: fc.nat() }), { maxLength: 3 }),
        records: fc.nat(),
        first_seq: fc.integer({ min: 1 }),
        last_seq: fc.integer({ min: 1 }),
        filters: fc.subarray([...SEARCH_FILTERS]),
        from: instant,
        to: instant,
      },
      { requiredKeys: ['count', 'counts', 'records', 'filters', 'from', 'to'], noNullPrototype: true },
    ),
    service: fc.record({ name: text, version: text, runtime: text, instance: text }),
  },
  { requiredKeys: ['kind', 'read', 'service'], noNullPrototype: true },
) as fc.Arbitrary<ReadDraft>;

const draft = fc.oneof(
  ...(Object.keys(OUTCOMES) as RequestRecordKind[]).map(draftOf),
  suppressedDraft,
  changeDraft,
  readDraft,
);

/** The stored line of one record, somewhere in a chain. */
export const recordItem: fc.Arbitrary<OutboxItem> = fc
  .record({
    draft,
    place: fc.record({ seq: fc.integer({ min: 1 }), id: uuid7, time: instant, prev: hex(64) }),
  })
  .map(({ draft: body, place }) => ({ position: place.seq, kind: 'record', line: chainRecord(body, place).line }));

export const checkpointItem: fc.Arbitrary<OutboxItem> = fc
  .record(
    {
      kind: fc.constant('checkpoint'),
      id: uuid7,
      time: instant,
      count: fc.integer({ min: 1 }),
      head: hex(64),
      previous: fc.option(hex(64), { nil: null }),
      signature: fc.record({ algorithm: fc.constant('Ed25519'), key_id: hex(16), value: hex(128) }),
    },
    { requiredKeys: ['kind', 'id', 'time', 'count', 'head', 'previous'] },
  )
  .map((checkpoint) => ({ position: checkpoint.count, kind: 'checkpoint', line: canonicalJson(checkpoint) }));

export const outboxItem: fc.Arbitrary<OutboxItem> = fc.oneof(recordItem, checkpointItem);
