import { describe, expect, it } from 'vitest';
import { verifyChain } from '../../src/audit/chain.ts';
import { checkpointLine } from '../../src/audit/checkpoint/checkpoint.ts';
import type { RequestRecord } from '../../src/audit/record.ts';
import { testUuid7 } from '../support/clock.ts';
import { DAY_MS, passTime } from '../support/ledger/ledger.ts';
import { policyFrom } from '../support/policy.ts';
import type { TestService } from '../support/service.ts';
import { POLICY, startTestService } from '../support/service.ts';

async function get(service: TestService, path: string, claims: Record<string, unknown> = {}): Promise<Response> {
  return await service.request(path, { headers: { Authorization: `Bearer ${await service.token(claims)}` } });
}

const AUDITOR = { sub: 'audit-desk', scope: 'audit:read' };

describe('GET /v2/invite_policy', () => {
  it('shows what this caller may do now, from the rules that name it', async () => {
    const service = await startTestService();
    await service.invite({ emails: ['ann@acme.com'] });
    const body = (await (await get(service, '/v2/invite_policy')).json()) as Record<string, unknown>;
    expect(JSON.stringify(body)).toContain('hr-staff');
    expect(JSON.stringify(body)).not.toContain('rival.io');
    expect(body.quotas).toEqual([
      { quota: 'app-day', unit: 'emails', limit: 50, window_s: 86_400, remaining: 49, reset_s: 50_400 },
    ]);
  });

  it('shows a stranger nothing', async () => {
    const service = await startTestService();
    const text = await (await get(service, '/v2/invite_policy', { sub: 'stranger', client_id: 'stranger' })).text();
    expect(text).not.toContain('hr-staff');
    expect(text).not.toContain('acme');
  });

  it('compiles the rules of a caller once for all its requests, and reads its counters for each', async () => {
    const compiled = policyFrom(POLICY, ['corp']);
    let compilations = 0;
    // Each compilation and each decision reads the forced values.
    const policy = {
      ...compiled,
      get force() {
        compilations += 1;
        return compiled.force;
      },
    };
    const service = await startTestService({ deps: { policy: { current: () => policy } } });
    const read = async (sub: string) =>
      (await (await get(service, '/v2/invite_policy', { sub, client_id: 'hr-portal' })).json()) as {
        quotas: { remaining: number }[];
      };
    const first = await read('ann');
    expect(compilations).toBe(1);
    expect(JSON.stringify(first)).toContain('hr-staff');
    await service.invite({ emails: ['ann@acme.com'] });
    const byInvite = compilations;
    const second = await read('bob');
    expect(compilations).toBe(byInvite);
    expect([first, second].map(({ quotas }) => quotas[0]?.remaining)).toEqual([50, 49]);
    expect({ ...second, quotas: [] }).toEqual({ ...first, quotas: [] });
  });
});

describe('GET /v2/invite_requests', () => {
  it('tells an owner what became of each of their requests, newest first, without how the service talks to Galileo', async () => {
    const service = await startTestService();
    const accepted = await service.invite({ emails: ['ann@acme.com'] });
    const denied = await service.invite({ emails: ['eve@rival.io'] });
    const text = await (await get(service, '/v2/invite_requests')).text();
    const { requests, next } = JSON.parse(text) as { requests: { id: string; state: string }[]; next: string | null };
    expect(next).toBeNull();
    expect(requests).toMatchObject([
      { id: denied.headers.get('X-Request-Id'), state: 'denied', outcome: { code: 'policy_denied' } },
      {
        id: accepted.headers.get('X-Request-Id'),
        state: 'accepted',
        request: { emails: ['ann@acme.com'] },
        outcome: { result: 'accepted' },
      },
    ]);
    expect(text).not.toContain('key_fingerprint');
  });

  it("hides another caller's request behind the same 404 as one that never was", async () => {
    const service = await startTestService();
    const id = (await service.invite({ emails: ['ann@acme.com'] })).headers.get('X-Request-Id') ?? '';
    expect((await get(service, `/v2/invite_requests/${id}`)).status).toBe(200);
    const other = { sub: 'someone-else', client_id: 'hr-portal' };
    const hidden = await get(service, `/v2/invite_requests/${id}`, other);
    const absent = await get(service, '/v2/invite_requests/00000000-0000-7000-8000-000000000000', other);
    expect([hidden.status, absent.status]).toEqual([404, 404]);
    const comparable = async (response: Response) => ({
      ...((await response.json()) as object),
      ...{ request_id: '', trace_id: '' },
    });
    expect(await comparable(hidden)).toEqual(await comparable(absent));
    expect(await (await get(service, '/v2/invite_requests', other)).json()).toEqual({ requests: [], next: null });
  });

  it('shows an auditor everything, attempts too', async () => {
    const service = await startTestService();
    const id = (await service.invite({ emails: ['ann@acme.com'] })).headers.get('X-Request-Id') ?? '';
    const entry = (await (await get(service, `/v2/invite_requests/${id}`, AUDITOR)).json()) as Record<string, unknown>;
    expect(entry).toMatchObject({ id, state: 'accepted', outcome: { attempts: [{ slot: 'current' }] } });
  });

  it('shows an auditor who asks for own=true what is their own, and everything with own=false', async () => {
    const service = await startTestService();
    const both = { scope: 'invites:write audit:read' };
    const id = (await service.invite({ emails: ['ann@acme.com'] }, { token: await service.token(both) })).headers.get(
      'X-Request-Id',
    );
    await service.invite({ emails: ['bo@acme.com'] }, { token: await service.token({ sub: 'lee' }) });
    const idsOf = async (query: string) => {
      const page = await (await get(service, `/v2/invite_requests${query}`, both)).json();
      const { requests } = page as { requests: { id: string }[] };
      return requests.map((one) => one.id);
    };
    expect(await idsOf('?own=true')).toEqual([id]);
    expect(await idsOf('?own=false')).toHaveLength(2);
  });

  it('is paged by a cursor that skips and repeats nothing', async () => {
    const service = await startTestService();
    const ids: string[] = [];
    for (let count = 0; count < 101; count += 1) {
      // Only the first refusals of a minute are recorded one by one.
      if (count % 20 === 0) service.clock.advance(60_000);
      ids.push((await service.invite({ emails: ['eve@rival.io'] })).headers.get('X-Request-Id') ?? '');
    }
    type Page = { requests: { id: string }[]; next: string | null };
    const first = (await (await get(service, '/v2/invite_requests')).json()) as Page;
    const second = (await (await get(service, `/v2/invite_requests?before=${first.next}`)).json()) as Page;
    expect(second.next).toBeNull();
    expect([...first.requests, ...second.requests].map(({ id }) => id)).toEqual(ids.toReversed());
  });

  it.each([
    '?befor=x',
    '?before=x',
    '?own=yes',
    '?own=true&own=true',
    '?before=00000000-0000-7000-8000-000000000000&before=00000000-0000-7000-8000-000000000000',
  ])('refuses the query %s', async (query) => {
    const service = await startTestService();
    const response = await get(service, `/v2/invite_requests${query}`);
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({
      code: 'invalid_request',
      origin: 'proxy',
      detail: [{ loc: ['query', expect.any(String)] }],
    });
  });
});

