/**
 * The calls of the invite service. How a call is repeated is decided in call.ts; how a list is cut, in batches.ts.
 */
import type { DryRun, InvitePolicy, InviteRequest, InviteRequestPage, InviteUsersRequest } from './api-types.ts';
import type { BatchOptions, BatchPlan, BatchStep } from './batches.ts';
import { planBatches, sendBatches } from './batches.ts';
import type { Call } from './calls/call.ts';
import { perform } from './calls/call.ts';
import type { CallOptions, InviteClientOptions } from './calls/call-deps.ts';
import { callDepsOf, JSON_TYPE } from './calls/call-deps.ts';
import { createIdempotencyKey } from './calls/idempotency-key.ts';
import { InviteProblem, OutcomeUnknown } from './problems.ts';
import { retryAfterOf } from './calls/retry-after.ts';
import type { Sent } from './sent.ts';
import { sentOf, sentWithheld } from './sent.ts';
import { traceFields } from './calls/traceparent.ts';
import { untilAborted } from './calls/waiting.ts';

export interface DryRunOptions extends CallOptions {
  /** Send what is allowed, and refuse the rest one by one. */
  readonly lenient?: boolean;
}

export interface InviteOptions extends DryRunOptions {
  /** 16 to 255 visible ASCII characters, for this request only. Default: a new one. */
  readonly idempotencyKey?: string;
}

export interface ListOptions extends CallOptions {
  /** The `next` of the page before. */
  readonly before?: string | null;
}

export interface WaitOptions extends CallOptions {
  /** Default 120,000. */
  readonly maxWaitMs?: number;
}

export interface InviteClient {
  inviteUsers(request: InviteUsersRequest, options?: InviteOptions): Promise<Sent>;
  /** The verdict per address. Nothing is sent or counted. */
  dryRun(request: InviteUsersRequest, options?: DryRunOptions): Promise<DryRun>;
  whatMayIInvite(options?: CallOptions): Promise<InvitePolicy>;
  /** `id`: the `requestId` of an answer or a problem. */
  inviteRequest(id: string, options?: CallOptions): Promise<InviteRequest>;
  /** The person's own requests, newest first, at most 100 at a time. */
  myRequests(options?: ListOptions): Promise<InviteRequestPage>;
  /** Resolves when the outcome is known; throws OutcomeUnknown after `maxWaitMs`. */
  waitForOutcome(id: string, options?: WaitOptions): Promise<InviteRequest>;
  /** Sends a list in batches that fit the policy. */
  inBatches(list: readonly string[], policy: InvitePolicy, options?: BatchOptions): AsyncGenerator<BatchStep, void>;
  /** Continues a plan that `onPlan` got. */
  resumeBatches(plan: BatchPlan, options?: Pick<BatchOptions, 'signal' | 'onPlan'>): AsyncGenerator<BatchStep, void>;
}

const LENIENT = { Prefer: 'handling=lenient' };

/** Also for a server that asks to come back at once. */
const SHORTEST_LOOK_MS = 250;
const FIRST_LOOK_MS = 1_000;
const LONGEST_LOOK_MS = 10_000;

export function createInviteClient(options: InviteClientOptions): InviteClient {
  const deps = callDepsOf(options);

  const traceOf = ({ traceparent = options.traceparent }: CallOptions) => traceFields(traceparent);
  const read = async <Body>(path: string, { signal, ...traced }: CallOptions) => {
    const call = { method: 'GET', path, headers: traceOf(traced), idempotencyKey: null } as const;
    const { body, headers } = await perform(deps, call, signal);
    return { body: body as Body, headers };
  };
  const findRequest = (id: string, called: CallOptions) =>
    read<InviteRequest>(`/v2/invite_requests/${encodeURIComponent(id)}`, called);
  const invitation = (
    { path, idempotencyKey }: Pick<Call, 'path' | 'idempotencyKey'>,
    request: InviteUsersRequest,
    { lenient = false, signal, ...traced }: DryRunOptions,
  ) => {
    const key = idempotencyKey === null ? {} : { 'Idempotency-Key': idempotencyKey };
    const headers = { ...JSON_TYPE, ...(lenient ? LENIENT : {}), ...key, ...traceOf(traced) };
    return perform(deps, { method: 'POST', path, headers, body: JSON.stringify(request), idempotencyKey }, signal);
  };

  const client: InviteClient = {
    async inviteUsers(request, { idempotencyKey = createIdempotencyKey(), lenient = false, ...called } = {}) {
      const asked = { request, lenient, idempotencyKey };
      try {
        const call = { path: '/v2/invite_users', idempotencyKey };
        return sentOf(await invitation(call, request, { lenient, ...called }), asked);
      } catch (problem) {
        const sent = problem instanceof InviteProblem ? sentWithheld(problem, asked) : null;
        if (sent === null) throw problem;
        return sent;
      }
    },
    async dryRun(request, dryRun = {}) {
      const call = { path: '/v2/invite_users?dry_run=true', idempotencyKey: null };
      return (await invitation(call, request, dryRun)).body as DryRun;
    },
    async whatMayIInvite(called = {}) {
      return (await read<InvitePolicy>('/v2/invite_policy', called)).body;
    },
    async inviteRequest(id, called = {}) {
      return (await findRequest(id, called)).body;
    },
    async myRequests({ before, ...called } = {}) {
      const cursor = before ? `&before=${before}` : '';
      return (await read<InviteRequestPage>(`/v2/invite_requests?own=true${cursor}`, called)).body;
    },
    async waitForOutcome(id, { maxWaitMs = 120_000, ...called } = {}) {
      let waitedMs = 0;
      for (let looks = 0; ; looks += 1) {
        const { body, headers } = await findRequest(id, called);
        if (body.state !== 'open' && body.state !== 'unknown') return body;
        const nextLookMs = retryAfterOf(headers) ?? Math.min(FIRST_LOOK_MS * 2 ** looks, LONGEST_LOOK_MS);
        const waitMs = Math.max(nextLookMs, SHORTEST_LOOK_MS);
        if (waitedMs + waitMs > maxWaitMs) throw stillUnknown(id);
        waitedMs += waitMs;
        await untilAborted(called.signal, (ended) => deps.delay(waitMs, ended.signal));
      }
    },
    inBatches(list, policy, batches = {}) {
      return sendBatches(batchDeps, planBatches(list, policy, batches), batches);
    },
    resumeBatches(plan, batches = {}) {
      return sendBatches(batchDeps, plan, batches);
    },
  };
  const batchDeps = { ...deps, inviteUsers: client.inviteUsers };
  return client;
}

function stillUnknown(requestId: string): OutcomeUnknown {
  return new OutcomeUnknown({
    ...{ status: 0, code: 'outcome_unknown', title: 'Outcome unknown', origin: 'upstream' },
    detail: `It is not known yet whether the invitation was done (request ${requestId}). Do not send it again.`,
    ...{
      requestId,
      traceId: null,
      outcome: 'unknown',
      retryAfterMs: null,
      idempotencyKey: null,
      decisions: [],
      body: null,
    },
  });
}
