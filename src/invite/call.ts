/**
 * One validated call and its answer: what the use cases (send, preview) take and give. Plain data.
 */
import type { Principal } from '../auth/principal.ts';
import type { RecordService, RecordSource } from '../audit/record.ts';
import type { InviteUsersRequest } from '../contract/invite-users.ts';
import type { Owner, QuotaState } from '../ledger/port.ts';
import type { CompiledPolicy } from '../policy/compile.ts';
import type { Handling } from '../policy/decision.ts';
import { answerOutcome } from './answer.ts';
import type { Answer } from './answer.ts';
import type { Outcome } from './outcome.ts';

export interface InviteCall {
  readonly requestId: string;
  readonly principal: Principal;
  readonly source: RecordSource;
  readonly service: RecordService;
  readonly asked: InviteUsersRequest;
  /** The one policy this request sees throughout. */
  readonly policy: CompiledPolicy;
  readonly idempotencyKey: string | null;
  /** The preference that was asked for; part of what a key is bound to. */
  readonly handling: Handling;
}

export interface InviteAnswer {
  readonly answer: Answer;
  readonly outcome: Outcome;
  /** Counters after admission, those a caller may see. */
  readonly quotas: readonly QuotaState[];
}

/** The answer to this ending, with the counters a caller may see. */
export function toInviteAnswer(call: InviteCall, outcome: Outcome, quotas: readonly QuotaState[] = []): InviteAnswer {
  return {
    answer: answerOutcome(outcome, call.requestId),
    outcome,
    quotas: quotas.filter(({ visible }) => visible),
  };
}

/** Keys, requests and reading rights belong to this triple. */
export function ownerOf(principal: Principal): Owner {
  return { issuer: principal.issuerUrl, clientId: principal.clientId, subject: principal.subject };
}
