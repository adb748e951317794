/**
 * Computes what a request costs: one charge per counter of each quota, as plain data for the ledger. Only the ledger
 * knows the counters and the time. A counter name is the canonical JSON of a list, so no two counters share a name. It
 * contains the token's `iss` (not the issuer's short name) if the counter belongs to the callers of one issuer.
 */
import type { Principal } from '../auth/principal.ts';
import { canonicalJson } from '../lib/canonical-json.ts';
import type { CompiledPolicy, Quota } from './compile.ts';
import type { ExhaustedInvitees, QuotaCharge, ShortInvitee } from './decision.ts';
import { lowerAscii } from './matching/domain-pattern.ts';
import type { QuotaScope } from './document/schema.ts';

type Counter = { readonly counter: string; readonly emails: number; readonly visible: boolean };

/**
 * Counters that callers share with others. A refused caller must not use them up, so their `requests` count admitted
 * requests only. The other scopes count every decided attempt of the callers that they belong to.
 */
const SHARED_BY_ALL: ReadonlySet<QuotaScope> = new Set(['org', 'invitee']);

/** The counters that a request charges, per scope. */
const COUNTERS: Readonly<
  Record<QuotaScope, (principal: Principal, emails: readonly string[], quota: Quota) => Counter[]>
> = {
  // Nothing is counted over time. exceededQuota checks the limit.
  request: () => [],
  subject: ({ issuerUrl, subject }, emails) => [shared(['subject', issuerUrl, subject], emails)],
  client_id: ({ issuerUrl, clientId }, emails) => [shared(['client_id', issuerUrl, clientId], emails)],
  issuer: ({ issuerUrl }, emails) => [shared(['issuer', issuerUrl], emails)],
  org: (_principal, emails) => [shared(['org'], emails)],
  // An invitee is the same person for all callers.
  invitee: (_principal, emails, quota) =>
    [...tally(emails, quota)].map(([email, times]) => ({
      counter: inviteeCounter(email),
      emails: times,
      visible: false,
    })),
};

/**
 * The charges of a request for these addresses, in the file's order. Without addresses every amount is 0 and there is
 * no counter for an invitee; this form serves to read the counters.
 */
export function chargesFor(policy: CompiledPolicy, principal: Principal, emails: readonly string[]): QuotaCharge[] {
  return policy.quotas.flatMap((quota) => {
    const { windowMs } = quota;
    if (windowMs === null) return [];
    return COUNTERS[quota.per](principal, emails, quota).map(({ counter, emails: count, visible }) => ({
      quota: quota.id,
      unit: quota.unit,
      counter,
      windowMs,
      limit: quota.limit,
      amount: quota.unit === 'emails' ? count : Math.min(1, count),
      ...(quota.unit === 'requests' && SHARED_BY_ALL.has(quota.per) ? { admittedOnly: true as const } : {}),
      visible,
    }));
  });
}

/** A quota that a request alone exceeds, even if its counters are empty. */
export interface ExceededQuota {
  readonly quota: Quota;
  /** The addresses that it is about: all of them or, for a quota per invitee, those of a person who is named too often. */
  readonly emails: readonly string[];
  /** Those that would have to be left out for the rest to fit. Only for a quota per invitee; else none. */
  readonly excess: readonly string[];
  /** How many addresses the request has or, for a quota per invitee, how often it names the person. */
  readonly amountOf: (email: string) => number;
}

/** The first of these quotas that the addresses exceed. */
export function exceededQuota(quotas: readonly Quota[], emails: readonly string[]): ExceededQuota | null {
  for (const quota of quotas) {
    if (quota.unit !== 'emails') continue;
    if (quota.per !== 'invitee') {
      if (emails.length > quota.limit) return { quota, emails, excess: [], amountOf: () => emails.length };
      continue;
    }
    if (
      tally(emails, quota)
        .values()
        .every((times) => times <= quota.limit)
    )
      continue;
    const byPerson = Map.groupBy(emails, (email) => inviteeOf(email, quota));
    const tooOften = [...byPerson.values()].filter((named) => named.length > quota.limit);
    const amountOf = (email: string): number => byPerson.get(inviteeOf(email, quota))?.length ?? 0;
    return { quota, emails: tooOften.flat(), excess: tooOften.flatMap((named) => named.slice(quota.limit)), amountOf };
  }
  return null;
}

/** The addresses that have to be left out for these counters to suffice, each with its quota and the wait. */
export function exhaustedBy(
  policy: CompiledPolicy,
  emails: readonly string[],
  invitees: readonly ShortInvitee[],
): ExhaustedInvitees {
  const states = new Map(invitees.map((state) => [canonicalJson([state.quota, state.counter]), state]));
  const found = new Map<string, { readonly quota: Quota; readonly retryAfterS: number }>();
  for (const quota of policy.quotas.filter(({ per }) => per === 'invitee')) {
    const counterOf = (email: string): string => canonicalJson([quota.id, inviteeCounter(inviteeOf(email, quota))]);
    for (const [key, named] of Map.groupBy(emails, counterOf)) {
      const state = states.get(key);
      if (state === undefined) continue;
      const retryAfterS = Math.max(1, Math.ceil(state.resetMs / 1000));
      for (const email of named.slice(state.remaining)) found.set(email, { quota, retryAfterS });
    }
  }
  return found;
}

/** An address is ASCII, so JSON.stringify writes the canonical JSON. */
function inviteeCounter(invitee: string): string {
  return JSON.stringify(['invitee', invitee]);
}

function shared(counter: readonly string[], emails: readonly string[]): Counter {
  return { counter: canonicalJson(counter), emails: emails.length, visible: true };
}

/** Counts how often each invitee is named. */
function tally(emails: readonly string[], quota: Quota): Map<string, number> {
  const counts = new Map<string, number>();
  for (const email of emails) {
    const invitee = inviteeOf(email, quota);
    counts.set(invitee, (counts.get(invitee) ?? 0) + 1);
  }
  return counts;
}

/** The person behind an address. Case is ignored. */
function inviteeOf(email: string, { foldsPlus }: Quota): string {
  const address = lowerAscii(email);
  return foldsPlus && address.includes('+') ? withoutTag(address) : address;
}

/**
 * Turns ann+1@acme.com into ann@acme.com, as most mail systems deliver it (RFC 5233 calls the tag "detail"). A mailbox
 * name that begins with `+` is kept, because it has nothing before the tag.
 */
function withoutTag(address: string): string {
  return address.replace(/^([^+@]+)\+[^@]*@/, '$1@');
}
