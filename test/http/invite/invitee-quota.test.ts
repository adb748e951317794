/** A quota per invitee names the address that it refuses, and lenient handling leaves just that address out. */
import { describe, expect, it } from 'vitest';
import type { Admission, Ledger } from '../../../src/ledger/port.ts';
import { startTestService } from '../../support/service.ts';

const POLICY = `
version: 1
callers: { hr-portal: { issuer: corp, client_id: [hr-portal] } }
rules:
  - { id: never, deny: any, domains: [rival.io] }
  - { id: staff, allow: [hr-portal], domains: [acme.com], roles: any, auth_methods: any }
quotas:
  - { id: burst, per: subject, window: 1m, requests: 5 }
  - { id: day, per: client_id, window: 1d, emails: 4 }
  - { id: person, per: invitee, window: 1d, emails: 1, plus_addressing: fold }
`;
const LENIENT = { Prefer: 'handling=lenient' };
const ANN_REFUSED = {
  email: 'Ann@acme.com',
  decision: 'deny',
  rule: 'person',
  because: ['emails'],
  message:
    'Ann@acme.com: this person has been invited as often as the limit person allows (1 invitation in 1 day for each invited person). Try again in 14 h.',
};

async function startInvited() {
  const service = await startTestService({ policy: POLICY });
  expect((await service.invite({ emails: ['ann@acme.com'] })).status).toBe(200);
  return service;
}

