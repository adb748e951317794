import { describe, expect, it } from 'vitest';
import { createRecordAddress } from '../../../src/audit/record-address.ts';
import type { RequestRecord } from '../../../src/audit/record.ts';
import { MAX_PAGE_LENGTH } from '../../../src/ledger/page.ts';
import type { Ledger } from '../../../src/ledger/port.ts';
import type { SearchQuery } from '../../../src/ledger/search-slice.ts';
import { TEST_TIME_MS, testUuid7 } from '../../support/clock.ts';
import type { TestService, TestServiceOptions } from '../../support/service.ts';
import { schedule } from '../../../src/platform/node/runtime.ts';
import { startTestService } from '../../support/service.ts';

const AUDITOR = { sub: 'audit-desk', scope: 'audit:read' };
const HOUR_MS = 60 * 60 * 1000;

async function post(service: TestService, body: unknown, init: RequestInit = {}): Promise<Response> {
  return await service.request('/audit/search', {
    method: 'POST',
    headers: {
      Authorization: `Bearer ${await service.token(AUDITOR)}`,
      'Content-Type': 'application/json',
    },
    body: typeof body === 'string' ? body : JSON.stringify(body),
    ...init,
  });
}

/** One page of the stored lines that match. */
async function search(service: TestService, body: object): Promise<string[]> {
  const response = await post(service, body);
  expect([response.status, response.headers.get('Content-Type')]).toEqual([200, 'application/x-ndjson']);
  const text = await response.text();
  expect(text === '' || text.endsWith('\n')).toBe(true);
  return text.split('\n').slice(0, -1);
}

/** The `seq` of every record that matches, over all pages. */
async function find(service: TestService, body: object): Promise<number[]> {
  const found: number[] = [];
  for (let after = 0; ;) {
    const page = (await search(service, { ...body, after })).map((line) => (JSON.parse(line) as RequestRecord).seq);
    if (page.length === 0) return found;
    found.push(...page);
    after = page.at(-1) ?? after;
  }
}

/** The `seq` of every record that fits, from a read of the whole trail. */
async function expected(service: TestService, fits: (record: RequestRecord) => boolean): Promise<number[]> {
  const seqs = (await service.records()).filter(fits).map(({ seq }) => seq);
  expect(seqs.length).toBeGreaterThan(0);
  return seqs;
}

/** Three callers in three hours, with accepted, denied, previewed and replayed invitations. */
async function startBusyService(options: TestServiceOptions = {}): Promise<TestService> {
  const service = await startTestService({ policy: POLICY, ...options });
  const as = async (sub: string, client_id: string) => ({ token: await service.token({ sub, client_id }) });
  const KEYED = { headers: { 'Idempotency-Key': 'a-key-of-sixteen-characters' } };
  await service.invite({ emails: ['ann@acme.com'] }, { ...(await as('hr-1', 'hr-portal')), ...KEYED });
  await service.invite({ emails: ['ann@acme.com'] }, { ...(await as('hr-1', 'hr-portal')), ...KEYED });
  await service.invite({ emails: ['eve@rival.io'] }, await as('hr-2', 'hr-portal'));
  service.clock.advance(HOUR_MS);
  await service.invite({ emails: ['ann@acme.com', 'Bo@eu.acme.com'] }, await as('it-1', 'it-desk'));
  await service.invite({ emails: ['cy@acme.com'] }, { ...(await as('it-1', 'it-desk')), query: '?dry_run=true' });
  service.clock.advance(HOUR_MS);
  await service.invite({ emails: ['ann@acme.com', 'x@rival.io'] }, await as('it-1', 'it-desk'));
  return service;
}

const POLICY = `
version: 1
callers:
  hr-portal: { issuer: corp, client_id: [hr-portal] }
  it-desk: { issuer: corp, client_id: [it-desk] }
rules:
  - { id: never-invite, deny: any, domains: [rival.io] }
  - { id: hr-staff, allow: [hr-portal], domains: [acme.com], roles: any, auth_methods: any }
  - { id: it-staff, allow: [it-desk], domains: [acme.com, "*.acme.com"], roles: any, auth_methods: any }
`;