describe('a reading route without parameters', () => {
  it.each(['/v2/invite_policy', '/v2/invite_requests/00000000-0000-7000-8000-000000000000'])(
    '%s refuses any',
    async (path) => {
      const service = await startTestService();
      expect((await get(service, `${path}?verbose=1`)).status).toBe(422);
    },
  );
});

describe('GET /audit/records', () => {
  it('gives the trail verbatim as NDJSON, in an unbroken chain', async () => {
    const service = await startTestService();
    await service.invite({ emails: ['ann@acme.com'] });
    await service.invite({ emails: ['eve@rival.io'] });
    const response = await get(service, '/audit/records?after=0', AUDITOR);
    expect(response.headers.get('Content-Type')).toBe('application/x-ndjson');
    const text = await response.text();
    expect(text.endsWith('\n')).toBe(true);
    const lines = text.trimEnd().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { seq: number }).seq)).toEqual([1, 2, 3]);
    expect(verifyChain(lines)).toMatchObject({ kind: 'intact' });
  });

  it('goes on after the cursor and is empty when there is no more', async () => {
    const service = await startTestService();
    await service.invite({ emails: ['ann@acme.com'] });
    const rest = await (await get(service, '/audit/records?after=1', AUDITOR)).text();
    expect(rest.trimEnd().split('\n')).toHaveLength(1);
    expect(await (await get(service, '/audit/records?after=2', AUDITOR)).text()).toBe('');
  });

  it('is paged by weight too, so that heavy records stop nobody who follows it', async () => {
    const service = await startTestService();
    const emails = Array.from(
      { length: 500 },
      (_, n) => `${String(n).padStart(3, '0')}${'b'.repeat(58)}@${'c'.repeat(50)}.com`,
    );
    for (let count = 0; count < 80; count += 1) {
      // Each of another subject: of one subject only 256 KiB a minute are recorded.
      const token = await service.token({ sub: `subject-${count}` });
      expect((await service.invite({ emails }, { token })).status).toBe(403);
    }
    let seen = 0;
    for (let text = '?'; text !== '';) {
      text = await (await get(service, `/audit/records?after=${seen}`, AUDITOR)).text();
      expect(text.length).toBeLessThan(4 * 1024 * 1024 + 100_000);
      seen += text.split('\n').length - 1;
    }
    expect(seen).toBe(80);
    type Page = { requests: unknown[]; next: string | null };
    const page = (await (await get(service, '/v2/invite_requests', AUDITOR)).json()) as Page;
    expect(page.requests).toHaveLength(10);
    expect(page.next).not.toBeNull();
  });

  it('begins behind what was dropped for its age, and says from where the chain goes on', async () => {
    const service = await startTestService();
    const { ledger, clock } = service.deps;
    await service.invite({ emails: ['eve@rival.io'] });
    const [dropped] = await service.records();
    const { head } = await ledger.chain();
    const madeAt = clock.now();
    const time = new Date(madeAt).toISOString();
    const checkpoint = { id: testUuid7(9), time, count: head.seq, head: head.hash, previous: null };
    const line = await checkpointLine(checkpoint, null);
    expect(await ledger.addCheckpoint({ count: head.seq, madeAt, line })).toBe(true);
    await ledger.ack('test', (await ledger.lease('test', 10)).at(-1)?.position ?? 0);
    await passTime(ledger, service.clock, 2 * DAY_MS);
    await service.invite({ emails: ['eve@rival.io'] });
    expect(await ledger.prune({ sinks: ['test'], keepRecordsMs: DAY_MS })).toMatchObject({ records: 1 });
    const lines = (await (await get(service, '/audit/records?after=0', AUDITOR)).text()).trimEnd().split('\n');
    expect(lines.map((one) => (JSON.parse(one) as RequestRecord).prev)).toEqual([dropped?.hash]);
    expect(verifyChain(lines, head)).toMatchObject({ kind: 'intact' });
  });

  it.each(['?after=-1', '?after=x', '?after=1e3', '?limit=5'])('refuses the query %s', async (query) => {
    const service = await startTestService();
    expect((await get(service, `/audit/records${query}`, AUDITOR)).status).toBe(422);
  });
});
