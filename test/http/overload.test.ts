/**
 * The concurrency limits: which requests run, which wait, which are refused as overloaded, and which are never limited.
 */
import { describe, expect, it } from 'vitest';
import { BULKHEADS } from '../../src/middleware/limits/limit-concurrency.ts';
import { LIVEZ_PATHS, READYZ_PATHS } from '../../src/lib/http/health-paths.ts';
import { createOpsApp } from '../../src/routes/operations/ops-app.ts';
import { CONSOLE_PATHS } from '../../src/routes/pages/console.ts';
import { PAGE_FILES } from '../../src/routes/pages/pages.ts';
import { createFakeClock, promisesSettled } from '../support/clock.ts';
import type { TestService } from '../support/service.ts';
import { startTestService } from '../support/service.ts';

/** A policy without quotas: this file tests the concurrency limits. */
const POLICY = `
version: 1
callers:
  hr-portal: { issuer: corp, client_id: [hr-portal] }
rules:
  - { id: hr-staff, allow: [hr-portal], domains: [acme.com], roles: any, auth_methods: any }
`;

/** With HTTP Basic one invite goes alone until Galileo has accepted the password, so a crowd would wait for that. */
const FOR_CROWDS = { policy: POLICY, scheme: 'api_key' } as const;

const { invites, reads, trail, searches } = BULKHEADS;
const AUDITOR = { sub: 'audit-desk', scope: 'audit:read' };

/** Starts `size` invites. Galileo answers none of them before `release`. */
async function crowd(service: TestService, size: number) {
  const released = Promise.withResolvers<void>();
  const emails = Array.from({ length: size }, (_, n) => `p${String(n)}@acme.com`);
  for (const email of emails)
    service.galileo.script({ kind: 'answer', status: 200, body: { invited: 1 }, after: released.promise }, email);
  const token = await service.token();
  const answers = emails.map((email) => service.invite({ emails: [email] }, { token }));
  const atGalileo = Math.min(size, invites.maxConcurrent);
  await service.galileo.arrived(atGalileo);
  expect(service.galileo.received).toHaveLength(atGalileo);
  return { answers, release: () => released.resolve() };
}

