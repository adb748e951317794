import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { HttpPort } from '../../../src/ports/http.ts';
import { API_KEY, startTestService } from '../../support/service.ts';
import { ACCOUNT, SCHEME_UNDER_TEST } from '../../support/sign-in.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** An upstream answer that a real server cannot give: Node writes no body for these statuses. */
function answering(status: number, body: string): HttpPort {
  const answer = {
    kind: 'answered',
    status,
    headers: { 'content-type': 'application/json' },
    body: new TextEncoder().encode(body),
  } as const;
  return { exchange: async () => answer };
}

const isKey = SCHEME_UNDER_TEST === 'api_key';

describe('an invite that the policy allows', () => {
  it("is answered with Galileo's status and JSON body untouched", async () => {
    const service = await startTestService();
    service.galileo.script({
      kind: 'answer',
      status: 201,
      body: '{"b": 1.0,  "a":[]}',
      headers: { 'content-type': 'application/json' },
    });
    const response = await service.invite({ emails: ['ann@acme.com'] });
    expect(response.status).toBe(201);
    expect(response.headers.get('Content-Type')).toBe('application/json');
    expect(await response.text()).toBe('{"b": 1.0,  "a":[]}');
  });

  it('passes an empty upstream body as empty', async () => {
    const service = await startTestService();
    service.galileo.script({ kind: 'answer', status: 204, body: '' });
    const response = await service.invite({ emails: ['ann@acme.com'] });
    expect(response.status).toBe(204);
    expect(await response.text()).toBe('');
  });

  it('passes statuses that can have no body without one', async () => {
    const service = await startTestService({ deps: { http: answering(205, '{"left":"over"}') } });
    const response = await service.invite({ emails: ['ann@acme.com'] });
    expect(response.status).toBe(205);
    expect(await response.text()).toBe('');
  });

  it('reaches Galileo exactly once, as five explicit fields in schema order, with the key', async () => {
    const service = await startTestService();
    await service.invite({ send_email: false, emails: ['Ann@Acme.com'] });
    expect(service.galileo.received).toHaveLength(1);
    const [received] = service.galileo.received;
    expect(received?.body).toBe(
      '{"auth_method":"email","emails":["Ann@Acme.com"],"role":"user","group_ids":[],"send_email":false}',
    );
    expect(received?.path).toBe('/v2/invite_users');
    const { username, password } = ACCOUNT;
    const basic = Buffer.from(`${username}:${password}`).toString('base64');
    const [token] = service.galileo.account?.tokens ?? [];
    const fields = {
      api_key: { 'galileo-api-key': API_KEY },
      basic: { authorization: `Basic ${basic}` },
      password: { authorization: `Bearer ${String(token)}` },
    };
    expect(received?.headers).toMatchObject(fields[SCHEME_UNDER_TEST]);
  });

  it('takes nothing of the caller along but the five values', async () => {
    const service = await startTestService({ galileo: 'served' });
    await service.invite(
      { emails: ['ann@acme.com'] },
      {
        headers: {
          Cookie: 'session=1',
          'X-Forwarded-For': '203.0.113.9',
          'X-Custom': 'hello',
          'User-Agent': 'caller/1.0',
        },
      },
    );
    const names = Object.keys(service.galileo.received[0]?.headers ?? {}).toSorted();
    expect(names).toEqual([
      'accept',
      'accept-encoding',
      ...(isKey ? [] : ['authorization']),
      'connection',
      'content-length',
      'content-type',
      ...(isKey ? ['galileo-api-key'] : []),
      'host',
      'user-agent',
    ]);
    expect(service.galileo.received[0]?.headers['user-agent']).toMatch(/^galileo-invite-proxy\//);
  });

  it('leaves an intent and an outcome on record, both with the hash of the bytes that Galileo received', async () => {
    const service = await startTestService();
    const response = await service.invite({ emails: ['ann@acme.com', 'bob@acme.com'], role: 'read_only' });
    const [intent, outcome, ...more] = await service.records();
    expect(more).toEqual([]);
    expect([intent?.kind, outcome?.kind]).toEqual(['intent', 'outcome']);
    expect(intent?.request_sha256).toBe(service.galileo.received[0]?.sha256);
    expect(outcome?.request_sha256).toBe(sha256(service.galileo.received[0]?.body ?? ''));
    expect(intent?.request_id).toBe(response.headers.get('X-Request-Id'));
    expect(intent?.request.emails).toEqual(['ann@acme.com', 'bob@acme.com']);
    expect(outcome?.outcome).toMatchObject({
      result: 'accepted',
      status: 200,
      upstream_status: 200,
      settled_by: 'exchange',
    });
    expect(outcome?.outcome.attempts).toEqual([
      {
        slot: 'current',
        key_fingerprint: expect.stringMatching(/^[0-9a-f]{12}$/),
        result: 'answered',
        ...(isKey ? {} : { scheme: SCHEME_UNDER_TEST }),
        status: 200,
        duration_ms: 0,
      },
    ]);
  });

  it('sends forced values in place of what was asked, and says so in the record', async () => {
    const service = await startTestService();
    const response = await service.invite({ emails: ['ann@eu.acme.com'], auth_method: 'email' });
    expect(response.status).toBe(200);
    expect(JSON.parse(service.galileo.received[0]?.body ?? '')).toMatchObject({
      auth_method: 'okta',
      send_email: false,
    });
    const [intent] = await service.records();
    expect(intent?.request.auth_method).toBe('email');
    expect(intent?.policy.forced).toEqual([
      { rule: 'staff-use-okta', field: 'auth_method', value: 'okta' },
      { rule: 'staff-use-okta', field: 'send_email', value: false },
    ]);
  });

  it('carries the request id, the policy digest and the rate limits on its answer', async () => {
    const service = await startTestService();
    const { headers } = await service.invite({ emails: ['ann@acme.com'] });
    expect(headers.get('X-Request-Id')).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/);
    expect(headers.get('Policy-Digest')).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(headers.get('RateLimit-Policy')).toBe('"app-day";q=50;w=86400');
    expect(headers.get('RateLimit')).toBe('"app-day";r=49;t=50400');
    expect(headers.get('Vary')).toBe('Origin, Prefer');
  });
});

