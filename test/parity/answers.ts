/** What people read, and what is left out of a lenient request, on either platform. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PlatformName } from './platforms.ts';
import type { ParityHarness } from './parity-harness.ts';
import { startParityHarness } from './parity-harness.ts';

const LENIENT = { Prefer: 'handling=lenient' };

export function describeAnswers(platform: PlatformName): void {
  let harness: ParityHarness;
  beforeAll(async () => {
    harness = await startParityHarness(platform);
  });
  afterAll(() => harness.stop());

  describe('a lenient request', () => {
    it('leaves out a malformed address, a refused one and an invitee whose quota is used up, each for its reason', async () => {
      const crowd = Array.from({ length: 45 }, (_, index) => `zoe+${String(index)}@acme.com`);
      expect((await (await harness.caller()).invite({ emails: crowd })).status).toBe(200);
      const asked = { emails: ['zoe@acme.com', 'Bob <bob@acme.com>', 'eve@rival.io', 'ann@acme.com', 'ANN@acme.com'] };
      const caller = await harness.caller();
      const dry = await caller.invite(asked, { headers: LENIENT, query: '?dry_run=true' });
      expect(await dry.json()).toMatchObject({ decision: 'allow', quota: null, body: { emails: ['ann@acme.com'] } });

      const headers = { ...LENIENT, 'Idempotency-Key': 'a-key-of-the-caller-1' };
      const response = await caller.invite(asked, { headers });
      expect(response.status).toBe(207);
      expect(response.headers.get('RateLimit')).toContain('"person-day";r=49');
      const text = await response.text();
      expect(JSON.parse(text)).toMatchObject({
        sent: ['ann@acme.com'],
        refused: [
          {
            email: 'zoe@acme.com',
            rule: 'invitee-day',
            message: expect.stringMatching(/^zoe@acme\.com: this person has been invited .* Try again in .*\.$/),
          },
          { message: 'eve@rival.io: not an allowed domain (rule never-invite). Ask IT for partners.' },
          { index: 1, reason: 'more_than_address' },
          { index: 4, reason: 'repeated' },
        ],
      });
      expect(await (await caller.invite(asked, { headers })).text()).toBe(text);

      const strict = await caller.invite({ emails: ['zoe@acme.com', 'ann@acme.com'] });
      expect(strict.status).toBe(429);
      expect(await strict.json()).toMatchObject({
        quota: 'invitee-day',
        decisions: [{ email: 'zoe@acme.com', decision: 'deny' }, { decision: 'allow' }],
      });
    });
  });

  describe('an A-label', () => {
    it('is an ordinary domain when it is a real one', async () => {
      const caller = await harness.caller();
      expect((await caller.invite({ emails: ['ann@XN--Mnchen-3ya.de'] })).status).toBe(200);
      const emails = ['ann@xn--0.com', 'ann@xn--acme-.com', 'ann@xn--b-yq0i.com'];
      const refused = await caller.invite({ emails });
      expect(refused.status).toBe(422);
      expect(((await refused.json()) as { detail: unknown[] }).detail).toHaveLength(emails.length);
    });
  });

  describe('a caller that the policy does not know', () => {
    it('reads so', async () => {
      const stranger = await harness.caller({ client_id: 'another-app' });
      const response = await stranger.invite({ emails: ['ann@acme.com'] });
      expect(response.status).toBe(403);
      expect(await response.json()).toMatchObject({ decisions: [{ rule: null, because: ['no-caller'] }] });
    });
  });
}