describe('more invites than places', () => {
  it('work up to the limit, wait up to the limit, and beyond are a 503 that says when to come back', async () => {
    const service = await startTestService(FOR_CROWDS);
    const { answers, release } = await crowd(service, invites.maxConcurrent + invites.maxQueued);
    const beyond = await service.invite(
      { emails: ['late@acme.com'] },
      { headers: { Origin: 'https://hr.example.com' } },
    );
    expect(beyond.status).toBe(503);
    expect(beyond.headers.get('Retry-After')).toBe('5');
    expect(beyond.headers.get('Access-Control-Allow-Origin')).toBe('https://hr.example.com');
    expect(beyond.headers.get('X-Content-Type-Options')).toBe('nosniff');
    expect(await beyond.json()).toMatchObject({ code: 'overloaded', origin: 'proxy', status: 503 });
    expect(service.counted).toContain('refusals{origin=proxy,code=overloaded}');
    expect(service.counted).toContain('requests_shed{bulkhead=invites,reason=queue_full}');
    expect(service.galileo.received).toHaveLength(invites.maxConcurrent);

    release();
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual(answers.map(() => 200));
    expect(service.galileo.received).toHaveLength(invites.maxConcurrent + invites.maxQueued);
    expect(service.galileo.received.filter(({ body }) => body.includes('late@acme.com'))).toEqual([]);
    expect((await service.records()).filter(({ kind }) => kind === 'intent')).toHaveLength(answers.length);
    expect((await service.invite({ emails: ['late@acme.com'] })).status).toBe(200);
  });

  it('wait two seconds and no longer, and leave no record when they have to go', async () => {
    const schedule = createFakeClock();
    const service = await startTestService({ ...FOR_CROWDS, deps: { schedule } });
    const { answers, release } = await crowd(service, invites.maxConcurrent);
    const maxQueued = service.invite({ emails: ['late@acme.com'] });
    await schedule.until((waitingMs) => waitingMs.includes(invites.queueTimeoutMs));
    schedule.advance(invites.queueTimeoutMs);
    expect((await maxQueued).status).toBe(503);
    expect(service.counted).toContain('requests_shed{bulkhead=invites,reason=waited_too_long}');
    release();
    await Promise.all(answers);
    expect((await service.records()).filter(({ kind }) => kind === 'intent')).toHaveLength(invites.maxConcurrent);
  });

  it('whose caller went away while waiting are not sent', async () => {
    const service = await startTestService(FOR_CROWDS);
    const { answers, release } = await crowd(service, invites.maxConcurrent);
    const caller = new AbortController();
    const maxQueued = service.invite({ emails: ['gone@acme.com'] }, { signal: caller.signal });
    caller.abort();
    await maxQueued;
    release();
    await Promise.all(answers);
    expect(service.galileo.received).toHaveLength(invites.maxConcurrent);
  });

  it('keep nobody from reading, from health, or from the contract', async () => {
    const service = await startTestService(FOR_CROWDS);
    const { answers, release } = await crowd(service, invites.maxConcurrent + invites.maxQueued);
    const headers = { Authorization: `Bearer ${await service.token()}` };
    const paths = ['/livez', '/readyz', '/openapi.json', '/v2/invite_policy', '/v2/invite_requests'];
    const served = await Promise.all(paths.map((path) => service.request(path, { headers })));
    expect(served.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    const ops = createOpsApp({
      ...service.deps,
      trailFault: () => null,
      delivery: { status: () => [] },
      exposeMetrics: async () => ({ contentType: 'text/plain', text: 'x 1' }),
    });
    for (const path of [...LIVEZ_PATHS, ...READYZ_PATHS, '/metrics'])
      expect((await ops.request(path)).status).toBe(200);
    for (const path of [...LIVEZ_PATHS, ...READYZ_PATHS])
      expect((await ops.request(path, { method: 'OPTIONS' })).status).toBe(200);
    release();
    await Promise.all(answers);
  });
});

describe('every route that asks for a token', () => {
  it('is bounded: with the places for reading taken it is a 503, and health is not', async () => {
    // The ledger does not answer before the end, so every request keeps its permit or its place in the queue.
    const { promise: never, reject: giveUp } = Promise.withResolvers<never>();
    const schedule = createFakeClock();
    const service = await startTestService({
      deps: { schedule },
      wrapLedger: (ledger) => ({
        ...ledger,
        usage: () => never,
        admit: () => never,
        records: () => never,
        search: () => never,
      }),
    });
    const scope = 'invites:write invites:settle audit:read';
    const token = await service.token({ sub: 'ann', client_id: 'hr-portal', scope });
    const headers = { Authorization: `Bearer ${token}` };
    for (let n = 0; n < reads.maxConcurrent + reads.maxQueued; n += 1)
      void service.request('/v2/invite_policy', { headers });
    for (let n = 0; n < invites.maxConcurrent + invites.maxQueued; n += 1)
      void service.invite({ emails: ['ann@acme.com'] }, { token });
    for (let n = 0; n < trail.maxConcurrent + trail.maxQueued; n += 1)
      void service.request('/audit/records', { headers });
    const search = { method: 'POST', headers: { ...headers, 'Content-Type': 'application/json' }, body: '{}' };
    for (let n = 0; n < searches.maxConcurrent + searches.maxQueued; n += 1)
      void service.request('/audit/search', search);
    const allQueued = reads.maxQueued + invites.maxQueued + trail.maxQueued + searches.maxQueued;
    await schedule.until((waitingMs) => waitingMs.filter((ms) => ms === reads.queueTimeoutMs).length === allQueued);

    const open = new Set([
      ...['/openapi.json', '/.well-known/oauth-protected-resource'],
      ...PAGE_FILES.map(({ path }) => path),
      ...CONSOLE_PATHS,
      ...[...LIVEZ_PATHS, ...READYZ_PATHS],
    ]);
    const routes = service.app.routes.filter(({ method }) => method === 'GET' || method === 'POST');
    const paths = new Map(routes.map(({ method, path }) => [path, method]));
    expect(paths.size).toBeGreaterThan(open.size + 4);
    for (const [path, method] of paths) {
      const response = await service.request(path, { method, headers });
      expect([path, response.status]).toEqual([path, open.has(path) ? 200 : 503]);
      if (!open.has(path)) expect(await response.json()).toMatchObject({ code: 'overloaded' });
    }
    giveUp(new Error('disk'));
  });
});

describe('answers that are not taken', () => {
  it.each<[path: string, places: number]>([
    ['/audit/records', trail.maxConcurrent],
    ['/v2/invite_requests', reads.maxConcurrent],
  ])('hold the places of their lane, so that no more of them are in memory: %s', async (path, places) => {
    const taken: (() => void)[] = [];
    const schedule = createFakeClock();
    const responseSent = () => new Promise<void>((resolve) => void taken.push(resolve));
    const service = await startTestService({ deps: { schedule, responseSent } });
    const headers = { Authorization: `Bearer ${await service.token(AUDITOR)}` };
    const ask = async (): Promise<number> => (await service.request(path, { headers })).status;
    for (let n = 0; n < places; n += 1) expect(await ask()).toBe(200);
    const maxQueued = ask();
    await schedule.until((waitingMs) => waitingMs.includes(reads.queueTimeoutMs));
    taken.shift()?.();
    expect(await maxQueued).toBe(200);
    expect(taken).toHaveLength(places);
  });

  it('keep nobody from asking what became of an invite', async () => {
    const { promise: never } = Promise.withResolvers<never>();
    const service = await startTestService({ deps: { responseSent: () => never } });
    const headers = { Authorization: `Bearer ${await service.token(AUDITOR)}` };
    for (let n = 0; n < trail.maxConcurrent; n += 1) await service.request('/audit/records', { headers });
    expect((await service.request('/v2/invite_requests', { headers })).status).toBe(200);
  });
});

describe('unread answers that fill the memory for them', () => {
  it('refuse further requests before they are read, on every route but health', async () => {
    const state = { isFull: false };
    const service = await startTestService({ deps: { answersInFlight: { isFull: () => state.isFull } } });
    const headers = { Authorization: `Bearer ${await service.token()}`, Origin: 'https://hr.example.com' };
    const paths = ['/openapi.json', '/v2/invite_policy', '/v2/invite_requests', '/nowhere'];
    for (const path of paths) expect((await service.request(path, { headers })).status).not.toBe(503);
    state.isFull = true;
    for (const path of paths) {
      const response = await service.request(path, { headers });
      expect([path, response.status]).toEqual([path, 503]);
      expect(response.headers.get('Retry-After')).toBe('5');
      expect(response.headers.get('Access-Control-Allow-Origin')).toBe('https://hr.example.com');
      expect(await response.json()).toMatchObject({ code: 'overloaded', origin: 'proxy' });
    }
    expect((await service.invite({ emails: ['ann@acme.com'] })).status).toBe(503);
    expect(await service.records()).toEqual([]);
    expect(service.counted).toContain('requests_shed{bulkhead=all,reason=answers}');
    for (const path of ['/livez', '/readyz']) expect((await service.request(path)).status).toBe(200);
    state.isFull = false;
    expect((await service.invite({ emails: ['ann@acme.com'] })).status).toBe(200);
  });
});

describe('many searches', () => {
  it('look at one slice in a turn of the event loop, all of them together', async () => {
    const schedule = createFakeClock();
    const looked: number[] = [];
    const service = await startTestService({
      deps: { schedule },
      wrapLedger: (ledger) => ({
        ...ledger,
        async search({ after }) {
          looked.push(after);
          return { records: [], scannedTo: after + 1, done: after === 2, unreadable: [] };
        },
      }),
    });
    const headers = {
      Authorization: `Bearer ${await service.token(AUDITOR)}`,
      'Content-Type': 'application/json',
    };
    const search = () => service.request('/audit/search', { method: 'POST', headers, body: '{}' });
    // With a token that is known, no search has anything else to wait for than its turn.
    expect((await service.request('/v2/invite_requests', { headers })).status).toBe(200);
    const answers = Array.from({ length: searches.maxConcurrent }, search);
    for (let slices = 0; slices < 3 * searches.maxConcurrent; slices += 1) {
      await schedule.until((waitingMs) => waitingMs.includes(0));
      expect(schedule.waitingMs.filter((ms) => ms === 0)).toEqual([0]);
      expect(looked).toHaveLength(slices);
      schedule.advance(0);
    }
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual(answers.map(() => 200));
    expect(looked).toEqual([0, 0, 1, 1, 2, 2]);
  });

  it('go on after one that failed', async () => {
    const service = await startTestService({
      wrapLedger: (ledger) => ({
        ...ledger,
        search: (query) => (query.limit === 1 ? Promise.reject(new Error('disk')) : ledger.search(query)),
      }),
    });
    const headers = {
      Authorization: `Bearer ${await service.token(AUDITOR)}`,
      'Content-Type': 'application/json',
    };
    const search = (body: string) => service.request('/audit/search', { method: 'POST', headers, body });
    const answers = await Promise.all([search('{"limit":1}'), search('{}')]);
    expect(answers.map(({ status }) => status)).toEqual([503, 200]);
  });
});

describe('where requests may not wait for one another', () => {
  it('nobody waits and nobody is refused', async () => {
    const service = await startTestService({ policy: POLICY, deps: { canAwaitAcrossRequests: false } });
    const size = invites.maxConcurrent + 1;
    const token = await service.token();
    const answers = await Promise.all(
      Array.from({ length: size }, (_, n) => service.invite({ emails: [`p${String(n)}@acme.com`] }, { token })),
    );
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    expect(service.counted.filter((line) => line.startsWith('requests_shed'))).toEqual([]);
  });

  it('no search waits for the slice of another', async () => {
    const schedule = createFakeClock();
    const service = await startTestService({ deps: { schedule, canAwaitAcrossRequests: false } });
    const headers = {
      Authorization: `Bearer ${await service.token(AUDITOR)}`,
      'Content-Type': 'application/json',
    };
    const search = () => service.request('/audit/search', { method: 'POST', headers, body: '{}' });
    const answers = [search(), search()];
    await schedule.until((waitingMs) => waitingMs.filter((ms) => ms === 0).length === 2);
    schedule.advance(0);
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([200, 200]);
  });
});

describe('callers whose tokens wait for an issuer that does not answer', () => {
  it('take no place from those whose tokens are known', async () => {
    const service = await startTestService();
    const known = await service.token();
    expect((await service.invite({ emails: ['ann@acme.com'] }, { token: known })).status).toBe(200);
    service.clock.advance(31_000);
    const stalled = Promise.withResolvers<void>();
    service.documents.gate = stalled.promise;
    const tokens = await Promise.all(
      Array.from({ length: invites.maxConcurrent + invites.maxQueued + 1 }, (_, n) =>
        service.identityProvider.issue({}, { header: { kid: `k${n}` } }),
      ),
    );
    const others = tokens.map((token) => service.invite({ emails: ['ann@acme.com'] }, { token }));
    // Their bodies are in memory: all of them wait for the issuer now, and for nothing else.
    await promisesSettled();
    const answer = await service.invite({ emails: ['bob@acme.com'] }, { token: known });
    expect(answer.status).toBe(200);
    stalled.resolve();
    for (const response of await Promise.all(others)) expect([401, 503]).toContain(response.status);
  });
});