describe('a quota per invitee that refuses', () => {
  it('names the address in the 429, and when to come back', async () => {
    const service = await startInvited();
    const response = await service.invite({ emails: ['Ann@acme.com', 'bob@acme.com'] });
    expect(response.status).toBe(429);
    expect(response.headers.get('Retry-After')).toBe(String(14 * 3600));
    expect(await response.json()).toMatchObject({
      code: 'quota_exhausted',
      quota: 'person',
      detail: `Nothing was sent: 1 of 2 addresses was refused. ${ANN_REFUSED.message}`,
      decisions: [ANN_REFUSED, { email: 'bob@acme.com', decision: 'allow' }],
    });
    expect(service.galileo.received).toHaveLength(1);
  });

  it('says the same in a dry run', async () => {
    const service = await startInvited();
    const response = await service.invite({ emails: ['Ann@acme.com', 'bob@acme.com'] }, { query: '?dry_run=true' });
    expect(await response.json()).toMatchObject({
      decision: 'deny',
      refused_by: 'quota',
      quota: 'person',
      decisions: [ANN_REFUSED, { email: 'bob@acme.com', decision: 'allow' }],
    });
  });

  it('leaves just that address out of a lenient request, which costs what is sent and one request', async () => {
    const service = await startInvited();
    const asked = { emails: ['Ann@acme.com', 'bob@acme.com', 'eve@rival.io'] };
    const dry = await service.invite(asked, { headers: LENIENT, query: '?dry_run=true' });
    expect(await dry.json()).toMatchObject({ decision: 'allow', quota: null, body: { emails: ['bob@acme.com'] } });

    const response = await service.invite(asked, { headers: LENIENT });
    expect(response.status).toBe(207);
    expect(response.headers.get('RateLimit')).toBe('"burst";r=3;t=60, "day";r=2;t=50400');
    expect(await response.json()).toMatchObject({
      sent: ['bob@acme.com'],
      refused: [ANN_REFUSED, { email: 'eve@rival.io', rule: 'never' }],
      upstream: { invited: 1 },
    });
    const intents = (await service.records()).filter(({ kind }) => kind !== 'outcome' && kind !== 'dry_run');
    expect(intents.map(({ kind }) => kind)).toEqual(['intent', 'intent']);
    expect(intents[1]).toMatchObject({
      request: { emails: asked.emails },
      policy: {
        decisions: [
          { decision: 'deny', rule: 'person', because: ['emails'], emails: ['Ann@acme.com'] },
          { decision: 'allow', emails: ['bob@acme.com'] },
          { decision: 'deny', rule: 'never' },
        ],
      },
    });
  });

  it('replays that answer under the same key, whatever is left by then', async () => {
    const service = await startInvited();
    const headers = { ...LENIENT, 'Idempotency-Key': 'a-key-of-the-caller-1' };
    const asked = { emails: ['Ann@acme.com', 'bob@acme.com'] };
    const first = await service.invite(asked, { headers });
    expect(first.status).toBe(207);
    const again = await service.invite(asked, { headers });
    expect([again.status, await again.text()]).toEqual([207, await first.text()]);
    expect(again.headers.get('Idempotency-Replayed')).toBe('true');
    expect(service.galileo.received).toHaveLength(2);
  });

  it('keeps as many addresses of a person as the counter has left', async () => {
    const service = await startTestService({ policy: POLICY.replace('emails: 1, plus', 'emails: 2, plus') });
    await service.invite({ emails: ['ann@acme.com'] });
    const response = await service.invite({ emails: ['ann+1@acme.com', 'ann+2@acme.com'] }, { headers: LENIENT });
    expect(await response.json()).toMatchObject({ sent: ['ann+1@acme.com'], refused: [{ email: 'ann+2@acme.com' }] });
  });

  it('is a 429 of a lenient request when nobody else is left in it', async () => {
    const service = await startInvited();
    const response = await service.invite({ emails: ['Ann@acme.com', 'eve@rival.io'] }, { headers: LENIENT });
    expect(response.status).toBe(429);
    expect(await response.json()).toMatchObject({ quota: 'person', decisions: [ANN_REFUSED, { rule: 'never' }] });
    const dry = await service.invite({ emails: ['Ann@acme.com'] }, { headers: LENIENT, query: '?dry_run=true' });
    expect(await dry.json()).toMatchObject({ decision: 'deny', quota: 'person', decisions: [ANN_REFUSED] });
    expect((await service.records()).at(-2)).toMatchObject({ kind: 'denial', outcome: { quota: 'person' } });
  });

  it('does not let who is left out choose the values that are forced on the batch', async () => {
    const force = 'force: [{ id: ann-okta, emails: [ann@acme.com], auth_method: okta }]';
    const service = await startTestService({ policy: `${POLICY}${force}\n` });
    await service.invite({ emails: ['ann@acme.com'] });
    const asked = { emails: ['ann@acme.com', 'bob@acme.com'] };
    const dry = await service.invite(asked, { headers: LENIENT, query: '?dry_run=true' });
    expect(await dry.json()).toMatchObject({ decision: 'allow', body: { emails: ['bob@acme.com'] } });
    const response = await service.invite(asked, { headers: LENIENT });
    expect(await response.json()).toMatchObject({ sent: ['bob@acme.com'], refused: [{ rule: 'person' }] });
    expect(service.galileo.received.at(-1)?.body).toContain('"auth_method":"email"');
  });

  it('does not let who is left out use up the quota of the caller', async () => {
    const service = await startInvited();
    const asked = { emails: ['Ann@acme.com', 'b@acme.com', 'c@acme.com', 'd@acme.com'] };
    const response = await service.invite(asked, { headers: LENIENT });
    expect(response.status).toBe(207);
    expect(response.headers.get('RateLimit')).toContain('"day";r=0');
  });

  it('refuses a lenient request as a whole while others keep using up its invitees', async () => {
    let admissions = 0;
    const contested = (ledger: Ledger): Ledger => ({
      ...ledger,
      admit(admission: Admission) {
        admissions += 1;
        const next = admission.charges.find(({ visible }) => !visible);
        const invitees =
          next === undefined ? [] : [{ quota: 'person', counter: next.counter, remaining: 0, resetMs: 1 }];
        return admission.leavesOutInvitees === true
          ? Promise.resolve({ kind: 'invitees_exhausted', invitees })
          : ledger.admit({ ...admission, charges: admission.charges.map((charge) => ({ ...charge, limit: 0 })) });
      },
    });
    const service = await startTestService({ policy: POLICY, wrapLedger: contested });
    const emails = ['a', 'b', 'c', 'd'].map((name) => `${name}@acme.com`);
    expect((await service.invite({ emails }, { headers: LENIENT })).status).toBe(429);
    expect(admissions).toBe(4);
    expect(service.galileo.received).toEqual([]);
  });
});