const SECOND_HOUR = new Date(TEST_TIME_MS + HOUR_MS).toISOString();
const THIRD_HOUR = new Date(TEST_TIME_MS + 2 * HOUR_MS).toISOString();

describe('POST /audit/search', () => {
  it.each<[string, object, (record: RequestRecord) => boolean]>([
    ['nothing: the whole trail', {}, () => true],
    ['the caller', { subject: 'hr-1' }, ({ actor }) => actor.subject === 'hr-1'],
    ['the client', { client_id: 'it-desk' }, ({ actor }) => actor.client_id === 'it-desk'],
    ['the outcome', { outcome: 'denied' }, ({ outcome }) => outcome.result === 'denied'],
    ['a replay', { outcome: 'replayed' }, ({ kind }) => kind === 'replay'],
    [
      'a rule that decided about one address of several',
      { rule: 'never-invite' },
      ({ policy }) => policy.decisions.some(({ rule }) => rule === 'never-invite'),
    ],
    [
      'an address, whatever its case',
      { email: 'BO@EU.acme.com' },
      ({ request }) => request.emails?.includes('Bo@eu.acme.com') ?? false,
    ],
    ['a time to begin with', { from: SECOND_HOUR }, ({ time }) => time >= SECOND_HOUR],
    ['a time to end before', { to: SECOND_HOUR }, ({ time }) => time < SECOND_HOUR],
    [
      'a stretch of time, written with another offset',
      { from: SECOND_HOUR.replace('Z', '+00:00'), to: '2026-03-02T13:00:00+01:00' },
      ({ time }) => time >= SECOND_HOUR && time < THIRD_HOUR,
    ],
    [
      'all of it at once',
      {
        subject: 'it-1',
        client_id: 'it-desk',
        email: 'ann@acme.com',
        outcome: 'accepted',
        rule: 'it-staff',
        from: SECOND_HOUR,
        to: THIRD_HOUR,
      },
      ({ actor, kind, time }) => actor.subject === 'it-1' && kind === 'outcome' && time < THIRD_HOUR,
    ],
  ])('finds by %s', async (_, body, fits) => {
    const service = await startBusyService();
    expect(await find(service, body)).toEqual(await expected(service, fits));
  });

  it('finds everything about one request by its id, however that is written', async () => {
    const service = await startBusyService();
    const [intent] = await service.records();
    const of = (record: RequestRecord): boolean => record.request_id === intent?.request_id;
    const found = await expected(service, of);
    expect(found).toHaveLength(2);
    expect(await find(service, { request_id: intent?.request_id.toUpperCase() })).toEqual(found);
    expect(await find(service, { request_id: testUuid7(999_999) })).toEqual([]);
  });

  it('finds nothing where one of several filters does not hold', async () => {
    const service = await startBusyService();
    expect(await find(service, { subject: 'hr-1', outcome: 'denied' })).toEqual([]);
    expect(await find(service, { subject: 'HR-1' })).toEqual([]);
    expect(await find(service, { email: 'nn@acme.com' })).toEqual([]);
    expect(await find(service, { from: THIRD_HOUR, to: SECOND_HOUR })).toEqual([]);
  });

  it('gives the stored lines verbatim', async () => {
    const service = await startBusyService();
    const all = (await service.deps.ledger.records(0, 100)).map(({ line }) => line);
    expect(await search(service, {})).toEqual(all);
    expect(await search(service, { after: 1, limit: 2 })).toEqual(all.slice(1, 3));
  });

  it('never finds a dry run by an address, because it holds none', async () => {
    const service = await startBusyService();
    expect(await find(service, { email: 'cy@acme.com' })).toEqual([]);
    expect(await find(service, { outcome: 'previewed' })).toHaveLength(1);
  });

  it('finds people whose addresses are in the trail as HMACs, by the address and by its form there', async () => {
    const recordAddress = createRecordAddress({ kind: 'hmac', key: new Uint8Array(32).fill(7) });
    const service = await startBusyService({ deps: { recordAddress } });
    const form = recordAddress('ann@acme.com');
    expect(form).toMatch(/^hmac-sha256:/);
    const found = await expected(service, ({ request }) => request.emails?.includes(form) ?? false);
    expect(await find(service, { email: 'Ann@ACME.com' })).toEqual(found);
    expect(await find(service, { email: form })).toEqual(found);
  });
});

