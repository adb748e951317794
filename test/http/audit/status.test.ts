import { describe, expect, it } from 'vitest';
import type { Ledger } from '../../../src/ledger/port.ts';
import { MINUTE_MS } from '../../support/ledger/ledger.ts';
import { startTestService } from '../../support/service.ts';
import type { TestService, TestServiceOptions } from '../../support/service.ts';

/** How far the trail is proven and delivered, for the audit team. */
const KIM = { sub: 'kim', client_id: 'audit-desk', scope: 'audit:read' };

async function get(service: TestService, path = '/audit/status', claims: object = KIM): Promise<Response> {
  const token = await service.token({ ...claims });
  return await service.request(path, { headers: { Authorization: `Bearer ${token}` } });
}

async function statusOf(options: TestServiceOptions): Promise<Record<string, unknown>> {
  const response = await get(await startTestService(options));
  expect(response.status).toBe(200);
  return (await response.json()) as Record<string, unknown>;
}

const withChain =
  (change: Partial<Awaited<ReturnType<Ledger['chain']>>>) =>
  (ledger: Ledger): Ledger => ({ ...ledger, chain: async () => ({ ...(await ledger.chain()), ...change }) });

describe('GET /audit/status', () => {
  it('says where the trail ends, what is proven, how far each sink is behind, and which policy decides', async () => {
    const service = await startTestService();
    await service.invite({ emails: ['ann@acme.com'] });
    service.clock.advance(MINUTE_MS);
    const response = await get(service);
    const status = (await response.json()) as Record<string, unknown>;
    const last = (await service.records()).at(-1);
    expect(status).toEqual({
      policy_digest: response.headers.get('Policy-Digest')?.replace('sha256:', ''),
      ...{ dropped_to: 0, last_seq: 2, head: last?.hash, verified_to: 0, checkpoint: null, fault: null },
      sinks: [{ sink: 'stdout', backlog_records: 2, lag_s: 60 }],
    });
  });

  it('says up to which record the last checkpoint proves it', async () => {
    const madeAt = Date.parse('2026-03-02T09:55:00.000Z');
    expect(await statusOf({ wrapLedger: withChain({ checkpoint: { count: 7, madeAt } }) })).toMatchObject({
      verified_to: 7,
      checkpoint: { count: 7, made_at: '2026-03-02T09:55:00.000Z' },
    });
    const base = { seq: 40, hash: 'ab'.repeat(32) };
    expect(await statusOf({ wrapLedger: withChain({ base }) })).toMatchObject({ dropped_to: 40, verified_to: 40 });
  });

  it.each<[string, TestServiceOptions]>([
    ['the process', { deps: { trailFault: () => ({ seq: 3, reason: 'hash_mismatch' as never }) } }],
    ['the ledger', { wrapLedger: withChain({ fault: { seq: 3, reason: 'hash_mismatch' as never } }) }],
  ])('says where %s found the trail changed', async (_, options) => {
    expect(await statusOf(options)).toMatchObject({ fault: { seq: 3, reason: 'hash_mismatch' } });
  });

  it('gives no lag below zero when the clock steps back', async () => {
    const service = await startTestService();
    await service.invite({ emails: ['ann@acme.com'] });
    service.clock.advance(-MINUTE_MS);
    const { sinks } = (await (await get(service)).json()) as { sinks: readonly { lag_s: number }[] };
    expect(sinks.map(({ lag_s }) => lag_s)).toEqual([0]);
  });

  it('names no collector, no reason of a failing one and no setting', async () => {
    const settings = { AUDIT_SINKS: ['stdout', 'http'], AUDIT_HTTP_URL: 'https://collector.example.com/in' } as const;
    const status = await statusOf({ settings: settings as TestServiceOptions['settings'] & object });
    expect(status['sinks']).toMatchObject([{ sink: 'stdout' }, { sink: 'http' }]);
    expect(JSON.stringify(status)).not.toMatch(/collector|example\.com|https?:/);
  });

  it('needs the scope audit:read, takes no query, and is a 503 when the ledger cannot be read', async () => {
    const service = await startTestService();
    expect((await get(service, '/audit/status', { scope: 'invites:write' })).status).toBe(403);
    expect((await service.request('/audit/status')).status).toBe(401);
    expect((await get(service, '/audit/status?full=true')).status).toBe(422);
    const wrapLedger = (ledger: Ledger): Ledger => ({ ...ledger, backlog: () => Promise.reject(new Error('disk')) });
    const response = await get(await startTestService({ wrapLedger }));
    expect([response.status, await response.json()]).toMatchObject([503, { code: 'ledger_unavailable' }]);
  });

  it('is not a read on record, because it gives out nothing of a record', async () => {
    const service = await startTestService();
    await get(service);
    service.clock.advance(MINUTE_MS);
    await service.sweep();
    expect(await service.records()).toEqual([]);
  });
});
