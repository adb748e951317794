/**
 * What a failed call throws. Everything that the service or the network causes is an InviteProblem, and its `message` can
 * be shown to people as it is. Invariant: where an invitation may have been sent, `outcome` is `unknown`.
 */
import type { AddressDecision, MalformedEntry, Problem, ValidationError } from './api-types.ts';

/** What became of the invitation, as far as it is known. Null: the service says nothing, and nothing was sent. */
export type KnownOutcome = 'refused' | 'not_sent' | 'unknown' | 'accepted' | null;

export interface ProblemFacts {
  /** 0: no answer of the service came. */
  readonly status: number;
  /** Stable; one of `Problem['code']`, or `service_unreachable`. */
  readonly code: string;
  readonly title: string;
  /** For people. */
  readonly detail: string;
  /** Who refused: `proxy` (the service), `policy`, `quota`, `upstream` (Galileo); `network` when no answer came. */
  readonly origin: string;
  /** Quote it when you report the problem. Null when no answer of the service came. */
  readonly requestId: string | null;
  /** In the log and the audit trail of the service, and in your own traces. Null when no trace is known. */
  readonly traceId: string | null;
  readonly outcome: KnownOutcome;
  /** Null: the service does not say when. */
  readonly retryAfterMs: number | null;
  /** Of `inviteUsers`: repeat the same request with it; no person is then invited twice. Null for the other calls. */
  readonly idempotencyKey: string | null;
  /** Address by address, where the service says so; else empty. */
  readonly decisions: readonly (AddressDecision | MalformedEntry)[];
  /** The members of the answer as they came. Null when it was not the service's. */
  readonly body: Readonly<Record<string, unknown>> | null;
}

export class InviteProblem extends Error implements ProblemFacts {
  override readonly name: string = 'InviteProblem';
  declare readonly status: number;
  declare readonly code: string;
  declare readonly title: string;
  declare readonly detail: string;
  declare readonly origin: string;
  declare readonly requestId: string | null;
  declare readonly traceId: string | null;
  declare readonly outcome: KnownOutcome;
  declare readonly retryAfterMs: number | null;
  declare readonly idempotencyKey: string | null;
  declare readonly decisions: readonly (AddressDecision | MalformedEntry)[];
  declare readonly body: Readonly<Record<string, unknown>> | null;

  constructor(facts: ProblemFacts, options?: ErrorOptions) {
    super(facts.detail, options);
    Object.assign(this, facts);
  }
}

/** The policy refused, address by address in `decisions`. Nothing was sent. */
export class PolicyDenied extends InviteProblem {
  override readonly name = 'PolicyDenied';
}

/** A quota is used up. Nothing was sent. */
export class QuotaExhausted extends InviteProblem {
  override readonly name = 'QuotaExhausted';
  /** The id of the quota. */
  readonly quota: string | null;
  /** By the clock of this machine. Null: the service does not say when. */
  readonly retryAt: Date | null;

  constructor(facts: ProblemFacts, options?: ErrorOptions) {
    super(facts, options);
    const { quota } = (facts.body ?? {}) as Partial<Problem>;
    this.quota = quota ?? null;
    this.retryAt = facts.retryAfterMs === null ? null : new Date(Date.now() + facts.retryAfterMs);
  }
}

/**
 * The invitation may or may not have been done. `requestId` is the request to wait for (`waitForOutcome`). Repeat it with
 * the same idempotency key only.
 */
export class OutcomeUnknown extends InviteProblem {
  override readonly name = 'OutcomeUnknown';
}

/** One thing that is wrong with a request. */
export interface InvalidPlace {
  /** As in `emails` or `group_ids`; empty for the request as a whole. */
  readonly field: string;
  /** Its place in the list of that field, from 0. */
  readonly index: number | null;
  /** Stable: the names of pydantic v2. */
  readonly type: ValidationError['type'];
  /** For people. */
  readonly message: string;
}

/** For people: without the words that pydantic puts before a sentence of a validator's own. */
export function sentenceOf(msg: string): string {
  return msg.replace(/^Value error, /, '');
}

/** The request does not fit the contract. Nothing was sent. */
export class InvalidRequest extends InviteProblem {
  override readonly name = 'InvalidRequest';
  /** Everything that is wrong, at most 50. */
  readonly places: readonly InvalidPlace[];

  constructor(facts: ProblemFacts, errors: readonly ValidationError[]) {
    super(facts);
    this.places = errors.map(({ type, loc, msg }) => {
      const [, field, index] = loc;
      return {
        ...{ field: field === undefined ? '' : String(field), index: typeof index === 'number' ? index : null },
        ...{ type, message: sentenceOf(msg) },
      };
    });
  }
}

/**
 * No answer of the service came, also after the client's own retries. For an invitation `outcome` is `unknown`: repeat it
 * with the same idempotency key. `cause` is the last failure.
 */
export class ServiceUnreachable extends InviteProblem {
  override readonly name = 'ServiceUnreachable';
}
