/**
 * Turns what became known of an unknown outcome into the settlement that ends it: the record and the answer that its
 * Idempotency-Key replays. Pure; from the intent alone, because whoever asked is long gone. Sends nothing.
 */
import type { RecordDraft } from '../audit/record.ts';
import type { Settlement } from '../ledger/port.ts';
import type { AddressDecision } from '../policy/decision.ts';
import type { Resolved } from './outcome.ts';
import { answerOutcome } from './answer.ts';
import { recordOutcome } from './record.ts';

export interface UnknownRequest {
  readonly requestId: string;
  readonly intent: RecordDraft;
  /** By their form in the record: addresses that are known as they were given, for the answer. */
  readonly given?: ReadonlyMap<string, string>;
}

export function resolveUnknown(
  { requestId, intent, given = new Map() }: UnknownRequest,
  { ending, by }: Pick<Resolved, 'ending' | 'by'>,
): Settlement {
  const addresses = decisionsIn(intent).map((one) => ({ ...one, email: given.get(one.email) ?? one.email }));
  const outcome: Resolved = { kind: 'resolved', ending, by, addresses };
  const answer = answerOutcome(outcome, requestId);
  return {
    requestId,
    by: by.kind,
    ending,
    reply: answer.reply,
    record: { ...intent, kind: 'reconciliation', outcome: recordOutcome(outcome, answer) },
  };
}

/** What was decided address by address, in the order of the request; addresses in the form of the record. */
function decisionsIn({ request, policy }: RecordDraft): AddressDecision[] {
  const emails = request.emails ?? [];
  const byEmail = new Map(
    policy.decisions.flatMap(({ decision, rule, because, emails: about = emails }) =>
      about.map((email) => [email, { email, decision, rule, because }] as const),
    ),
  );
  return emails.flatMap((email) => byEmail.get(email) ?? []);
}
