/**
 * Decides a recorded request again under two policies and compares the decisions. Pure. A record holds every input of
 * the decision except the actor's groups at the identity provider. Where callers are matched by groups, each possible
 * combination of groups is tried, except those that contradict the recorded decision. When the combinations do not all
 * give the same result, a difference is not certain.
 */
import type { AuditRecord, RequestRecord } from '../../audit/record.ts';
import { isHmacForm } from '../../audit/record-address.ts';
import type { Principal } from '../../auth/principal.ts';
import { inviteUsersSchema } from '../../contract/invite-users.ts';
import type { CompiledPolicy } from '../../policy/compile.ts';
import type { Decision, Handling } from '../../policy/decision.ts';
import { decide } from '../../policy/evaluate.ts';
import type { CallerRow, PolicyFile } from '../../policy/document/schema.ts';
import type { Divergence } from '../../policy/shadow.ts';
import { divergences } from '../../policy/shadow.ts';

export interface Side {
  readonly file: PolicyFile;
  readonly policy: CompiledPolicy;
}

export type Replayed =
  | { readonly kind: 'alike' }
  | {
      readonly kind: 'differs';
      /** False when not all combinations of groups that the caller may have had give this result. */
      readonly certain: boolean;
      readonly divergences: readonly Divergence[];
      readonly emails: readonly string[];
    }
  | { readonly kind: 'unknown'; readonly reason: UnknownReason };

export type UnknownReason = 'addresses_not_recorded' | 'addresses_as_hmac' | 'too_many_groups';

/** The number of combinations doubles with each group. With more groups, the request is not decided again. */
const MAX_GROUPS = 8;

/** Whether a record holds a decision. Each decided request has exactly one such record, unless it was suppressed. */
export function isDecided(record: AuditRecord): record is RequestRecord {
  return record.kind === 'intent' || record.kind === 'denial';
}

export function replayRecord(record: RequestRecord, before: Side, after: Side): Replayed {
  const { actor } = record;
  // A policy decides on addresses, so its decision on a hash would mean nothing.
  if (record.request.emails?.some(isHmacForm) === true) return { kind: 'unknown', reason: 'addresses_as_hmac' };
  const asked = askedIn(record);
  if (asked === null) return { kind: 'unknown', reason: 'addresses_not_recorded' };
  const groups = decidingGroups([before.file, after.file], actor);
  if (groups.length > MAX_GROUPS) return { kind: 'unknown', reason: 'too_many_groups' };

  const nowMs = Date.parse(record.time);
  const handling = handlingOf(record);
  const tried = subsetsOf(groups).map((held) => {
    const principal = principalOf(actor, held);
    const ask = ({ policy }: Side): Decision => decide(policy, principal, asked, nowMs, handling);
    return { before: ask(before), after: ask(after) };
  });
  const madeUnder = [before, after].find(({ policy }) => policy.digest === record.policy.digest);
  const possible = tried.filter(
    (one) => madeUnder === undefined || equalsRecorded(record, madeUnder === before ? one.before : one.after),
  );
  const answers = (possible.length > 0 ? possible : tried).map((one) => compareDecisions(one.before, one.after));
  // The first one: the combinations begin with no group at all.
  const differing = answers.find((answer) => answer.divergences.length > 0);
  if (differing === undefined) return { kind: 'alike' };
  const certain = answers.every((answer) => JSON.stringify(answer) === JSON.stringify(differing));
  return { kind: 'differs', certain, ...differing };
}

/** The request as it was asked. Null when the record holds no addresses. */
function askedIn({ request: { auth_method, emails, role, group_ids, send_email } }: RequestRecord) {
  return inviteUsersSchema.safeParse({ auth_method, emails, role, group_ids, send_email }).data ?? null;
}

/** The differences, and the addresses that they affect. */
export function compareDecisions(
  before: Decision,
  after: Decision,
): { readonly divergences: readonly Divergence[]; readonly emails: readonly string[] } {
  const found = divergences(before, after);
  const otherValues = found.some(({ kind }) => kind === 'other_values');
  const emails = before.addresses.flatMap(({ email, decision }, index) => {
    const now = after.addresses[index]?.decision;
    return decision !== now || (otherValues && decision === 'allow') ? [email] : [];
  });
  return { divergences: found, emails };
}

/** Only a lenient request is allowed with a denied address. Otherwise strict is assumed: most requests are strict. */
function handlingOf({ policy }: RequestRecord): Handling {
  const partly = policy.verdict === 'allow' && policy.decisions.some(({ decision }) => decision === 'deny');
  return partly ? 'lenient' : 'strict';
}

function principalOf(actor: RequestRecord['actor'], groups: readonly string[]): Principal {
  return {
    issuer: actor.issuer,
    issuerUrl: actor.issuer_url,
    subject: actor.subject,
    clientId: actor.client_id,
    groups,
    kind: actor.kind,
    scopes: ['invites:write'],
    tokenId: null,
    expiresAt: 0,
  };
}

/** The groups with which the actor could match one more caller. Of groups that always occur together, only one. */
function decidingGroups(files: readonly PolicyFile[], actor: RequestRecord['actor']): string[] {
  const callers = files.flatMap((file) => Object.values(file.callers ?? {})).filter((row) => couldBe(row, actor));
  const held = new Set(callers.flatMap(({ groups }) => groups ?? []));
  const bySignature = Map.groupBy(held, (group) =>
    JSON.stringify(callers.map(({ groups }) => groups?.includes(group) ?? false)),
  );
  return [...bySignature.values()].flatMap(([first]) => first ?? []);
}

/** Whether the actor matches the caller in everything except groups. */
function couldBe(row: CallerRow, actor: RequestRecord['actor']): boolean {
  return (
    row.groups !== undefined &&
    row.issuer === actor.issuer &&
    (row.kind ?? actor.kind) === actor.kind &&
    (row.client_id?.includes(actor.client_id) ?? true) &&
    (row.subject?.includes(actor.subject) ?? true)
  );
}

function subsetsOf<T>(items: readonly T[]): T[][] {
  return Array.from({ length: 2 ** items.length }, (_, chosen) =>
    items.filter((_item, index) => Math.floor(chosen / 2 ** index) % 2 === 1),
  );
}

/** Whether this decision equals the recorded one in verdict, rules and reasons. */
function equalsRecorded({ policy, request }: RequestRecord, { verdict, addresses }: Decision): boolean {
  const recorded = new Map(
    policy.decisions.flatMap(({ decision, rule, because, emails = request.emails ?? [] }) =>
      emails.map((email) => [email, JSON.stringify([decision, rule, because])] as const),
    ),
  );
  return (
    verdict === policy.verdict &&
    addresses.every(
      ({ email, decision, rule, because }) => recorded.get(email) === JSON.stringify([decision, rule, because]),
    )
  );
}
