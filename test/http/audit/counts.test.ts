import { describe, expect, it } from 'vitest';
import type { Ledger } from '../../../src/ledger/port.ts';
import { MINUTE_MS } from '../../support/ledger/ledger.ts';
import { startTestService } from '../../support/service.ts';
import type { TestService } from '../../support/service.ts';

/** How many requests of a period are on record with each result. The clock of the tests begins at TEST_TIME_MS. */
const KIM = { sub: 'kim', client_id: 'audit-desk', scope: 'audit:read' };
const HOUR_MS = 60 * MINUTE_MS;

interface Counts {
  readonly counts: readonly { from: string; result: string; requests: number; addresses: number }[];
  readonly scanned_to: number;
  readonly complete: boolean;
}

async function post(service: TestService, body: object, claims: object = KIM): Promise<Response> {
  return await service.request('/audit/counts', {
    method: 'POST',
    headers: {
      Authorization: `Bearer ${await service.token({ ...claims })}`,
      'Content-Type': 'application/json',
    },
    body: JSON.stringify(body),
  });
}

/** The period of all records of a test. */
function around(service: TestService, step: 'hour' | 'day' = 'day'): object {
  const now = service.clock.now();
  const at = (ms: number): string => new Date(ms).toISOString();
  return { from: at(now - 10 * HOUR_MS), to: at(now + 10 * HOUR_MS), step };
}

async function countsOf(service: TestService, body: object = {}): Promise<Counts> {
  const response = await post(service, { ...around(service), ...body });
  expect(response.status).toBe(200);
  return (await response.json()) as Counts;
}

const rows = ({ counts }: Counts) => counts.map(({ result, requests, addresses }) => [result, requests, addresses]);

