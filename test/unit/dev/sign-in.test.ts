import { createHash } from 'node:crypto';
import { decodeJwt } from 'jose';
import { describe, expect, it } from 'vitest';
import { createIdentityProvider, DEMO_AUDIENCE } from '../../../dev/identity-provider.ts';
import { createFakeClock } from '../../support/clock.ts';
import { documentsOf, testVerifier } from '../../support/tokens.ts';

const issuer = 'http://127.0.0.1:9400/corp';
const PAGE = 'http://localhost:5173/signed-in?from=test';
const ORIGIN = 'http://localhost:5173';
const VERIFIER = 'a-code-verifier-of-a-page-0123456789-abcdefgh';

const ASK = {
  client_id: 'hr-portal',
  redirect_uri: PAGE,
  response_type: 'code',
  code_challenge: createHash('sha256').update(VERIFIER).digest('base64url'),
  code_challenge_method: 'S256',
  state: 'a-state',
};

function start() {
  const clock = createFakeClock();
  const provider = createIdentityProvider({ issuer, now: clock.now });
  const request = async (path: string, init?: RequestInit): Promise<Response> =>
    await provider.app.request(`http://127.0.0.1:9400/corp${path}`, init);
  const authorize = (changes: Record<string, string | undefined> = {}): string =>
    `/authorize?${new URLSearchParams(withoutUndefined({ ...ASK, ...changes })).toString()}`;
  const pick = async (person: string, changes: Record<string, string | undefined> = {}): Promise<URL> => {
    const response = await request(authorize(changes), { method: 'POST', body: new URLSearchParams({ person }) });
    expect(response.status).toBe(303);
    return new URL(response.headers.get('Location') ?? '');
  };
  const exchange = async (fields: Record<string, string | undefined>) => {
    const response = await request('/token', {
      method: 'POST',
      body: new URLSearchParams(withoutUndefined({ client_id: 'hr-portal', ...fields })),
      headers: { Origin: ORIGIN },
    });
    return {
      status: response.status,
      headers: response.headers,
      body: (await response.json()) as Record<string, string | undefined>,
    };
  };
  const redeem = (code: string | null, changes: Record<string, string | undefined> = {}) =>
    exchange({
      grant_type: 'authorization_code',
      code: code ?? '',
      redirect_uri: PAGE,
      code_verifier: VERIFIER,
      ...changes,
    });
  const signIn = async (person: string, changes: Record<string, string | undefined> = {}) =>
    await redeem((await pick(person, changes)).searchParams.get('code'));
  const verifier = testVerifier({
    fetchDocument: documentsOf(provider.app).fetchDocument,
    clock,
    insecureDev: true,
    issuers: [{ name: 'demo', issuer, audience: DEMO_AUDIENCE }],
  });
  return { clock, request, authorize, pick, exchange, redeem, signIn, verifier };
}

function withoutUndefined(fields: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}

