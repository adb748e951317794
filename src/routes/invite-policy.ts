/**
 * GET /v2/invite_policy: the caller's own permissions now, from the functions that decide real requests.
 * Shows no rule of another caller and no counter of an invitee.
 */
import type { Context } from 'hono';
import type { Ledger, QuotaState } from '../ledger/port.ts';
import type { AppEnv } from '../middleware/app-env.ts';
import { chargesFor } from '../policy/quota-charges.ts';
import { describeCapabilities } from '../policy/capabilities.ts';
import type { Clock } from '../ports/clock.ts';
import { readQuery } from './query.ts';
import { readLedger } from './read-ledger.ts';
import { rateLimitFields } from './rate-limit-fields.ts';

export async function invitePolicy(
  c: Context<AppEnv>,
  deps: { readonly trustedClock: Clock; readonly ledger: Pick<Ledger, 'usage'> },
): Promise<Response> {
  const query = readQuery(c, {});
  if (query.kind === 'refused') return query.response;
  const policy = c.get('policy');
  const principal = c.get('principal');
  return await readLedger(
    c,
    () => deps.ledger.usage(chargesFor(policy, principal, [])),
    (usage) => {
      const states = usage.filter(({ visible }) => visible);
      return c.json(
        { ...describeCapabilities(policy, principal, deps.trustedClock.now()), quotas: states.map(showQuota) },
        200,
        rateLimitFields(states),
      );
    },
  );
}

function showQuota({ quota, unit, limit, windowMs, remaining, resetMs }: QuotaState): object {
  return { quota, unit, limit, window_s: windowMs / 1000, remaining, reset_s: Math.ceil(resetMs / 1000) };
}
