/**
 * Builds the audit records of one request: the draft from the facts known before admission, and the `outcome` member
 * from the outcome of the request. Pure. The ledger adds times and numbers in its transaction. Records of dry runs
 * contain no addresses. Members are in the order of RFC 8785 where that is easy, because sorting them costs a copy.
 */
import type {
  RecordActor,
  RecordDecision,
  RecordEvidence,
  RecordOutcome,
  RecordService,
  RecordSource,
} from '../audit/record.ts';
import type { RecordAddress } from '../audit/record-address.ts';
import type { Principal } from '../auth/principal.ts';
import type { InviteUsersRequest } from '../contract/invite-users.ts';
import type { MalformedEntry } from '../contract/read-invite.ts';
import type { RecordBase } from '../ledger/port.ts';
import { sha256Hex } from '../lib/sha256.ts';
import type { Sha256 } from '../ports/sha256.ts';
import type { AddressDecision, Decision } from '../policy/decision.ts';
import type { SendResult } from '../upstream/failure.ts';
import type { Answer } from './answer.ts';
import type { Outcome, Resolved, Resolver } from './outcome.ts';

export interface Facts {
  readonly requestId: string;
  readonly traceId?: string | undefined;
  readonly principal: Principal;
  readonly source: RecordSource;
  readonly service: RecordService;
  readonly asked: InviteUsersRequest;
  /** Entries of the caller's list that were left out. */
  readonly malformed?: readonly MalformedEntry[];
  readonly decision: Decision;
  readonly policy: { readonly digest: string };
  readonly idempotencyKey: string | null;
  /** SHA-256 of the bytes that are sent upstream; null when there are none. */
  readonly requestSha256: string | null;
  /** From `emailsInRecord`; null: the record contains no addresses. */
  readonly emailsInRecord: ReadonlyMap<string, string> | null;
}

/** The recorded form of each address. Computed once per request, because a request has several records. */
export function emailsInRecord(emails: readonly string[], recordAddress: RecordAddress): ReadonlyMap<string, string> {
  return new Map(emails.map((email) => [email, recordAddress(email)]));
}

/** The caller as the verified token says. */
export function actorInRecord(principal: Principal): RecordActor {
  return {
    client_id: principal.clientId,
    issuer: principal.issuer,
    issuer_url: principal.issuerUrl,
    kind: principal.kind,
    subject: principal.subject,
    ...(principal.tokenId === null ? {} : { token_id: principal.tokenId }),
  };
}

/** The members that all records of one request share. */
export function recordBase(facts: Facts, sha256: Sha256 = sha256Hex): RecordBase {
  const { principal, asked, decision, malformed = [] } = facts;
  return {
    request_id: facts.requestId,
    ...(facts.traceId === undefined ? {} : { trace_id: facts.traceId }),
    ...(facts.requestSha256 === null ? {} : { request_sha256: facts.requestSha256 }),
    actor: actorInRecord(principal),
    source: facts.source,
    request: {
      auth_method: asked.auth_method,
      email_count: asked.emails.length,
      ...(facts.emailsInRecord === null ? {} : { emails: inRecord(asked.emails, facts.emailsInRecord) }),
      group_ids: asked.group_ids,
      ...(facts.idempotencyKey === null ? {} : { idempotency_key_sha256: sha256(facts.idempotencyKey) }),
      ...(malformed.length === 0 ? {} : { malformed: malformed.map(({ index, reason }) => ({ index, reason })) }),
      method: 'POST',
      path: '/v2/invite_users',
      role: asked.role,
      send_email: asked.send_email,
    },
    policy: {
      decisions: groupDecisions(decision.addresses, facts.emailsInRecord),
      digest: facts.policy.digest,
      forced: decision.forced,
      verdict: decision.verdict,
    },
    service: facts.service,
  };
}

/**
 * Decisions with the same verdict, rule and reasons become one, in order of first appearance. A single decision for all
 * addresses does not list them: `request.emails` already does.
 */