describe('signing in to a page', () => {
  it.each([
    { who: 'ann', kind: 'user', subject: 'ann', groups: [], scopes: ['invites:write'] },
    { who: 'ian', kind: 'user', subject: 'ian', groups: ['it-admins'], scopes: ['invites:write'] },
    {
      who: 'kim',
      kind: 'user',
      subject: 'kim',
      groups: ['it-admins'],
      scopes: ['invites:write', 'invites:settle', 'audit:read'],
    },
    { who: '(app)', kind: 'app', subject: 'hr-portal', groups: [], scopes: ['invites:write'] },
  ])('as $who gives the page a token that the service verifies', async ({ who, ...principal }) => {
    const { signIn, verifier } = start();
    const { status, body, headers } = await signIn(who);
    expect(status).toBe(200);
    expect(headers.get('Access-Control-Allow-Origin')).toBe(ORIGIN);
    expect(headers.get('Cache-Control')).toBe('no-store');
    expect(await verifier.verify(body['access_token'] ?? '')).toMatchObject({
      kind: 'verified',
      principal: { issuer: 'demo', clientId: 'hr-portal', ...principal },
    });
  });

  it('as a person without rights gives a token without scopes', async () => {
    const { body } = await start().signIn('nora');
    expect(body['scope']).toBe('');
  });

  it('shows who there is to be, and brings state and issuer back to the page', async () => {
    const { request, authorize, pick } = start();
    const page = await request(authorize({ login_hint: 'ian' }));
    const text = await page.text();
    for (const person of ['ann', 'ian', 'kim', 'nora', '(app)']) expect(text).toContain(`value="${person}"`);
    expect(text).toContain('value="ian" autofocus');
    expect(page.headers.get('Content-Security-Policy')).toContain("default-src 'none'");
    const back = await pick('ann');
    expect(back.origin + back.pathname).toBe('http://localhost:5173/signed-in');
    expect(Object.fromEntries(back.searchParams)).toEqual({
      from: 'test',
      code: expect.any(String),
      state: 'a-state',
      iss: issuer,
    });
  });

  it('grants what was asked and the person has', async () => {
    const { signIn } = start();
    expect((await signIn('kim', { scope: 'openid audit:read' })).body['scope']).toBe('audit:read');
    expect((await signIn('ann', { scope: 'invites:write audit:read' })).body['scope']).toBe('invites:write');
  });

  it('adds an ID token for openid, with the nonce, which the service does not take', async () => {
    const { signIn, verifier } = start();
    const { body } = await signIn('ann', { scope: 'openid invites:write', nonce: 'a-nonce' });
    const idToken = body['id_token'] ?? '';
    expect(decodeJwt(idToken)).toMatchObject({
      iss: issuer,
      sub: 'ann',
      aud: 'hr-portal',
      nonce: 'a-nonce',
      email: 'ann@acme.com',
    });
    expect(await verifier.verify(idToken)).not.toMatchObject({ kind: 'verified' });
  });

  it('adds a refresh token for offline_access, which is good once and is replaced', async () => {
    const { signIn, exchange, verifier } = start();
    expect((await signIn('ann')).body['refresh_token']).toBeUndefined();
    const { body } = await signIn('ann', { scope: 'invites:write offline_access' });
    const again = await exchange({ grant_type: 'refresh_token', refresh_token: body['refresh_token'] });
    expect(await verifier.verify(again.body['access_token'] ?? '')).toMatchObject({ kind: 'verified' });
    expect(again.body['refresh_token']).not.toBe(body['refresh_token']);
    expect(await exchange({ grant_type: 'refresh_token', refresh_token: body['refresh_token'] })).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant' },
    });
  });

  it('ends a refresh token that is revoked, and takes an unknown one for ended (RFC 7009)', async () => {
    const { signIn, exchange, request } = start();
    const { body } = await signIn('ann', { scope: 'offline_access' });
    const token = body['refresh_token'] ?? '';
    for (const one of [token, 'unknown']) {
      const form = new URLSearchParams({ client_id: 'hr-portal', token: one });
      expect((await request('/revoke', { method: 'POST', body: form })).status).toBe(200);
    }
    expect(await exchange({ grant_type: 'refresh_token', refresh_token: token })).toMatchObject({
      ...{ status: 400, body: { error: 'invalid_grant' } },
    });
  });

  it.each<[string, { second?: boolean; laterMs?: number }, Record<string, string | undefined>]>([
    ['a second time', { second: true }, {}],
    ['a minute later', { laterMs: 60_000 }, {}],
    ['without its verifier', {}, { code_verifier: undefined }],
    ['with another verifier', {}, { code_verifier: `${VERIFIER}x` }],
    ['for another address', {}, { redirect_uri: 'http://localhost:5173/' }],
    ['by another client', {}, { client_id: 'it-desk' }],
  ])('redeems no code %s', async (_title, { second = false, laterMs = 0 }, changes) => {
    const { clock, pick, redeem } = start();
    const code = (await pick('ann')).searchParams.get('code');
    if (second) await redeem(code);
    clock.advance(laterMs);
    expect(await redeem(code, changes)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
  });

  it.each([
    ['without PKCE', { code_challenge: undefined, code_challenge_method: undefined }, 'invalid_request'],
    ['with a plain challenge', { code_challenge_method: 'plain' }, 'invalid_request'],
    ['for the implicit flow', { response_type: 'token' }, 'unsupported_response_type'],
    ['with an unknown scope', { scope: 'invites:all' }, 'invalid_scope'],
    ['without anyone at the screen', { prompt: 'none' }, 'login_required'],
  ])('tells the page why there is no sign-in %s', async (_title, changes, error) => {
    const { request, authorize } = start();
    const response = await request(authorize(changes));
    const back = new URL(response.headers.get('Location') ?? '');
    expect(back.origin).toBe(ORIGIN);
    expect(back.searchParams.get('error')).toBe(error);
    expect(back.searchParams.get('state')).toBe('a-state');
  });

  it('tells the page that the person went back', async () => {
    const back = await start().pick('(nobody)');
    expect(back.searchParams.get('error')).toBe('access_denied');
    expect(back.searchParams.has('code')).toBe(false);
  });

  it.each([
    ['https://evil.example/', 'hr-portal'],
    ['http://localhost.evil.example/', 'hr-portal'],
    ['http://localhost:5173/#part', 'hr-portal'],
    ['http://ann@localhost:5173/', 'hr-portal'],
    ['javascript:alert(1)', 'hr-portal'],
    [PAGE, 'it-desk'],
    [PAGE, 'constructor'],
  ])('sends nobody to %s for %s', async (redirect_uri, client_id) => {
    const { request, authorize } = start();
    for (const method of ['GET', 'POST']) {
      const body = method === 'POST' ? new URLSearchParams({ person: 'ann' }) : null;
      const response = await request(authorize({ redirect_uri, client_id }), { method, body });
      expect(response.status).toBe(400);
      expect(response.headers.get('Location')).toBeNull();
    }
  });

  it('writes what the page sent as text', async () => {
    const { request } = start();
    const query = new URLSearchParams({ ...ASK, redirect_uri: 'http://localhost:5173/' });
    query.append('<script>alert(1)</script>', '1');
    query.append('<script>alert(1)</script>', '2');
    const text = await (await request(`/authorize?${query.toString()}`)).text();
    expect(text).toContain('&lt;script&gt;');
    expect(text).not.toContain('<script>');
  });

  it('lets pages of this machine alone call the token endpoint, and none the sign-in page', async () => {
    const { request, authorize } = start();
    const allowed = async (path: string, origin: string): Promise<string | null> =>
      (await request(path, { headers: { Origin: origin } })).headers.get('Access-Control-Allow-Origin');
    for (const path of ['/token', '/jwks', '/.well-known/openid-configuration']) {
      expect(await allowed(path, ORIGIN)).toBe(ORIGIN);
      expect(await allowed(path, 'https://evil.example')).toBeNull();
    }
    expect(await allowed(authorize(), ORIGIN)).toBeNull();
  });

  it('ends at an address of this machine only', async () => {
    const { request } = start();
    const logout = async (back: string): Promise<string | null> =>
      (await request(`/logout?${new URLSearchParams({ post_logout_redirect_uri: back }).toString()}`)).headers.get(
        'Location',
      );
    expect(await logout('http://localhost:5173/')).toBe('http://localhost:5173/');
    expect(await logout('https://evil.example/')).toBeNull();
  });
});
