import type {
  AuditRecord,
  ReadRecord,
  RecordKind,
  RecordResult,
  RequestRecord,
  ResultRecord,
  SuppressedRecord,
} from './record.ts';

/**
 * The filter of a search over the trail. A record must match every member that is present; an empty filter matches
 * every record. Pure: the ledger finds the candidates, and this file decides whether a record matches.
 */
export interface SearchFilter {
  readonly requestId?: string;
  readonly traceId?: string;
  /** The actor's subject, exact; of a record of kind `read` the reader's. */
  readonly subject?: string;
  /** The actor's client_id, exact. */
  readonly clientId?: string;
  /** In the form that is recorded (AUDIT_EMAILS); compared without case. */
  readonly email?: string;
  readonly kind?: RecordKind;
  readonly outcome?: RecordResult;
  /** A rule that decided about at least one address. */
  readonly rule?: string;
  /** Inclusive, milliseconds since the epoch. */
  readonly fromMs?: number;
  /** Exclusive. */
  readonly toMs?: number;
}

export function matchesFilter(record: AuditRecord, filter: SearchFilter): boolean {
  const { fromMs, toMs, kind, ...others } = filter;
  const atMs = Date.parse(record.time);
  return (
    (fromMs === undefined || atMs >= fromMs) &&
    (toMs === undefined || atMs < toMs) &&
    (kind === undefined || record.kind === kind) &&
    matchesMembers(record, others)
  );
}

type MemberFilter = Omit<SearchFilter, 'fromMs' | 'toMs' | 'kind'>;

function matchesMembers(record: AuditRecord, filter: MemberFilter): boolean {
  switch (record.kind) {
    case 'change':
      return matchesChange(filter);
    case 'read':
      return matchesRead(record, filter);
    default:
      return matchesResult(record, filter);
  }
}

/** It is about no caller, request or address: only filters by time and kind match it. */
function matchesChange(filter: MemberFilter): boolean {
  return Object.values(filter).every((value) => value === undefined);
}

/** It is about its reader and no request or address: a filter by caller matches it, and so does one by time or kind. */
function matchesRead({ actor }: ReadRecord, { subject, clientId, ...others }: MemberFilter): boolean {
  return (
    (subject === undefined || actor?.subject === subject) &&
    (clientId === undefined || actor?.client_id === clientId) &&
    matchesChange(others)
  );
}

function matchesResult(record: ResultRecord, filter: MemberFilter): boolean {
  const { subject, clientId } = filter;
  return (
    (subject === undefined || record.actor.subject === subject) &&
    (clientId === undefined || record.actor.client_id === clientId) &&
    (record.kind === 'suppressed' ? matchesSuppressed(record, filter) : matchesRequest(record, filter))
  );
}

function matchesRequest(record: RequestRecord, { requestId, traceId, email, outcome, rule }: MemberFilter): boolean {
  return (
    (requestId === undefined || record.request_id === requestId) &&
    (traceId === undefined || record.trace_id === traceId) &&
    (email === undefined || (record.request.emails ?? []).some((one) => one.toLowerCase() === email.toLowerCase())) &&
    (outcome === undefined || record.outcome.result === outcome) &&
    (rule === undefined || record.policy.decisions.some((decision) => decision.rule === rule))
  );
}

/** It has neither addresses nor the ids of its requests, and no trace. */
function matchesSuppressed(
  { outcome: { result }, suppressed: { counts } }: SuppressedRecord,
  { requestId, traceId, email, outcome, rule }: MemberFilter,
): boolean {
  return (
    requestId === undefined &&
    traceId === undefined &&
    email === undefined &&
    (outcome === undefined || outcome === result || counts.some((one) => one.result === outcome)) &&
    (rule === undefined || counts.some((one) => one.rule === rule))
  );
}
