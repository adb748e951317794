/** Who reads the trail, or requests of other callers, is on record: one record a minute and reader. */
import { describe, expect, it } from 'vitest';
import type { AuditRecord, ReadRecord } from '../../../src/audit/record.ts';
import type { Ledger } from '../../../src/ledger/port.ts';
import { MINUTE_MS } from '../../support/ledger/ledger.ts';
import { startTestService } from '../../support/service.ts';
import type { TestService } from '../../support/service.ts';

const KIM = { sub: 'kim', client_id: 'audit-desk', scope: 'audit:read' };
const NO_POLICY = `/audit/policies/${'ab'.repeat(32)}`;
const NO_REQUEST = '/v2/invite_requests/00000000-0000-7000-8000-000000000000';

async function get(service: TestService, path: string, claims: Record<string, unknown> = KIM): Promise<Response> {
  return await service.request(path, { headers: { Authorization: `Bearer ${await service.token(claims)}` } });
}

const ONE_DAY = { from: '2026-03-02T00:00:00Z', to: '2026-03-03T00:00:00Z', step: 'day' };

async function search(service: TestService, filter: object, claims: Record<string, unknown> = KIM): Promise<Response> {
  return await post(service, '/audit/search', filter, claims);
}

async function post(
  service: TestService,
  path: string,
  body: object,
  claims: Record<string, unknown> = KIM,
): Promise<Response> {
  return await service.request(path, {
    method: 'POST',
    headers: { Authorization: `Bearer ${await service.token(claims)}`, 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
}

async function reads(service: TestService): Promise<ReadRecord[]> {
  return ((await service.records()) as AuditRecord[]).filter((record) => record.kind === 'read');
}

/** The records of the minute that ends now. */
async function endMinute(service: TestService): Promise<ReadRecord[]> {
  const before = await reads(service);
  service.clock.advance(MINUTE_MS);
  await service.sweep();
  return (await reads(service)).slice(before.length);
}

const idOf = (response: Response): string => response.headers.get('X-Request-Id') ?? '';

describe('a read of the trail', () => {
  it('is on record with who, how often, what was given out, and the names of filters alone', async () => {
    const service = await startTestService();
    await service.invite({ emails: ['ann@acme.com'] });
    await service.invite({ emails: ['eve@rival.io'] });
    await get(service, '/audit/records?after=1');
    await get(service, '/audit/records?after=3');
    await search(service, { email: 'ann@acme.com', subject: 'hr-portal', from: '2026-01-01T00:00:00Z' });
    const [record, ...others] = await endMinute(service);
    expect(others).toEqual([]);
    expect(record).toMatchObject({
      kind: 'read',
      actor: { issuer: 'corp', subject: 'kim', client_id: 'audit-desk', kind: 'user' },
      read: {
        count: 3,
        counts: [
          { what: 'trail', count: 2 },
          { what: 'search', count: 1 },
        ],
        ...{ records: 4, first_seq: 1, last_seq: 3, filters: ['subject', 'email', 'from'] },
      },
      service: { name: 'galileo-invite-proxy' },
    });
    expect(record?.actor).not.toHaveProperty('token_id');
    expect(JSON.stringify(record)).not.toContain('acme.com');
    expect(service.logLines.join('\n')).not.toContain('ann@acme.com');
  });

  it('makes a poller that finds nothing, and one that finds its own records, add one record a minute', async () => {
    const service = await startTestService();
    let after = 0;
    for (let minute = 0; minute < 5; minute += 1) {
      for (let poll = 0; poll < 6; poll += 1) {
        const text = await (await get(service, `/audit/records?after=${after}`)).text();
        after += text.split('\n').length - 1;
      }
      expect(await endMinute(service)).toHaveLength(1);
    }
    expect((await service.records()).map(({ kind }) => kind)).toEqual(Array.from({ length: 5 }, () => 'read'));
    expect((await reads(service)).map(({ read }) => [read.count, read.records])).toEqual([
      [6, 0],
      ...Array.from({ length: 4 }, () => [6, 1]),
    ]);
  });

  it('adds no record in a minute without a read', async () => {
    const service = await startTestService();
    await get(service, '/audit/records');
    expect(await endMinute(service)).toHaveLength(1);
    expect(await endMinute(service)).toHaveLength(0);
  });

  it('is counted exactly when many come at once', async () => {
    const service = await startTestService({ ledger: 'file' });
    await Promise.all(Array.from({ length: 30 }, () => get(service, '/audit/records')));
    expect((await endMinute(service)).map(({ read }) => read.count)).toEqual([30]);
  });

  it('is durable before it is answered', async () => {
    const { promise: written, resolve: write } = Promise.withResolvers<void>();
    const { promise: asked, resolve: ask } = Promise.withResolvers<void>();
    const wrapLedger = (ledger: Ledger): Ledger => ({
      ...ledger,
      async countRead(report) {
        ask();
        await written;
        await ledger.countRead(report);
      },
    });
    const service = await startTestService({ wrapLedger });
    let isAnswered = false;
    const answer = get(service, '/audit/records').finally(() => {
      isAnswered = true;
    });
    await asked;
    expect(isAnswered).toBe(false);
    write();
    expect((await answer).status).toBe(200);
  });

  it.each([
    ['the trail', (service: TestService) => get(service, '/audit/records'), 'trail'],
    ['a search', (service: TestService) => search(service, { email: 'ann@acme.com' }), 'search'],
    ['counts', (service: TestService) => post(service, '/audit/counts', ONE_DAY), 'counts'],
    ['all requests', (service: TestService) => get(service, '/v2/invite_requests'), 'requests'],
    ['one request', (service: TestService) => get(service, NO_REQUEST), 'request'],
    ['a policy', (service: TestService) => get(service, NO_POLICY), 'policy'],
  ] as const)(
    'of %s is answered when the ledger cannot count it, and the log and a counter say so',
    async (_, ask, what) => {
      const wrapLedger = (ledger: Ledger): Ledger => ({
        ...ledger,
        countRead: () => Promise.reject(new Error('database or disk is full')),
      });
      const service = await startTestService({ wrapLedger });
      const response = await ask(service);
      expect(response.status).toBe(what === 'request' || what === 'policy' ? 404 : 200);
      const lines = service.logLines.filter((line) => line.includes('audit_read_unrecorded'));
      expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
        {
          ...{ level: 'error', event: 'audit_read_unrecorded', what },
          ...{ request_id: idOf(response), trace_id: expect.any(String) },
        },
      ]);
      expect(service.counted.filter((one) => one.startsWith('audit_reads_unrecorded'))).toEqual([
        'audit_reads_unrecorded{}',
      ]);
      expect(await endMinute(service)).toEqual([]);
    },
  );

  it('that gets no answer is not on record', async () => {
    let fails = false;
    const wrapLedger = (ledger: Ledger): Ledger => ({
      ...ledger,
      records: (...args) => (fails ? Promise.reject(new Error('disk')) : ledger.records(...args)),
    });
    const service = await startTestService({ wrapLedger });
    expect((await get(service, '/audit/records', { ...KIM, scope: 'invites:write' })).status).toBe(403);
    expect((await get(service, '/audit/records?after=x')).status).toBe(422);
    expect((await search(service, { emial: 'ann@acme.com' })).status).toBe(422);
    fails = true;
    expect((await get(service, '/audit/records')).status).toBe(503);
    fails = false;
    expect(await endMinute(service)).toEqual([]);
  });
});

describe('requests of other callers', () => {
  it('are on record when a settlement is repeated with audit:read: the repeat shows what a read shows', async () => {
    const service = await startTestService();
    service.galileo.script({ kind: 'hangup', when: 'after_body' });
    const id = idOf(await service.invite({ emails: ['ann@acme.com'] }));
    const settle = async (scope: string): Promise<number> => {
      const { status } = await service.request(`/v2/invite_requests/${id}/settlement`, {
        method: 'POST',
        headers: {
          Authorization: `Bearer ${await service.token({ ...KIM, scope })}`,
          'Content-Type': 'application/json',
        },
        body: JSON.stringify({ outcome: 'refused', note: 'not there after a day' }),
      });
      return status;
    };
    expect([await settle('invites:settle audit:read'), await settle('invites:settle')]).toEqual([200, 200]);
    expect(await endMinute(service)).toEqual([]);
    expect(await settle('invites:settle audit:read')).toBe(200);
    expect((await endMinute(service)).map(({ actor, read }) => [actor?.subject, read.counts, read.records])).toEqual([
      ['kim', [{ what: 'request', count: 1 }], 1],
    ]);
  });

  it('are read on record through audit:read, found or not', async () => {
    const service = await startTestService();
    const id = idOf(await service.invite({ emails: ['ann@acme.com'] }));
    await get(service, `/v2/invite_requests/${id}`);
    await get(service, '/v2/invite_requests');
    await get(service, NO_REQUEST);
    await get(service, NO_POLICY);
    expect((await endMinute(service)).map(({ actor, read }) => [actor?.subject, read])).toMatchObject([
      [
        'kim',
        {
          count: 4,
          counts: [
            { what: 'request', count: 2 },
            { what: 'requests', count: 1 },
            { what: 'policy', count: 1 },
          ],
          records: 2,
          filters: [],
        },
      ],
    ]);
  });

  it('are not what a caller reads of its own, with audit:read or without', async () => {
    const service = await startTestService();
    const id = idOf(await service.invite({ emails: ['ann@acme.com'] }));
    await get(service, `/v2/invite_requests/${id}`, {});
    await get(service, '/v2/invite_requests', {});
    await get(service, NO_REQUEST, {});
    const both = { scope: 'invites:write audit:read' };
    await get(service, `/v2/invite_requests/${id}`, both);
    await get(service, '/v2/invite_requests', both);
    expect(await endMinute(service)).toEqual([]);
    await service.invite({ emails: ['bob@acme.com'] }, { token: await service.token({ sub: 'lee' }) });
    await get(service, '/v2/invite_requests?own=true', both);
    expect(await endMinute(service)).toEqual([]);
    await get(service, '/v2/invite_requests', both);
    expect((await endMinute(service)).map(({ actor, read }) => [actor?.subject, read.records])).toEqual([
      ['hr-portal', 2],
    ]);
  });
});

describe('a record of reads', () => {
  it('is found by a search for its reader, whose own search is on record, too', async () => {
    const service = await startTestService();
    await get(service, '/audit/records');
    await endMinute(service);
    const lee = { ...KIM, sub: 'lee' };
    const found = await (await search(service, { subject: 'kim' }, lee)).text();
    expect(found.trimEnd().split('\n')).toHaveLength(1);
    expect(JSON.parse(found)).toMatchObject({ kind: 'read', actor: { subject: 'kim' } });
    expect((await endMinute(service)).map(({ actor, read }) => [actor?.subject, read.filters])).toEqual([
      ['lee', ['subject']],
    ]);
  });
});
