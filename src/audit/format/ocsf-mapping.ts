import type { RecordDecision, RecordResult, RequestRecord, ResultRecord, SuppressedRecord } from '../record.ts';

/**
 * The mapping from a record about requests to OCSF 1.8.0 (Open Cybersecurity Schema Framework): class API Activity (6003) with
 * the profiles security_control and trace. The table has one row per attribute, in the order in which attributes are written. A
 * member without an OCSF attribute is in raw_data only. Names and numbers are OCSF's. A test checks events against its
 * schema.
 */
export const OCSF_VERSION = '1.8.0';

/** A dotted path to a member of a record. The compiler refuses a path that records do not have. */
type PathIn<T> = {
  [K in keyof T & string]-?: NonNullable<T[K]> extends readonly unknown[] | string | number | boolean
    ? K
    : K | `${K}.${PathIn<NonNullable<T[K]>>}`;
}[keyof T & string];
type ValueAt<T, P extends string> = P extends `${infer K}.${infer Rest}`
  ? K extends keyof T
    ? ValueAt<NonNullable<T[K]>, Rest>
    : never
  : P extends keyof T
    ? T[P]
    : never;
/** Every member that some record about requests has. */
type AnyRecord = Omit<RequestRecord, 'kind' | 'outcome' | 'request'> & {
  readonly kind: ResultRecord['kind'];
  readonly outcome: Omit<RequestRecord['outcome'], 'result'> & { readonly result: RecordResult };
  readonly request: Partial<RequestRecord['request']> & SuppressedRecord['request'];
  readonly suppressed?: SuppressedRecord['suppressed'];
};
type RecordPath = PathIn<AnyRecord>;

export interface OcsfRow {
  /** Dotted path of the OCSF attribute. */
  readonly attribute: string;
  /** Dotted path of the record's member; null where the value is the same for every record. */
  readonly from: RecordPath | null;
  /** The attribute's value, from the value of that member. Undefined leaves the attribute out. */
  readonly value: (at: unknown) => unknown;
}

function same(attribute: string, value: unknown): OcsfRow {
  return { attribute, from: null, value: () => value };
}

function row<P extends RecordPath>(
  attribute: string,
  from: P,
  value: (at: NonNullable<ValueAt<AnyRecord, P>>) => unknown = (at) => at,
): OcsfRow {
  // The value is read along `from`, so it has the type of that member.
  return { attribute, from, value: value as OcsfRow['value'] };
}

const CREATE = { id: 1, name: 'Create' };
const READ = { id: 2, name: 'Read' };
/** 99 is OCSF's `Other`, with our own name. */
const REPLAY = { id: 99, name: 'Replay' };
const SUPPRESSED = { id: 99, name: 'Suppressed' };

/** `Create` is for requests that were sent to Galileo, or would have been. */
const ACTIVITIES: Readonly<Record<ResultRecord['kind'], { readonly id: number; readonly name: string }>> = {
  denial: CREATE,
  intent: CREATE,
  outcome: CREATE,
  replay: REPLAY,
  dry_run: READ,
  reconciliation: READ,
  suppressed: SUPPRESSED,
};

const SUCCESS = { id: 1, name: 'Success' };
const FAILURE = { id: 2, name: 'Failure' };
const UNKNOWN = { id: 0, name: 'Unknown' };

const INFORMATIONAL = { id: 1, name: 'Informational' };
const LOW = { id: 2, name: 'Low' };
const MEDIUM = { id: 3, name: 'Medium' };

/** The decision of the policy about the request, in terms of the profile security_control. */
const ALLOWED = { action: { id: 1, name: 'Allowed' }, disposition: { id: 1, name: 'Allowed' } };
const DENIED = { action: { id: 2, name: 'Denied' }, disposition: { id: 2, name: 'Blocked' } };
const OBSERVED = { action: { id: 3, name: 'Observed' }, disposition: { id: 17, name: 'Logged' } };

