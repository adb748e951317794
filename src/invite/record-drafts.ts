/**
 * Builds the audit records of one request from what is known before admission. Pure; adds no times and
 * no numbers of its own: the ledger does that inside its transaction. Dry-run records carry no addresses.
 */
import type {
  RecordDecision,
  RecordDraft,
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
  readonly recordedAs: ReadonlyMap<string, string> | null;
}

/** How each of these addresses stands in records: found once per request, because a request has several records. */
export function recordedAs(emails: readonly string[], recordAddress: RecordAddress): ReadonlyMap<string, string> {
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
      ...(facts.recordedAs === null ? {} : { emails: inRecord(asked.emails, facts.recordedAs) }),
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
      decisions: groupDecisions(decision.addresses, facts.recordedAs),
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
function groupDecisions(addresses: readonly AddressDecision[], forms: Facts['recordedAs']): RecordDecision[] {
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
