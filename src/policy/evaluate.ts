/**
 * Decides on a request. Pure: no clock, no I/O. Sending, dry run, introspection, the command line and the tests in
 * policy files all use this code. Each address is judged by itself (judgeAddress), then the batch as a whole.
 * Invariants: an address that no rule allows is denied; a deny rule that hits beats every allow rule; one allow rule
 * must allow everything that is asked for an address.
 */
import type { Principal } from '../auth/principal.ts';
import { emailAddress } from '../contract/email-address.ts';
import type { InviteUsersRequest } from '../contract/invite-users.ts';
import { allowBy, denyByForce, denyByLimit, denyByRule, denyExhausted, denyUncovered } from './address-decision.ts';
import { matchCallers, suspectCallers } from './matching/callers.ts';
import { chargesFor, exceededQuota } from './quota-charges.ts';
import type { ExceededQuota } from './quota-charges.ts';
import type { CallerRules, CompiledPolicy, Rule } from './compile.ts';
import type { AddressDecision, Decision, ExhaustedInvitees, Handling } from './decision.ts';
import { lowerAscii } from './matching/domain-pattern.ts';
import type { Asked, Forced } from './matching/force.ts';
import { applyForce, chooseForced, differingRule } from './matching/force.ts';
import { failingKeys, hittingKeys } from './matching/rule-keys.ts';
import type { KeyName } from './matching/rule-keys.ts';
import { indexRows, rowsAimedAt, selectorsOf, targetKeys } from './matching/target-table.ts';

/** The result for one address: its decision, and the values it would be invited with. */
export interface Judged {
  readonly decision: AddressDecision;
  readonly forced: Forced;
}

/**
 * Strict: one refused address refuses the whole request. Lenient: the request keeps its allowed addresses, and is
 * refused only if there are none. `nowMs` is compared with `until` only; -Infinity ignores every end date. `exhausted`:
 * addresses that the ledger could not admit; they are refused like those that a rule refuses.
 */
export function decide(
  policy: CompiledPolicy,
  principal: Principal,
  request: InviteUsersRequest,
  nowMs: number,
  handling: Handling = 'strict',
  exhausted: ExhaustedInvitees = new Map(),
): Decision {
  const caller = callerOf(policy, principal);
  const asked = askedOf(request);
  const judgeOne = createJudge(policy, caller, asked, nowMs);
  const judged = request.emails.map((email) => refuseExhausted(judgeOne(email), exhausted));
  const chosen = chooseForced(judged) ?? applyForce([], asked);
  const ruled = judged.map((address) => agreeWithBatch(address, chosen));
  // A request without any allowed address is refused in both modes.
  const count = allowedIn(ruled).length;
  const refusedByRule = count === 0 || (handling === 'strict' && count < ruled.length);
  const { addresses, emails, exceeded } = refusedByRule
    ? { addresses: ruled, emails: request.emails, exceeded: null }
    : refuseExcess(policy, ruled, handling);
  const { role, authMethod, groupIds, sendEmail } = chosen.values;
  return {
    verdict: refusedByRule || exceeded !== null ? 'deny' : 'allow',
    refusedBy: refusedByRule ? 'policy' : exceeded === null ? null : 'quota',
    addresses,
    effective: { auth_method: authMethod, emails: [...emails], role, group_ids: [...groupIds], send_email: sendEmail },
    forced: chosen.applied,
    charges: chargesFor(policy, principal, emails),
  };
}

/** What the policy has for one principal. */
export interface MatchedCaller {
  /** Whether the principal is a caller of the policy at all. If not, no rule can allow it anything. */
  readonly isKnown: boolean;
  /** The rules of every caller that it matches, and the deny rules of those it may match. */
  readonly rules: readonly CallerRules[];
}

/** A policy and a principal never change, and a verified token keeps its principal: each is matched once. */
const matchedCallers = new WeakMap<CompiledPolicy, WeakMap<Principal, MatchedCaller>>();

export function callerOf(policy: CompiledPolicy, principal: Principal): MatchedCaller {
  let ofPolicy = matchedCallers.get(policy);
  if (ofPolicy === undefined) matchedCallers.set(policy, (ofPolicy = new WeakMap()));
  let caller = ofPolicy.get(principal);
  if (caller === undefined) ofPolicy.set(principal, (caller = matchCaller(policy, principal)));
  return caller;
}

function matchCaller(policy: CompiledPolicy, principal: Principal): MatchedCaller {
  const rules = (names: readonly string[]) => names.flatMap((name) => policy.byCaller.get(name) ?? []);
  const matched = matchCallers(policy.callers, principal);
  const suspected = rules(suspectCallers(policy.callers, principal));
  return {
    isKnown: matched.length > 0,
    rules: [
      ...rules(matched),
      ...suspected.map(({ deny: ofSuspect }) => ({ allow: indexRows<Rule>([]), deny: ofSuspect })),
    ],
  };
}

/** Judges one address on its own, whatever else is in the batch. */
export function judgeAddress(
  policy: CompiledPolicy,
  caller: MatchedCaller,
  email: string,
  asked: Asked,
  nowMs: number,
): Judged {
  return createJudge(policy, caller, asked, nowMs)(email);
}

/** What rules and forced values say of every address with the same selectors. */
interface Judgement {
  readonly forced: Forced;
  readonly decide: (email: string) => AddressDecision;
}

/**
 * Judges addresses one by one. Most addresses of a batch share their domain, and few are named in a policy: those that
 * are not named share one judgement per domain.
 */
