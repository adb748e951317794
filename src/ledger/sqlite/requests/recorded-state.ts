import type { RecordDraft } from '../../../audit/record.ts';
import type { RequestState } from '../../port.ts';

/**
 * The state of a request as its records prove it. The table of requests is not part of the hash chain, so a state there
 * could be changed without a trace; the records could not. Returns null when the records prove none.
 */
export function recordedState(decided: RecordDraft | null, outcome: RecordDraft | null): RequestState | null {
  if (outcome !== null) return STATE_OF[outcome.outcome.result];
  return decided === null ? null : STATE_OF[decided.outcome.result];
}

/** By the result of the request's last decision or outcome record. */
const STATE_OF: Readonly<Record<RecordDraft['outcome']['result'], RequestState | null>> = {
  admitted: 'open',
  denied: 'denied',
  accepted: 'accepted',
  refused: 'refused',
  not_sent: 'not_sent',
  unknown: 'unknown',
  replayed: null,
  previewed: null,
};