describe('an invite that the policy does not allow', () => {
  it('is refused with the rule and the keys that failed, and nothing is sent', async () => {
    const service = await startTestService();
    const response = await service.invite({
      emails: ['ann@acme.com', 'eve@rival.io', 'pat@notacme.com'],
      role: 'admin',
    });
    expect(response.status).toBe(403);
    expect(await response.json()).toMatchObject({
      code: 'policy_denied',
      origin: 'policy',
      decisions: [
        { email: 'ann@acme.com', decision: 'deny', rule: 'hr-staff', because: ['roles'] },
        { email: 'eve@rival.io', decision: 'deny', rule: 'never-invite', because: ['domains'] },
        { email: 'pat@notacme.com', decision: 'deny', rule: null, because: ['no-rule'] },
      ],
    });
    expect(service.galileo.received).toEqual([]);
    const records = await service.records();
    expect(records.map(({ kind }) => kind)).toEqual(['denial']);
    expect(records[0]?.outcome).toEqual({ result: 'denied', code: 'policy_denied', status: 403 });
    expect(records[0]).not.toHaveProperty('request_sha256');
  });

  it('is refused by the quota when the request alone exceeds a limit', async () => {
    const service = await startTestService();
    const emails = Array.from({ length: 21 }, (_, index) => `p${index}@acme.com`);
    const response = await service.invite({ emails });
    expect(response.status).toBe(403);
    expect(await response.json()).toMatchObject({
      code: 'policy_denied',
      origin: 'quota',
      decisions: expect.arrayContaining([expect.objectContaining({ rule: 'batch' })]),
    });
  });

  it('gets another answer under another policy for the same request', async () => {
    const deny = await startTestService();
    const allow = await startTestService({
      policy: `
version: 1
callers: { hr-portal: { issuer: corp, client_id: [hr-portal] } }
rules: [{ id: partners, allow: [hr-portal], domains: [partner.io], roles: any, auth_methods: any }]
tests: [{ as: hr-portal, invite: pat@partner.io, expect: allow }]
`,
    });
    const request = { emails: ['pat@partner.io'] };
    const refused = await deny.invite(request);
    const accepted = await allow.invite(request);
    expect([refused.status, accepted.status]).toEqual([403, 200]);
    expect(refused.headers.get('Policy-Digest')).not.toBe(accepted.headers.get('Policy-Digest'));
  });
});

