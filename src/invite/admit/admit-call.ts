/**
 * Admits a decided call in one step of the ledger. With lenient handling, the addresses of invitees whose counters have too
 * little left are refused alone: the ledger names them and changes nothing, and the rest is decided and admitted as a whole.
 * Invariant: however many attempts there were, at most one is written and debited.
 */
import { sha256Hex } from '../../lib/sha256.ts';
import type { Admission, Admitted, Ledger, RecordBase } from '../../ledger/port.ts';
import type { Decision } from '../../policy/decision.ts';
import { leaveOut } from '../../policy/evaluate.ts';
import { exhaustedBy } from '../../policy/quota-charges.ts';
import type { Sha256 } from '../../ports/sha256.ts';
import { answerOutcome } from '../answer.ts';
import type { InviteCall } from '../call.ts';
import { ownerOf } from '../call.ts';
import { canonicalBody, requestFingerprint } from './canonical.ts';
import type { Attempt } from './leave-out.ts';
import { leaveOutExhausted } from './leave-out.ts';
import type { Outcome } from '../outcome.ts';
import type { RedactCallerTextDeps } from '../redact-caller-text.ts';
import { redactCallerText } from '../redact-caller-text.ts';
import { emailsInRecord, recordBase, recordOutcome } from '../record.ts';

export interface AdmitCallDeps extends RedactCallerTextDeps {
  readonly ledger: Pick<Ledger, 'admit'>;
  /** The whole upstream deadline; an intent expires 30 s after it. */
  readonly upstreamTimeoutMs: number;
  /** The runtime's own; left out where the portable one serves. */
  readonly sha256?: Sha256 | undefined;
}

/** A call after its decision: the bytes to be sent, and the members that all of its records share. */
export interface DecidedCall {
  readonly call: InviteCall;
  readonly decision: Decision;
  readonly body: string;
  readonly base: RecordBase;
}

export interface AdmittedCall {
  readonly decided: DecidedCall;
  readonly admitted: Exclude<Admitted, { kind: 'invitees_exhausted' }>;
}

const EXPIRY_MARGIN_MS = 30_000;
const ROUTE = 'POST /v2/invite_users';

/** `first` is the decision on the call alone, made at `nowMs`. Null when the ledger fails. */
export async function admitCall(
  deps: AdmitCallDeps,
  call: InviteCall,
  at: { readonly first: Decision; readonly nowMs: number },
): Promise<AdmittedCall | null> {
  const { sha256 = sha256Hex } = deps;
  const shared = {
    ...call,
    ...(await redactCallerText(call, deps)),
    emailsInRecord: emailsInRecord(call.asked.emails, deps.recordAddress),
  };
  const { value } = await leaveOutExhausted(
    call,
    at,
    async (decision, leavesOut): Promise<Attempt<AdmittedCall | null>> => {
      const body = canonicalBody(decision.effective);
      const requestSha256 = decision.verdict === 'allow' ? sha256(body) : null;
      const decided = { call, decision, body, base: recordBase({ ...shared, decision, requestSha256 }, sha256) };
      const admitted = await deps.ledger.admit(admission(deps, decided, leavesOut)).catch(() => null);
      if (admitted?.kind === 'invitees_exhausted') return { kind: 'short', invitees: admitted.invitees };
      return { kind: 'done', value: admitted && { decided, admitted } };
    },
  );
  return value;
}

function admission(
  { upstreamTimeoutMs, sha256 = sha256Hex }: AdmitCallDeps,
  { call, decision, body, base }: DecidedCall,
  leavesOut: boolean,
): Admission {
  const denial: Outcome = { kind: 'denied', decision };
  const allowed = decision.verdict === 'allow';
  const asGiven = { ...call.asked, emails: [...call.entries] };
  return {
    requestId: call.requestId,
    owner: ownerOf(call.principal),
    idempotency:
      call.idempotencyKey === null
        ? null
        : { key: call.idempotencyKey, fingerprint: requestFingerprint(asGiven, call.handling, sha256), route: ROUTE },
    charges: decision.charges,
    plan: allowed ? 'send' : 'deny',
    ...(leavesOut ? { leavesOutInvitees: true } : {}),
    expiresInMs: upstreamTimeoutMs + EXPIRY_MARGIN_MS,
    body: allowed ? body : null,
    records: {
      base,
      decided: allowed ? recordOutcome({ kind: 'admitted' }, null) : recordOutcome(denial, answerOutcome(denial, call)),
      exhausted: recordOutcome({ kind: 'exhausted' }, null),
      replay: recordOutcome({ kind: 'replayed' }, null),
    },
  };
}

/** The ending of whatever admission did not admit. */
export function refusalOf(
  admitted: Exclude<Admitted, { kind: 'admitted' | 'invitees_exhausted' }>,
  { call, decision }: DecidedCall,
): Outcome {
  switch (admitted.kind) {
    case 'denied':
      return { kind: 'denied', decision };
    case 'exhausted': {
      const { exhausted: quota, retryAfterS, invitees = [] } = admitted;
      const leftOut = exhaustedBy(call.policy, decision.effective.emails, invitees);
      return {
        kind: 'exhausted',
        quota,
        asked: decision.charges.find((charge) => charge.quota === quota.quota)?.amount ?? 0,
        per: call.policy.quotas.find(({ id }) => id === quota.quota)?.per ?? null,
        retryAfterS,
        addresses: leftOut.size === 0 ? [] : decision.addresses.map((address) => leaveOut(address, leftOut)),
      };
    }
    case 'replay':
      return { kind: 'replayed', firstRequestId: admitted.firstRequestId, reply: admitted.reply };
    case 'in_flight':
      return { kind: 'in_flight', firstRequestId: admitted.firstRequestId, retryAfterS: admitted.retryAfterS };
    case 'key_reused':
      return { kind: 'key_reused' };
    case 'reply_unreadable':
      return { kind: 'reply_unreadable', firstRequestId: admitted.firstRequestId };
    case 'previewed':
      throw new Error('the ledger previewed a request that is no dry run');
    default:
      return admitted satisfies never;
  }
}
