/** With lenient handling a malformed address is refused alone: by its place and a reason, never by its text. */
import { describe, expect, it } from 'vitest';
import { isNewer } from '../../../src/audit/verify/known-form.ts';
import { startTestService } from '../../support/service.ts';

const LENIENT = { Prefer: 'handling=lenient' };
const SECRET = 'Zq7 Lee';
const MIXED = { emails: ['ann@acme.com', `${SECRET} <zq7@acme.com>`, 'eve@rival.io', 'ANN@acme.com'] };
const MALFORMED = [
  {
    index: 1,
    decision: 'deny',
    reason: 'more_than_address',
    message: 'Entry 2 of the list: take away the name and the angle brackets, so that only name@example.com is left.',
  },
  {
    index: 3,
    decision: 'deny',
    reason: 'repeated',
    message: 'Entry 4 of the list: this address is in the list already (case is ignored).',
  },
];

describe('a malformed address in a lenient request', () => {
  it('is left out alone, in the answer and on record by its place and reason', async () => {
    const service = await startTestService();
    const response = await service.invite(MIXED, { headers: LENIENT });
    expect(response.status).toBe(207);
    expect(response.headers.get('Preference-Applied')).toBe('handling=lenient');
    const text = await response.text();
    expect(JSON.parse(text)).toEqual({
      sent: ['ann@acme.com'],
      refused: [expect.objectContaining({ email: 'eve@rival.io' }), ...MALFORMED],
      upstream: { invited: 1 },
    });
    const records = await service.records();
    for (const record of records) {
      expect(record.request).toMatchObject({
        emails: ['ann@acme.com', 'eve@rival.io'],
        email_count: 2,
        malformed: [
          { index: 1, reason: 'more_than_address' },
          { index: 3, reason: 'repeated' },
        ],
      });
      expect(isNewer(JSON.stringify(record))).toBe(false);
    }
    expect(`${text}${JSON.stringify(records)}${service.logLines.join('')}`.toLowerCase()).not.toContain('zq7');
    expect(service.galileo.received.map(({ body }) => (JSON.parse(body) as { emails: string[] }).emails)).toEqual([
      ['ann@acme.com'],
    ]);
  });

  it('is left out where all other addresses are allowed', async () => {
    const service = await startTestService();
    const response = await service.invite({ emails: ['', 'ann@acme.com'] }, { headers: LENIENT });
    expect(response.status).toBe(207);
    expect(await response.json()).toMatchObject({ sent: ['ann@acme.com'], refused: [{ index: 0, reason: 'empty' }] });
  });

  it('is named beside the others where none of them is allowed', async () => {
    const service = await startTestService();
    const response = await service.invite({ emails: ['nobody', 'eve@rival.io'] }, { headers: LENIENT });
    expect(response.status).toBe(403);
    expect(await response.json()).toMatchObject({
      code: 'policy_denied',
      detail:
        'Nothing was sent: 2 of 2 addresses were refused. eve@rival.io: not an allowed domain (rule never-invite). Entry 1 of the list: no at sign: write the whole address, such as name@example.com.',
      decisions: [{ email: 'eve@rival.io' }, { index: 0, reason: 'no_at_sign' }],
    });
  });

  it('is named in a dry run and beside a failure of what was sent', async () => {
    const service = await startTestService();
    const asked = { emails: ['nobody', 'break@acme.com'] };
    const dry = await service.invite(asked, { headers: LENIENT, query: '?dry_run=true' });
    expect(await dry.json()).toMatchObject({
      decision: 'allow',
      decisions: [{ email: 'break@acme.com' }, { index: 0, reason: 'no_at_sign' }],
      body: { emails: ['break@acme.com'] },
    });
    const real = await service.invite(asked, { headers: LENIENT });
    expect(real.status).toBe(502);
    expect(await real.json()).toMatchObject({ decisions: [{ decision: 'allow' }, { index: 0, decision: 'deny' }] });
  });

  it('is part of what an Idempotency-Key is bound to', async () => {
    const service = await startTestService();
    const headers = { ...LENIENT, 'Idempotency-Key': 'a-key-of-the-caller-1' };
    const invite = (malformed: string) => service.invite({ emails: ['ann@acme.com', malformed] }, { headers });
    const first = await invite('bob');
    expect(first.status).toBe(207);
    const again = await invite('bob');
    expect([again.status, await again.text()]).toEqual([207, await first.text()]);
    const other = await invite('bobby');
    expect(other.status).toBe(422);
    expect(await other.json()).toMatchObject({ code: 'idempotency_key_reused' });
  });

  it.each([
    ['nothing well-formed is left', { emails: ['nobody', ''] }, ''],
    ['an entry is no text', { emails: ['ann@acme.com', 'nobody', 3] }, ''],
    ['something else is wrong with the body', { emails: ['ann@acme.com', 'nobody'], role: 'owner' }, ''],
    ['the query is wrong', { emails: ['ann@acme.com', 'nobody'] }, '?dry=1'],
    ['the list is too long', { emails: [...Array.from({ length: 500 }, (_, n) => `a${n}@acme.com`), 'nobody'] }, ''],
  ])('is one of all errors of a 422 where %s', async (_what, body, query) => {
    const service = await startTestService();
    const response = await service.invite(body, { headers: LENIENT, query });
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({ code: 'invalid_request' });
    expect(await service.records()).toEqual([]);
  });

  it('refuses the whole of a strict request', async () => {
    const service = await startTestService();
    const response = await service.invite({ emails: ['ann@acme.com', 'nobody'] });
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({ detail: [{ type: 'value_error', loc: ['body', 'emails', 1] }] });
  });

  it('is told again by its reason when the outcome is settled later', async () => {
    const service = await startTestService({ settings: { GALILEO_RECONCILE: true } });
    const headers = { ...LENIENT, 'Idempotency-Key': 'a-key-of-the-caller-1' };
    service.galileo.scriptClock(() => service.clock.now() + 40);
    service.galileo.script({ kind: 'hangup', when: 'after_inviting' });
    const asked = { emails: ['ann@acme.com', 'nobody'] };
    expect((await service.invite(asked, { headers })).status).toBe(504);
    service.clock.advance(60_000);
    expect(await service.reconcile?.()).toBe(1);
    const again = await service.invite(asked, { headers });
    expect(again.status).toBe(207);
    expect(await again.json()).toMatchObject({
      refused: [{ index: 1, reason: 'no_at_sign', message: 'Entry 2 of the list: left out (no_at_sign).' }],
    });
  });
});
