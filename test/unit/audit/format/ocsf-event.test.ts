import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chainRecord, GENESIS_HASH } from '../../../../src/audit/chain.ts';
import { formatItem } from '../../../../src/audit/format/formats.ts';
import { OCSF_ROWS } from '../../../../src/audit/format/ocsf-mapping.ts';
import type { ReadDraft, RecordChange, RecordOutcome, RequestRecordKind } from '../../../../src/audit/record.ts';
import { changeDraft, readDraft, recordDraft } from '../../../support/ledger/ledger.ts';
import { ocsfFaults } from './ocsf-check.ts';
import { checkpointItem, recordItem } from '../record-arbitraries.ts';

type Json = Record<string, unknown>;

const REQUEST_ID = '0190a5d4-7c3a-7b1e-9f60-3f5d0c2b9e11';
const PLACE = {
  seq: 7,
  id: '0190a5d4-7c3a-7b1e-9f60-3f5d0c2b9e12',
  time: '2026-03-02T10:00:00.250Z',
  prev: GENESIS_HASH,
};

const HASH = 'ab'.repeat(32);

function changeEvent(change: RecordChange): Json {
  const { line } = chainRecord(changeDraft(change), PLACE);
  return JSON.parse(formatItem('ocsf', { position: 7, kind: 'record', line })) as Json;
}

function readEvent(draft: ReadDraft): Json {
  const { line } = chainRecord(draft, PLACE);
  return JSON.parse(formatItem('ocsf', { position: 7, kind: 'record', line })) as Json;
}

function eventOf(kind: RequestRecordKind, outcome: Partial<RecordOutcome> = {}): Json {
  const { line } = chainRecord(recordDraft(kind, REQUEST_ID, outcome), PLACE);
  return JSON.parse(formatItem('ocsf', { position: 7, kind: 'record', line })) as Json;
}

describe('a record of reads in OCSF', () => {
  it('is an API Activity with the activity Read, whose actor is the reader', () => {
    const draft = readDraft();
    const read = { ...draft.read, records: 3, first_seq: 5, last_seq: 7, filters: ['email'] as const };
    const event = readEvent({ ...draft, read });
    expect(event).toMatchObject({
      ...{ class_uid: 6003, activity_id: 2, activity_name: 'Read', type_uid: 600_302, category_uid: 6 },
      ...{ count: 1, start_time: Date.parse(read.from), end_time: Date.parse(read.to), status: 'Success' },
      metadata: { event_code: 'read', uid: PLACE.id, sequence: 7 },
      actor: { user: { uid: 'kim', type: 'User' }, app_uid: 'audit-desk', idp: { name: 'corp' } },
      src_endpoint: { svc_name: 'audit-desk' },
      unmapped: {
        ...{ records: 3, first_seq: 5, last_seq: 7, filters: ['email'] },
        counts: [{ what: 'trail', count: 1 }],
      },
    });
    expect(ocsfFaults(event, 'api_activity')).toEqual([]);
  });

  it('names no reader where it is about all readers beyond the limit', () => {
    const { actor: _, ...draft } = readDraft();
    const event = readEvent(draft);
    expect(event).toMatchObject({ actor: { app_name: 'readers beyond the limit' } });
    expect(ocsfFaults(event, 'api_activity')).toEqual([]);
  });
});

