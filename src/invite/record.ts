/**
 * Builds the audit records of one request: the draft from what is known before admission, and the `outcome` of a record
 * from how the request ended. Pure. The ledger adds times and numbers in its transaction. Dry-run records hold no addresses.
 */
import type {
  RecordDecision,
  RecordDraft,
  RecordEvidence,
  RecordKind,
  RecordOutcome,
  RecordService,
  RecordSource,
} from '../audit/record.ts';
import type { RecordAddress } from '../audit/record-address.ts';
import type { Principal } from '../auth/principal.ts';
import type { InviteUsersRequest } from '../contract/invite-users.ts';
import { sha256Hex } from '../lib/sha256.ts';
import type { AddressDecision, Decision } from '../policy/decision.ts';
import type { SendResult } from '../upstream/failure.ts';
import type { Answer } from './answer.ts';
import type { Outcome, Resolved, Resolver } from './outcome.ts';

export interface Facts {
  readonly requestId: string;
  readonly principal: Principal;
  readonly source: RecordSource;
  readonly service: RecordService;
  readonly asked: InviteUsersRequest;
  readonly decision: Decision;
  readonly policy: { readonly digest: string };
  readonly idempotencyKey: string | null;
  /** Of the bytes that go upstream; null where none exist. */
  readonly requestSha256: string | null;
  /** From `recordedAs`; null: the record holds no addresses. */
  readonly emailsInRecord: ReadonlyMap<string, string> | null;
}

/** How each of these addresses stands in records: found once per request, because a request has several records. */
export function emailsInRecord(emails: readonly string[], recordAddress: RecordAddress): ReadonlyMap<string, string> {
  return new Map(emails.map((email) => [email, recordAddress(email)]));
}

/** One record of `kind` about these facts, ending as `outcome` says. */
export function draftRecord(facts: Facts, kind: RecordKind, outcome: RecordOutcome): RecordDraft {
  const { principal, asked, decision } = facts;
  return {
    kind,
    request_id: facts.requestId,
    ...(facts.requestSha256 === null ? {} : { request_sha256: facts.requestSha256 }),
    actor: {
      issuer: principal.issuer,
      issuer_url: principal.issuerUrl,
      subject: principal.subject,
      client_id: principal.clientId,
      kind: principal.kind,
      ...(principal.tokenId === null ? {} : { token_id: principal.tokenId }),
    },
    source: facts.source,
    request: {
      method: 'POST',
      path: '/v2/invite_users',
      ...(facts.emailsInRecord === null ? {} : { emails: inRecord(asked.emails, facts.emailsInRecord) }),
      email_count: asked.emails.length,
      auth_method: asked.auth_method,
      role: asked.role,
      group_ids: asked.group_ids,
      send_email: asked.send_email,
      ...(facts.idempotencyKey === null ? {} : { idempotency_key_sha256: sha256Hex(facts.idempotencyKey) }),
    },
    policy: {
      digest: facts.policy.digest,
      verdict: decision.verdict,
      decisions: groupDecisions(decision.addresses, facts.emailsInRecord),
      forced: decision.forced,
    },
    outcome,
    service: facts.service,
  };
}

/**
 * Decisions with the same verdict, rule and reasons become one, in order of first appearance. One that is about all
 * addresses does not repeat them: `request.emails` has them.
 */
function groupDecisions(addresses: readonly AddressDecision[], forms: Facts['emailsInRecord']): RecordDecision[] {
  const groups = Map.groupBy(addresses, ({ decision, rule, because }) => JSON.stringify([decision, rule, because]));
  const named = groups.size > 1 ? forms : null;
  return [...groups.values()].flatMap((members) => {
    const [first] = members;
    if (first === undefined) return [];
    const { decision, rule, because } = first;
    return [
      {
        decision,
        rule,
        because,
        ...(named === null
          ? {}
          : {
              emails: inRecord(
                members.map(({ email }) => email),
                named,
              ),
            }),
        email_count: members.length,
      },
    ];
  });
}

/** An address without a form is a fault of ours, and must not slip into the trail as it is. */
function inRecord(emails: readonly string[], forms: ReadonlyMap<string, string>): string[] {
  return emails.map((email) => {
    const form = forms.get(email);
    if (form === undefined) throw new Error('an address has no form for the record');
    return form;
  });
}

/** Endings that leave no record of their own: they decide nothing, and whoever has a token could repeat them for ever. */
type Unrecorded = 'in_flight' | 'key_reused' | 'ledger_unavailable';

/** What the record needs of an ending; the ledger adds what only it knows (which quota, which first request). */
export type RecordedEnding =
  | { readonly kind: 'admitted' }
  | { readonly [K in Undetailed]: { readonly kind: K } }[Undetailed]
  | SendResult
  | Omit<Resolved, 'addresses'>
  /** A look at Galileo's users that proved nothing: the outcome stays unknown. */
  | { readonly kind: 'looked'; readonly evidence: RecordEvidence };

/** Endings of which the record needs no more than the kind. */
type Undetailed = Exclude<Outcome['kind'], Unrecorded | SendResult['kind'] | 'resolved'>;

/** Turns an ending into the `outcome` of its record. `answer` is null while there is none yet. */
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
    case 'looked':
      return { result: 'unknown', evidence: ending.evidence };
    default:
      return ending satisfies never;
  }
}

function recordResolver(by: Resolver): Pick<RecordOutcome, 'settled_by' | 'evidence' | 'person' | 'note'> {
  switch (by.kind) {
    case 'reconciliation':
      return { settled_by: 'reconciliation', evidence: by.evidence };
    case 'person':
      return { settled_by: 'person', person: by.person, note: by.note };
    default:
      return by satisfies never;
  }
}