describe('POST /audit/counts', () => {
  it('counts requests and addresses by result', async () => {
    const service = await startTestService();
    await service.invite({ emails: ['ann@acme.com', 'bo@acme.com'] });
    await service.invite({ emails: ['eve@rival.io'] });
    await service.invite({ emails: ['cy@acme.com'] }, { query: '?dry_run=true' });
    service.galileo.script({ kind: 'hangup', when: 'after_body' });
    await service.invite({ emails: ['di@acme.com'] });
    const counted = await countsOf(service);
    expect(rows(counted)).toEqual([
      ['admitted', 2, 3],
      ['accepted', 1, 2],
      ['denied', 1, 1],
      ['previewed', 1, 1],
      ['unknown', 1, 1],
    ]);
    expect([counted.scanned_to, counted.complete]).toEqual([6, true]);
  });

  it('counts of a lenient request the addresses that were to be sent', async () => {
    const service = await startTestService();
    const headers = { Prefer: 'handling=lenient' };
    expect((await service.invite({ emails: ['ann@acme.com', 'eve@rival.io'] }, { headers })).status).toBe(207);
    expect(rows(await countsOf(service))).toEqual([
      ['admitted', 1, 1],
      ['accepted', 1, 1],
    ]);
  });

  it('counts an outcome that was settled later as both', async () => {
    const service = await startTestService();
    service.galileo.script({ kind: 'hangup', when: 'after_body' });
    const id = (await service.invite({ emails: ['ann@acme.com'] })).headers.get('X-Request-Id') ?? '';
    const settled = await service.request(`/v2/invite_requests/${id}/settlement`, {
      method: 'POST',
      headers: {
        Authorization: `Bearer ${await service.token({ ...KIM, scope: 'invites:settle' })}`,
        'Content-Type': 'application/json',
      },
      body: JSON.stringify({ outcome: 'accepted', note: 'seen there' }),
    });
    expect(settled.status).toBe(200);
    expect(rows(await countsOf(service, { kind: 'reconciliation' }))).toEqual([['accepted', 1, 1]]);
    expect(rows(await countsOf(service))).toEqual([
      ['admitted', 1, 1],
      ['unknown', 1, 1],
      ['accepted', 1, 1],
    ]);
  });

  it('counts what has no record of its own as suppressed, and leaves out changes and reads', async () => {
    const service = await startTestService();
    for (let at = 0; at < 23; at += 1) await service.invite({ emails: ['eve@rival.io'] });
    await countsOf(service);
    service.clock.advance(MINUTE_MS);
    await service.sweep();
    expect((await service.records()).map(({ kind }) => kind as string)).toContain('read');
    expect(rows(await countsOf(service))).toEqual([
      ['denied', 20, 20],
      ['suppressed', 3, 0],
    ]);
  });

  it('says in which hour, in UTC, whatever the offset of the bounds is', async () => {
    const service = await startTestService();
    const first = Math.floor(service.clock.now() / HOUR_MS) * HOUR_MS;
    const body = around(service, 'hour');
    await service.invite({ emails: ['eve@rival.io'] });
    service.clock.advance(HOUR_MS);
    await service.invite({ emails: ['eve@rival.io'] });
    await service.invite({ emails: ['eve@rival.io'] });
    const { counts } = await countsOf(service, body);
    expect(counts.map(({ from, requests }) => [Date.parse(from), requests])).toEqual([
      [first, 1],
      [first + HOUR_MS, 2],
    ]);
    const offset = new Date(first + 2 * HOUR_MS + HOUR_MS).toISOString().replace('Z', '+02:00');
    expect((await countsOf(service, { ...body, to: offset })).counts).toHaveLength(1);
  });

  it('takes the filters of the search, by address, too', async () => {
    const service = await startTestService();
    await service.invite({ emails: ['ann@acme.com'] });
    await service.invite({ emails: ['eve@rival.io'] });
    expect(rows(await countsOf(service, { email: 'EVE@rival.io' }))).toEqual([['denied', 1, 1]]);
    expect(rows(await countsOf(service, { outcome: 'accepted' }))).toEqual([['accepted', 1, 1]]);
    expect(rows(await countsOf(service, { after: 2 }))).toEqual([['denied', 1, 1]]);
  });

  it('stops after a second and says how far it got, so that the caller can continue and add', async () => {
    const service: TestService = await startTestService({
      wrapLedger: (ledger) => ({
        ...ledger,
        async search(query) {
          service.clock.advance(600);
          return await ledger.search({ ...query, limit: 1 });
        },
      }),
    });
    for (let at = 0; at < 4; at += 1) await service.invite({ emails: ['eve@rival.io'] });
    const body = around(service);
    const first = await countsOf(service, body);
    expect([rows(first), first.scanned_to, first.complete]).toEqual([[['denied', 2, 2]], 2, false]);
    const second = await countsOf(service, { ...body, after: first.scanned_to });
    expect([rows(second), second.scanned_to]).toEqual([[['denied', 2, 2]], 4]);
    const end = second.complete ? second : await countsOf(service, { ...body, after: second.scanned_to });
    expect(end.complete).toBe(true);
  });

  it('names the records that cannot be read', async () => {
    const service = await startTestService({ ledger: 'file' });
    for (let at = 0; at < 3; at += 1) await service.invite({ emails: ['eve@rival.io'] });
    const [stored] = service.sql('SELECT line FROM records WHERE seq = 2');
    service.sql('UPDATE records SET line = ? WHERE seq = 2', 'damaged');
    const response = await post(service, around(service));
    expect(response.headers.get('Audit-Unreadable-Records')).toBe('count=1, seq=(2)');
    expect(rows((await response.json()) as Counts)).toEqual([['denied', 2, 2]]);
    service.sql('UPDATE records SET line = ? WHERE seq = 2', String(stored?.['line']));
  });

  it.each([
    ['without a period', {}, ['from', 'to']],
    ['with a step that is none', { step: 'week' }, ['step', 'from', 'to']],
    ['with a limit, which is of the search', { limit: 5 }, ['from', 'to', 'limit']],
  ])('is a 422 %s', async (_, body, places) => {
    const service = await startTestService();
    const response = await post(service, { step: 'day', ...body });
    expect(response.status).toBe(422);
    const { detail } = (await response.json()) as { detail: readonly { loc: readonly string[] }[] };
    expect(new Set(detail.map(({ loc }) => loc[1]))).toEqual(new Set(places));
  });

  it('counts at most 1,000 periods', async () => {
    const service = await startTestService();
    const from = '2026-01-01T00:00:00Z';
    const to = (hours: number) => new Date(Date.parse(from) + hours * HOUR_MS).toISOString();
    expect((await post(service, { step: 'hour', from, to: to(1000) })).status).toBe(200);
    expect((await post(service, { step: 'hour', from, to: to(1001) })).status).toBe(422);
  });

  it('needs the scope audit:read, and is a 503 when the ledger cannot be read', async () => {
    const service = await startTestService();
    expect((await post(service, around(service), { scope: 'invites:write' })).status).toBe(403);
    const wrapLedger = (ledger: Ledger): Ledger => ({ ...ledger, search: () => Promise.reject(new Error('disk')) });
    const broken = await startTestService({ wrapLedger });
    const response = await post(broken, around(broken));
    expect([response.status, await response.json()]).toMatchObject([503, { code: 'ledger_unavailable' }]);
  });

  it('is on record as a read, with the names of filters alone, which no log line has', async () => {
    const service = await startTestService();
    await countsOf(service, { subject: 'some-subject-we-look-for' });
    service.clock.advance(MINUTE_MS);
    await service.sweep();
    expect((await service.records()).at(-1)).toMatchObject({
      kind: 'read',
      read: { counts: [{ what: 'counts', count: 1 }], records: 0, filters: ['subject', 'from', 'to'] },
    });
    expect(JSON.stringify([await service.records(), service.logLines])).not.toContain('some-subject-we-look-for');
  });
});
