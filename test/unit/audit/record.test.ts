import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeCheckpointSchema, describeRecordSchema } from '../../../src/openapi/published-audit-schemas.ts';
import { auditRecordSchema } from '../../../src/audit/record.ts';
import { checkpointItem, recordItem } from './record-arbitraries.ts';

type Json = Record<string, unknown>;

const ajv = new Ajv2020({ allErrors: true, strict: true, strictTypes: false, strictRequired: false });
addFormats.default(ajv);
const isRecord = ajv.compile(describeRecordSchema());
const isCheckpoint = ajv.compile(describeCheckpointSchema());

const UUID = '0190a5d4-7c3a-7b1e-9f60-3f5d0c2b9e11';
const SHA256 = 'ab'.repeat(32);

/** A record of this kind as the service writes it. */
function record(kind: string, outcome: Json, members: Json = {}): Json {
  return {
    seq: 1,
    id: UUID,
    time: '2026-03-02T10:00:00.000Z',
    prev: SHA256,
    hash: SHA256,
    kind,
    request_id: UUID,
    request_sha256: SHA256,
    actor: { issuer: 'corp', issuer_url: 'https://id.example.com/', subject: 's', client_id: 'c', kind: 'user' },
    source: { address: null },
    request: {
      method: 'POST',
      path: '/v2/invite_users',
      emails: ['ann@acme.com'],
      email_count: 1,
      auth_method: 'okta',
      role: 'user',
      group_ids: [],
      send_email: true,
    },
    policy: { digest: SHA256, verdict: 'allow', decisions: [], forced: [] },
    outcome,
    service: { name: 'n', version: '1', runtime: 'node', instance: 'i' },
    ...members,
  };
}

const EXPIRES = '2026-03-02T10:00:45.000Z';
const INTENT = record('intent', { result: 'admitted', expires_at: EXPIRES });
const SETTLED = { status: 200, attempts: [], settled_by: 'exchange' };
const OUTCOME = record('outcome', { result: 'accepted', ...SETTLED });
const LOOK = { created_after: 0, users: [{ email: 'ann@acme.com', created_at: null }] };

/** The record with one member, at a dotted path, changed; `undefined` takes it out. */
function changed(value: Json, path: string, to: unknown): Json {
  const [name = '', ...rest] = path.split('.');
  const { [name]: old, ...others } = value;
  if (rest.length > 0) return { ...others, [name]: changed(old as Json, rest.join('.'), to) };
  return to === undefined ? others : { ...others, [name]: to };
}

