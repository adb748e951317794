/**
 * What a request costs: one claim per counter of each quota, as plain data for the ledger, which alone knows the
 * counters and the time. Counter names are canonical JSON of a list, so no two counters can be confused,
 * and hold the token's `iss` (not its short name) wherever the counter belongs to an issuer's people.
 */
import type { Principal } from '../auth/principal.ts';
import { canonicalJson } from '../lib/canonical-json.ts';
import type { CompiledPolicy, Quota } from './compile.ts';
import type { QuotaCharge } from './decision.ts';
import { lowerAscii } from './matching/domain-pattern.ts';
import type { QuotaScope } from './document/schema.ts';

type Counter = { readonly counter: readonly string[]; readonly emails: number; readonly visible: boolean };

/** Which counters a request meets, per scope. */
const COUNTERS: Readonly<
  Record<QuotaScope, (principal: Principal, emails: readonly string[], quota: Quota) => Counter[]>
> = {
  // Nothing is counted over time: exceededQuota holds the limit.
  request: () => [],
  subject: ({ issuerUrl, subject }, emails) => [shared(['subject', issuerUrl, subject], emails)],
  client_id: ({ issuerUrl, clientId }, emails) => [shared(['client_id', issuerUrl, clientId], emails)],
  issuer: ({ issuerUrl }, emails) => [shared(['issuer', issuerUrl], emails)],
  org: (_principal, emails) => [shared(['org'], emails)],
  // An invitee is the same person whoever invites them.
  invitee: (_principal, emails, quota) =>
    [...tally(emails, quota)].map(([email, times]) => ({ counter: ['invitee', email], emails: times, visible: false })),
};

/**
 * The claims of a request for these addresses, in the file's order. Without addresses nothing is asked: every amount
 * is 0 and no invitee is named, which is what a look at the counters needs.
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
      visible,
    }));
  });
}

/** The first quota that this request alone goes beyond, however empty its counters are. */
export function exceededQuota(policy: CompiledPolicy, emails: readonly string[]): Quota | null {
  const amountOf = (quota: Quota): number =>
    quota.per === 'invitee' ? Math.max(0, ...tally(emails, quota).values()) : emails.length;
  return policy.quotas.find((quota) => quota.unit === 'emails' && amountOf(quota) > quota.limit) ?? null;
}

function shared(counter: readonly string[], emails: readonly string[]): Counter {
  return { counter, emails: emails.length, visible: true };
}

/** How often each invitee is named. Addresses ignore case. */
function tally(emails: readonly string[], { foldsPlus }: Quota): Map<string, number> {
  const counts = new Map<string, number>();
  for (const address of emails.map(lowerAscii)) {
    const invitee = foldsPlus ? withoutTag(address) : address;
    counts.set(invitee, (counts.get(invitee) ?? 0) + 1);
  }
  return counts;
}

/**
 * ann+1@acme.com → ann@acme.com, as most mail systems deliver it (RFC 5233 calls it the detail). A mailbox whose name
 * begins with the sign has no other name to fold to, and keeps it.
 */
function withoutTag(address: string): string {
  return address.replace(/^([^+@]+)\+[^@]*@/, '$1@');
}
