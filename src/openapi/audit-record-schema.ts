import * as z from 'zod';
import { changeRecordSchema, readRecordSchema, requestRecordSchema, suppressedRecordSchema } from '../audit/record.ts';
import type { JsonSchema } from './json-schema.ts';
import { oneOf } from './json-schema.ts';

/**
 * The JSON Schema (2020-12) of an audit record. The members come from the zod schema; the tables here define which members
 * each kind of record about a request has. Every record that the service writes must match it; the HTTP test suite checks this.
 */
type RequestRecord = z.output<typeof requestRecordSchema>;
type OutcomeMember = Exclude<keyof RequestRecord['outcome'], 'result'>;

/** The members of records of one kind with one of these results. */
interface EndingRow {
  readonly kind: RequestRecord['kind'];
  readonly results: readonly RequestRecord['outcome']['result'][];
  /** Members of `outcome` that are required, and those that are optional. No others are allowed. */
  readonly always: readonly OutcomeMember[];
  readonly sometimes: readonly OutcomeMember[];
  /** Whether the record has `request_sha256`. */
  readonly bytes: 'always' | 'sometimes' | 'never';
  /** Whether the record has `request.emails`. */
  readonly emails: 'always' | 'never';
}

const ENDINGS: readonly EndingRow[] = [
  {
    kind: 'intent',
    results: ['admitted'],
    always: ['expires_at'],
    sometimes: [],
    bytes: 'always',
    emails: 'always',
  },
  {
    kind: 'outcome',
    results: ['accepted', 'refused', 'not_sent', 'unknown'],
    always: ['status', 'attempts', 'settled_by'],
    sometimes: ['code', 'reason', 'upstream_status', 'withheld'],
    bytes: 'always',
    emails: 'always',
  },
  {
    kind: 'denial',
    results: ['denied'],
    always: ['code', 'status'],
    sometimes: ['quota'],
    bytes: 'sometimes',
    emails: 'always',
  },
  {
    kind: 'replay',
    results: ['replayed'],
    always: ['first_request_id', 'status'],
    sometimes: [],
    bytes: 'never',
    emails: 'always',
  },
  { kind: 'dry_run', results: ['previewed'], always: ['status'], sometimes: [], bytes: 'never', emails: 'never' },
  // A reconcile attempt that proved nothing.
  {
    kind: 'reconciliation',
    results: ['unknown'],
    always: ['evidence'],
    sometimes: [],
    bytes: 'always',
    emails: 'always',
  },
  {
    kind: 'reconciliation',
    results: ['accepted', 'refused'],
    always: ['status', 'settled_by'],
    sometimes: ['code', 'person', 'note', 'settler', 'evidence'],
    bytes: 'always',
    emails: 'always',
  },
];

interface SettledRow {
  readonly kind: RequestRecord['kind'];
  readonly results: readonly RequestRecord['outcome']['result'][];
  readonly always: readonly OutcomeMember[];
}

/** For each value of `settled_by`: the kind of its record, its results, and the required members of `outcome`. */
const SETTLED_BY: Readonly<Record<NonNullable<RequestRecord['outcome']['settled_by']>, SettledRow>> = {
  exchange: { kind: 'outcome', results: ['accepted', 'refused', 'not_sent', 'unknown'], always: [] },
  sweep: { kind: 'outcome', results: ['unknown'], always: ['code', 'reason'] },
  reconciliation: { kind: 'reconciliation', results: ['accepted'], always: ['status', 'evidence'] },
  person: { kind: 'reconciliation', results: ['accepted', 'refused'], always: ['status', 'person', 'note'] },
};

/** An object schema without `$schema` and `$id`, which belong to the document that contains it. */
export function auditRecordJsonSchema(): JsonSchema {
  return {
    title: 'Audit record',
    oneOf: [requestRecordJsonSchema(), suppressedRecordJsonSchema(), changeRecordJsonSchema(), readRecordJsonSchema()],
  };
}

/** The parts of such a record that a request is shown with, as components of /openapi.json. */
export function recordedPartSchemas(): Readonly<Record<string, JsonSchema>> {
  const { properties } = z.toJSONSchema(requestRecordSchema, { target: 'draft-2020-12' });
  const { actor, request, policy, outcome } = properties as Readonly<Record<string, JsonSchema>>;
  return {
    RecordedActor: { ...actor },
    RecordedRequest: { ...request },
    RecordedPolicy: { ...policy },
    RecordedOutcome: { ...outcome },
  };
}

function suppressedRecordJsonSchema(): JsonSchema {
  const { $schema: _, ...schema } = z.toJSONSchema(suppressedRecordSchema, { target: 'draft-2020-12' });
  return { title: 'A record about suppressed requests', ...schema };
}

function changeRecordJsonSchema(): JsonSchema {
  const { $schema: _, ...schema } = z.toJSONSchema(changeRecordSchema, { target: 'draft-2020-12' });
  return { title: 'A record about a change', ...schema };
}

function readRecordJsonSchema(): JsonSchema {
  const { $schema: _, ...schema } = z.toJSONSchema(readRecordSchema, { target: 'draft-2020-12' });
  return { title: 'A record about reads', ...schema };
}

function requestRecordJsonSchema(): JsonSchema {
  const { $schema: _, ...schema } = z.toJSONSchema(requestRecordSchema, { target: 'draft-2020-12' });
  const results = [...Map.groupBy(ENDINGS, ({ kind }) => kind)].map(([kind, rows]) =>
    when({ kind: { const: kind } }, outcomeWith(rows.flatMap((row) => row.results))),
  );
  const bySettler = Object.entries(SETTLED_BY).map(([settler, row]) =>
    when({ outcome: { properties: { settled_by: { const: settler } }, required: ['settled_by'] } }, settledRule(row)),
  );
  return {
    title: 'A record about one request',
    ...schema,
    allOf: [...results, ...ENDINGS.map(endingRule), ...bySettler],
  };
}

interface ObjectRule extends JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>;
}

function endingRule({ kind, results, always, sometimes, bytes, emails }: EndingRow): JsonSchema {
  const propertyNames = oneOf(['result', ...always, ...sometimes]);
  const { properties = {}, ...onBytes } = presence('request_sha256', bytes);
  const inside = { outcome: { ...having(always), propertyNames }, request: presence('emails', emails) };
  return when(
    { kind: { const: kind }, outcome: { properties: { result: oneOf(results) }, required: ['result'] } },
    { ...onBytes, properties: { ...properties, ...inside } },
  );
}

function settledRule({ kind, results, always }: SettledRow): JsonSchema {
  return {
    properties: { kind: { const: kind }, outcome: having(always, { result: oneOf(results) }) },
  };
}

function outcomeWith(results: readonly string[]): JsonSchema {
  return { properties: { outcome: { properties: { result: oneOf(results) } } } };
}

function presence(member: string, stands: 'always' | 'sometimes' | 'never'): ObjectRule {
  if (stands === 'sometimes') return {};
  return stands === 'always' ? having([member]) : { not: having([member]) };
}

/** Requires the members. Lint rules ask that each is among `properties`, too, although another schema describes it. */
function having(members: readonly string[], properties: ObjectRule['properties'] = {}): ObjectRule {
  const restated = Object.fromEntries(members.map((member) => [member, {}]));
  return { properties: { ...restated, ...properties }, required: members };
}

function when(properties: Readonly<Record<string, JsonSchema>>, then: JsonSchema): JsonSchema {
  // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema, in data that is never awaited.
  return { if: { properties, required: Object.keys(properties) }, then };
}