describe('a dry run', () => {
  it('gives the verdict, the forced values, the quotas and the body, sends nothing and counts nothing', async () => {
    const service = await startTestService();
    const response = await service.invite({ emails: ['ann@eu.acme.com'] }, { query: '?dry_run=true' });
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      dry_run: true,
      decision: 'allow',
      refused_by: null,
      decisions: [
        {
          email: 'ann@eu.acme.com',
          decision: 'allow',
          rule: 'hr-staff',
          because: [],
          message: 'ann@eu.acme.com: allowed (rule hr-staff).',
        },
      ],
      forced: [
        { rule: 'staff-use-okta', field: 'auth_method', value: 'okta' },
        { rule: 'staff-use-okta', field: 'send_email', value: false },
      ],
      quota: null,
      quotas: [{ quota: 'app-day', unit: 'emails', limit: 50, before: 50, after: 49, reset_s: 50_400 }],
      body: { auth_method: 'okta', emails: ['ann@eu.acme.com'], role: 'user', group_ids: [], send_email: false },
    });
    expect(service.galileo.received).toEqual([]);
    const real = await service.invite({ emails: ['ann@eu.acme.com'] });
    expect(real.headers.get('RateLimit')).toContain('r=49');
  });

  it('leaves one record without addresses', async () => {
    const service = await startTestService();
    await service.invite({ emails: ['eve@rival.io'] }, { query: '?dry_run=true' });
    const records = await service.records();
    expect(records.map(({ kind }) => kind)).toEqual(['dry_run']);
    expect(JSON.stringify(records)).not.toContain('@');
    expect(records[0]?.request.email_count).toBe(1);
  });

  it('says deny with 200 for what a real request would be refused', async () => {
    const service = await startTestService();
    const response = await service.invite({ emails: ['eve@rival.io'] }, { query: '?dry_run=true' });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ decision: 'deny', refused_by: 'policy' });
  });

  it('binds no idempotency key', async () => {
    const service = await startTestService();
    const headers = { 'Idempotency-Key': 'the-key-of-a-dry-run' };
    await service.invite({ emails: ['ann@acme.com'] }, { query: '?dry_run=true', headers });
    const real = await service.invite({ emails: ['bob@acme.com'] }, { headers });
    expect(real.status).toBe(200);
    expect(service.galileo.received).toHaveLength(1);
  });

  it('names the quota that a real request would be refused by, also one about invitees', async () => {
    const service = await startTestService({
      policy: `
version: 1
callers: { hr-portal: { issuer: corp, client_id: [hr-portal] } }
rules: [{ id: staff, allow: [hr-portal], domains: [acme.com], roles: any, auth_methods: any }]
quotas: [{ id: person, per: invitee, window: 1d, emails: 1 }]
`,
    });
    await service.invite({ emails: ['ann@acme.com'] });
    const response = await service.invite({ emails: ['ann@acme.com'] }, { query: '?dry_run=true' });
    expect(await response.json()).toMatchObject({ decision: 'deny', refused_by: 'quota', quota: 'person', quotas: [] });
  });

  it('needs no idempotency key where real requests do, and minds none', async () => {
    const service = await startTestService({ settings: { IDEMPOTENCY: 'required' } });
    const dryRun = (headers: Record<string, string>) =>
      service.invite({ emails: ['ann@acme.com'] }, { query: '?dry_run=true', headers });
    expect((await dryRun({})).status).toBe(200);
    expect((await dryRun({ 'Idempotency-Key': 'short' })).status).toBe(200);
  });

  it('is limited to 60 a minute and subject', async () => {
    const service = await startTestService();
    const token = await service.token();
    const dryRun = () => service.invite({ emails: ['ann@acme.com'] }, { query: '?dry_run=true', token });
    for (let count = 0; count < 60; count += 1) expect((await dryRun()).status).toBe(200);
    const refused = await dryRun();
    expect(refused.status).toBe(429);
    expect(await refused.json()).toMatchObject({ code: 'quota_exhausted', quota: 'built-in/dry-run' });
    expect(await service.records()).toHaveLength(60);
    service.clock.advance(60_000);
    expect((await dryRun()).status).toBe(200);
  });
});
