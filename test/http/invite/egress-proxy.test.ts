import { describe, expect, it } from 'vitest';
import type { ProxyAnswer } from '../../support/servers/connect-proxy.ts';
import { proxyAnswers } from '../../support/servers/connect-proxy.ts';
import { serveGalileoBehindProxy } from '../../support/servers/galileo-behind-proxy.ts';
import { startTestService } from '../../support/service.ts';

const KEY = { 'Idempotency-Key': 'a-key-of-the-caller-1' };

async function start(answer: ProxyAnswer) {
  const behind = await serveGalileoBehindProxy(answer);
  const service = await startTestService({ settings: behind.settings, deps: { http: behind.http } });
  return { behind, service };
}

const ANSWERS: readonly (readonly [string, ProxyAnswer, reason: string, words: string])[] = [
  ['wants credentials', proxyAnswers.wants('x'), 'proxy_credentials_rejected', 'HTTPS_PROXY'],
  ['refuses', proxyAnswers.answers(403), 'proxy_refused', 'does not let it through'],
  ['cannot reach Galileo', proxyAnswers.answers(503), 'proxy_target_unreachable', 'does not connect it'],
  ['cuts the tunnel', proxyAnswers.cutsAfterConnect, 'proxy_connection_lost', 'does not connect it'],
];

describe('an invite whose egress proxy', () => {
  it('opens a tunnel reaches Galileo once', async () => {
    const { behind, service } = await start(proxyAnswers.carries);
    expect((await service.invite({ emails: ['ann@acme.com'] })).status).toBe(200);
    expect(behind.galileo.received.match(/^POST \/v2\/invite_users /gm)).toHaveLength(1);
    expect(behind.proxy.asked).toHaveLength(1);
  });

  it.each(ANSWERS)(
    '%s is a 503 that was not sent, on record and in the log with the reason',
    async (_what, answer, reason, words) => {
      const { behind, service } = await start(answer);
      const response = await service.invite({ emails: ['ann@acme.com'] });
      expect(response.status).toBe(503);
      const problem = { code: 'upstream_unavailable', origin: 'proxy', outcome: 'not_sent' };
      expect(await response.json()).toMatchObject({ ...problem, detail: expect.stringContaining(words) });
      expect(behind.galileo.received).toBe('');
      const { outcome } = (await service.records()).at(-1) ?? {};
      expect(outcome).toMatchObject({ result: 'not_sent', reason });
      const ids = { request_id: response.headers.get('X-Request-Id'), trace_id: expect.any(String) };
      expect(service.logLines.map((line) => JSON.parse(line) as unknown)).toContainEqual({
        ...{ level: 'error', event: 'egress_proxy_failed', ...ids, reason },
      });
      expect(service.counted).toContain(`invite_endings{ending=not_sent,reason=${reason}}`);
    },
  );

  it.each(ANSWERS)('%s uses up no quota and no Idempotency-Key', async (_what, answer) => {
    const { behind, service } = await start(answer);
    await service.invite({ emails: ['ann@acme.com'] }, { headers: KEY });
    behind.answerWith(proxyAnswers.carries);
    const again = await service.invite({ emails: ['ann@acme.com'] }, { headers: KEY });
    expect(again.status).toBe(200);
    expect(again.headers.get('Idempotency-Replayed')).toBeNull();
    expect(again.headers.get('RateLimit')).toContain('r=49');
  });

  it('refuses it is not asked a second time for the same invite, so that no account is locked', async () => {
    for (const answer of [proxyAnswers.wants('x'), proxyAnswers.answers(403)]) {
      const { behind, service } = await start(answer);
      await service.invite({ emails: ['ann@acme.com'] });
      expect(behind.proxy.asked).toHaveLength(1);
    }
  });

  it('refuses it does not make Galileo look broken: the breaker stays closed', async () => {
    const { behind, service } = await start(proxyAnswers.answers(403));
    for (let n = 0; n < 6; n += 1) await service.invite({ emails: ['ann@acme.com'] });
    expect(behind.proxy.asked).toHaveLength(6);
    behind.answerWith(proxyAnswers.carries);
    expect((await service.invite({ emails: ['ann@acme.com'] })).status).toBe(200);
  });
});