describe('a record in OCSF', () => {
  it('is an event that fits the schema OCSF publishes for its class, for every kind of record', () => {
    const classes = new Map<unknown, string>([
      [6003, 'api_activity'],
      [6002, 'application_lifecycle'],
      [3004, 'entity_management'],
    ]);
    fc.assert(
      fc.property(recordItem, (item) => {
        const event = JSON.parse(formatItem('ocsf', item)) as Json;
        expect(ocsfFaults(event, classes.get(event['class_uid']) ?? 'no class')).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    [{ what: 'service_started', runtime: 'node 24.12.0', settings_sha256: HASH }, 600_203, 1, 1],
    [{ what: 'service_stopped' }, 600_204, 1, 1],
    [{ what: 'policy_taken', from: null, to: HASH }, 300_401, 1, 1],
    [{ what: 'policy_taken', from: HASH, to: 'cd'.repeat(32) }, 300_403, 1, 1],
    [{ what: 'policy_refused', kept: HASH, problems: 2 }, 300_403, 2, 3],
    [{ what: 'key_slot_changed', slot: 'next', from: null, to: 'ab'.repeat(6) }, 300_401, 1, 1],
    [{ what: 'key_slot_changed', slot: 'next', from: 'ab'.repeat(6), to: null }, 300_404, 1, 1],
    [{ what: 'checkpoint_key_changed', from: 'ab'.repeat(8), to: 'cd'.repeat(8) }, 300_403, 1, 1],
    [{ what: 'restored', records: 7, head: HASH, backup_time: PLACE.time }, 300_499, 1, 3],
  ] as const)(
    'reads the change %o as type %i, status %i and severity %i',
    (change, type_uid, status_id, severity_id) => {
      expect(changeEvent(change)).toMatchObject({
        type_uid,
        status_id,
        severity_id,
        status_code: change.what,
        metadata: { event_code: 'change', uid: PLACE.id, sequence: 7 },
      });
    },
  );

  it('names a policy before and after a change', () => {
    const to = 'cd'.repeat(32);
    expect(changeEvent({ what: 'policy_taken', from: HASH, to })).toMatchObject({
      entity: { type: 'Policy', uid: HASH },
      entity_result: { type: 'Policy', uid: to },
    });
    expect(changeEvent({ what: 'policy_taken', from: null, to })).toMatchObject({ entity: { uid: to } });
  });

  it('uses every row of the mapping for some record', () => {
    const used = new Set<string>();
    fc.assert(
      fc.property(recordItem, (item) => {
        const event = JSON.parse(formatItem('ocsf', item)) as Json;
        for (const { attribute } of OCSF_ROWS) {
          const value = attribute.split('.').reduce<unknown>((at, name) => (at as Json | undefined)?.[name], event);
          if (value !== undefined) used.add(attribute);
        }
      }),
      { numRuns: 300, seed: 1 },
    );
    expect(OCSF_ROWS.map(({ attribute }) => attribute).filter((attribute) => !used.has(attribute))).toEqual([]);
  });

  it('states who asked, for whom, under which rule and with what result', () => {
    expect(eventOf('outcome', { result: 'accepted', status: 200, settled_by: 'exchange' })).toMatchObject({
      class_uid: 6003,
      category_uid: 6,
      activity_id: 1,
      type_uid: 600_301,
      time: Date.UTC(2026, 2, 2, 10, 0, 0, 250),
      status: 'Success',
      status_code: 'accepted',
      action: 'Allowed',
      actor: { user: { uid: 'ann', type: 'User' }, app_uid: 'hr-portal', idp: { name: 'corp' } },
      src_endpoint: { ip: '192.0.2.7' },
      http_request: { http_method: 'POST', url: { path: '/v2/invite_users' } },
      api: {
        operation: 'POST /v2/invite_users',
        request: { uid: REQUEST_ID, data: { role: 'user' } },
        response: { code: 200 },
      },
      resources: [{ name: 'new.colleague@acme.com', role: 'Target' }],
      policy: { uid: 'ab'.repeat(32) },
      authorizations: [{ decision: 'allow', policy: { name: 'hr-staff' } }],
      metadata: {
        version: '1.8.0',
        uid: PLACE.id,
        sequence: 7,
        original_time: PLACE.time,
        correlation_uid: REQUEST_ID,
        event_code: 'outcome',
      },
      unmapped: { settled_by: 'exchange' },
    });
  });

  it('has the trace id of the request in the profile trace, and no trace where there is none', () => {
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    const draft = recordDraft('denial', REQUEST_ID);
    const { line } = chainRecord({ ...draft, trace_id: traceId }, PLACE);
    const event = JSON.parse(formatItem('ocsf', { position: 7, kind: 'record', line })) as Json;
    expect(event).toMatchObject({ trace: { uid: traceId }, metadata: { profiles: ['security_control', 'trace'] } });
    expect(ocsfFaults(event, 'api_activity')).toEqual([]);
    const earlier = eventOf('denial');
    expect(earlier).not.toHaveProperty('trace');
    expect(ocsfFaults(earlier, 'api_activity')).toEqual([]);
  });

  it.each([
    ['intent', 'admitted', 1, 99, 1, 1],
    ['denial', 'denied', 1, 2, 2, 2],
    ['outcome', 'accepted', 1, 1, 1, 1],
    ['outcome', 'refused', 1, 2, 1, 2],
    ['outcome', 'not_sent', 1, 2, 1, 2],
    ['outcome', 'unknown', 1, 0, 1, 3],
    ['reconciliation', 'unknown', 2, 0, 1, 3],
    ['replay', 'replayed', 99, 99, 3, 1],
    ['dry_run', 'previewed', 2, 1, 3, 1],
  ] as const)(
    'reads %s %s as activity %i, status %i, action %i and severity %i',
    (kind, result, activity_id, status_id, action_id, severity_id) => {
      const type_uid = 600_300 + activity_id;
      expect(eventOf(kind, { result })).toMatchObject({ activity_id, type_uid, status_id, action_id, severity_id });
    },
  );

  it('states the reason, or else the code', () => {
    const reported = { code: 'outcome_unknown', reason: 'timeout', status: 504 };
    expect(eventOf('outcome', { result: 'unknown', ...reported })).toMatchObject({
      status_detail: 'timeout',
      api: { response: { code: 504, error: 'outcome_unknown' } },
    });
    expect(eventOf('denial', { code: 'policy_denied' })).toMatchObject({ status_detail: 'policy_denied' });
  });
});

describe('a checkpoint in OCSF', () => {
  it('is a Base Event that fits the schema OCSF publishes, with the number of records', () => {
    fc.assert(
      fc.property(checkpointItem, (item) => {
        const event = JSON.parse(formatItem('ocsf', item)) as Json;
        expect(ocsfFaults(event, 'base_event')).toEqual([]);
        expect(event).toMatchObject({ class_uid: 0, type_uid: 99, unmapped: { count: item.position } });
      }),
    );
  });
});

describe('the check against OCSF', () => {
  const good = eventOf('outcome', { status: 200 });

  it.each([
    ['an attribute OCSF does not have', { invited: 3 }, 'invited: no attribute of api_activity'],
    ['a text where a number belongs', { time: '2026' }, 'time: not timestamp_t'],
    ['a value of no enumeration', { activity_id: 5 }, 'activity_id: 5 is not one of its values'],
    ['a caption of another value', { status_id: 2 }, 'status_id: Failure is called "Success"'],
    ['an endpoint without a name', { src_endpoint: { port: 1 } }, expect.stringContaining('src_endpoint.: none of')],
    ['an address that is none', { src_endpoint: { ip: 'here' } }, 'src_endpoint.ip: not ip_t'],
    ['an attribute of a profile that is not there', { device: {} }, 'device: needs the profile host'],
    ['metadata without a product', { metadata: { version: '1.8.0' } }, 'metadata.product: required'],
  ])('finds %s', (_, change, fault) => {
    expect(ocsfFaults(good, 'api_activity')).toEqual([]);
    expect(ocsfFaults({ ...good, ...change }, 'api_activity')).toContainEqual(fault);
  });
});
