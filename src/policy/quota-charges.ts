/**
 * Computes what a request costs: one charge per counter of each quota, as plain data for the ledger. Only the ledger
 * knows the counters and the time. A counter name is the canonical JSON of a list, so no two counters share a name. It
 * contains the token's `iss` (not the issuer's short name) if the counter belongs to the callers of one issuer.
 */
import type { Principal } from '../auth/principal.ts';
import { canonicalJson } from '../lib/canonical-json.ts';
import type { CompiledPolicy, Quota } from './compile.ts';
import type { QuotaCharge } from './decision.ts';
import { lowerAscii } from './matching/domain-pattern.ts';
import type { QuotaScope } from './document/schema.ts';

type Counter = { readonly counter: readonly string[]; readonly emails: number; readonly visible: boolean };

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
    [...tally(emails, quota)].map(([email, times]) => ({ counter: ['invitee', email], emails: times, visible: false })),
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
      counter: canonicalJson(counter),
      windowMs,
      limit: quota.limit,
      amount: quota.unit === 'emails' ? count : Math.min(1, count),
      ...(quota.unit === 'requests' && SHARED_BY_ALL.has(quota.per) ? { admittedOnly: true as const } : {}),
      visible,
    }));
  });
}

/** The first quota that this request alone exceeds, even if its counters are empty. */
export function exceededQuota(policy: CompiledPolicy, emails: readonly string[]): Quota | null {
  const amountOf = (quota: Quota): number =>
    quota.per === 'invitee' ? Math.max(0, ...tally(emails, quota).values()) : emails.length;
  return policy.quotas.find((quota) => quota.unit === 'emails' && amountOf(quota) > quota.limit) ?? null;
}

function shared(counter: readonly string[], emails: readonly string[]): Counter {
  return { counter, emails: emails.length, visible: true };
}

/** Counts how often each invitee is named. Case is ignored. */
function tally(emails: readonly string[], { foldsPlus }: Quota): Map<string, number> {
  const counts = new Map<string, number>();
  for (const address of emails.map(lowerAscii)) {
    const invitee = foldsPlus ? withoutTag(address) : address;
    counts.set(invitee, (counts.get(invitee) ?? 0) + 1);
  }
  return counts;
}

/**
 * Turns ann+1@acme.com into ann@acme.com, as most mail systems deliver it (RFC 5233 calls the tag "detail"). A mailbox
 * name that begins with `+` is kept, because it has nothing before the tag.
 */
function withoutTag(address: string): string {
  return address.replace(/^([^+@]+)\+[^@]*@/, '$1@');
}
