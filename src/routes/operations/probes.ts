/**
 * /livez and /readyz: only a status, because anyone may call them. The service is not ready only for reasons that a
 * restart or another replica would fix (ledger, policy, draining). An unreachable upstream or issuer is not one of
 * them.
 */
import type { Context } from 'hono';
import type { AppEnv } from '../../middleware/app-env.ts';
import { respondJson } from '../../middleware/answers/respond.ts';
import type { Readiness } from './readiness.ts';

export function livez(c: Context<AppEnv>): Response {
  return respondJson(c, { status: 'live' });
}

export async function readyz(c: Context<AppEnv>, readiness: () => Promise<Readiness>): Promise<Response> {
  const { ready } = await readiness();
  return ready ? respondJson(c, { status: 'ready' }) : respondJson(c, { status: 'not_ready' }, 503);
}
