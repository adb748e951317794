import { describe, expect, it } from 'vitest';
import { startTestService } from '../../support/service.ts';

const KEY = { 'Idempotency-Key': 'a-key-of-the-caller-1' };

/** Answers that a server other than Galileo gives, or Galileo's router for a path that it does not have. */
const ANSWERS = [
  [407, { detail: 'Proxy Authentication Required' }, 'asked for credentials'],
  [404, { detail: 'Not Found' }, 'GALILEO_API_URL'],
  [405, { detail: 'Method Not Allowed' }, 'GALILEO_API_URL'],
  [404, '<html><h1>404 Not Found</h1><hr>nginx</html>', 'GALILEO_API_URL'],
  [404, { message: 'no Route matched with those values' }, 'GALILEO_API_URL'],
  [405, { detail: 'Method "POST" not allowed.' }, 'GALILEO_API_URL'],
  [496, '', 'GALILEO_API_URL'],
  [421, '', 'GALILEO_API_URL'],
  [426, 'Upgrade Required', 'GALILEO_API_URL'],
] as const;

describe('an invite that did not reach Galileo’s endpoint', () => {
  it.each(ANSWERS)('and got %i with %j is a 502 that names the configuration', async (status, body, words) => {
    const service = await startTestService();
    service.galileo.script({ kind: 'answer', status, body });
    const response = await service.invite({ emails: ['ann@acme.com'] }, { headers: KEY });
    expect(response.status).toBe(502);
    const problem = { code: 'upstream_error', origin: 'proxy', outcome: 'not_sent' };
    expect(await response.json()).toMatchObject({ ...problem, detail: expect.stringContaining(words) });
    expect(service.logLines.filter((line) => line.includes('"upstream_misconfigured"'))).toHaveLength(1);
    expect((await service.records()).at(-1)?.outcome).toMatchObject({ result: 'not_sent', upstream_status: status });
    const reason = status === 407 ? 'egress_refused' : 'wrong_address';
    expect(service.counted).toContain(`invite_endings{ending=not_sent,reason=${reason}}`);
  });

  it.each(ANSWERS)('and got %i with %j uses up no quota and no Idempotency-Key', async (status, body) => {
    const service = await startTestService();
    service.galileo.script({ kind: 'answer', status, body });
    await service.invite({ emails: ['ann@acme.com'] }, { headers: KEY });
    const again = await service.invite({ emails: ['ann@acme.com'] }, { headers: KEY });
    expect(again.status).toBe(200);
    expect(again.headers.get('Idempotency-Replayed')).toBeNull();
    expect(again.headers.get('RateLimit')).toContain('r=49');
  });
});

/** Galileo's own words, and a 403 in any form. */
const VERDICTS = [
  [404, { detail: 'Group not found' }, 'Group not found'],
  [404, { standard_error: { message: 'No such group' } }, 'No such group'],
  [403, '<html><h1>403 Forbidden</h1></html>', 'Galileo refused the invitation with status 403.'],
] as const;

describe('a verdict of Galileo', () => {
  it.each(VERDICTS)('%i with %j stays one, and a repeat gets it again', async (status, body, detail) => {
    const service = await startTestService();
    service.galileo.script({ kind: 'answer', status, body });
    const problem = { code: 'upstream_refused', origin: 'upstream', outcome: 'refused', detail };
    for (const replayed of [null, 'true']) {
      const response = await service.invite({ emails: ['ann@acme.com'] }, { headers: KEY });
      expect([response.status, response.headers.get('Idempotency-Replayed')]).toEqual([status, replayed]);
      expect(await response.json()).toMatchObject(problem);
    }
    expect(service.galileo.received).toHaveLength(1);
  });
});