interface OcsfInput {
  readonly status: { readonly id: number; readonly name: string };
  readonly severity: { readonly id: number; readonly name: string };
  readonly control: typeof ALLOWED;
  /** A sentence for people; holds nothing of the request. */
  readonly message: string;
}

const RESULTS: Readonly<Record<RecordResult, OcsfInput>> = {
  admitted: {
    status: { id: 99, name: 'admitted' },
    severity: INFORMATIONAL,
    control: ALLOWED,
    message: 'Invitation admitted, about to be sent to Galileo',
  },
  denied: { status: FAILURE, severity: LOW, control: DENIED, message: 'Invitation denied, nothing sent' },
  accepted: { status: SUCCESS, severity: INFORMATIONAL, control: ALLOWED, message: 'Invitation accepted by Galileo' },
  refused: { status: FAILURE, severity: LOW, control: ALLOWED, message: 'Invitation refused by Galileo' },
  not_sent: { status: FAILURE, severity: LOW, control: ALLOWED, message: 'Invitation admitted but not sent' },
  unknown: {
    status: UNKNOWN,
    severity: MEDIUM,
    control: ALLOWED,
    message: 'Nobody can say whether the invitation was done',
  },
  replayed: {
    status: { id: 99, name: 'replayed' },
    severity: INFORMATIONAL,
    control: OBSERVED,
    message: 'Stored answer repeated, nothing sent',
  },
  previewed: { status: SUCCESS, severity: INFORMATIONAL, control: OBSERVED, message: 'Dry run, nothing sent' },
  suppressed: {
    status: { id: 99, name: 'suppressed' },
    severity: MEDIUM,
    control: OBSERVED,
    message: 'Refusals, replays and dry runs that were counted and not recorded one by one, nothing sent',
  },
};

export const API_ACTIVITY = { id: 6003, name: 'API Activity' };
const APPLICATION_ACTIVITY = { id: 6, name: 'Application Activity' };