function groupDecisions(
  addresses: readonly AddressDecision[],
  recordedForms: Facts['emailsInRecord'],
): RecordDecision[] {
  const groups = Map.groupBy(addresses, ({ decision, rule, because }) => JSON.stringify([decision, rule, because]));
  const named = groups.size > 1 ? recordedForms : null;
  return [...groups.values()].flatMap((members) => {
    const [first] = members;
    if (first === undefined) return [];
    const { decision, rule, because } = first;
    return [
      {
        because,
        decision,
        email_count: members.length,
        ...(named === null
          ? {}
          : {
              emails: inRecord(
                members.map(({ email }) => email),
                named,
              ),
            }),
        rule,
      },
    ];
  });
}

/** An address without a recorded form is a bug here. It must not get into the trail in plain text. */
function inRecord(emails: readonly string[], recordedForms: ReadonlyMap<string, string>): string[] {
  return emails.map((email) => {
    const form = recordedForms.get(email);
    if (form === undefined) throw new Error('an address has no form for the record');
    return form;
  });
}

/**
 * Outcomes without a record of their own: they decide nothing, and any caller with a token could repeat them for ever.
 */
type Unrecorded = 'in_flight' | 'key_reused' | 'reply_unreadable' | 'ledger_unavailable';

/** The part of an outcome that the record needs. The ledger adds what only it knows (the quota, the first request). */
export type RecordedEnding =
  | { readonly kind: 'admitted' }
  | { readonly [K in Undetailed]: { readonly kind: K } }[Undetailed]
  | SendResult
  | Omit<Resolved, 'addresses'>
  /** Galileo's list of users proved nothing: the outcome stays unknown. */
  | { readonly kind: 'still_unknown'; readonly evidence: RecordEvidence };

/** Outcomes whose record needs only the kind. */
type Undetailed = Exclude<Outcome['kind'], Unrecorded | SendResult['kind'] | 'resolved'>;

/** Turns an outcome into the `outcome` member of its record. `answer` is null while there is no answer yet. */
export function recordOutcome(ending: RecordedEnding, answer: Answer | null): RecordOutcome {
  const answered =
    answer === null ? {} : { status: answer.reply.status, ...(answer.code === null ? {} : { code: answer.code }) };
  switch (ending.kind) {
    case 'admitted':
      return { result: 'admitted' };
    case 'denied':
      return { result: 'denied', ...answered };
    case 'exhausted':
      return { result: 'denied', code: 'quota_exhausted', status: 429 };
    case 'previewed':
      return { result: 'previewed', ...answered };
    case 'replayed':
      return { result: 'replayed' };
    case 'accepted':
      return {
        result: 'accepted',
        ...answered,
        upstream_status: ending.status,
        ...(ending.withheld === null ? {} : { withheld: ending.withheld }),
        attempts: ending.attempts,
      };
    case 'refused':
      return { result: 'refused', ...answered, upstream_status: ending.status, attempts: ending.attempts };
    case 'not_sent':
    case 'unknown':
      return {
        result: ending.kind,
        ...answered,
        reason: ending.reason,
        ...(ending.upstreamStatus === null ? {} : { upstream_status: ending.upstreamStatus }),
        attempts: ending.attempts,
      };
    case 'resolved':
      return { result: ending.ending, ...answered, ...recordResolver(ending.by) };
    case 'still_unknown':
      return { result: 'unknown', evidence: ending.evidence };
    default:
      return ending satisfies never;
  }
}

function recordResolver(by: Resolver): Pick<RecordOutcome, 'settled_by' | 'evidence' | 'person' | 'note' | 'settler'> {
  switch (by.kind) {
    case 'reconciliation':
      return { settled_by: 'reconciliation', evidence: by.evidence };
    case 'person':
      return {
        settled_by: 'person',
        person: by.person,
        note: by.note,
        ...(by.settler === undefined ? {} : { settler: by.settler }),
      };
    default:
      return by satisfies never;
  }
}
