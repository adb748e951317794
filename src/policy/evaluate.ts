/**
 * The decision on a request: pure, no clock, no I/O. Sending, dry run, introspection, the command line and the in-file
 * tests all come through here. Each address is judged by itself (judgeAddress); only then is the batch looked
 * at as a whole. Invariants: what nothing allows is denied; a deny rule that hits beats every allow rule;
 * one allow rule must allow the whole of what is asked.
 */
import type { Principal } from '../auth/principal.ts';
import { emailAddress } from '../contract/email-address.ts';
import type { InviteUsersRequest } from '../contract/invite-users.ts';
import { matchCallers } from './matching/callers.ts';
import { chargesFor, exceededQuota } from './quota-charges.ts';
import type { CallerRules, CompiledPolicy, Quota, Rule } from './compile.ts';
import type { AddressDecision, Decision, Handling } from './decision.ts';
import { lowerAscii } from './matching/domain-pattern.ts';
import type { Asked, Forced } from './matching/force.ts';
import { applyForce, chooseForced, differingRule } from './matching/force.ts';
import { failingKeys, hittingKeys } from './matching/rule-keys.ts';
import { rowsAimedAt, selectorsOf, targetKeys } from './matching/target-table.ts';

/** What one address meets: its own verdict, and the values it would be invited with. */
export interface Judged {
  readonly decision: AddressDecision;
  readonly forced: Forced;
}

/**
 * Strict: all or nothing, one refused address refuses the request. Lenient: the allowed addresses make the request, and
 * only when there are none is it refused. `nowMs` is compared with `until` alone; -Infinity ignores every end date.
 */
export function decide(
  policy: CompiledPolicy,
  principal: Principal,
  request: InviteUsersRequest,
  nowMs: number,
  handling: Handling = 'strict',
): Decision {
  const callers = rulesOf(policy, principal);
  const asked = askedOf(request);
  const judged = request.emails.map((email) => judgeAddress(policy, callers, email, asked, nowMs));
  const chosen = chooseForced(judged) ?? applyForce([], asked);
  const ruled = judged.map((address) => agreeWithBatch(address, chosen));
  const allowed = ruled.filter(({ decision }) => decision === 'allow').map(({ email }) => email);
  // Nobody to invite is nothing to allow.
  const refusedByRule = allowed.length === 0 || (handling === 'strict' && allowed.length < ruled.length);
  const emails = refusedByRule ? request.emails : allowed;
  const exceeded = refusedByRule ? null : exceededQuota(policy, emails);
  const { role, authMethod, groupIds, sendEmail } = chosen.values;
  return {
    verdict: refusedByRule || exceeded !== null ? 'deny' : 'allow',
    refusedBy: refusedByRule ? 'policy' : exceeded === null ? null : 'quota',
    addresses: exceeded === null ? ruled : ruled.map((address) => beyond(address, exceeded)),
    effective: { auth_method: authMethod, emails: [...emails], role, group_ids: [...groupIds], send_email: sendEmail },
    forced: chosen.applied,
    charges: chargesFor(policy, principal, emails),
  };
}

/** The rules that speak of this principal: those of every caller that it is. */
export function rulesOf(policy: CompiledPolicy, principal: Principal): CallerRules[] {
  return matchCallers(policy.callers, principal).flatMap((name) => policy.byCaller.get(name) ?? []);
}

/** One address on its own, whoever else is in the batch. */
export function judgeAddress(
  policy: CompiledPolicy,
  callers: readonly CallerRules[],
  email: string,
  asked: Asked,
  nowMs: number,
): Judged {
  // What is no address is covered by nothing, so it meets only rules for everybody.
  const selectors = emailAddress(email) === null ? [] : selectorsOf(policy.setsOf, lowerAscii(email));
  const forced = applyForce(rowsAimedAt([policy.force], selectors), asked);
  const inForce = (rule: Rule): boolean => nowMs < rule.untilMs;

  const denyTables = [policy.denyAny, ...callers.map((rules) => rules.deny)];
  for (const rule of rowsAimedAt(denyTables, selectors).filter(inForce)) {
    const keys = hittingKeys(rule, forced.values);
    if (keys === null) continue;
    const because = [...targetKeys(rule, selectors), ...keys];
    // A rule without target and keys hits by being there.
    return { decision: deny(email, rule.id, because.length > 0 ? because : ['deny']), forced };
  }

  const allowTables = callers.map((rules) => rules.allow);
  const [nearest] = rowsAimedAt(allowTables, selectors)
    .filter(inForce)
    .map((rule) => ({ rule, failing: failingKeys(rule, forced.values) }))
    .toSorted((a, b) => a.failing.length - b.failing.length || a.rule.order - b.rule.order);
  if (nearest === undefined) return { decision: deny(email, null, ['no-rule']), forced };
  const { rule, failing } = nearest;
  if (failing.length > 0) return { decision: deny(email, rule.id, failing), forced };
  return { decision: { email, decision: 'allow', rule: rule.id, because: [] }, forced };
}

/** One body is sent for the whole batch, so an allowed address whose forced values are others cannot come along. */
function agreeWithBatch({ decision, forced }: Judged, chosen: Forced): AddressDecision {
  if (decision.decision === 'deny' || forced.key === chosen.key) return decision;
  return deny(decision.email, differingRule(forced, chosen), ['force']);
}

/** What a request asks for each of its addresses. */
export function askedOf(request: InviteUsersRequest): Asked {
  return {
    authMethod: request.auth_method,
    role: request.role,
    groupIds: request.group_ids.map(lowerAscii),
    sendEmail: request.send_email,
  };
}

/** A limit refuses what the rules allowed; what a rule refused stays refused by that rule. */
function beyond(address: AddressDecision, { id, unit }: Quota): AddressDecision {
  return address.decision === 'deny' ? address : deny(address.email, id, [unit]);
}

function deny(email: string, rule: string | null, because: readonly string[]): AddressDecision {
  return { email, decision: 'deny', rule, because };
}
