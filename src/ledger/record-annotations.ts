import type { RecordDraft } from '../audit/record.ts';
import { rfc3339 } from '../lib/rfc3339.ts';
import type { StoredReply } from './port.ts';

/**
 * Record members that only the ledger knows, because the step that writes the record produces them. Pure functions.
 * Every ledger uses them, so all ledgers write identical records.
 */

export function withExpiry(intent: RecordDraft, expiresAtMs: number): RecordDraft {
  return { ...intent, outcome: { ...intent.outcome, expires_at: rfc3339(expiresAtMs) } };
}

export function withQuota(denial: RecordDraft, quota: string): RecordDraft {
  return { ...denial, outcome: { ...denial.outcome, quota } };
}

export function withFirstRequest(replay: RecordDraft, firstRequestId: string, reply: StoredReply): RecordDraft {
  return { ...replay, outcome: { ...replay.outcome, first_request_id: firstRequestId, status: reply.status } };
}
