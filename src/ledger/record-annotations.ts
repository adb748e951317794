import type { RecordDraft } from '../audit/record.ts';
import type { StoredReply } from './port.ts';

/**
 * The few members of a record that only the ledger can know, because they come of the same step
 * that writes it. Pure; used by every ledger, so that their records read alike.
 */

/** RFC 3339, UTC, milliseconds. */
export function rfc3339(atMs: number): string {
  return new Date(atMs).toISOString();
}

export function withExpiry(intent: RecordDraft, expiresAtMs: number): RecordDraft {
  return { ...intent, outcome: { ...intent.outcome, expires_at: rfc3339(expiresAtMs) } };
}

export function withQuota(denial: RecordDraft, quota: string): RecordDraft {
  return { ...denial, outcome: { ...denial.outcome, quota } };
}

export function withFirstRequest(replay: RecordDraft, firstRequestId: string, reply: StoredReply): RecordDraft {
  return { ...replay, outcome: { ...replay.outcome, first_request_id: firstRequestId, status: reply.status } };
}
