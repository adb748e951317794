/**
 * /livez and /readyz: a status and nothing else, because anyone may ask. Not ready only for what a restart or
 * another replica would mend (ledger, policy, draining); an unreachable upstream or issuer is not among them.
 */
import type { Context } from 'hono';
import type { AppEnv } from '../../middleware/app-env.ts';
import type { Readiness } from './readiness.ts';

export function livez(c: Context<AppEnv>): Response {
  return c.json({ status: 'live' });
}

export async function readyz(c: Context<AppEnv>, readiness: () => Promise<Readiness>): Promise<Response> {
  const { ready } = await readiness();
  return ready ? c.json({ status: 'ready' }) : c.json({ status: 'not_ready' }, 503);
}