function createJudge(
  policy: CompiledPolicy,
  caller: MatchedCaller,
  asked: Asked,
  nowMs: number,
): (email: string) => Judged {
  const byDomain = new Map<string, Judgement>();
  const tables = [policy.force, policy.denyAny, ...caller.rules.flatMap(({ deny, allow }) => [deny, allow])];

  function isNamed(address: string): boolean {
    return policy.setsOf.has(address) || tables.some(({ bySelector }) => bySelector.has(address));
  }

  function ofDomain(domain: string): Judgement {
    const known = byDomain.get(domain);
    if (known !== undefined) return known;
    const judgement = judge(policy, caller, selectorsOf(policy.setsOf, domain), asked, nowMs);
    byDomain.set(domain, judgement);
    return judgement;
  }

  function judgementOn(email: string): Judgement {
    const parts = emailAddress(email);
    // A text that is no address has no selectors, so only rules without a target apply to it.
    if (parts === null) return judge(policy, caller, [], asked, nowMs);
    const address = lowerAscii(email);
    return isNamed(address)
      ? judge(policy, caller, selectorsOf(policy.setsOf, address), asked, nowMs)
      : ofDomain(parts.domain);
  }

  return (email) => {
    const { decide: decideOn, forced } = judgementOn(email);
    return { decision: decideOn(email), forced };
  };
}

/** `selectors`: every selector that covers the address. */
function judge(
  policy: CompiledPolicy,
  caller: MatchedCaller,
  selectors: readonly string[],
  asked: Asked,
  nowMs: number,
): Judgement {
  const forced = applyForce(rowsAimedAt([policy.force], selectors), asked);
  const inForce = (rule: Rule): boolean => nowMs < rule.untilMs;

  const denyTables = [policy.denyAny, ...caller.rules.map((rules) => rules.deny)];
  for (const rule of rowsAimedAt(denyTables, selectors).filter(inForce)) {
    const keys = hittingKeys(rule, forced.values);
    if (keys === null) continue;
    const hit = [...targetKeys(rule, selectors), ...keys];
    // A rule without target and keys always hits.
    const because = hit.length > 0 ? hit : ['deny'];
    return { decide: (email) => denyByRule(email, rule, because, forced.values), forced };
  }

  const allowTables = caller.rules.map((rules) => rules.allow);
  const nearest = nearestRule(rowsAimedAt(allowTables, selectors).filter(inForce), forced.values);
  if (nearest === null) return { decide: (email) => denyUncovered(email, caller), forced };
  const { rule, failing } = nearest;
  if (failing.length > 0) return { decide: (email) => denyByRule(email, rule, failing, forced.values), forced };
  return { decide: (email) => allowBy(email, rule), forced };
}

/** The allow rule with the fewest failing keys, the first of the file among equals. `rules` are in file order. */
function nearestRule(
  rules: readonly Rule[],
  values: Asked,
): { readonly rule: Rule; readonly failing: readonly KeyName[] } | null {
  let nearest: { readonly rule: Rule; readonly failing: readonly KeyName[] } | null = null;
  for (const rule of rules) {
    const failing = failingKeys(rule, values);
    if (nearest === null || failing.length < nearest.failing.length) nearest = { rule, failing };
    if (failing.length === 0) break;
  }
  return nearest;
}

/** One body is sent for the whole batch, so an allowed address with other forced values is refused. */
function agreeWithBatch({ decision, forced }: Judged, chosen: Forced): AddressDecision {
  if (decision.decision === 'deny' || forced.key === chosen.key) return decision;
  return denyByForce(decision.email, differingRule(forced, chosen));
}

/** The values that a request asks for each of its addresses. */
export function askedOf(request: InviteUsersRequest): Asked {
  return {
    authMethod: request.auth_method,
    role: request.role,
    groupIds: request.group_ids.map(lowerAscii),
    sendEmail: request.send_email,
  };
}

function refuseExhausted(judged: Judged, exhausted: ExhaustedInvitees): Judged {
  if (exhausted.size === 0) return judged;
  return { ...judged, decision: leaveOut(judged.decision, exhausted) };
}

/** Refuses an address whose counter has too little left. An address that is refused already keeps its reason. */
export function leaveOut(address: AddressDecision, exhausted: ExhaustedInvitees): AddressDecision {
  const found = exhausted.get(address.email);
  if (found === undefined || address.decision === 'deny') return address;
  return denyExhausted(address.email, found.quota, found.retryAfterS);
}

/**
 * Refuses the allowed addresses that a limit on the request alone refuses. Lenient: an address that names a person too
 * often is left out, and the rest is judged again. `exceeded`: the limit that refuses the whole request; `emails` is what
 * it was compared with.
 */
function refuseExcess(
  policy: CompiledPolicy,
  ruled: readonly AddressDecision[],
  handling: Handling,
): {
  readonly addresses: readonly AddressDecision[];
  readonly emails: readonly string[];
  readonly exceeded: ExceededQuota | null;
} {
  const emails = allowedIn(ruled);
  // Who is left out does not count towards the other limits.
  const ofInvitees = handling === 'lenient' ? policy.quotas.filter(({ per }) => per === 'invitee') : [];
  const exceeded = exceededQuota([...ofInvitees, ...policy.quotas], emails);
  if (exceeded === null) return { addresses: ruled, emails, exceeded };
  // At least one address of the person stays, because no limit is below 1.
  const isSpared = handling === 'lenient' && exceeded.excess.length > 0;
  const tooMany = new Set(isSpared ? exceeded.excess : exceeded.emails);
  const addresses = ruled.map((address) =>
    address.decision === 'allow' && tooMany.has(address.email)
      ? denyByLimit(address.email, exceeded.quota, exceeded.amountOf(address.email))
      : address,
  );
  return isSpared ? refuseExcess(policy, addresses, handling) : { addresses, emails, exceeded };
}

function allowedIn(addresses: readonly AddressDecision[]): string[] {
  return addresses.filter(({ decision }) => decision === 'allow').map(({ email }) => email);
}