describe('pages of a search', () => {
  it('are followed by the last seq, and neither skip nor repeat', async () => {
    const service = await startTestService();
    for (let count = 0; count < 60; count += 1) {
      await service.invite({ emails: [count % 3 === 0 ? 'ann@acme.com' : 'eve@rival.io'] });
    }
    const denials = await expected(service, ({ kind }) => kind === 'denial');
    for (const limit of [1, 7, 1000]) expect(await find(service, { outcome: 'denied', limit })).toEqual(denials);
  });

  it('are bounded by weight too, and nothing is read that would not fit', async () => {
    const asked: SearchQuery[] = [];
    const service = await startTestService({ wrapLedger: (ledger) => inSlices(ledger, asked, 10) });
    const emails = Array.from(
      { length: 500 },
      (_, n) => `${String(n).padStart(3, '0')}${'b'.repeat(58)}@${'c'.repeat(50)}.com`,
    );
    for (let count = 0; count < 100; count += 1) {
      // Each of another subject: of one subject only 256 KiB a minute are recorded.
      const token = await service.token({ sub: `subject-${count}` });
      expect((await service.invite({ emails }, { token })).status).toBe(403);
    }
    const page = await search(service, { outcome: 'denied' });
    expect(page.length).toBeLessThan(100);
    expect(asked.length).toBeLessThan(10);
    expect(page.join('\n').length).toBeLessThan(MAX_PAGE_LENGTH + 100_000);
    expect(await find(service, { outcome: 'denied' })).toHaveLength(100);
  });

  it('are filled from as many slices of the trail as it takes, with a pause between them', async () => {
    const asked: SearchQuery[] = [];
    const pauses: number[] = [];
    const service = await startTestService({
      wrapLedger: (ledger) => inSlices(ledger, asked, 2),
      deps: {
        schedule: {
          after(delayMs, task) {
            pauses.push(delayMs);
            return schedule.after(delayMs, task);
          },
        },
      },
    });
    for (let count = 0; count < 5; count += 1) await service.invite({ emails: ['ann@acme.com'] });
    pauses.length = 0;
    expect(await search(service, { outcome: 'accepted', limit: 3 })).toHaveLength(3);
    expect(asked.map(({ after, limit }) => [after, limit])).toEqual([
      [0, 3],
      [2, 2],
      [4, 1],
    ]);
    expect(pauses.filter((delayMs) => delayMs === 0).length).toBeGreaterThanOrEqual(2);
  });

  it('end after a second, and the last line says how far they got', async () => {
    const asked: SearchQuery[] = [];
    const service = await startTestService({
      wrapLedger: (ledger) =>
        inSlices(ledger, asked, 2, () => {
          if (asked.length === 3) service.clock.advance(1000);
        }),
    });
    for (let count = 0; count < 5; count += 1) await service.invite({ emails: ['ann@acme.com'] });
    // Ten records: an intent and an outcome each.
    expect(await search(service, { outcome: 'refused' })).toEqual(['{"kind":"search_progress","scanned_to":6}']);
    expect(await search(service, { outcome: 'refused', after: 6 })).toEqual([]);
    asked.length = 0;
    const page = await search(service, { outcome: 'accepted' });
    expect(page).toHaveLength(4);
    expect(page.at(-1)).toBe('{"kind":"search_progress","scanned_to":6}');
    expect(await search(service, { outcome: 'accepted', after: 6 })).toHaveLength(2);
  });

  it('end after 200 slices, whatever the clock says', async () => {
    const asked: SearchQuery[] = [];
    const service = await startTestService({
      wrapLedger: (ledger) => ({
        ...ledger,
        async search(query) {
          asked.push(query);
          return { records: [], scannedTo: query.after + 1, done: false, unreadable: [] };
        },
      }),
    });
    expect(await search(service, {})).toEqual(['{"kind":"search_progress","scanned_to":200}']);
    expect(asked).toHaveLength(200);
  });

  it('say nothing of their progress when the page is full at the end of the budget', async () => {
    const asked: SearchQuery[] = [];
    const service = await startTestService({
      wrapLedger: (ledger) => inSlices(ledger, asked, 2, () => service.clock.advance(1000)),
    });
    for (let count = 0; count < 2; count += 1) await service.invite({ emails: ['ann@acme.com'] });
    expect(await search(service, { limit: 2 })).toHaveLength(2);
    expect((await search(service, { after: 2 })).join('\n')).not.toContain('search_progress');
  });

  it('end when the caller has gone', async () => {
    const asked: SearchQuery[] = [];
    const caller = new AbortController();
    const service = await startTestService({
      wrapLedger: (ledger) =>
        inSlices(ledger, asked, 1, () => {
          if (asked.length === 2) caller.abort();
        }),
    });
    for (let count = 0; count < 5; count += 1) await service.invite({ emails: ['ann@acme.com'] });
    await post(service, { outcome: 'denied' }, { signal: caller.signal });
    expect(asked).toHaveLength(2);
  });

  it('are refused with 503 when the ledger cannot be read, also in the middle', async () => {
    const asked: SearchQuery[] = [];
    const service = await startTestService({
      wrapLedger: (ledger) =>
        inSlices(ledger, asked, 1, () => {
          if (asked.length === 2) throw new Error('disk');
        }),
    });
    for (let count = 0; count < 3; count += 1) await service.invite({ emails: ['ann@acme.com'] });
    const response = await post(service, {});
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ code: 'ledger_unavailable', origin: 'proxy' });
  });
});