describe('the published schema of a record', () => {
  it('takes every record the service can write, and so does the zod schema it was made from', () => {
    fc.assert(
      fc.property(recordItem, ({ line }) => {
        const value: unknown = JSON.parse(line);
        isRecord(value);
        expect(isRecord.errors ?? []).toEqual([]);
        expect(auditRecordSchema.safeParse(value).success).toBe(true);
      }),
    );
  });

  it.each([
    ['hash', 'AB'.repeat(32)],
    ['prev', SHA256.slice(1)],
    ['request_sha256', ''],
    ['seq', 0],
    ['seq', 1.5],
    ['id', '9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d'],
    ['request_id', 'x'],
    ['trace_id', 'AB'.repeat(16)],
    ['trace_id', 'ab'],
    ['trace_id', null],
    ['time', '2026-03-02T10:00:00Z'],
    ['time', '2026-03-02T11:00:00.000+01:00'],
    ['time', '2026-02-30T10:00:00.000Z'],
    ['kind', 'invite'],
    ['token', 'x'],
    ['actor.kind', 'robot'],
    ['actor.email', 'ann@acme.com'],
    ['actor.token_id', null],
    ['source.address', undefined],
    ['request.role', 'owner'],
    ['request.auth_method', 'password'],
    ['request.group_ids', ['annotators']],
    ['request.emails', ['no address']],
    ['request.emails', ['hmac-sha256:ab']],
    ['request.email_count', -1],
    ['policy.verdict', 'maybe'],
    ['policy.digest', `sha256:${SHA256}`],
    ['policy.decisions', [{ decision: 'allow', rule: 'r', because: [] }]],
    ['policy.forced', [{ rule: 'r', field: 'emails', value: 'x' }]],
    ['outcome.status', 42],
    ['outcome.code', 'Policy denied'],
    ['outcome.attempts', [{ slot: 'current', key_fingerprint: 'secret', result: 'answered', duration_ms: 1 }]],
    ['service.instance', undefined],
  ])('refuses %s = %j', (path, to) => {
    expect(isRecord(OUTCOME)).toBe(true);
    expect(isRecord(changed(OUTCOME, path, to))).toBe(false);
  });

  it('takes a record with a trace id, and one of an earlier release without', () => {
    expect(isRecord(changed(OUTCOME, 'trace_id', 'ab'.repeat(16)))).toBe(true);
    expect(OUTCOME).not.toHaveProperty('trace_id');
    expect(isRecord(OUTCOME)).toBe(true);
  });

  it('takes addresses as they were given and in their HMAC form', () => {
    const emails = ["Ann.O'Neill+x@ACME.com", `hmac-sha256:${SHA256}`];
    expect(isRecord(changed(OUTCOME, 'request.emails', emails))).toBe(true);
  });

  it.each<[string, Json, boolean]>([
    ['an intent', INTENT, true],
    ['an intent without its end', changed(INTENT, 'outcome.expires_at', undefined), false],
    ['an intent that was accepted', changed(INTENT, 'outcome.result', 'accepted'), false],
    ['an intent without the hash of its bytes', changed(INTENT, 'request_sha256', undefined), false],
    ['an intent without addresses', changed(INTENT, 'request.emails', undefined), false],
    ['an outcome', OUTCOME, true],
    ['an outcome that is admitted', changed(OUTCOME, 'outcome.result', 'admitted'), false],
    ['an outcome without its settler', changed(OUTCOME, 'outcome.settled_by', undefined), false],
    ['an outcome with a note', changed(OUTCOME, 'outcome.note', 'x'), false],
    ['an outcome that a person settled', changed(OUTCOME, 'outcome.settled_by', 'person'), false],
    [
      'a swept intent',
      record('outcome', {
        result: 'unknown',
        ...SETTLED,
        settled_by: 'sweep',
        code: 'outcome_unknown',
        reason: 'expired',
      }),
      true,
    ],
    [
      'a swept intent that was accepted',
      record('outcome', { result: 'accepted', ...SETTLED, settled_by: 'sweep', code: 'x', reason: 'expired' }),
      false,
    ],
    ['a denial', record('denial', { result: 'denied', code: 'policy_denied', status: 403 }), true],
    ['a denial that was sent', record('denial', { result: 'accepted', code: 'policy_denied', status: 403 }), false],
    ['a denial with attempts', record('denial', { result: 'denied', code: 'x', status: 403, attempts: [] }), false],
    [
      'a replay with bytes of its own',
      record('replay', { result: 'replayed', first_request_id: UUID, status: 200 }),
      false,
    ],
    [
      'a replay',
      changed(
        record('replay', { result: 'replayed', first_request_id: UUID, status: 200 }),
        'request_sha256',
        undefined,
      ),
      true,
    ],
    [
      'a dry run with addresses',
      changed(record('dry_run', { result: 'previewed', status: 200 }), 'request_sha256', undefined),
      false,
    ],
    ['a check that proved nothing', record('reconciliation', { result: 'unknown', evidence: LOOK }), true],
    [
      'a request that Galileo settled, without its evidence',
      record('reconciliation', { result: 'accepted', status: 200, settled_by: 'reconciliation' }),
      false,
    ],
    [
      'a request that a person settled',
      record('reconciliation', { result: 'refused', status: 400, settled_by: 'person', person: 'p', note: 'n' }),
      true,
    ],
    [
      'a request that a person settled over HTTP',
      record('reconciliation', {
        ...{ result: 'refused', status: 400, settled_by: 'person', person: 'p', note: 'n' },
        settler: {
          ...{ issuer: 'corp', issuer_url: 'https://login.example.com', subject: 'p', client_id: 'c', kind: 'user' },
          ...{ request_id: '019c0000-0001-7000-8000-000000000000', address: null },
        },
      }),
      true,
    ],
    ['an outcome with the token of a person', changed(OUTCOME, 'outcome.settler', { subject: 'p' }), false],
    [
      'a request that an unnamed person settled',
      record('reconciliation', { result: 'refused', status: 400, settled_by: 'person', note: 'n' }),
      false,
    ],
    ['a request settled without saying by whom', record('reconciliation', { result: 'accepted', status: 200 }), false],
  ])('knows which members a kind has: %s', (_, value, taken) => {
    expect([isRecord(value), isRecord.errors]).toEqual([taken, taken ? null : expect.anything()]);
  });

  it.each([describeRecordSchema(), describeCheckpointSchema()])('has a sentence for every member: $title', (schema) => {
    const silent = (value: unknown, place: string): string[] => {
      const { properties, items } = value as { properties?: Json; items?: unknown };
      const own = Object.entries(properties ?? {}).flatMap(([name, inner]) => [
        ...(typeof (inner as Json)['description'] === 'string' ? [] : [`${place}${name}`]),
        ...silent(inner, `${place}${name}.`),
      ]);
      return [...own, ...(items === undefined ? [] : silent(items, `${place}[].`))];
    };
    expect(silent(schema, '')).toEqual([]);
  });
});

describe('the published schema of a checkpoint', () => {
  it('takes every checkpoint the service can write', () => {
    fc.assert(
      fc.property(checkpointItem, ({ line }) => {
        expect(isCheckpoint(JSON.parse(line))).toBe(true);
      }),
    );
  });

  it.each([
    ['count', 0],
    ['head', 'x'],
    ['kind', 'record'],
    ['signature', {}],
    ['note', 'x'],
  ])('refuses %s = %j', (name, value) => {
    const good = { kind: 'checkpoint', id: UUID, time: EXPIRES, count: 1, head: SHA256, previous: null };
    expect(isCheckpoint(good)).toBe(true);
    expect(isCheckpoint({ ...good, [name]: value })).toBe(false);
  });
});
