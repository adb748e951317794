/**
 * The settlement of an intent that is on record although its admission was rejected: the ledger's answer came too late, or
 * was lost. Pure. The caller has got 503 `ledger_unavailable`, and this process, the only one that could send it, has not sent it
 * and never will. So the record may say `not_sent`: the quota is returned, and the key is free.
 */
import type { Admission, Settlement } from '../../ledger/port.ts';
import type { NotSent } from '../../upstream/failure.ts';
import { answerOutcome } from '../answer.ts';
import { recordOutcome } from '../record.ts';

export const WITHDRAWN_REASON = 'unconfirmed' satisfies NotSent['reason'];

export function withdrawIntent({ requestId, records: { base } }: Admission): Settlement {
  const answer = answerOutcome({ kind: 'ledger_unavailable' }, { requestId, traceId: base.trace_id });
  const ending = {
    kind: 'not_sent',
    reason: WITHDRAWN_REASON,
    upstreamStatus: null,
    retryAfterS: null,
    attempts: [],
  } as const;
  return {
    ...{ requestId, by: 'exchange', ending: 'not_sent', reply: answer.reply },
    record: { ...base, kind: 'outcome', outcome: { ...recordOutcome(ending, answer), settled_by: 'exchange' } },
  };
}
