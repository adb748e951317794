/** The trace of a request on either platform, with TRACE_UPSTREAM=on; promises.ts shows that it is off by default. */
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PlatformName } from './platforms.ts';
import type { ParityHarness } from './parity-harness.ts';
import { startParityHarness } from './parity-harness.ts';

const ANN = { emails: ['ann@acme.com'] };
const SPAN = 'b7ad6b7169203331';
const STATE = 'rojo=00f067aa0ba902b7,congo=t61rcWkgMzE';

export function describeTrace(platform: PlatformName): void {
  let harness: ParityHarness;
  beforeAll(async () => {
    harness = await startParityHarness(platform, { TRACE_UPSTREAM: 'on' });
  });
  afterAll(() => harness.stop());

  const lastGot = () => harness.galileo.received.at(-1)?.headers ?? {};
  const recordsOf = async (id: string | null) =>
    (await harness.trail()).filter(({ request_id: requestId }) => requestId === id);

  describe('a trace context', () => {
    it('goes on to Galileo as it came, and its trace id is in records, refusals and searches', async () => {
      const traceId = '0af7651916cd43dd8448eb211c80319c';
      const headers = { traceparent: `00-${traceId}-${SPAN}-01`, tracestate: STATE };
      const caller = await harness.caller();
      const answer = await caller.invite(ANN, { headers });
      expect(answer.status).toBe(200);
      expect(lastGot()).toMatchObject(headers);
      const denied = await caller.invite({ emails: ['ann@rival.io'] }, { headers });
      expect(await denied.json()).toMatchObject({ code: 'policy_denied', trace_id: traceId });
      const invalid = await caller.invite('{', { headers });
      expect(await invalid.json()).toMatchObject({ code: 'invalid_request', trace_id: traceId });
      const auditor = await harness.caller({ scope: 'audit:read' });
      const found = await auditor.request('/audit/search', {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ trace_id: traceId }),
      });
      const lines = (await found.text()).trimEnd().split('\n');
      expect(lines.map((line) => (JSON.parse(line) as { kind: string }).kind)).toEqual(['intent', 'outcome', 'denial']);
    });

    it('is made where there is none, another one each time', async () => {
      const caller = await harness.caller();
      const made = new Set<string>();
      for (let times = 0; times < 3; times += 1) {
        const answer = await caller.invite(ANN);
        const [{ trace_id: traceId = '' } = {}] = await recordsOf(answer.headers.get('X-Request-Id'));
        expect(traceId).toMatch(/^(?!0{32})[0-9a-f]{32}$/);
        expect(lastGot()['traceparent']).toMatch(new RegExp(`^00-${traceId}-(?!0{16})[0-9a-f]{16}-02$`));
        expect(lastGot()).not.toHaveProperty('tracestate');
        made.add(traceId);
      }
      expect(made.size).toBe(3);
    });

    it.each([
      ['of version ff', `ff-${'a'.repeat(32)}-${SPAN}-01`],
      ['in upper case', `00-${'A'.repeat(32)}-${SPAN}-01`],
      ['of 10,000 characters', `01-${'a'.repeat(32)}-${SPAN}-01-${'x'.repeat(10_000)}`],
      ['with a log line inside', '{"event":"http_request"}'],
    ])('%s counts as absent, with its tracestate', async (_what, traceparent) => {
      const caller = await harness.caller();
      expect((await caller.invite(ANN, { headers: { traceparent, tracestate: STATE } })).status).toBe(200);
      expect(lastGot()['traceparent']).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-02$/);
      expect(lastGot()['traceparent']).not.toContain('aaaaaaaaaaaa');
      expect(lastGot()).not.toHaveProperty('tracestate');
    });

    it('in two fields counts as absent, while two fields of tracestate are one list', async () => {
      const caller = await harness.caller();
      const one = `00-${'b'.repeat(32)}-${SPAN}-01`;
      expect(await send(caller.token, { traceparent: [one, one] })).toBe(200);
      expect(lastGot()['traceparent']).not.toContain('bbbbbbbbbbbb');
      expect(await send(caller.token, { traceparent: one, tracestate: ['rojo=1', 'congo=2'] })).toBe(200);
      expect(lastGot()).toMatchObject({ traceparent: one, tracestate: 'rojo=1,congo=2' });
    });
  });

  /** Sends a list as several fields of the same name. */
  async function send(token: string, headers: Readonly<Record<string, string | string[]>>): Promise<number> {
    const sending = httpRequest(`${harness.url}/v2/invite_users`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json', ...headers },
    });
    sending.end(JSON.stringify(ANN));
    const [answer] = (await once(sending, 'response')) as [IncomingMessage];
    answer.resume();
    await once(answer, 'end');
    return answer.statusCode ?? 0;
  }
}
