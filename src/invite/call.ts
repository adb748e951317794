/**
 * One validated call and its answer: the argument and the result of both use cases (send, preview). Plain data.
 */
import type { Principal } from '../auth/principal.ts';
import type { RecordService, RecordSource } from '../audit/record.ts';
import type { InviteUsersRequest } from '../contract/invite-users.ts';
import type { InviteList } from '../contract/read-invite.ts';
import type { Owner, QuotaState } from '../ledger/port.ts';
import type { CompiledPolicy } from '../policy/compile.ts';
import type { Handling } from '../policy/decision.ts';
import type { SentFor } from '../upstream/send.ts';
import { answerOutcome } from './answer.ts';
import type { Answer } from './answer.ts';
import type { Outcome } from './outcome.ts';

export interface InviteCall extends InviteList, SentFor {
  readonly principal: Principal;
  readonly source: RecordSource;
  readonly service: RecordService;
  /** With the well-formed addresses of the list. */
  readonly asked: InviteUsersRequest;
  /** The one policy this request sees throughout. */
  readonly policy: CompiledPolicy;
  readonly idempotencyKey: string | null;
  /** The caller's preference (RFC 7240); part of the fingerprint that an Idempotency-Key is bound to. */
  readonly handling: Handling;
}

export interface InviteAnswer {
  readonly answer: Answer;
  readonly outcome: Outcome;
  /** The counters after admission that the caller may see. */
  readonly quotas: readonly QuotaState[];
}

/** The answer to this outcome, with the counters that the caller may see. */
export function toInviteAnswer(call: InviteCall, outcome: Outcome, quotas: readonly QuotaState[] = []): InviteAnswer {
  return {
    answer: answerOutcome(outcome, call, call.malformed),
    outcome,
    quotas: quotas.filter(({ visible }) => visible),
  };
}

/** The owner of idempotency keys, of requests and of the right to read them: issuer, client and subject. */
export function ownerOf(principal: Principal): Owner {
  return { issuer: principal.issuerUrl, clientId: principal.clientId, subject: principal.subject };
}
