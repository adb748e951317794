/**
 * The calls of the invite service. How a call is repeated is decided in call.ts; how a list is cut, in batches.ts.
 */
import type { DryRun, InvitePolicy, InviteRequest, InviteUsersRequest } from './api-types.ts';
import type { BatchOptions, BatchPlan, BatchStep } from './batches.ts';
import { planBatches, sendBatches } from './batches.ts';
import type { Call, CallDeps } from './call.ts';
import { perform } from './call.ts';
import { createIdempotencyKey } from './idempotency-key.ts';
import { InviteProblem, OutcomeUnknown } from './problems.ts';
import { retryAfterOf } from './retry-after.ts';
import type { Sent } from './sent.ts';
import { sentOf, sentWithheld } from './sent.ts';
import type { Delay } from './waiting.ts';
import type { Traceparent } from './traceparent.ts';
import { traceFields } from './traceparent.ts';
import { timerDelay, untilAborted } from './waiting.ts';

export interface InviteClientOptions {
  /** The address of the service; `/…` for the origin of the page. */
  readonly url: string;
  /** The person's access token. `renew`: the service refused the last one (401), so another one is needed. */
  readonly token: (why: { readonly renew: boolean }) => string | Promise<string>;
  /** The trace of a call that has none of its own (W3C Trace Context). */
  readonly traceparent?: Traceparent;
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>;
  /** How long one attempt may take. Default 40,000. */
  readonly attemptTimeoutMs?: number;
  /** How long one call keeps trying: waits and timed-out attempts together. Default 90,000. */
  readonly patienceMs?: number;
  /** Default: `setTimeout`. */
  readonly delay?: Delay;
  /** Spreads the repeats of many clients. Default: `Math.random`. */
  readonly random?: () => number;
}

export interface CallOptions {
  /** Ends the call at once with its reason. */
  readonly signal?: AbortSignal | undefined;
  /** The trace of this call (W3C Trace Context), for all its attempts. */
  readonly traceparent?: Traceparent | undefined;
}

export interface DryRunOptions extends CallOptions {
  /** Send what is allowed, and refuse the rest one by one. */
  readonly lenient?: boolean;
}

export interface InviteOptions extends DryRunOptions {
  /** 16 to 255 visible ASCII characters, for this request only. Default: a new one. */
  readonly idempotencyKey?: string;
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
  /** Resolves when the outcome is known; throws OutcomeUnknown after `maxWaitMs`. */
  waitForOutcome(id: string, options?: WaitOptions): Promise<InviteRequest>;
  /** Sends a list in batches that fit the policy. */
  inBatches(list: readonly string[], policy: InvitePolicy, options?: BatchOptions): AsyncGenerator<BatchStep, void>;
  /** Continues a plan that `onPlan` got. */
  resumeBatches(plan: BatchPlan, options?: Pick<BatchOptions, 'signal' | 'onPlan'>): AsyncGenerator<BatchStep, void>;
}

const JSON_TYPE = { 'Content-Type': 'application/json' };
const LENIENT = { Prefer: 'handling=lenient' };

/** Also for a server that asks to come back at once. */
const SHORTEST_LOOK_MS = 250;
const FIRST_LOOK_MS = 1_000;
const LONGEST_LOOK_MS = 10_000;

export function createInviteClient(options: InviteClientOptions): InviteClient {
  if (!/^(https?:\/)?\//.test(options.url)) throw new TypeError('url: write https://… or /…');
  const deps: CallDeps = {
    attemptTimeoutMs: 40_000,
    patienceMs: 90_000,
    delay: timerDelay,
    random: Math.random,
    // Called without an object: Workers and browsers refuse a `fetch` of another one.
    fetch: (url, init) => fetch(url, init),
    ...options,
    url: options.url.replace(/\/+$/, ''),
  };

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
    detail: `It is not known yet whether the invitation was done (request ${requestId}). Do not send it again before you know.`,
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
