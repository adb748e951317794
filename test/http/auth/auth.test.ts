import { base64url } from 'jose';
import { describe, expect, it } from 'vitest';
import { createIdentityProvider } from '../../../dev/identity-provider.ts';
import { startTestService } from '../../support/service.ts';
import { AUDIENCE, ISSUER } from '../../support/tokens.ts';

const ANN = { emails: ['ann@acme.com'] };
const METADATA = 'resource_metadata="https://invites.example.com/.well-known/oauth-protected-resource"';

const SIGN_IN = 'Sign in again for a fresh access token. If that does not help, ask the people who run this app.';

describe('a token that proves nothing', () => {
  it('is refused when it is forged: right claims, another key', async () => {
    const service = await startTestService();
    const forger = createIdentityProvider({ issuer: ISSUER, audience: AUDIENCE, now: service.clock.now });
    const { kid } = (await service.identityProvider.keySet()).keys[0] ?? {};
    const response = await service.invite(ANN, { token: await forger.issue({}, { header: { kid } }) });
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({
      code: 'invalid_token',
      detail: expect.stringMatching(/^The signature of the token cannot be verified\. Sign in again/),
    });
    expect(service.logLines.join('\n')).toContain('signature_invalid');
  });

  it('is refused when it has expired', async () => {
    const service = await startTestService();
    const token = await service.token();
    service.clock.advance(10 * 60_000 + 31_000);
    const response = await service.invite(ANN, { token });
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({ code: 'invalid_token', detail: `The token has expired. ${SIGN_IN}` });
  });

  it('is refused when it is meant for another service', async () => {
    const service = await startTestService();
    const response = await service.invite(ANN, { token: await service.token({ aud: 'another-service' }) });
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({
      code: 'invalid_token',
      detail: expect.stringMatching(/^The token is meant for another service\. /),
    });
  });

  it('is refused when it is not signed', async () => {
    const service = await startTestService();
    const [, payload] = (await service.token()).split('.');
    const token = `${base64url.encode('{"alg":"none","typ":"at+jwt"}')}.${payload}.`;
    const response = await service.invite(ANN, { token });
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({ code: 'invalid_token' });
  });

  it('reaches neither ledger nor Galileo', async () => {
    const service = await startTestService();
    await service.invite(ANN, { token: 'x.y.z' });
    expect(await service.records()).toEqual([]);
    expect(service.galileo.received).toEqual([]);
  });
});

describe('a good token', () => {
  it.each(['', 'JWT ', 'Token '])(
    'behind %j in place of Bearer is not read, and the answer says why',
    async (before) => {
      const service = await startTestService();
      const token = await service.token();
      const response = await service.request('/v2/invite_policy', { headers: { Authorization: `${before}${token}` } });
      expect(response.status).toBe(401);
      expect(response.headers.get('WWW-Authenticate')).toBe(`Bearer realm="galileo-invites", ${METADATA}`);
      expect(await response.json()).toMatchObject({
        code: 'missing_token',
        detail:
          'The Authorization field came without the word Bearer before the token. Send it as Authorization: Bearer <token>.',
      });
    },
  );
});

describe('a token with invisible characters', () => {
  it.each([{ sub: 'hr-\u200bportal' }, { client_id: '\u202elatrop-rh' }])('in %j is refused', async (claims) => {
    const service = await startTestService();
    const response = await service.invite(ANN, { token: await service.token(claims) });
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({ code: 'invalid_token' });
  });

  it('in a group is valid, and is logged without the group', async () => {
    const service = await startTestService();
    const response = await service.invite(ANN, { token: await service.token({ groups: ['lea\u200bvers'] }) });
    expect(response.status).toBe(200);
    expect(service.logLines.filter((line) => line.includes('"token_group_unreadable"'))).toHaveLength(1);
    expect(service.logLines.join('')).not.toContain('vers');
  });
});

