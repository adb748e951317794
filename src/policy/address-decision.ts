/**
 * Builds the decision on one address: one function per way to decide, each with the sentence that people read. Pure.
 * A sentence names the address, the reason with its values, and the rule or limit; the note of a rule follows it. The
 * caller may see all of it: only rules that name the caller and deny rules that hit decide (docs/policy.md, "Reasons").
 */
import { durationWords } from '../lib/text/duration-words.ts';
import type { Quota, Rule } from './compile.ts';
import type { AddressDecision } from './decision.ts';
import type { Asked } from './matching/force.ts';
import { counted, limitWords } from './quota-words.ts';

export function allowBy(email: string, rule: Rule): AddressDecision {
  return {
    email,
    decision: 'allow',
    rule: rule.id,
    because: [],
    message: withNote(`${email}: allowed (rule ${rule.id}).`, rule),
  };
}

/** `because`: the keys that failed (allow rule) or hit (deny rule), or `deny`. `values`: what was compared with them. */
export function denyByRule(email: string, rule: Rule, because: readonly string[], values: Asked): AddressDecision {
  return deny(email, rule.id, because, withNote(`${reasonWords(because, values)} (rule ${rule.id}).`, rule));
}

export function denyUncovered(email: string, { isKnown }: { readonly isKnown: boolean }): AddressDecision {
  return isKnown
    ? deny(email, null, ['no-rule'], 'no rule lets you invite this address.')
    : deny(
        email,
        null,
        ['no-caller'],
        'the invite policy does not know you or this app. Ask the people who run this app.',
      );
}

/** One body goes out for all addresses. `rule` is the row that makes the difference. */
export function denyByForce(email: string, rule: string | null): AddressDecision {
  const by = rule === null ? '' : ` (rule ${rule})`;
  const words = `the policy sets other values for it than for the other addresses${by}. Invite it in a request of its own.`;
  return deny(email, rule, ['force'], words);
}

/** The request alone exceeds the limit: it asks for `amount` addresses, or names one person so often. */
export function denyByLimit(email: string, quota: Quota, amount: number): AddressDecision {
  const asked =
    quota.per === 'invitee'
      ? `the request names this person ${counted(amount, 'time', 'times')}`
      : `the request has ${counted(amount, 'address', 'addresses')}`;
  return deny(
    email,
    quota.id,
    [quota.unit],
    `${asked}, and the limit ${quota.id} is ${limitWords(quota)}. Send fewer at once.`,
  );
}

/** The counter of an invitee is used up, by any caller. `retryAfterS`: until the window ends. */
export function denyExhausted(email: string, quota: Quota, retryAfterS: number): AddressDecision {
  const words = `this person has been invited as often as the limit ${quota.id} allows (${limitWords(quota)}).`;
  return deny(email, quota.id, [quota.unit], `${words} Try again in ${durationWords(retryAfterS)}.`);
}

/**
 * A decision as a record has it. Its policy may be gone, so the sentence has only the words of the record. `name` stands for
 * the address where people could not read it.
 */
export function decisionOnRecord(recorded: Omit<AddressDecision, 'message'>, name = recorded.email): AddressDecision {
  const { decision, rule, because } = recorded;
  const by = [...(rule === null ? [] : [`rule ${rule}`]), ...because].join(', ');
  const words = decision === 'allow' ? 'allowed' : 'left out by the policy';
  return { ...recorded, message: `${name}: ${words}${by === '' ? '' : ` (${by})`}.` };
}

function deny(email: string, rule: string | null, because: readonly string[], words: string): AddressDecision {
  return { email, decision: 'deny', rule, because, message: `${email}: ${words}` };
}

function withNote(sentence: string, { note }: Rule): string {
  return note === null ? sentence : `${sentence} ${note}`;
}

/** What a key of a rule speaks of, with the value that was asked for. */
const KEY_WORDS: Readonly<Record<string, (values: Asked) => string>> = {
  roles: ({ role }) => `the role ${role}`,
  auth_methods: ({ authMethod }) => `the sign-in method ${authMethod}`,
  groups: () => 'these groups',
};

function reasonWords(because: readonly string[], values: Asked): string {
  const target = because.includes('emails') ? 'address' : because.includes('domains') ? 'domain' : null;
  const keys = because.flatMap((key) => KEY_WORDS[key]?.(values) ?? []);
  if (keys.length === 0) return target === null ? 'invitations are stopped' : `not an allowed ${target}`;
  const verb = keys.length > 1 || because.includes('groups') ? 'are' : 'is';
  return `${keys.join(' and ')} ${verb} not allowed${target === null ? '' : ` for this ${target}`}`;
}
