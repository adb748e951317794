import type { RecordDraft } from '../../audit/record.ts';
import { rfc3339 } from '../../lib/rfc3339.ts';
import type { AdmissionRecords, StoredReply } from '../port.ts';

/**
 * Builds the one record that an admission writes, from the shared members and an outcome. Each function sets the kind
 * of its record, so no caller can give a wrong one, and adds the members that only the ledger knows. Pure functions.
 * Every ledger uses them, so all ledgers write identical records.
 */

export function intentRecord({ base, decided }: AdmissionRecords, expiresAtMs: number): RecordDraft {
  return { ...base, kind: 'intent', outcome: { ...decided, expires_at: rfc3339(expiresAtMs) } };
}

export function denialRecord({ base, decided }: AdmissionRecords): RecordDraft {
  return { ...base, kind: 'denial', outcome: decided };
}

export function dryRunRecord({ base, decided }: AdmissionRecords): RecordDraft {
  return { ...base, kind: 'dry_run', outcome: decided };
}

/** The denial of a request that a quota refuses; null when none is to be written. */
export function exhaustedRecord({ base, exhausted }: AdmissionRecords, quota: string): RecordDraft | null {
  return exhausted && { ...base, kind: 'denial', outcome: { ...exhausted, quota } };
}

/** The replay of a stored reply; null when none is to be written. Has no hash of bytes: the first request has them. */
export function replayRecord(
  { base, replay }: AdmissionRecords,
  firstRequestId: string,
  { status }: StoredReply,
): RecordDraft | null {
  const { request_sha256: _, ...shared } = base;
  return replay && { ...shared, kind: 'replay', outcome: { ...replay, first_request_id: firstRequestId, status } };
}
