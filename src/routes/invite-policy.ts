/**
 * GET /v2/invite_policy: the caller's own permissions now, from the functions that decide real requests. The rules come
 * from a text that is compiled once per policy and caller; only the counters are read for each request. Names that only
 * Galileo knows are those that it gave last: nothing is asked of it here.
 * Shows no rule of another caller and no counter of an invitee.
 */
import type { Context } from 'hono';
import type { Deps } from '../deps.ts';
import type { Ledger, QuotaState } from '../ledger/port.ts';
import type { AppEnv } from '../middleware/app-env.ts';
import { respond } from '../middleware/answers/respond.ts';
import { createCapabilityTexts } from '../policy/capabilities/capability-texts.ts';
import { chargesFor } from '../policy/quota-charges.ts';
import type { Clock } from '../ports/clock.ts';
import { readQuery } from './query.ts';
import { readLedger } from './read-ledger.ts';
import { rateLimitFields } from './rate-limit-fields.ts';

export function createInvitePolicy(deps: {
  readonly trustedClock: Clock;
  readonly ledger: Pick<Ledger, 'usage'>;
  readonly groupNames?: Deps['groupNames'];
}): (c: Context<AppEnv>) => Promise<Response> {
  const capabilities = createCapabilityTexts();
  return async (c) => {
    const query = readQuery(c, {});
    if (query.kind === 'refused') return query.response;
    const policy = c.get('policy');
    const principal = c.get('principal');
    return await readLedger(
      c,
      () => deps.ledger.usage(chargesFor(policy, principal, [])),
      (usage) => {
        const states = usage.filter(({ visible }) => visible);
        const groups = deps.groupNames?.() ?? null;
        const own = capabilities.textFor(policy, principal, deps.trustedClock.now(), groups?.names);
        const named = groups === null ? '' : `,"group_names":"${groups.state}"`;
        const body = `${own.slice(0, -1)}${named},"quotas":${JSON.stringify(states.map(showQuota))}}`;
        return respond(c, body, 200, { 'Content-Type': 'application/json', ...rateLimitFields(states) });
      },
    );
  };
}

function showQuota({ quota, unit, limit, windowMs, remaining, resetMs }: QuotaState): object {
  return { quota, unit, limit, window_s: windowMs / 1000, remaining, reset_s: Math.ceil(resetMs / 1000) };
}
