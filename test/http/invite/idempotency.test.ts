import { describe, expect, it } from 'vitest';
import { startTestService } from '../../support/service.ts';

const KEY = { 'Idempotency-Key': 'a-key-of-the-caller-1' };
const ANN = { emails: ['ann@acme.com'] };

describe('Idempotency-Key', () => {
  it('sends 40 parallel equal requests with one key exactly once', async () => {
    const service = await startTestService({ ledger: 'file', galileo: 'served' });
    const token = await service.token();
    const released = Promise.withResolvers<void>();
    service.galileo.script({ kind: 'answer', status: 200, body: { invited: 1 }, after: released.promise });
    const all = Array.from({ length: 40 }, () => service.invite(ANN, { token, headers: KEY }));
    // While the one send is held, only the other requests can be answered.
    const early = await Promise.any(all);
    expect(early.status).toBe(409);
    expect(await early.json()).toMatchObject({ code: 'idempotency_in_flight' });
    expect(early.headers.get('Retry-After')).toMatch(/^[1-9]\d*$/);
    released.resolve();
    const statuses = (await Promise.all(all)).map(({ status }) => status).toSorted((one, other) => one - other);
    expect(statuses).toEqual([200, ...Array.from({ length: 39 }, () => 409)]);
    expect(service.galileo.received).toHaveLength(1);
  });

  it('replays the stored answer with a new request id and points to the first one', async () => {
    const service = await startTestService();
    const first = await service.invite(ANN, { headers: KEY });
    const again = await service.invite(ANN, { headers: { 'Idempotency-Key': '"a-key-of-the-caller-1"' } });
    expect(again.status).toBe(200);
    expect(await again.text()).toBe(await first.text());
    expect(again.headers.get('Idempotency-Replayed')).toBe('true');
    expect(again.headers.get('Content-Location')).toBe(`/v2/invite_requests/${first.headers.get('X-Request-Id')}`);
    expect(again.headers.get('X-Request-Id')).not.toBe(first.headers.get('X-Request-Id'));
    expect(service.galileo.received).toHaveLength(1);
    const records = await service.records();
    expect(records.map(({ kind }) => kind)).toEqual(['intent', 'outcome', 'replay']);
    // No second body was prepared: the first request owns the bytes.
    expect(records[2]).not.toHaveProperty('request_sha256');
  });

  it('replays whatever policy or quota say now', async () => {
    const service = await startTestService();
    await service.invite(ANN, { headers: KEY });
    await service.invite({ emails: Array.from({ length: 20 }, (_, n) => `a${n}@acme.com`) });
    await service.invite({ emails: Array.from({ length: 20 }, (_, n) => `b${n}@acme.com`) });
    await service.invite({ emails: Array.from({ length: 9 }, (_, n) => `c${n}@acme.com`) });
    expect((await service.invite(ANN)).status).toBe(429);
    expect((await service.invite(ANN, { headers: KEY })).status).toBe(200);
  });

  it('refuses the same key with another body, or other preferences', async () => {
    const service = await startTestService();
    await service.invite(ANN, { headers: KEY });
    const body = await service.invite({ emails: ['bob@acme.com'] }, { headers: KEY });
    expect(body.status).toBe(422);
    expect(await body.json()).toMatchObject({ code: 'idempotency_key_reused' });
    const spelling = await service.invite(ANN, { headers: { ...KEY, Prefer: 'respond-async, handling=strict' } });
    expect(spelling.status).toBe(200);
    const preference = await service.invite(ANN, { headers: { ...KEY, Prefer: 'handling=lenient' } });
    expect(preference.status).toBe(422);
    expect(service.galileo.received).toHaveLength(1);
  });

  it('keeps keys of different callers apart', async () => {
    const service = await startTestService();
    await service.invite(ANN, { headers: KEY });
    const other = await service.invite(ANN, {
      headers: KEY,
      token: await service.token({ sub: 'someone-else', client_id: 'hr-portal' }),
    });
    expect(other.headers.get('Idempotency-Replayed')).toBeNull();
    expect(service.galileo.received).toHaveLength(2);
  });

  it('replays an unknown outcome and never sends again', async () => {
    const service = await startTestService();
    service.galileo.script({ kind: 'hangup', when: 'after_body' });
    const first = await service.invite(ANN, { headers: KEY });
    const again = await service.invite(ANN, { headers: KEY });
    expect([first.status, again.status]).toEqual([504, 504]);
    expect(await again.json()).toMatchObject({ code: 'outcome_unknown', outcome: 'unknown' });
    expect(service.galileo.received).toHaveLength(1);
  });

  it('replays a refusal of the upstream', async () => {
    const service = await startTestService();
    await service.invite({ emails: ['refuse@acme.com'] }, { headers: KEY });
    const again = await service.invite({ emails: ['refuse@acme.com'] }, { headers: KEY });
    expect(again.status).toBe(403);
    expect(again.headers.get('Idempotency-Replayed')).toBe('true');
    expect(service.galileo.received).toHaveLength(1);
  });

  it('frees the key when nothing was done', async () => {
    const service = await startTestService();
    service.galileo.script({
      kind: 'answer',
      status: 429,
      headers: { 'Retry-After': '7' },
      body: { detail: 'slow down' },
    });
    const limited = await service.invite(ANN, { headers: KEY });
    expect(limited.status).toBe(429);
    expect(limited.headers.get('Retry-After')).toBe('7');
    const again = await service.invite(ANN, { headers: KEY });
    expect(again.status).toBe(200);
    expect(again.headers.get('Idempotency-Replayed')).toBeNull();
  });

  it('binds nothing when the policy denied', async () => {
    const service = await startTestService();
    await service.invite({ emails: ['eve@rival.io'] }, { headers: KEY });
    expect((await service.invite(ANN, { headers: KEY })).status).toBe(200);
  });

  it('is demanded where the deployment says so', async () => {
    const service = await startTestService({ settings: { IDEMPOTENCY: 'required' } });
    const missing = await service.invite(ANN);
    expect(missing.status).toBe(400);
    expect(await missing.json()).toMatchObject({ code: 'idempotency_key_missing' });
    expect((await service.invite(ANN, { headers: KEY })).status).toBe(200);
  });

  it.each([
    'short',
    'x'.repeat(256),
    'sixteen chars ok?',
    '"unterminated-key-1',
    'first-key-0000001, second-key-000001',
    '"bad\\escape-0000001"',
  ])('refuses %j as no key', async (value) => {
    const service = await startTestService();
    const response = await service.invite(ANN, { headers: { 'Idempotency-Key': value } });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: 'idempotency_key_malformed' });
    expect(service.galileo.received).toEqual([]);
  });
});
