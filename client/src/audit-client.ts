/**
 * The calls of people who read the audit trail or settle unknown outcomes. They are an entry of their own, because a page
 * that only invites does not need them. How a call is repeated is decided in call.ts; none of these changes anything when it
 * is repeated.
 */
import type {
  AuditCounts,
  AuditCountsRequest,
  AuditRecord,
  AuditSearch,
  AuditStatus,
  InviteRequest,
  InviteRequestPage,
  Settlement,
} from './api-types.ts';
import { addCounts } from './add-counts.ts';
import type { Answered } from './calls/attempt.ts';
import type { Call } from './calls/call.ts';
import { perform } from './calls/call.ts';
import type { CallOptions, InviteClientOptions } from './calls/call-deps.ts';
import { callDepsOf, JSON_TYPE } from './calls/call-deps.ts';
import type { ListOptions } from './invite-client.ts';
import { readLines } from './calls/read-lines.ts';
import { traceFields } from './calls/traceparent.ts';

/** What comes of one search, as far as it got. */
export interface FoundRecords {
  readonly records: readonly AuditRecord[];
  /** Pass as `after` to continue; null: there is no more. */
  readonly next: number | null;
  /** How many records could not be read, so that it is not known whether they match. */
  readonly unreadable: number;
}

export interface AuditClient {
  /** The trail after this `seq`, in order; 0 is the beginning. At most 1,000 records; none means no more yet. */
  records(after: number, options?: CallOptions): Promise<readonly AuditRecord[]>;
  /** One page of the records that match. A page may be empty although there is more: see `next`. */
  search(filters: AuditSearch, options?: CallOptions): Promise<FoundRecords>;
  /** Counts until the period is counted. Each step is the sum so far; `complete` is true in the last one. */
  count(request: AuditCountsRequest, options?: CallOptions): AsyncGenerator<AuditCounts, void>;
  /** The policy with this digest, as it decided. */
  policy(digest: string, options?: CallOptions): Promise<unknown>;
  /** How far the trail is proven and delivered. */
  status(options?: CallOptions): Promise<AuditStatus>;
  /** Everyone's requests, newest first, at most 100 at a time. */
  requests(options?: ListOptions): Promise<InviteRequestPage>;
  /** Settles an unknown outcome, for holders of `invites:settle`. */
  settle(id: string, settlement: Settlement, options?: CallOptions): Promise<InviteRequest>;
}

export function createAuditClient(options: InviteClientOptions): AuditClient {
  const deps = callDepsOf(options);
  const ask = (
    call: Pick<Call, 'method' | 'path' | 'read'> & { readonly json?: unknown },
    { signal, traceparent = options.traceparent }: CallOptions,
  ): Promise<Answered> => {
    const { json, ...asked } = call;
    const headers = { ...(json === undefined ? {} : JSON_TYPE), ...traceFields(traceparent) };
    const body = json === undefined ? {} : { body: JSON.stringify(json) };
    return perform(deps, { ...asked, headers, ...body, idempotencyKey: null }, signal);
  };
  const get = async <Body>(path: string, called: CallOptions): Promise<Body> =>
    (await ask({ method: 'GET', path }, called)).body as Body;
  const post = async <Body>(path: string, json: unknown, called: CallOptions): Promise<Body> =>
    (await ask({ method: 'POST', path, json }, called)).body as Body;

  return {
    async records(after, called = {}) {
      const path = `/audit/records?after=${after}`;
      return (await ask({ method: 'GET', path, read: readLines }, called)).body as readonly AuditRecord[];
    },
    async search(filters, called = {}) {
      const answer = await ask({ method: 'POST', path: '/audit/search', json: filters, read: readLines }, called);
      const lines = answer.body as readonly (AuditRecord | Progress)[];
      const records = lines.filter((line): line is AuditRecord => !isProgress(line));
      const last = lines.at(-1);
      return {
        records,
        next: last === undefined ? null : isProgress(last) ? last.scanned_to : last.seq,
        unreadable: Number(/count=(\d+)/.exec(answer.headers.get('Audit-Unreadable-Records') ?? '')?.[1] ?? 0),
      };
    },
    async *count(request, called = {}) {
      let sum: AuditCounts | null = null;
      do {
        const after: number | undefined = sum?.scanned_to ?? request.after;
        const asked: AuditCountsRequest = after === undefined ? request : { ...request, after };
        sum = addCounts(sum, await post<AuditCounts>('/audit/counts', asked, called));
        yield sum;
      } while (!sum.complete);
    },
    policy: (digest, called = {}) => get(`/audit/policies/${encodeURIComponent(digest)}`, called),
    status: (called = {}) => get('/audit/status', called),
    requests: ({ before, ...called } = {}) =>
      get(`/v2/invite_requests${before ? `?before=${encodeURIComponent(before)}` : ''}`, called),
    settle: (id, settlement, called = {}) =>
      post(`/v2/invite_requests/${encodeURIComponent(id)}/settlement`, settlement, called),
  };
}

/** The last line of a search that was cut short. */
interface Progress {
  readonly kind: 'search_progress';
  readonly scanned_to: number;
}

function isProgress(line: AuditRecord | Progress): line is Progress {
  return line.kind === 'search_progress';
}