/** The ledger with slices of at most `size` records. */
function inSlices(ledger: Ledger, asked: SearchQuery[], size: number, onSlice: () => void = () => undefined): Ledger {
  return {
    ...ledger,
    async search(query) {
      asked.push(query);
      onSlice();
      const { records } = await ledger.search({ ...query, limit: 1000 });
      const scannedTo = query.after + size;
      const { head } = await ledger.chain();
      return {
        records: records.filter(({ seq }) => seq <= scannedTo).slice(0, query.limit),
        scannedTo,
        done: scannedTo >= head.seq,
        unreadable: [],
      };
    },
  };
}

/** The service's own messages. None of them repeats a value of the request. */
const OWN_WORDS =
  /^(?:Field required|Extra inputs are not permitted|JSON decode error.*|Input should be .*|Value error, \w+ must be .*)$/;

describe('a search that is not well put', () => {
  it.each<[string, unknown, unknown[]]>([
    ['null', 'null', [{ type: 'missing', loc: ['body'] }]],
    ['a list', [], [{ type: 'model_attributes_type', loc: ['body'] }]],
    ['an unknown filter', { emial: 'ann@acme.com' }, [{ type: 'extra_forbidden', loc: ['body', 'emial'] }]],
    ['a subject that is no text', { subject: 7 }, [{ type: 'string_type', loc: ['body', 'subject'] }]],
    ['a client that is null', { client_id: null }, [{ type: 'string_type', loc: ['body', 'client_id'] }]],
    ['a rule that is a list', { rule: ['a'] }, [{ type: 'string_type', loc: ['body', 'rule'] }]],
    ['an id that is none', { request_id: 'x' }, [{ type: 'value_error', loc: ['body', 'request_id'] }]],
    ['an address that is none', { email: 'ann' }, [{ type: 'value_error', loc: ['body', 'email'] }]],
    ['half an HMAC', { email: 'hmac-sha256:ab' }, [{ type: 'value_error', loc: ['body', 'email'] }]],
    ['an outcome there is not', { outcome: 'done' }, [{ type: 'enum', loc: ['body', 'outcome'] }]],
    ['a day for a time', { from: '2026-03-02' }, [{ type: 'value_error', loc: ['body', 'from'] }]],
    ['a time without an offset', { to: '2026-03-02T10:00:00' }, [{ type: 'value_error', loc: ['body', 'to'] }]],
    ['a day that never was', { to: '2026-02-30T10:00:00Z' }, [{ type: 'value_error', loc: ['body', 'to'] }]],
    ['a time that is a number', { from: 0 }, [{ type: 'string_type', loc: ['body', 'from'] }]],
    ['a cursor below 0', { after: -1 }, [{ type: 'value_error', loc: ['body', 'after'] }]],
    ['a cursor that is text', { after: '1' }, [{ type: 'value_error', loc: ['body', 'after'] }]],
    ['no lines at all', { limit: 0 }, [{ type: 'value_error', loc: ['body', 'limit'] }]],
    ['too many lines', { limit: 1001 }, [{ type: 'value_error', loc: ['body', 'limit'] }]],
    ['half a line', { limit: 1.5 }, [{ type: 'value_error', loc: ['body', 'limit'] }]],
    [
      'several things at once, in the order of the filters',
      { limit: 0, zone: 'x', outcome: 'done', subject: 1 },
      [
        { type: 'string_type', loc: ['body', 'subject'] },
        { type: 'enum', loc: ['body', 'outcome'] },
        { type: 'value_error', loc: ['body', 'limit'] },
        { type: 'extra_forbidden', loc: ['body', 'zone'] },
      ],
    ],
    [
      'a repeated filter',
      '{"subject":"a","subject":"b"}',
      [{ type: 'json_invalid', loc: ['body', expect.any(Number)] }],
    ],
    ['no JSON', '{', [{ type: 'json_invalid', loc: ['body', expect.any(Number)] }]],
    ['nothing', '', [{ type: 'missing', loc: ['body'] }]],
  ])('is refused with every error and no value of it: %s', async (_, body, detail) => {
    const service = await startTestService();
    const response = await post(service, body);
    expect(response.status).toBe(422);
    const refusal = (await response.json()) as { detail: { msg: string }[] };
    expect(refusal).toMatchObject({ code: 'invalid_request', origin: 'proxy', detail });
    expect(refusal.detail).toHaveLength(detail.length);
    for (const { msg } of refusal.detail) expect(msg).toMatch(OWN_WORDS);
  });

  it.each(['?after=1', '?email=ann@acme.com', '?dry_run=true'])('is refused in a URL: %s', async (query) => {
    const service = await startTestService();
    const init = {
      method: 'POST',
      headers: { Authorization: `Bearer ${await service.token(AUDITOR)}`, 'Content-Type': 'application/json' },
      body: '{}',
    };
    const response = await service.request(`/audit/search${query}`, init);
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({
      detail: [{ type: 'extra_forbidden', loc: ['query', /\w+/.exec(query)?.[0]] }],
    });
  });

  it('is refused with a GET, which would put filters into a URL', async () => {
    const service = await startTestService();
    const headers = { Authorization: `Bearer ${await service.token(AUDITOR)}` };
    const response = await service.request('/audit/search?email=ann@acme.com', { headers });
    expect([response.status, response.headers.get('Allow')]).toEqual([405, 'POST']);
  });

  it('is refused in any other form than JSON', async () => {
    const service = await startTestService();
    const headers = {
      Authorization: `Bearer ${await service.token(AUDITOR)}`,
      'Content-Type': 'application/x-www-form-urlencoded',
    };
    expect((await post(service, 'email=ann', { headers })).status).toBe(415);
  });

  it('is refused to those who may not read the trail', async () => {
    const service = await startTestService();
    for (const scope of ['invites:write', 'openid']) {
      const token = await service.token({ sub: 'hr-portal', scope });
      const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
      const response = await post(service, {}, { headers });
      expect(response.status).toBe(403);
      expect(await response.json()).toMatchObject({ code: 'insufficient_scope' });
    }
  });
});

describe('what was searched for', () => {
  it('is written to no operational line', async () => {
    const service = await startBusyService();
    const filters = { email: 'ann@acme.com', subject: 'some-subject-we-look-for', rule: 'a-rule-we-look-for' };
    await search(service, filters);
    expect((await post(service, { ...filters, email: 'not-an-address' })).status).toBe(422);
    const lines = service.logLines.join('\n');
    for (const value of [...Object.values(filters), 'not-an-address']) expect(lines).not.toContain(value);
  });
});
