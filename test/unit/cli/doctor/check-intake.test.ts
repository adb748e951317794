import { describe, expect, it } from 'vitest';
import type { CheckResult } from '../../../../src/cli/doctor/check.ts';
import type { HttpExchange, HttpResult } from '../../../../src/ports/http.ts';
import { answer, GOOD_ENV, runCommand } from '../cli-harness.ts';

const TOKEN = 'intake-token-5f0c2b7a91';
const SPLUNK = {
  AUDIT_SINKS: 'stdout,http',
  AUDIT_HTTP_PRESET: 'splunk-hec',
  AUDIT_HTTP_URL: 'https://splunk.example.com:8088/eu/services/collector/event',
  AUDIT_HTTP_TOKEN: TOKEN,
};
const ELASTIC = {
  AUDIT_SINKS: 'http',
  AUDIT_HTTP_PRESET: 'elastic-bulk',
  AUDIT_HTTP_URL: 'https://elastic.example.com:9243/invite-audit/_bulk',
  AUDIT_HTTP_HEADERS: `authorization=Basic%20${TOKEN}`,
};

async function doctor(env: Readonly<Record<string, string>>, intakeAnswers: (request: HttpExchange) => HttpResult) {
  const ran = await runCommand(['doctor', '--json'], {
    env: { ...GOOD_ENV, ...env },
    answer: (request) => (/splunk|elastic|collector/.test(new URL(request.url).host) ? intakeAnswers(request) : null),
  });
  const { checks } = JSON.parse(ran.stdout) as { checks: readonly CheckResult[] };
  const check = checks.find(({ id }) => id === 'audit-http');
  const asked = ran.asked.filter(({ url }) => /splunk|elastic|collector/.test(new URL(url).host));
  return { ...ran, check, asked };
}

describe('doctor’s check of the audit intake', () => {
  it('asks Splunk for its health, without the token and without a record', async () => {
    const { check, asked, stdout } = await doctor(SPLUNK, () => answer(200, { text: 'HEC is healthy', code: 17 }));
    expect(check).toMatchObject({ status: 'ok', message: 'answers over TLS; its credentials were not tried' });
    expect(asked).toMatchObject([
      { method: 'GET', url: 'https://splunk.example.com:8088/eu/services/collector/health', body: null },
    ]);
    expect(JSON.stringify([asked, stdout])).not.toContain(TOKEN);
  });

  it('asks others for their origin only', async () => {
    const { check, asked } = await doctor(ELASTIC, () => answer(401, { error: {} }));
    expect(check).toMatchObject({ status: 'ok' });
    expect(asked).toMatchObject([{ method: 'GET', url: 'https://elastic.example.com:9243/', body: null }]);
    expect(JSON.stringify(asked)).not.toContain(TOKEN);
  });

  it.each<[string, HttpResult, string]>([
    ['it is down', { kind: 'not_sent', reason: 'connect_failed' }, 'takes no connection'],
    ['its queues are full', answer(503, { code: 18 }), 'says that it takes no events now (HEC code 18)'],
    ['it is something else', answer(200, { ok: true }), 'does not answer as Splunk HEC does'],
    ['it is a page', answer(404, 'not found'), 'does not answer as Splunk HEC does'],
  ])('fails when %s, and says so', async (_what, result, message) => {
    const { check, code } = await doctor(SPLUNK, () => result);
    expect(check).toMatchObject({ status: 'failed', message });
    expect(check?.remedy).toMatch(/\S/);
    expect(code).toBe(1);
  });

  it('takes a long page for an answer, because the origin can be reached', async () => {
    const { check } = await doctor(ELASTIC, () => ({ kind: 'maybe_sent', reason: 'response_too_large', status: 200 }));
    expect(check).toMatchObject({ status: 'ok' });
  });

  it('is not there without the http sink, and asks nothing where its address is refused', async () => {
    expect((await doctor({}, () => answer(200, {}))).check).toBeUndefined();
    const { check, asked } = await doctor({ ...SPLUNK, AUDIT_HTTP_URL: 'https://splunk.example.com/' }, () =>
      answer(200, {}),
    );
    expect([check, asked]).toEqual([undefined, []]);
  });
});