describe('the challenge', () => {
  it('has no error code when no credentials came', async () => {
    const service = await startTestService();
    const response = await service.request('/v2/invite_policy');
    expect(response.status).toBe(401);
    expect(response.headers.get('WWW-Authenticate')).toBe(`Bearer realm="galileo-invites", ${METADATA}`);
  });

  it('names invalid_token for a token that was refused, and nothing of the token', async () => {
    const service = await startTestService();
    const response = await service.invite(ANN, { token: 'secret.token.value' });
    expect(response.headers.get('WWW-Authenticate')).toContain('error="invalid_token"');
    expect(JSON.stringify([...response.headers]) + (await response.text()) + service.logLines.join('')).not.toContain(
      'secret.token',
    );
  });

  it('names the scope that is missing', async () => {
    const service = await startTestService();
    const response = await service.invite(ANN, { token: await service.token({ scope: 'openid' }) });
    expect(response.status).toBe(403);
    expect(response.headers.get('WWW-Authenticate')).toContain('error="insufficient_scope", scope="invites:write"');
  });

  it('leads to the metadata document of RFC 9728', async () => {
    const service = await startTestService();
    const response = await service.request('/.well-known/oauth-protected-resource');
    expect(await response.json()).toEqual({
      resource: 'https://invites.example.com',
      authorization_servers: [ISSUER],
      scopes_supported: ['invites:write', 'invites:settle', 'audit:read'],
      bearer_methods_supported: ['header'],
    });
  });
});

/** The status of every route for every kind of token. A new route must have a row here. */
const ACCESS: Record<string, { none: number; noScope: number; write: number; settle: number; audit: number }> = {
  'POST /v2/invite_users': { none: 401, noScope: 403, write: 422, settle: 403, audit: 403 },
  'GET /v2/invite_policy': { none: 401, noScope: 403, write: 200, settle: 403, audit: 403 },
  'GET /v2/invite_requests': { none: 401, noScope: 403, write: 200, settle: 403, audit: 200 },
  'GET /v2/invite_requests/:id': { none: 401, noScope: 403, write: 404, settle: 403, audit: 404 },
  'POST /v2/invite_requests/:id/settlement': { none: 401, noScope: 403, write: 403, settle: 422, audit: 403 },
  'GET /audit/records': { none: 401, noScope: 403, write: 403, settle: 403, audit: 200 },
  'GET /audit/policies/:digest': { none: 401, noScope: 403, write: 403, settle: 403, audit: 404 },
  'POST /audit/search': { none: 401, noScope: 403, write: 403, settle: 403, audit: 422 },
  'POST /audit/counts': { none: 401, noScope: 403, write: 403, settle: 403, audit: 422 },
  'GET /audit/status': { none: 401, noScope: 403, write: 403, settle: 403, audit: 200 },
  'GET /openapi.json': { none: 200, noScope: 200, write: 200, settle: 200, audit: 200 },
  'GET /livez': { none: 200, noScope: 200, write: 200, settle: 200, audit: 200 },
  'GET /readyz': { none: 200, noScope: 200, write: 200, settle: 200, audit: 200 },
  'GET /.well-known/oauth-protected-resource': { none: 200, noScope: 200, write: 200, settle: 200, audit: 200 },
};

describe('access', () => {
  it.each(Object.entries(ACCESS))('to %s is as the table says', async (route, expected) => {
    const service = await startTestService();
    const [method = '', template = ''] = route.split(' ');
    const path = template.replace(':id', '00000000-0000-7000-8000-000000000000');
    const ask = async (token: string | null) =>
      (await service.request(path, { method, headers: token === null ? {} : { Authorization: `Bearer ${token}` } }))
        .status;
    expect({
      none: await ask(null),
      noScope: await ask(await service.token({ scope: 'openid' })),
      write: await ask(await service.token({ scope: 'invites:write' })),
      settle: await ask(await service.token({ sub: 'kim', client_id: 'it-desk', scope: 'invites:settle' })),
      audit: await ask(await service.token({ scope: 'audit:read' })),
    }).toEqual(expected);
  });

  it('has a row for every route in /openapi.json', async () => {
    const service = await startTestService();
    const { paths } = (await (await service.request('/openapi.json')).json()) as {
      paths: Record<string, Record<string, unknown>>;
    };
    const routes = Object.entries(paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`),
    );
    expect(routes.toSorted()).toEqual(Object.keys(ACCESS).toSorted());
  });
});
