/** POST /v2/invite_requests/{id}/settlement: a person settles an unknown outcome, and the trail says who and why. */
import { describe, expect, it } from 'vitest';
import type { RequestRecord } from '../../../src/audit/record.ts';
import { createRecordAddress } from '../../../src/audit/record-address.ts';
import type { Ledger } from '../../../src/ledger/port.ts';
import { disguises } from '../../support/key-disguises.ts';
import { startTestService, UPSTREAM_SECRET } from '../../support/service.ts';
import type { TestService, TestServiceOptions } from '../../support/service.ts';
import { AUDIENCE, ISSUER } from '../../support/tokens.ts';

const ANN = { emails: ['ann@acme.com'] };
const KEY = { 'Idempotency-Key': 'a-key-of-the-caller-1' };
const KIM = { sub: 'kim', client_id: 'it-desk', scope: 'invites:settle' };
const GONE = { outcome: 'refused', note: 'not there after a day' };
const cut = { kind: 'hangup', when: 'after_body' } as const;

interface Asked {
  readonly claims?: Record<string, unknown>;
  readonly headers?: Record<string, string>;
  readonly query?: string;
}

/** Settles a request. A `body` that is text is sent unchanged. */
async function settle(service: TestService, id: string, body: unknown, asked: Asked = {}): Promise<Response> {
  const { claims = KIM, headers = {}, query = '' } = asked;
  return await service.request(`/v2/invite_requests/${id}/settlement${query}`, {
    method: 'POST',
    headers: {
      Authorization: `Bearer ${await service.token(claims)}`,
      'Content-Type': 'application/json',
      ...headers,
    },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

const idOf = (response: Response): string => response.headers.get('X-Request-Id') ?? '';

/** A service with one request of an unknown outcome. */
async function startUnknown(options: TestServiceOptions = {}) {
  const service = await startTestService(options);
  service.galileo.script(cut);
  const id = idOf(await service.invite(ANN, { headers: KEY }));
  return { service, id };
}

async function last(service: TestService): Promise<RequestRecord | undefined> {
  return (await service.records()).at(-1);
}

describe('a settlement over HTTP', () => {
  it('ends the doubt, with who from the token and why on record, beside who asked for the invitation', async () => {
    const { service, id } = await startUnknown();
    const response = await settle(service, id, GONE, { claims: { ...KIM, jti: 'token-7' } });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      ...{ id, state: 'refused', settled_at: new Date(service.clock.now()).toISOString() },
      actor: { subject: 'hr-portal' },
      outcome: { result: 'refused', settled_by: 'person', person: 'kim', note: GONE.note },
    });
    expect(await last(service)).toMatchObject({
      ...{ kind: 'reconciliation', request_id: id, actor: { subject: 'hr-portal', client_id: 'hr-portal' } },
      outcome: {
        ...{ result: 'refused', status: 400, code: 'upstream_refused', settled_by: 'person', person: 'kim' },
        note: GONE.note,
        settler: {
          ...{ issuer: 'corp', issuer_url: ISSUER, subject: 'kim', client_id: 'it-desk' },
          ...{ kind: 'user', token_id: 'token-7', request_id: idOf(response), address: '192.0.2.7' },
        },
      },
    });
    expect(service.logLines.filter((line) => line.includes('request_settled_by_person'))).toHaveLength(1);
    expect(service.galileo.received).toHaveLength(1);
  });

  it.each([
    ['accepted', 200, 49],
    ['refused', 400, 50],
  ] as const)('as %s replays that answer for the key, and leaves the quota right', async (outcome, status, left) => {
    const { service, id } = await startUnknown();
    expect((await settle(service, id, { outcome, note: 'looked it up' })).status).toBe(200);
    const again = await service.invite(ANN, { headers: KEY });
    expect([again.status, again.headers.get('Idempotency-Replayed')]).toEqual([status, 'true']);
    expect(again.headers.get('Content-Location')).toBe(`/v2/invite_requests/${id}`);
    const policy = await service.request('/v2/invite_policy', {
      headers: { Authorization: `Bearer ${await service.token()}` },
    });
    expect(await policy.json()).toMatchObject({ quotas: [{ quota: 'app-day', remaining: left }] });
    expect(service.galileo.received).toHaveLength(1);
  });

  it('shows the token of the settler to an auditor and not to the owner', async () => {
    const { service, id } = await startUnknown();
    await settle(service, id, GONE);
    const shown = async (claims: Record<string, unknown>) =>
      (
        (await (
          await service.request(`/v2/invite_requests/${id}`, {
            headers: { Authorization: `Bearer ${await service.token(claims)}` },
          })
        ).json()) as { outcome: object }
      ).outcome;
    expect(await shown({ sub: 'audit-desk', scope: 'audit:read' })).toHaveProperty('settler.subject', 'kim');
    expect(await shown({})).not.toHaveProperty('settler');
    expect(await shown({})).toMatchObject({ person: 'kim', note: GONE.note });
  });

  it('takes the id in upper case, and the note without the blanks around it', async () => {
    const { service, id } = await startUnknown();
    expect((await settle(service, id.toUpperCase(), { ...GONE, note: `  ${GONE.note} ` })).status).toBe(200);
    expect((await last(service))?.outcome.note).toBe(GONE.note);
  });

  it('works where addresses are recorded as HMACs', async () => {
    const recordAddress = createRecordAddress({ kind: 'hmac', key: new Uint8Array(32).fill(7) });
    const { service, id } = await startUnknown({ deps: { recordAddress } });
    const response = await settle(service, id, GONE, { claims: { ...KIM, jti: 'kim@acme.com' } });
    expect(response.status).toBe(200);
    expect((await last(service))?.outcome.settler?.token_id).toBe('[address]');
    expect(JSON.stringify(await service.records())).not.toContain('ann@acme.com');
  });
});

describe('the same settlement again', () => {
  it('by the same person with the same words gets the same answer and adds nothing', async () => {
    const { service, id } = await startUnknown();
    const first = await (await settle(service, id, GONE)).json();
    const records = await service.records();
    const again = await settle(service, id, GONE, { claims: { ...KIM, jti: 'another-token' } });
    expect([again.status, await again.json()]).toEqual([200, first]);
    expect(await service.records()).toEqual(records);
  });

  it('gets it also when the first answer was lost behind the commit', async () => {
    let isLost = true;
    const wrapLedger = (ledger: Ledger): Ledger => ({
      ...ledger,
      async settle(settlement) {
        const settled = await ledger.settle(settlement);
        if (settlement.by !== 'person' || !isLost) return settled;
        isLost = false;
        throw new Error('the answer of the ledger was lost');
      },
    });
    const { service, id } = await startUnknown({ wrapLedger });
    const lost = await settle(service, id, GONE);
    expect(lost.status).toBe(503);
    expect(await lost.json()).toMatchObject({ code: 'ledger_unavailable', detail: expect.stringContaining('no harm') });
    expect((await settle(service, id, GONE)).status).toBe(200);
    expect((await service.records()).filter(({ kind }) => kind === 'reconciliation')).toHaveLength(1);
  });

  it('gets it when the step itself was carried out twice', async () => {
    const wrapLedger = (ledger: Ledger): Ledger => ({
      ...ledger,
      async settle(settlement) {
        if (settlement.by === 'person') await ledger.settle(settlement);
        return await ledger.settle(settlement);
      },
    });
    const { service, id } = await startUnknown({ wrapLedger });
    expect((await settle(service, id, GONE)).status).toBe(200);
  });

  it.each([
    ['another ending', { ...GONE, outcome: 'accepted' }, KIM],
    ['other words', { ...GONE, note: 'asked in the chat' }, KIM],
    ['another person', GONE, { ...KIM, sub: 'lee' }],
    ['another client', GONE, { ...KIM, client_id: 'hr-portal' }],
  ])('with %s is a 409', async (_, body, claims) => {
    const { service, id } = await startUnknown();
    await settle(service, id, GONE);
    const before = await service.records();
    const response = await settle(service, id, body, { claims });
    expect(response.status).toBe(409);
    expect(response.headers.get('Content-Location')).toBe(`/v2/invite_requests/${id}`);
    expect(await response.json()).toMatchObject({
      ...{ code: 'already_settled', origin: 'proxy', outcome: 'refused' },
      detail: expect.stringContaining(`request ${id} is refused already`),
    });
    expect(await service.records()).toEqual(before);
  });
});

describe('a request that is not unknown', () => {
  it.each([
    ['accepted', 'ann@acme.com', 'is accepted already', { outcome: 'accepted' }],
    ['not_sent', 'limit@acme.com', 'nothing went to Galileo', { outcome: 'not_sent' }],
    ['denied', 'eve@rival.io', 'the policy or a quota refused it', {}],
  ])('because it is %s is a 409 that says so', async (state, email, words, members) => {
    const service = await startTestService();
    const id = idOf(await service.invite({ emails: [email] }));
    const response = await settle(service, id, GONE);
    expect(response.status).toBe(409);
    const body = (await response.json()) as object;
    expect(body).toMatchObject({ code: 'already_settled', detail: expect.stringContaining(words), ...members });
    expect('outcome' in body).toBe(state !== 'denied');
  });

  it('because it has not ended yet says when to ask again', async () => {
    const service = await startTestService();
    const { promise: after, resolve: release } = Promise.withResolvers<void>();
    service.galileo.script({ kind: 'answer', status: 200, body: {}, after });
    const asked = service.invite(ANN);
    await service.galileo.arrived(1);
    const [intent] = await service.records();
    const response = await settle(service, intent?.request_id ?? '', GONE);
    expect(response.status).toBe(409);
    expect(Number(response.headers.get('Retry-After'))).toBe(45);
    expect(await response.json()).toMatchObject({
      code: 'still_open',
      detail: expect.stringMatching(/is open\. .*Try again in 45 s\.$/),
    });
    release();
    expect((await asked).status).toBe(200);
  });

  it('because there is none is a 404, whatever its id looks like', async () => {
    const { service } = await startUnknown();
    for (const id of ['00000000-0000-7000-8000-000000000000', 'latest', 'null', "'or'1'='1"]) {
      expect((await settle(service, id, GONE)).status).toBe(404);
    }
  });
});

describe('who may settle', () => {
  it('is a caller with the scope, also for requests of other callers, and no other one', async () => {
    const { service, id } = await startUnknown();
    for (const scope of ['invites:write audit:read', 'invites', 'invites:settled', 'INVITES:SETTLE', '']) {
      const response = await settle(service, id, GONE, { claims: { ...KIM, scope } });
      expect(response.status).toBe(403);
      expect(response.headers.get('WWW-Authenticate')).toContain('scope="invites:settle"');
    }
    expect((await service.records()).map(({ kind }) => kind)).toEqual(['intent', 'outcome']);
    expect((await settle(service, id, GONE)).status).toBe(200);
  });

  it('is never an app: the record would say that a person decided', async () => {
    const { service, id } = await startUnknown();
    const response = await settle(service, id, GONE, { claims: { sub: 'it-desk', scope: 'invites:settle' } });
    expect(response.status).toBe(403);
    expect(response.headers.get('WWW-Authenticate')).toBeNull();
    expect(await response.json()).toMatchObject({ code: 'person_required', origin: 'proxy' });
    expect((await service.records()).map(({ kind }) => kind)).toEqual(['intent', 'outcome']);
  });

  it('is no caller whose token leaves open whether it is of a person', async () => {
    const issuer = {
      ...{ name: 'corp', issuer: ISSUER, audience: AUDIENCE },
      preset: 'keycloak' as const,
    };
    const service = await startTestService({ issuers: [issuer] });
    const claims = {
      typ: 'Bearer',
      azp: 'it-desk',
      preferred_username: null,
      client_id: 'it-desk',
      scope: 'invites:settle',
    };
    const response = await settle(service, '00000000-0000-7000-8000-000000000000', GONE, { claims });
    expect(await response.json()).toMatchObject({ status: 403, code: 'person_required' });
  });
});

describe('a body', () => {
  it.each([
    ['without members', {}, ['outcome', 'note']],
    ['with an ending that people cannot know', { ...GONE, outcome: 'not_sent' }, ['outcome']],
    ['with a member of another route', { ...GONE, person: 'lee' }, ['person']],
    ['that names its settler', { ...GONE, settler: { subject: 'lee' } }, ['settler']],
    ['with an empty note', { ...GONE, note: ' ' }, ['note']],
    ['with a note of two lines', { ...GONE, note: 'a\nb' }, ['note']],
    ['with a note of 501 characters', { ...GONE, note: 'x'.repeat(501) }, ['note']],
    ['with an override of the direction', { ...GONE, note: 'gone\u202e' }, ['note']],
    ['with a terminal sequence', { ...GONE, note: '\u001b[2Jgone' }, ['note']],
    ['with an address in the note', { ...GONE, note: 'ann@acme.com is not there' }, ['note']],
    ['with an address in two words', { ...GONE, note: 'asked ann @acme.com' }, ['note']],
    ['with a full-width address', { ...GONE, note: 'ann＠acme.com is gone' }, ['note']],
    ['with a note that is a list', { ...GONE, note: ['x'] }, ['note']],
    ['with the key in the note', { ...GONE, note: `it said ${UPSTREAM_SECRET}` }, ['note']],
  ])('%s is a 422 that repeats nothing of it', async (_, body, places) => {
    const { service, id } = await startUnknown();
    const response = await settle(service, id, body);
    expect(response.status).toBe(422);
    const text = await response.text();
    const { detail } = JSON.parse(text) as { detail: { loc: string[] }[] };
    expect(detail.map(({ loc }) => loc)).toEqual(places.map((place) => ['body', place]));
    for (const secret of ['acme.com', UPSTREAM_SECRET]) expect(text).not.toContain(secret);
    expect(service.logLines.join('\n')).not.toContain('acme.com');
    expect((await service.records()).map(({ kind }) => kind)).toEqual(['intent', 'outcome']);
  });

  it('names missing members as Galileo names them', async () => {
    const { service, id } = await startUnknown();
    expect(await (await settle(service, id, {})).json()).toMatchObject({
      detail: [
        { type: 'missing', loc: ['body', 'outcome'] },
        { type: 'missing', loc: ['body', 'note'] },
      ],
    });
  });

  it.each(disguises(UPSTREAM_SECRET).filter(([, text]) => text.length <= 500))(
    'never brings the key on record, %s',
    async (_, text) => {
      const { service, id } = await startUnknown();
      const response = await settle(service, id, { ...GONE, note: text });
      expect(response.status).toBe(422);
      expect((await service.records()).map(({ kind }) => kind)).toEqual(['intent', 'outcome']);
    },
  );

  it('is not taken at all when the keys cannot be read to search for them', async () => {
    let isReadable = true;
    const { service, id } = await startUnknown({
      deps: {
        secrets: {
          galileoKeys: async () => {
            if (!isReadable) throw new Error('the store is away');
            const { Secret } = await import('../../../src/lib/secret.ts');
            return { current: new Secret(UPSTREAM_SECRET), next: null };
          },
        },
      },
    });
    isReadable = false;
    const response = await settle(service, id, GONE);
    expect(response.status).toBe(503);
    expect((await service.records()).map(({ kind }) => kind)).toEqual(['intent', 'outcome']);
  });

  it.each([
    ['a repeated member', '{"outcome":"refused","note":"a","outcome":"accepted"}', 422],
    ['a repeated member in other letters', '{"outcome":"refused","note":"a","\\u006fote":"b"}', 422],
    ['two texts', '{"outcome":"refused","note":"a"}{"outcome":"accepted","note":"a"}', 422],
    ['a comment', '{"outcome":"refused","note":"a"/*,"outcome":"accepted"*/}', 422],
    ['a prototype', '{"outcome":"refused","note":"a","__proto__":{"outcome":"accepted"}}', 422],
    ['half a surrogate pair', '{"outcome":"refused","note":"a\\ud800"}', 422],
    ['a list', '[{"outcome":"refused","note":"a"}]', 422],
    ['null', 'null', 422],
    ['nothing', '', 422],
  ])('with %s is refused, and nothing is settled', async (_, body, status) => {
    const { service, id } = await startUnknown();
    expect((await settle(service, id, body)).status).toBe(status);
    expect((await service.records()).map(({ kind }) => kind)).toEqual(['intent', 'outcome']);
  });

  it('is JSON in UTF-8 alone, and no query says anything', async () => {
    const { service, id } = await startUnknown();
    const form = { headers: { 'Content-Type': 'application/x-www-form-urlencoded' } };
    expect((await settle(service, id, 'outcome=refused&note=x', form)).status).toBe(415);
    expect((await settle(service, id, GONE, { query: '?outcome=accepted' })).status).toBe(422);
    expect((await settle(service, id, GONE, { query: '?dry_run=true' })).status).toBe(422);
  });
});

describe('a ledger that fails', () => {
  it.each(['find', 'settle'] as const)('in %s is a 503 that says when to try again', async (step) => {
    let fails = false;
    const wrapLedger = (ledger: Ledger): Ledger => ({
      ...ledger,
      find: (...args) => (fails && step === 'find' ? Promise.reject(new Error('disk')) : ledger.find(...args)),
      settle: (...args) => (fails && step === 'settle' ? Promise.reject(new Error('disk')) : ledger.settle(...args)),
    });
    const { service, id } = await startUnknown({ wrapLedger });
    fails = true;
    const response = await settle(service, id, GONE);
    expect([response.status, response.headers.get('Retry-After')]).toEqual([503, '5']);
    fails = false;
    expect((await settle(service, id, GONE)).status).toBe(200);
  });

  it('does not show one whose records prove another outcome as unknown', async () => {
    const service = await startTestService({ ledger: 'file' });
    const id = idOf(await service.invite(ANN));
    service.sql(`UPDATE requests SET state = 'unknown' WHERE request_id = ?`, id);
    const response = await settle(service, id, GONE);
    expect(response.status).toBe(409);
    expect(await response.json()).toMatchObject({ code: 'already_settled', outcome: 'accepted' });
  });

  it('with damaged records of the request says that there is nothing to settle', async () => {
    const service = await startTestService({ ledger: 'file' });
    service.galileo.script(cut);
    const id = idOf(await service.invite(ANN));
    service.sql(`UPDATE records SET line = 'x' || line`);
    const response = await settle(service, id, GONE);
    expect(response.status).toBe(500);
    expect(await response.json()).toMatchObject({ code: 'internal_error', detail: expect.stringContaining('records') });
    service.sql(`UPDATE records SET line = substr(line, 2)`);
  });
});
