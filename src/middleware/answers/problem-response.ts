import type { Context } from 'hono';
import type { ProblemCode, ProblemExtras } from '../../contract/problem.ts';
import { problem } from '../../contract/problem.ts';
import type { RequestIds } from '../../contract/validation-error.ts';
import type { AppEnv } from '../app-env.ts';
import { respond } from './respond.ts';

/** The ids that a refusal of this request names. */
export function requestIds(c: Context<AppEnv>): RequestIds {
  return { requestId: c.get('requestId'), traceId: c.get('traceId') };
}

/**
 * Answers with the problem of this code (RFC 9457), the shape of every refusal except the 422 lists. Records the
 * refusal for telemetry. Keeps the header fields that earlier steps set (request id, policy digest, CORS).
 */
export function respondProblem(
  c: Context<AppEnv>,
  code: ProblemCode,
  extras: ProblemExtras & { readonly headers?: Readonly<Record<string, string>> } = {},
): Response {
  const { headers, ...members } = extras;
  const { retryAfterS } = members;
  const body = problem(code, requestIds(c), members);
  c.set('refusal', { code, origin: body.origin });
  return respond(c, JSON.stringify(body), body.status, {
    'Content-Type': 'application/problem+json',
    ...(retryAfterS === undefined ? {} : { 'Retry-After': String(retryAfterS) }),
    ...headers,
  });
}
