/**
 * Tokens in the forms of the vendors' identity providers, through the whole service. Each token is accepted for its
 * scopes, and refused when its audience, issuer, type or scope is wrong. Then Cloudflare Access, which sends its tokens
 * in a header field of their own and derives them from a cookie.
 */
import { describe, expect, it } from 'vitest';
import { issuerProfile } from '../../../src/auth/issuer-profile.ts';
import type { IssuerConfig } from '../../../src/auth/issuers.ts';
import { startTestService } from '../../support/service.ts';
import {
  AUDIENCE,
  claimsText,
  document,
  headerText,
  ISSUER,
  rs256Signer,
  testDocuments,
} from '../../support/tokens.ts';
import type { RecordedToken } from '../../unit/auth/recorded-tokens.ts';
import { RECORDED_TOKENS } from '../../unit/auth/recorded-tokens.ts';

const POLICY = `
version: 1
callers:
  anyone: { issuer: corp }
rules:
  - { id: ours, allow: [anyone], domains: [acme.com], roles: any, auth_methods: any }
`;
const ORIGIN = 'https://hr.example.com';
const ACCESS_FIELD = 'Cf-Access-Jwt-Assertion';
const BODY = JSON.stringify({ emails: ['ann@acme.com'] });

const signer = await rs256Signer();

type Fields = Readonly<Record<string, unknown>>;

/** The service with these issuers. The key set of each holds the one key under all of `keyIds`. */
async function serviceFor(issuers: readonly IssuerConfig[], keyIds: readonly unknown[]) {
  const { fetchDocument } = testDocuments((url) => {
    const metadata = issuers.map(({ issuer }) => ({ issuer, jwks_uri: `${issuer}/keys` }));
    const known = metadata.find(
      ({ issuer }) => url === `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`,
    );
    return document(JSON.stringify(known ?? { keys: keyIds.map((kid) => ({ ...signer.jwk, kid })) }));
  });
  return startTestService({ policy: POLICY, deps: { fetchDocument }, issuers });
}

const invite = (headers: Record<string, string>): RequestInit => ({
  method: 'POST',
  headers: { 'Content-Type': 'application/json', ...headers },
  body: BODY,
});

describe.each(RECORDED_TOKENS.map((token) => [token.title, token] as const))('a token of %s', (_title, token) => {
  const entry: IssuerConfig = { name: 'corp', ...token.entry };
  const { audienceClaim, tokenField } = issuerProfile(entry);
  const mayInvite = token.caller.scopes.includes('invites:write');

  it('lets its caller in, and nobody when audience, issuer, type or scope is wrong', async () => {
    const service = await serviceFor([entry], [token.header['kid']]);
    const ask = async ({ header = {}, claims = {} }: { header?: Fields; claims?: Fields }) => {
      const text = await signer.sign(
        JSON.stringify({ ...token.header, ...header }),
        JSON.stringify({ ...token.claims, ...claims }),
      );
      const fields: Record<string, string> =
        tokenField === 'Authorization' ? { Authorization: `Bearer ${text}` } : { [tokenField]: text, Origin: ORIGIN };
      const response = mayInvite
        ? await service.request('/v2/invite_users', invite(fields))
        : await service.request('/audit/records', { headers: fields });
      return response.status;
    };

    expect({
      audience: await ask({ claims: { [audienceClaim]: 'payroll' } }),
      issuer: await ask({ claims: { iss: 'https://evil.example' } }),
      type: await ask({ header: { typ: token.wrongType } }),
      scope: await ask({ claims: token.withoutScope }),
    }).toEqual({ audience: 401, issuer: 401, type: 401, scope: 403 });
    expect(service.galileo.received).toEqual([]);
    expect(await service.records()).toEqual([]);

    expect(await ask({})).toBe(200);
    expect(service.galileo.received).toHaveLength(mayInvite ? 1 : 0);
    const { subject, clientId, kind } = token.caller;
    if (mayInvite) expect((await service.records())[0]?.actor).toMatchObject({ subject, client_id: clientId, kind });
  });
});

