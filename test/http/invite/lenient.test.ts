import { describe, expect, it } from 'vitest';
import { startTestService } from '../../support/service.ts';

const LENIENT = { Prefer: 'handling=lenient' };
const KEY = { 'Idempotency-Key': 'a-key-of-the-caller-1' };
const MIXED = { emails: ['ann@acme.com', 'eve@rival.io', 'bob@acme.com', 'pat@notacme.com'] };

const REFUSED = [
  {
    email: 'eve@rival.io',
    decision: 'deny',
    rule: 'never-invite',
    because: ['domains'],
    message: 'eve@rival.io: not an allowed domain (rule never-invite).',
  },
  {
    email: 'pat@notacme.com',
    decision: 'deny',
    rule: null,
    because: ['no-rule'],
    message: 'pat@notacme.com: no rule lets you invite this address.',
  },
];

describe('Prefer: handling=lenient', () => {
  it('sends the allowed addresses and refuses the others one by one', async () => {
    const service = await startTestService();
    const response = await service.invite(MIXED, { headers: LENIENT });
    expect(response.status).toBe(207);
    expect(response.headers.get('Preference-Applied')).toBe('handling=lenient');
    expect(await response.json()).toEqual({
      sent: ['ann@acme.com', 'bob@acme.com'],
      refused: REFUSED,
      upstream: { invited: 2 },
    });
    expect(service.galileo.received.map(({ body }) => (JSON.parse(body) as { emails: string[] }).emails)).toEqual([
      ['ann@acme.com', 'bob@acme.com'],
    ]);
  });

  it('costs what was sent, and the record tells both apart', async () => {
    const service = await startTestService();
    const response = await service.invite(MIXED, { headers: LENIENT });
    expect(response.headers.get('RateLimit')).toContain('r=48');
    const [intent] = await service.records();
    expect(intent?.request.emails).toEqual(MIXED.emails);
    expect(intent?.policy.decisions).toMatchObject([
      { decision: 'allow', rule: 'hr-staff', emails: ['ann@acme.com', 'bob@acme.com'] },
      { decision: 'deny', rule: 'never-invite', emails: ['eve@rival.io'] },
      { decision: 'deny', rule: null, emails: ['pat@notacme.com'] },
    ]);
  });

  it('is a 403 when nothing is allowed', async () => {
    const service = await startTestService();
    const response = await service.invite({ emails: ['eve@rival.io', 'pat@notacme.com'] }, { headers: LENIENT });
    expect(response.status).toBe(403);
    expect(response.headers.get('Preference-Applied')).toBeNull();
    expect(await response.json()).toMatchObject({ code: 'policy_denied', decisions: REFUSED });
    expect(service.galileo.received).toEqual([]);
  });

  it('is as strict when everything is allowed', async () => {
    const service = await startTestService();
    const response = await service.invite({ emails: ['ann@acme.com'] }, { headers: LENIENT });
    expect(response.status).toBe(200);
    expect(response.headers.get('Preference-Applied')).toBeNull();
    expect(await response.json()).toEqual({ invited: 1 });
  });

  it('keeps the largest set of equal forced values, and the first address decides a tie', async () => {
    const service = await startTestService();
    const largest = await service.invite(
      { emails: ['ann@eu.acme.com', 'bob@acme.com', 'cat@acme.com'] },
      { headers: LENIENT },
    );
    expect(await largest.json()).toMatchObject({
      sent: ['bob@acme.com', 'cat@acme.com'],
      refused: [{ email: 'ann@eu.acme.com', because: ['force'] }],
    });
    const tie = await service.invite({ emails: ['ann@eu.acme.com', 'bob@acme.com'] }, { headers: LENIENT });
    expect(await tie.json()).toMatchObject({
      sent: ['ann@eu.acme.com'],
      refused: [{ email: 'bob@acme.com', because: ['force'] }],
    });
  });

  it('says what was refused beside a failure of what was sent', async () => {
    const service = await startTestService();
    const response = await service.invite({ emails: ['break@acme.com', 'eve@rival.io'] }, { headers: LENIENT });
    expect(response.status).toBe(502);
    expect(await response.json()).toMatchObject({
      code: 'upstream_error',
      outcome: 'unknown',
      decisions: [
        { email: 'break@acme.com', decision: 'allow' },
        { email: 'eve@rival.io', decision: 'deny' },
      ],
    });
  });

  it('replays as it was answered', async () => {
    const service = await startTestService();
    const first = await service.invite(MIXED, { headers: { ...LENIENT, ...KEY } });
    const again = await service.invite(MIXED, { headers: { ...LENIENT, ...KEY } });
    expect(again.status).toBe(207);
    expect(again.headers.get('Preference-Applied')).toBe('handling=lenient');
    expect(await again.text()).toBe(await first.text());
    expect(service.galileo.received).toHaveLength(1);
  });

  it('embeds an empty answer of Galileo as null', async () => {
    const service = await startTestService();
    service.galileo.script({ kind: 'answer', status: 204, body: '' });
    const response = await service.invite(MIXED, { headers: LENIENT });
    expect(response.status).toBe(207);
    expect(await response.json()).toMatchObject({ upstream: null });
  });

  it('shows in a dry run exactly what would go', async () => {
    const service = await startTestService();
    const response = await service.invite(MIXED, { headers: LENIENT, query: '?dry_run=true' });
    expect(await response.json()).toMatchObject({
      decision: 'allow',
      body: { emails: ['ann@acme.com', 'bob@acme.com'] },
      quotas: [{ before: 50, after: 48 }],
    });
  });
});

describe('any other preference', () => {
  it.each([
    'handling=strict',
    'respond-async',
    'handling=strict, handling=lenient',
    'handling',
    'xhandling=lenient',
    'handling=lenientish',
    'note="see, handling=lenient"',
    'handling="lenient',
    'handling=lenient"',
    ',,"x',
  ])('%s leaves all or nothing in force', async (preference) => {
    const service = await startTestService();
    expect((await service.invite(MIXED, { headers: { Prefer: preference } })).status).toBe(403);
  });

  it.each([
    'HANDLING=Lenient',
    'respond-async, handling="lenient"',
    'handling=lenient; note=1',
    ' handling = lenient ',
    'note="a, b", handling=lenient',
  ])('%s is another way to write lenient', async (preference) => {
    const service = await startTestService();
    expect((await service.invite(MIXED, { headers: { Prefer: preference } })).status).toBe(207);
  });
});
