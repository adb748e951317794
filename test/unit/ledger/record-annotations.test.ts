import { describe, expect, it } from 'vitest';
import {
  denialRecord,
  dryRunRecord,
  exhaustedRecord,
  intentRecord,
  replayRecord,
} from '../../../src/ledger/records/record-annotations.ts';
import type { AdmissionRecords } from '../../../src/ledger/port.ts';
import { TEST_TIME_MS, testUuid7 } from '../../support/clock.ts';
import { CREATED, recordDraft } from '../../support/ledger/ledger.ts';

const [R1, R2] = [testUuid7(1), testUuid7(2)] as const;
const { kind: _kind, outcome: _outcome, ...shared } = recordDraft('intent', R1);
const base = { ...shared, request_sha256: 'ab'.repeat(32) };
const records: AdmissionRecords = {
  base,
  decided: { result: 'denied', code: 'policy_denied', status: 403 },
  exhausted: { result: 'denied', code: 'quota_exhausted', status: 429 },
  replay: { result: 'replayed' },
};

describe('the record that an admission writes', () => {
  it('has the shared members, the outcome of its step, and what only the ledger knows', () => {
    expect(intentRecord({ ...records, decided: { result: 'admitted' } }, TEST_TIME_MS)).toEqual({
      ...base,
      kind: 'intent',
      outcome: { result: 'admitted', expires_at: '2026-03-02T10:00:00.000Z' },
    });
    expect(denialRecord(records)).toEqual({ ...base, kind: 'denial', outcome: records.decided });
    expect(dryRunRecord(records)).toEqual({ ...base, kind: 'dry_run', outcome: records.decided });
    expect(exhaustedRecord(records, 'app-day')).toEqual({
      ...base,
      kind: 'denial',
      outcome: { result: 'denied', code: 'quota_exhausted', status: 429, quota: 'app-day' },
    });
  });

  it('has no hash of bytes when it is a replay, because the first request has the bytes', () => {
    expect(replayRecord(records, R2, CREATED)).toEqual({
      ...shared,
      kind: 'replay',
      outcome: { result: 'replayed', first_request_id: R2, status: 200 },
    });
  });

  it('is none where the admission gives no outcome for it', () => {
    expect(exhaustedRecord({ ...records, exhausted: null }, 'app-day')).toBeNull();
    expect(replayRecord({ ...records, replay: null }, R2, CREATED)).toBeNull();
  });

  it('gets its kind from the step that writes it, whatever the shared members hold', () => {
    const forged = { ...records, base: recordDraft('outcome', R1) };
    const written = [
      intentRecord(forged, TEST_TIME_MS),
      denialRecord(forged),
      dryRunRecord(forged),
      exhaustedRecord(forged, 'app-day'),
      replayRecord(forged, R2, CREATED),
    ];
    expect(written.map((record) => record?.kind)).toEqual(['intent', 'denial', 'dry_run', 'denial', 'replay']);
    expect(written.map((record) => record?.outcome.result)).not.toContain('accepted');
  });
});