describe('with Cloudflare Access among the issuers', async () => {
  const ann = RECORDED_TOKENS.find(({ title }) => title === 'Cloudflare Access, a user') as RecordedToken;
  const corp = { name: 'corp', issuer: ISSUER, audience: AUDIENCE };
  const access = { name: 'access', ...ann.entry };
  const ofAccess = await signer.sign(JSON.stringify(ann.header), JSON.stringify(ann.claims));
  const ofCorp = await signer.sign(headerText({ alg: 'RS256' }), claimsText({ scope: 'invites:write' }));
  const setUp = () => serviceFor([corp, access], ['key-1', ann.header['kid']]);
  type Service = Awaited<ReturnType<typeof setUp>>;
  const path = '/v2/invite_policy';
  const get = (service: Service, headers: Record<string, string>) => service.request(path, { headers });

  it('a page of an allowed origin is served, and may read the answer', async () => {
    const service = await setUp();
    const response = await get(service, { [ACCESS_FIELD]: ofAccess, Origin: ORIGIN });
    expect(response.status).toBe(200);
    expect(response.headers.get('Access-Control-Allow-Origin')).toBe(ORIGIN);
    expect(response.headers.get('Access-Control-Allow-Credentials')).toBe('true');
  });

  it('a page of an allowed origin may read a refusal, too', async () => {
    const service = await setUp();
    const response = await get(service, { [ACCESS_FIELD]: 'x.y.z', Origin: ORIGIN });
    expect(response.status).toBe(401);
    expect(response.headers.get('Access-Control-Allow-Credentials')).toBe('true');
  });

  it.each([
    ['of another origin', 'https://evil.example'],
    ['without an origin of its own', 'null'],
    ['that names no origin', null],
  ])('a request %s is refused, whatever its cookie was good for', async (_title, origin) => {
    const service = await setUp();
    const fields = { [ACCESS_FIELD]: ofAccess, ...(origin === null ? {} : { Origin: origin }) };
    const response = await service.request('/v2/invite_users', invite(fields));
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({
      code: 'invalid_token',
      origin: 'proxy',
      detail: expect.stringContaining('counts only in a request whose Origin field names an allowed origin.'),
    });
    expect(response.headers.get('Access-Control-Allow-Origin')).toBeNull();
    expect(service.galileo.received).toEqual([]);
    expect(await service.records()).toEqual([]);
    expect(service.logLines.join('\n')).toContain('origin_not_allowed');
  });

  it('a second token beside that of Access makes the request malformed, however good both are', async () => {
    const service = await setUp();
    for (const bearer of [ofCorp, ofAccess, 'x']) {
      const fields = { [ACCESS_FIELD]: ofAccess, Authorization: `Bearer ${bearer}`, Origin: ORIGIN };
      const response = await service.request('/v2/invite_users', invite(fields));
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({
        code: 'malformed_request',
        detail: 'Two tokens came, in Authorization and in Cf-Access-Jwt-Assertion. Send one of them.',
      });
    }
    expect(service.galileo.received).toEqual([]);
  });

  it('a token of Access is refused in Authorization, and another issuer’s in the field of Access', async () => {
    const service = await setUp();
    for (const fields of [{ Authorization: `Bearer ${ofAccess}` }, { [ACCESS_FIELD]: ofCorp }]) {
      const response = await get(service, { ...fields, Origin: ORIGIN });
      expect(response.status).toBe(401);
      expect(await response.json()).toMatchObject({
        detail: expect.stringContaining('came in another header field than tokens of its issuer may come in.'),
      });
    }
    expect((await get(service, { Authorization: `Bearer ${ofCorp}` })).status).toBe(200);
  });

  it('tokens in Authorization need no origin, and no answer to them is for pages with cookies', async () => {
    const service = await setUp();
    const response = await get(service, { Authorization: `Bearer ${ofCorp}`, Origin: ORIGIN });
    expect(response.status).toBe(200);
    expect(response.headers.get('Access-Control-Allow-Credentials')).toBeNull();
  });

  it('the cookie itself is no credential', async () => {
    const service = await setUp();
    const response = await get(service, { Cookie: `CF_Authorization=${ofAccess}`, Origin: ORIGIN });
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({ code: 'missing_token' });
  });

  it('two assertions in one field are no token', async () => {
    const service = await setUp();
    const headers = new Headers({ Origin: ORIGIN });
    headers.append(ACCESS_FIELD, ofAccess);
    headers.append(ACCESS_FIELD, ofAccess);
    expect((await service.request(path, { headers })).status).toBe(401);
  });

  it('nothing of a token is logged', async () => {
    const service = await setUp();
    await get(service, { [ACCESS_FIELD]: ofAccess });
    await get(service, { [ACCESS_FIELD]: ofAccess, Origin: ORIGIN });
    for (const piece of ofAccess.split('.')) expect(service.logLines.join('\n')).not.toContain(piece);
  });
});

describe('without Cloudflare Access among the issuers', () => {
  it('its field is not looked at: Access may stand in front of a service that has its own tokens', async () => {
    const service = await startTestService();
    const token = await service.token();
    const ask = async (headers: Record<string, string>) =>
      (await service.request('/v2/invite_policy', { headers })).status;
    expect(await ask({ Authorization: `Bearer ${token}`, [ACCESS_FIELD]: 'x.y.z' })).toBe(200);
    expect(await ask({ [ACCESS_FIELD]: token })).toBe(401);
  });
});
