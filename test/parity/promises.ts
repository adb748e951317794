/** The promises to users (README.md), on either platform, with a Galileo that misbehaves. */
import { createHash, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AuditRecord } from '../../src/audit/record.ts';
import { disguises } from '../support/key-disguises.ts';
import { SCHEME_UNDER_TEST } from '../support/sign-in.ts';
import type { PlatformName } from './platforms.ts';
import type { ParityHarness } from './parity-harness.ts';
import { SHORT_MS, startParityHarness } from './parity-harness.ts';

const ANN = { emails: ['ann@acme.com'] };
const CROWD = 40;

const people = (count: number): string[] => Array.from({ length: count }, (_, index) => `p${String(index)}@acme.com`);
const newKey = () => ({ 'Idempotency-Key': `key-${randomUUID()}` });

export function describePromises(platform: PlatformName): void {
  let harness: ParityHarness;
  beforeAll(async () => {
    harness = await startParityHarness(platform);
  });
  afterAll(() => harness.stop());

  /** Runs `task`, with the requests that Galileo received meanwhile. */
  async function receivedBy<T>(task: () => Promise<T>) {
    const { length: before } = harness.galileo.received;
    const result = await task();
    return { result, received: harness.galileo.received.slice(before) };
  }
  const recordsOf = async (requestId: string | null) =>
    (await harness.trail()).filter(({ request_id: id }) => id === requestId);

  describe('an unknown outcome', () => {
    it('is settled by a person over HTTP, with who and why on record, and replays from then on', async () => {
      const asker = await harness.caller();
      const key = newKey();
      const unknown = await asker.invite({ emails: ['break@acme.com'] }, { headers: key });
      expect(await unknown.json()).toMatchObject({ outcome: 'unknown' });
      const id = unknown.headers.get('X-Request-Id') ?? '';
      const kim = await harness.caller({ scope: 'invites:settle', client_id: 'it-desk' });
      const settle = () =>
        kim.request(`/v2/invite_requests/${id}/settlement`, {
          method: 'POST',
          headers: { 'Content-Type': 'application/json' },
          body: JSON.stringify({ outcome: 'refused', note: 'not there after a day' }),
        });
      const settled = await settle();
      expect(settled.status).toBe(200);
      const shown = await settled.json();
      expect(shown).toMatchObject({ id, state: 'refused', outcome: { settled_by: 'person', person: kim.subject } });
      expect(await (await settle()).json()).toEqual(shown);
      const records = (await recordsOf(id)).map(({ kind, actor, outcome }) => [kind, actor.subject, outcome.settler]);
      expect(records).toEqual([
        ['intent', asker.subject, undefined],
        ['outcome', asker.subject, undefined],
        [
          'reconciliation',
          asker.subject,
          expect.objectContaining({
            ...{ issuer_url: expect.any(String), subject: kim.subject, client_id: 'it-desk', kind: 'user' },
            request_id: settled.headers.get('X-Request-Id'),
          }),
        ],
      ]);
      const again = await asker.invite({ emails: ['break@acme.com'] }, { headers: key });
      expect([again.status, again.headers.get('Idempotency-Replayed')]).toEqual([400, 'true']);
    });
  });

  describe('what was checked', () => {
    it('is what is sent: canonical, with forced values, and its hash is on record before and after', async () => {
      const caller = await harness.caller();
      const asked = { emails: ['Ann@EU.acme.com'], role: 'read_only', auth_method: 'email', group_ids: null };
      const { group_ids: _, ...body } = asked;
      const { result, received } = await receivedBy(() => caller.invite(body));
      expect(result.status).toBe(200);
      expect(await result.json()).toEqual({ invited: 1 });
      expect(received.map((one) => one.body)).toEqual([
        '{"auth_method":"okta","emails":["Ann@EU.acme.com"],"role":"read_only","group_ids":[],"send_email":false}',
      ]);
      const sha256 = createHash('sha256')
        .update(received[0]?.body ?? '')
        .digest('hex');
      const records = await recordsOf(result.headers.get('X-Request-Id'));
      expect(records.map((one) => [one.kind, one.request_sha256])).toEqual([
        ['intent', sha256],
        ['outcome', sha256],
      ]);
    });

    it('goes with fields of ours alone: nothing a caller adds gets through', async () => {
      const caller = await harness.caller();
      const smuggled = {
        'Galileo-API-Key': 'the-callers-own-key-0123456789',
        'Splunk-AO-API-Key': 'the-callers-own-key-0123456789',
        Cookie: 'session=1',
        Forwarded: 'for=198.51.100.1',
        'X-Forwarded-For': '198.51.100.1',
        'X-Forwarded-Host': 'evil.example.com',
        'X-HTTP-Method-Override': 'DELETE',
        'X-Original-URL': '/v2/users',
        Traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      };
      const { result, received } = await receivedBy(() => caller.invite(ANN, { headers: smuggled }));
      expect(result.status).toBe(200);
      const [arrived] = received;
      expect(arrived?.keyIndex).toBe(0);
      const text = JSON.stringify(arrived?.headers).toLowerCase();
      for (const value of Object.values(smuggled)) expect(text).not.toContain(value.toLowerCase());
      expect(text).not.toContain(caller.token.toLowerCase());
    });

    it('is sent nowhere else: a redirect is an outcome, not a direction', async () => {
      const caller = await harness.caller();
      const { result, received } = await receivedBy(() => caller.invite({ emails: ['moved@acme.com'] }));
      expect(result.status).toBe(502);
      expect(await result.json()).toMatchObject({ code: 'upstream_error', outcome: 'unknown' });
      expect(received).toHaveLength(1);
    });
  });

  describe('the policy that decided', () => {
    it('was on record and kept before the first request, and is given out by its digest', async () => {
      const caller = await harness.caller();
      const answer = await caller.invite(ANN);
      const digest = answer.headers.get('Policy-Digest') ?? '';
      const auditor = await harness.caller({ scope: 'audit:read' });
      const policy = await auditor.request(`/audit/policies/${digest}`);
      expect([policy.status, policy.headers.get('Content-Type')]).toEqual([200, 'application/json']);
      const sha256 = createHash('sha256')
        .update(await policy.text())
        .digest('hex');
      expect(`sha256:${sha256}`).toBe(digest);
      const trail = (await harness.trail()) as readonly AuditRecord[];
      const taken = trail.findIndex((one) => one.kind === 'change' && one.change.what === 'policy_taken');
      const decided = trail.findIndex((one) => one.kind === 'intent');
      expect(trail[taken]).toMatchObject({ change: { from: null, to: sha256 } });
      expect(trail.some((one) => one.kind === 'change' && one.change.what === 'service_started')).toBe(true);
      expect([taken >= 0, taken < decided]).toEqual([true, true]);
    });
  });

  describe('the audit team', () => {
    it('is told how many requests had which result, and where the trail stands', async () => {
      await (await harness.caller()).invite(ANN);
      const trail = (await harness.trail()) as readonly AuditRecord[];
      const auditor = await harness.caller({ scope: 'audit:read' });
      const day = 86_400_000;
      const at = (days: number): string => new Date((Math.floor(Date.now() / day) + days) * day).toISOString();
      const counted = await auditor.request('/audit/counts', {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ from: at(-1), to: at(2), step: 'day', kind: 'outcome' }),
      });
      const { counts, complete } = (await counted.json()) as {
        counts: readonly { requests: number }[];
        complete: boolean;
      };
      const outcomes = trail.filter(({ kind }) => kind === 'outcome');
      expect([complete, counts.reduce((sum, { requests }) => sum + requests, 0)]).toEqual([true, outcomes.length]);
      const status = (await (await auditor.request('/audit/status')).json()) as Record<string, unknown>;
      expect(status).toMatchObject({ dropped_to: 0, fault: null, sinks: [{ sink: 'stdout' }] });
      expect(status['last_seq']).toBeGreaterThanOrEqual(trail.length);
      expect(status['verified_to']).toBeLessThanOrEqual(Number(status['last_seq']));
    });
  });

  describe('nobody is invited twice', () => {
    it('by repeating a request with its key: the answer is replayed', async () => {
      const caller = await harness.caller();
      const headers = newKey();
      const { result, received } = await receivedBy(async () => [
        await caller.invite(ANN, { headers }),
        await caller.invite(ANN, { headers }),
      ]);
      const [first, second] = result;
      expect(received).toHaveLength(1);
      expect([second?.status, await second?.text()]).toEqual([first?.status, await first?.text()]);
      expect(second?.headers.get('Idempotency-Replayed')).toBe('true');
      const firstId = first?.headers.get('X-Request-Id') ?? '';
      expect(second?.headers.get('Content-Location')).toBe(`/v2/invite_requests/${firstId}`);
      expect(second?.headers.get('X-Request-Id')).not.toBe(firstId);
    });

    it('and the story of the request says so, to its owner and to an auditor', async () => {
      const caller = await harness.caller();
      const headers = newKey();
      const id = (await caller.invite(ANN, { headers })).headers.get('X-Request-Id') ?? '';
      await caller.invite(ANN, { headers });
      const auditor = await harness.caller({ scope: 'audit:read' });
      const told = async ({ request }: typeof caller) => {
        const { events } = (await (await request(`/v2/invite_requests/${id}`)).json()) as {
          events: { at: string; event: string; message: string }[];
        };
        return events.map(({ event }) => event);
      };
      expect(await told(caller)).toEqual(['asked', 'policy_decided', 'admitted', 'accepted', 'replayed']);
      expect(await told(auditor)).toEqual([
        'asked',
        'policy_decided',
        'admitted',
        'galileo_asked',
        'accepted',
        'replayed',
      ]);
    });

    it(`by ${String(CROWD)} equal requests at once: one is sent`, async () => {
      const caller = await harness.caller();
      const headers = newKey();
      const { result, received } = await receivedBy(() =>
        Promise.all(Array.from({ length: CROWD }, () => caller.invite(ANN, { headers }))),
      );
      expect(received).toHaveLength(1);
      const statuses = new Set(result.map(({ status }) => status));
      expect([...statuses].filter((status) => status !== 200 && status !== 409)).toEqual([]);
      expect(
        result.filter(({ status, headers: fields }) => status === 200 && !fields.has('Idempotency-Replayed')),
      ).toHaveLength(1);
    });

    it('by asking again for what may have been done: it stays unknown under its key', async () => {
      const impatient = await startParityHarness(platform, { GALILEO_TIMEOUT_MS: SHORT_MS });
      const caller = await impatient.caller();
      const headers = newKey();
      for (let times = 0; times < 2; times += 1) {
        const response = await caller.invite({ emails: ['slow@acme.com'] }, { headers });
        expect(response.status).toBe(504);
        expect(await response.json()).toMatchObject({ code: 'outcome_unknown', outcome: 'unknown' });
      }
      expect(impatient.galileo.received).toHaveLength(1);
      await impatient.stop();
    });

    const rejected = { kind: 'answer', status: 401, body: { detail: 'Invalid credentials' } } as const;
    if (SCHEME_UNDER_TEST === 'password') {
      it('nor by a new login for a token that is new and was rejected', async () => {
        const own = await startParityHarness(platform);
        const caller = await own.caller();
        expect((await caller.invite(ANN)).status).toBe(200);
        own.galileo.script(rejected);
        expect((await caller.invite(ANN)).status).toBe(502);
        expect((await caller.invite(ANN)).status).toBe(200);
        expect(own.galileo.logins).toHaveLength(1);
        await own.stop();
      });
    }

    if (SCHEME_UNDER_TEST === 'api_key') {
      it('but for a complete 401, which the next key answers with the same bytes', async () => {
        const caller = await harness.caller();
        harness.galileo.script(rejected);
        harness.galileo.script({ kind: 'answer', status: 200, body: { invited: 1 } });
        const { result, received } = await receivedBy(() => caller.invite(ANN));
        expect(result.status).toBe(200);
        expect(received.map(({ sha256 }) => sha256)).toEqual([received[0]?.sha256, received[0]?.sha256]);
        expect(received.map(({ headers }) => headers['galileo-api-key'])).toEqual([harness.key, harness.nextKey]);
        const [, outcome] = await recordsOf(result.headers.get('X-Request-Id'));
        expect(outcome?.outcome.attempts?.map(({ slot, status }) => [slot, status])).toEqual([
          ['current', 401],
          ['next', 200],
        ]);
      });
    }
  });

  describe('policy is the limit', () => {
    it('refuses the whole batch for one address, and says which and why', async () => {
      const caller = await harness.caller();
      const { result, received } = await receivedBy(() => caller.invite({ emails: ['ann@acme.com', 'eve@rival.io'] }));
      expect(result.status).toBe(403);
      expect(received).toEqual([]);
      expect(await result.json()).toMatchObject({
        code: 'policy_denied',
        decisions: [
          { email: 'ann@acme.com', decision: 'allow' },
          { email: 'eve@rival.io', decision: 'deny', rule: 'never-invite' },
        ],
      });
      const [denial, ...more] = await recordsOf(result.headers.get('X-Request-Id'));
      expect([denial?.kind, more]).toEqual(['denial', []]);
    });

    it('sends the allowed part where the caller prefers that', async () => {
      const caller = await harness.caller();
      const body = { emails: ['ann@acme.com', 'eve@rival.io'] };
      const { result, received } = await receivedBy(() =>
        caller.invite(body, { headers: { Prefer: 'handling=lenient' } }),
      );
      expect(result.status).toBe(207);
      expect(result.headers.get('Preference-Applied')).toBe('handling=lenient');
      expect(await result.json()).toMatchObject({ sent: ['ann@acme.com'], upstream: { invited: 1 } });
      expect(received.map((one) => (JSON.parse(one.body) as { emails: string[] }).emails)).toEqual([['ann@acme.com']]);
    });

    it('tells beforehand, sending and counting nothing', async () => {
      const caller = await harness.caller();
      const { result, received } = await receivedBy(() => caller.invite(ANN, { query: '?dry_run=true' }));
      expect(result.status).toBe(200);
      expect(received).toEqual([]);
      const invited = await caller.invite(ANN);
      expect(invited.headers.get('RateLimit')).toMatch(/^"person-day";r=49;t=\d+$/);
    });

    it(`holds at the last unit, with ${String(CROWD)} requests at once for it`, async () => {
      const caller = await harness.caller();
      expect((await caller.invite({ emails: people(49) })).status).toBe(200);
      const { result, received } = await receivedBy(() =>
        Promise.all(
          Array.from({ length: CROWD }, (_, index) => caller.invite({ emails: [`last-${String(index)}@acme.com`] })),
        ),
      );
      expect(received).toHaveLength(1);
      expect(result.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([
        200,
        ...Array.from({ length: CROWD - 1 }, () => 429),
      ]);
    });
  });

  describe('a caller who goes away after the send', () => {
    it('changes nothing: the outcome is on record', async () => {
      const caller = await harness.caller();
      const released = Promise.withResolvers<void>();
      harness.galileo.script({ kind: 'answer', status: 200, body: { invited: 1 }, after: released.promise });
      const leaving = new AbortController();
      const { length: before } = harness.galileo.received;
      const answer = caller.invite({ emails: ['gone@acme.com'] }, { signal: leaving.signal });
      await harness.galileo.arrived(before + 1);
      leaving.abort();
      await expect(answer).rejects.toThrow();
      released.resolve();
      const { sha256 } = harness.galileo.received.at(-1) ?? {};
      const outcome = async () =>
        (await harness.trail()).find((one) => one.kind === 'outcome' && one.request_sha256 === sha256)?.outcome.result;
      await expect.poll(outcome).toBe('accepted');
    });
  });

  describe('the key, repeated by Galileo', () => {
    const shapes = {
      'in a success': (text: string) => ({ status: 200, body: { echo: text } }),
      'in a refusal': (text: string) => ({ status: 403, body: { detail: text } }),
      'in a field': (text: string) => ({
        status: 403,
        body: { detail: 'no' },
        headers: { 'X-Debug': encodeURI(text) },
      }),
    };
    it.each(Object.entries(shapes))('%s, comes out in no disguise', async (_name, make) => {
      const caller = await harness.caller();
      for (const [name, text] of disguises(harness.key)) {
        harness.galileo.script({ kind: 'answer', ...make(text) });
        const response = await caller.invite(ANN, { query: '' });
        const said = (await response.text()) + JSON.stringify([...response.headers]);
        const records = JSON.stringify(await recordsOf(response.headers.get('X-Request-Id')));
        const pieces = [text, JSON.stringify(text).slice(1, -1)];
        const cameOut = pieces.some((piece) => said.includes(piece) || records.includes(piece));
        expect([name, cameOut]).toEqual([name, false]);
      }
    });
  });
}
