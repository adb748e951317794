import { describe, expect, it } from 'vitest';
import type { Witness } from '../../src/ledger/trusted-time.ts';
import { createFakeClock, TEST_TIME_MS } from '../support/clock.ts';
import { DAY_MS } from '../support/ledger/ledger.ts';
import { POLICY, startTestService } from '../support/service.ts';

/** Which clock judges what: the machine's clock tokens, trusted time the end of a rule. */
const INVITE = { auth_method: 'okta', emails: ['new.colleague@acme.com'] };
/** Ends a day after the time at which tests begin. */
const ENDING_POLICY = POLICY.replace(
  'auth_methods: [email, okta] }',
  'auth_methods: [email, okta], until: 2026-03-03 }',
);

describe('a machine whose clock is ahead of trusted time', () => {
  it('accepts the tokens of that clock, and lets no rule end early', async () => {
    const trustedClock = createFakeClock();
    const service = await startTestService({ policy: ENDING_POLICY, deps: { trustedClock } });
    service.clock.jump(2 * DAY_MS);
    expect((await service.invite(INVITE)).status).toBe(200);
    expect(await (await service.invite(INVITE, { query: '?dry_run=true' })).json()).toMatchObject({
      decision: 'allow',
    });
    trustedClock.advance(DAY_MS);
    expect((await service.invite(INVITE)).status).toBe(403);
    expect(await (await service.invite(INVITE, { query: '?dry_run=true' })).json()).toMatchObject({ decision: 'deny' });
    const token = await service.token();
    const answer = await service.request('/v2/invite_policy', { headers: { Authorization: `Bearer ${token}` } });
    expect(await answer.json()).toMatchObject({ rules: [] });
  });
});

describe('a verified token', () => {
  it('is a witness of the time at which it was issued; a refused one is none', async () => {
    const heard: Witness[] = [];
    const service = await startTestService({ deps: { hearWitness: (witness) => void heard.push(witness) } });
    await service.invite(INVITE);
    expect(heard).toEqual([{ atMs: TEST_TIME_MS, kind: 'at_least' }]);
    expect((await service.invite(INVITE, { token: await service.token({ aud: 'another-service' }) })).status).toBe(401);
    expect(heard).toHaveLength(1);
  });
});
