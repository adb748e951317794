import { describe, expect, it } from 'vitest';
import { startTestService } from '../../support/service.ts';

const TEN = `
version: 1
callers: { hr-portal: { issuer: corp, client_id: [hr-portal] } }
rules: [{ id: staff, allow: [hr-portal], domains: [acme.com], roles: any, auth_methods: any }]
quotas:
  - { id: hour, per: client_id, window: 1h, emails: 10 }
  - { id: person, per: invitee, window: 1d, emails: 2 }
tests: [{ as: hr-portal, invite: ann@acme.com, expect: allow }]
`;

describe('a quota', () => {
  it('lets exactly 10 of 40 parallel requests for the last 10 units pass', async () => {
    const service = await startTestService({ policy: TEN, ledger: 'file', galileo: 'served' });
    const token = await service.token();
    const statuses = (
      await Promise.all(Array.from({ length: 40 }, (_, n) => service.invite({ emails: [`p${n}@acme.com`] }, { token })))
    ).map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(10);
    expect(statuses.filter((status) => status === 429)).toHaveLength(30);
    expect(service.galileo.received).toHaveLength(10);
  });

  it('names itself and says when to come back', async () => {
    const service = await startTestService({ policy: TEN });
    await service.invite({ emails: Array.from({ length: 10 }, (_, n) => `p${n}@acme.com`) });
    service.clock.advance(60_000);
    const response = await service.invite({ emails: ['late@acme.com'] });
    expect(response.status).toBe(429);
    expect(response.headers.get('Retry-After')).toBe(String(59 * 60));
    expect(response.headers.get('RateLimit')).toBe('"hour";r=0;t=3540');
    expect(await response.json()).toMatchObject({ code: 'quota_exhausted', origin: 'quota', quota: 'hour' });
    expect((await service.records()).at(-1)).toMatchObject({ kind: 'denial', outcome: { quota: 'hour', status: 429 } });
    service.clock.advance(59 * 60_000);
    expect((await service.invite({ emails: ['late@acme.com'] })).status).toBe(200);
  });

  it('returns what a refused or unsent invitation took, and keeps what an unknown one took', async () => {
    const service = await startTestService({ policy: TEN });
    const left = async () =>
      (await service.invite({ emails: ['probe@acme.com'] }, { query: '?dry_run=true' })).json() as Promise<{
        quotas: { before: number }[];
      }>;
    await service.invite({ emails: ['refuse@acme.com'] });
    await service.invite({ emails: ['limit@acme.com'] });
    expect((await left()).quotas[0]?.before).toBe(10);
    await service.invite({ emails: ['hangup@acme.com'] });
    expect((await left()).quotas[0]?.before).toBe(9);
  });

  it('shows on the answer what is left after a return', async () => {
    const service = await startTestService({ policy: TEN });
    const refused = await service.invite({ emails: ['refuse@acme.com'] });
    expect(refused.headers.get('RateLimit')).toBe('"hour";r=10;t=3600');
  });

  it('about invitees never shows its counts', async () => {
    const service = await startTestService({ policy: TEN });
    const { headers } = await service.invite({ emails: ['ann@acme.com'] });
    expect(headers.get('RateLimit')).not.toContain('person');
    await service.invite({ emails: ['Ann@Acme.com'] });
    const third = await service.invite({ emails: ['ANN@acme.com'] });
    expect(third.status).toBe(429);
    expect(await third.json()).toMatchObject({ quota: 'person' });
  });
});
