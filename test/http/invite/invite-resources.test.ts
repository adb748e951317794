/**
 * What an invite makes on its way through the app, counted and not timed, so that the test holds on any machine: promises
 * and timers. Each promise is a turn of the microtask queue and, with what it refers to, garbage that outlives a
 * scavenge: they were a third of what an invite allocates. ../../unit/ledger/invite-cost.test.ts counts for the ledger.
 */
import { describe, expect, it } from 'vitest';
import type { HttpPort } from '../../../src/ports/http.ts';
import { countResources } from '../../support/count-resources.ts';
import { startTestService } from '../../support/service.ts';
import { SCHEME_UNDER_TEST } from '../../support/sign-in.ts';

const http: HttpPort = {
  exchange: async () => ({
    kind: 'answered',
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: new TextEncoder().encode('{}'),
  }),
};

/** A token is asked for, and with HTTP Basic the ledger, whether the password may be tried. */
const SIGN_IN_PROMISES = { api_key: 0, basic: 15, password: 6 } as const;

describe('an invite with a token that was seen before', () => {
  it('makes no more promises and timers than it needs', async () => {
    const { app, token } = await startTestService({ deps: { http } });
    const headers = { Authorization: `Bearer ${await token()}`, 'Content-Type': 'application/json' };
    const invite = async (email: string): Promise<void> => {
      const body = JSON.stringify({ emails: [email] });
      const { status } = await app.request('/v2/invite_users', { method: 'POST', headers, body });
      expect(status).toBe(200);
    };
    await invite('ann@acme.com');
    const counts = await countResources(() => invite('bob@acme.com'));
    // Of them three for the test itself, and five for the body, which Node's adapter reads from its own stream.
    expect(counts.get('PROMISE')).toBeLessThanOrEqual(99 + SIGN_IN_PROMISES[SCHEME_UNDER_TEST]);
    // The limits for the arrival of the body, and for the writing of the outcome.
    expect(counts.get('Timeout')).toBe(2);
  });
});
