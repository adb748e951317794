/**
 * The answers to requests that a listener refuses before the app sees them, because they cannot be read or must not be
 * acted on. They have the header fields of every other answer: request id, policy digest, security fields, and CORS
 * fields for an allowed origin. They are not counted as requests: the listener counts them, without a log line for each.
 */
import { Hono } from 'hono';
import type { ProblemCode } from '../../contract/problem.ts';
import type { Deps } from '../../deps.ts';
import type { AppEnv } from '../../middleware/app-env.ts';
import type { CorsSettings } from '../../middleware/cors.ts';
import { cors } from '../../middleware/cors.ts';
import { inOrder } from '../../middleware/in-order.ts';
import { pinPolicy } from '../../middleware/pin-policy.ts';
import { respondProblem } from '../../middleware/answers/problem-response.ts';
import { requestId } from '../../middleware/request-id.ts';
import { securityHeaders } from '../../middleware/answers/security-headers.ts';

export interface Refusal {
  readonly code: ProblemCode;
  /** Replaces the advice of the code. */
  readonly detail?: string | undefined;
  /** The Origin field of the request, where it could be read. */
  readonly origin?: string | undefined;
}

export interface RefusalDeps extends Pick<Deps, 'ids' | 'policy'> {
  readonly settings: CorsSettings;
}

/** The connection ends with such an answer, because what follows on it may belong to the refused request. */
export function createRefusals({ ids, policy, settings }: RefusalDeps): (refusal: Refusal) => Promise<Response> {
  const app = new Hono<AppEnv>();
  app.use(inOrder(securityHeaders(), requestId(ids), pinPolicy(policy), cors(settings)));
  app.notFound((c) => {
    const { code, detail } = c.env as Refusal;
    const headers = { Connection: 'close' };
    return respondProblem(c, code, detail === undefined ? { headers } : { detail, headers });
  });
  return async function refuse(refusal) {
    const headers = new Headers(refusal.origin === undefined ? {} : { Origin: refusal.origin });
    return await app.request('/', { headers }, refusal);
  };
}
