/**
 * Builds the settlement of an unknown outcome once its ending is known: the record, and the answer that its
 * Idempotency-Key replays. Pure. It uses only the intent, because the original call is over. Sends nothing.
 */
import { isHmacForm } from '../../audit/record-address.ts';
import type { RecordDraft } from '../../audit/record.ts';
import type { MalformedEntry } from '../../contract/read-invite.ts';
import { malformedOnRecord } from '../../contract/read-invite.ts';
import type { Settlement } from '../../ledger/port.ts';
import { decisionOnRecord } from '../../policy/address-decision.ts';
import type { AddressDecision } from '../../policy/decision.ts';
import type { Resolved } from '../outcome.ts';
import { answerOutcome } from '../answer.ts';
import { recordOutcome } from '../record.ts';

export interface UnknownRequest {
  readonly requestId: string;
  readonly intent: RecordDraft;
  /** Addresses as the caller gave them, by their recorded form; the answer shows these. */
  readonly given?: ReadonlyMap<string, string>;
}

export function resolveUnknown(
  { requestId, intent, given = new Map() }: UnknownRequest,
  { ending, by }: Pick<Resolved, 'ending' | 'by'>,
): Settlement {
  const addresses = decisionsIn(intent).map((one) => {
    const email = given.get(one.email) ?? one.email;
    return decisionOnRecord({ ...one, email }, isHmacForm(email) ? 'An address' : email);
  });
  const outcome: Resolved = { kind: 'resolved', ending, by, addresses };
  const answer = answerOutcome(outcome, { requestId, traceId: intent.trace_id }, malformedIn(intent));
  return {
    requestId,
    by: by.kind,
    ending,
    reply: answer.reply,
    record: { ...intent, kind: 'reconciliation', outcome: recordOutcome(outcome, answer) },
  };
}

function malformedIn({ request: { malformed = [] } }: RecordDraft): MalformedEntry[] {
  return malformed.map(malformedOnRecord);
}

/** The decision for each address, in the order of the request. Addresses are in their recorded form. */
function decisionsIn({ request, policy }: RecordDraft): Omit<AddressDecision, 'message'>[] {
  const emails = request.emails ?? [];
  const byEmail = new Map(
    policy.decisions.flatMap(({ decision, rule, because, emails: about = emails }) =>
      about.map((email) => [email, { email, decision, rule, because }] as const),
    ),
  );
  return emails.flatMap((email) => byEmail.get(email) ?? []);
}