export const OCSF_ROWS: readonly OcsfRow[] = [
  same('class_uid', API_ACTIVITY.id),
  same('class_name', API_ACTIVITY.name),
  same('category_uid', APPLICATION_ACTIVITY.id),
  same('category_name', APPLICATION_ACTIVITY.name),
  row('activity_id', 'kind', (kind) => ACTIVITIES[kind].id),
  row('activity_name', 'kind', (kind) => ACTIVITIES[kind].name),
  row('type_uid', 'kind', (kind) => API_ACTIVITY.id * 100 + ACTIVITIES[kind].id),
  row('type_name', 'kind', (kind) => `${API_ACTIVITY.name}: ${ACTIVITIES[kind].name}`),
  row('time', 'time', (time) => Date.parse(time)),
  row('count', 'suppressed.count'),
  row('start_time', 'suppressed.from', (from) => Date.parse(from)),
  row('end_time', 'suppressed.to', (to) => Date.parse(to)),
  row('message', 'outcome.result', (result) => RESULTS[result].message),
  row('severity_id', 'outcome.result', (result) => RESULTS[result].severity.id),
  row('severity', 'outcome.result', (result) => RESULTS[result].severity.name),
  row('status_id', 'outcome.result', (result) => RESULTS[result].status.id),
  row('status', 'outcome.result', (result) => RESULTS[result].status.name),
  row('status_code', 'outcome.result'),
  row('status_detail', 'outcome', ({ reason, code }) => reason ?? code),
  row('action_id', 'outcome.result', (result) => RESULTS[result].control.action.id),
  row('action', 'outcome.result', (result) => RESULTS[result].control.action.name),
  row('disposition_id', 'outcome.result', (result) => RESULTS[result].control.disposition.id),
  row('disposition', 'outcome.result', (result) => RESULTS[result].control.disposition.name),

  same('metadata.version', OCSF_VERSION),
  same('metadata.profiles', ['security_control', 'trace']),
  row('metadata.product.name', 'service.name'),
  row('metadata.product.version', 'service.version'),
  row('metadata.reporter.name', 'service.name'),
  row('metadata.reporter.uid', 'service.instance'),
  same('metadata.log_name', 'audit'),
  row('metadata.event_code', 'kind'),
  row('metadata.uid', 'id'),
  row('metadata.original_event_uid', 'id'),
  row('metadata.sequence', 'seq'),
  row('metadata.original_time', 'time'),
  row('metadata.correlation_uid', 'request_id'),

  row('actor.user.uid', 'actor.subject'),
  row('actor.user.type_id', 'actor.kind', (kind) => ({ user: 1, app: 4 })[kind]),
  row('actor.user.type', 'actor.kind', (kind) => ({ user: 'User', app: 'Service' })[kind]),
  row('actor.app_uid', 'actor.client_id'),
  row('actor.session.issuer', 'actor.issuer_url'),
  row('actor.session.uid', 'actor.token_id'),
  row('actor.idp.name', 'actor.issuer'),
  row('actor.idp.uid', 'actor.issuer_url'),

  row('src_endpoint.svc_name', 'actor.client_id'),
  row('src_endpoint.ip', 'source.address'),
  row('http_request.uid', 'request_id'),
  row('http_request.http_method', 'request.method'),
  row('http_request.url.path', 'request.path'),
  row('http_request.user_agent', 'source.user_agent'),
  row('http_request.http_headers', 'source.origin', (value) => [{ name: 'Origin', value }]),
  row('trace.uid', 'trace_id'),
  row('http_response.code', 'outcome.status'),

  row('api.operation', 'request', ({ method, path }) => `${method} ${path}`),
  same('api.service.name', 'Galileo'),
  row('api.request.uid', 'request_id'),
  row('api.request.data', 'request', dataOf),
  row('api.response.code', 'outcome.status'),
  row('api.response.error', 'outcome.code'),

  row('resources', 'request.emails', (emails) =>
    emails.map((name) => ({ name, type: 'invitee', role_id: 1, role: 'Target' })),
  ),
  row('policy.uid', 'policy.digest'),
  same('policy.name', 'Invite policy'),
  row('policy.is_applied', 'kind', (kind) => kind !== 'replay'),
  row('authorizations', 'policy.decisions', (decisions) => decisions.map(authorization)),

  row('unmapped.request_sha256', 'request_sha256'),
  row('unmapped.quota', 'outcome.quota'),
  row('unmapped.upstream_status', 'outcome.upstream_status'),
  row('unmapped.first_request_id', 'outcome.first_request_id'),
  row('unmapped.settled_by', 'outcome.settled_by'),
  row('unmapped.settled_by_person', 'outcome.person'),
  row('unmapped.settler', 'outcome.settler', ({ issuer_url, client_id, subject, kind }) => ({
    issuer_url,
    client_id,
    subject,
    kind,
  })),
  row('unmapped.suppressed', 'suppressed', ({ first_request_id, last_request_id, counts, uncounted }) => ({
    first_request_id,
    last_request_id,
    counts,
    uncounted,
  })),
];

/** Undefined for a record that is not about one request. */
function dataOf(asked: AnyRecord['request']): object | undefined {
  const { auth_method, role, group_ids, send_email, email_count, malformed } = asked;
  if (email_count === undefined) return undefined;
  return { auth_method, role, group_ids, send_email, email_count, ...(malformed === undefined ? {} : { malformed }) };
}

/** A rule of the policy and its decision; `no-rule` or `no-caller` where no rule covered the addresses. */
function authorization({ decision, rule, because, emails, email_count }: RecordDecision): object {
  const data = { because, email_count, ...(emails === undefined ? {} : { emails }) };
  return { decision, policy: { name: rule ?? because[0] ?? 'no-rule', type: 'rule', is_applied: rule !== null, data } };
}
