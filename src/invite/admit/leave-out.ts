/**
 * Decides a lenient call without the invitees whose counters have too little left. Sending and dry run share it, so that a
 * dry run says what a request would do. Each attempt is one whole decision; a strict call has one attempt.
 */
import type { Decision, ExhaustedInvitees, ShortInvitee } from '../../policy/decision.ts';
import { decide } from '../../policy/evaluate.ts';
import { exhaustedBy } from '../../policy/quota-charges.ts';
import type { InviteCall } from '../call.ts';

/** `short`: these counters have too little left, and nothing was changed. */
export type Attempt<T> =
  | { readonly kind: 'short'; readonly invitees: readonly ShortInvitee[] }
  | { readonly kind: 'done'; readonly value: T };

/** Between two attempts, other requests may use up further counters. The last attempt takes the call as a whole. */
const MAX_ATTEMPTS = 4;

/**
 * `first` is the decision on the call alone, made at `nowMs`. An attempt that may leave out may be `short`. When no
 * address is left to send to, the last attempt is made with `first`, to be refused as a whole.
 */
export async function leaveOutExhausted<T>(
  call: InviteCall,
  { first, nowMs }: { readonly first: Decision; readonly nowMs: number },
  attempt: (decision: Decision, mayLeaveOut: boolean) => Promise<Attempt<T>>,
): Promise<{ readonly decision: Decision; readonly value: T }> {
  let decision = first;
  let exhausted: ExhaustedInvitees = new Map();
  for (let attempts = 1; ; attempts += 1) {
    const result = await attempt(decision, attempts < MAX_ATTEMPTS && canLeaveOut(call, decision));
    if (result.kind === 'done') return { decision, value: result.value };
    if (attempts >= MAX_ATTEMPTS) throw new Error('an attempt at the whole call left invitees out');
    const found = exhaustedBy(call.policy, decision.effective.emails, result.invitees);
    exhausted = new Map([...exhausted, ...found]);
    const rest = decide(call.policy, call.principal, call.asked, nowMs, call.handling, exhausted);
    const isLast = rest.verdict === 'deny' || attempts + 1 >= MAX_ATTEMPTS;
    decision = isLast ? first : rest;
    if (isLast) attempts = MAX_ATTEMPTS - 1;
  }
}

function canLeaveOut({ handling }: InviteCall, { verdict, charges }: Decision): boolean {
  return handling === 'lenient' && verdict === 'allow' && charges.some(({ visible }) => !visible);
}
