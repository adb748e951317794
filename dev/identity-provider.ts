import { randomUUID } from 'node:crypto';

import { Hono } from 'hono';
import { cors } from 'hono/cors';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import type { CryptoKey, JWK, JWTPayload } from 'jose';
import { isLoopbackOrigin } from '../src/auth/issuers.ts';
import { API_SCOPES, demoClient } from './sign-in/demo-clients.ts';
import { mountSignIn } from './sign-in/sign-in.ts';

/**
 * A stand-in identity provider for `npm start`, the demo and the tests. It has real signatures, discovery, a key set
 * that can rotate, the client credentials grant (RFC 6749 §4.4) for a small table of demo clients, and sign-in of people
 * to pages (sign-in/). Its tokens follow RFC 9068. Pages of this machine may call it. It is never part of the service: nothing in src/ imports it, its secrets are published, and its keys
 * exist only in this process.
 */
export interface IdentityProvider {
  /** Serves every endpoint below the issuer's path. */
  readonly app: Hono;
  readonly issuer: string;
  /** Signs with a new key from now on. The old one stays published until `retire`. */
  rotate(): Promise<void>;
  /** Publishes the current key only. */
  retire(): Promise<void>;
  /** A signed access token. A claim that is `undefined` is left out. */
  issue(claims?: JWTPayload, options?: IssueOptions): Promise<string>;
  /** What /jwks serves now. */
  keySet(): Promise<{ keys: JWK[] }>;
}

export interface IdentityProviderOptions {
  readonly issuer: string;
  readonly audience?: string;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
  readonly algorithm?: SigningAlgorithm;
}

export interface IssueOptions {
  readonly lifetimeS?: number;
  /** Fields to add to the header or to replace in it. A field that is `undefined` is left out. */
  readonly header?: Readonly<Record<string, unknown>>;
}

export const SIGNING_ALGORITHMS = [
  'ES256',
  'ES384',
  'ES512',
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'EdDSA',
  'Ed25519',
] as const;
export type SigningAlgorithm = (typeof SIGNING_ALGORITHMS)[number];

export const DEMO_AUDIENCE = 'galileo-invites';

const LIFETIME_S = 600;

interface SigningKey {
  readonly keyId: string;
  readonly privateKey: CryptoKey;
  readonly publicJwk: JWK;
}

export function createIdentityProvider(options: IdentityProviderOptions): IdentityProvider {
  const { issuer, audience = DEMO_AUDIENCE, now = Date.now, algorithm = 'ES256' } = options;
  /** Newest first. Generation starts at once and is awaited where the keys are used. */
  let keys: Promise<readonly SigningKey[]> = createKey(algorithm).then((key) => [key]);

  const issue = async (claims: JWTPayload = {}, { lifetimeS = LIFETIME_S, header = {} }: IssueOptions = {}) => {
    const [current] = await keys;
    if (current === undefined) throw new Error('no signing key');
    const iat = Math.floor(now() / 1000);
    const subject = claims.sub ?? 'hr-portal';
    const defaults = {
      iss: issuer,
      aud: audience,
      sub: subject,
      client_id: subject,
      scope: 'invites:write',
      iat,
      exp: iat + lifetimeS,
      jti: randomUUID(),
    };
    return new SignJWT(withoutUndefined({ ...defaults, ...claims }))
      .setProtectedHeader(
        withoutUndefined({ alg: algorithm, typ: 'at+jwt', kid: current.keyId, ...header }) as { alg: string },
      )
      .sign(current.privateKey);
  };

  const keySet = async () => ({ keys: (await keys).map(({ publicJwk }) => publicJwk) });

  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/$/, '');
  const metadata = {
    issuer,
    jwks_uri: `${origin}${path}/jwks`,
    token_endpoint: `${origin}${path}/token`,
    authorization_endpoint: `${origin}${path}/authorize`,
    end_session_endpoint: `${origin}${path}/logout`,
    revocation_endpoint: `${origin}${path}/revoke`,
    grant_types_supported: ['client_credentials', 'authorization_code', 'refresh_token'],
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    code_challenge_methods_supported: ['S256'],
    authorization_response_iss_parameter_supported: true,
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: [algorithm],
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'none'],
    scopes_supported: [...API_SCOPES, 'openid', 'profile', 'email', 'offline_access'],
  };

  const app = new Hono();
  // Not for /authorize: only a browser's own navigation may go there (RFC 9700 §2.6).
  const fromPages = cors({ origin: (from) => (isLoopbackOrigin(from) ? from : null), allowMethods: ['GET', 'POST'] });
  for (const open of [`${path}/.well-known/*`, '/.well-known/*', `${path}/jwks`, `${path}/token`, `${path}/revoke`])
    app.use(open, fromPages);
  const signIn = mountSignIn(app, { issuer, path, lifetimeS: LIFETIME_S, now, issue });
  app.get(`${path}/.well-known/openid-configuration`, (c) => c.json(metadata));
  app.get(`/.well-known/oauth-authorization-server${path}`, (c) => c.json(metadata));
  app.get(`${path}/jwks`, async (c) => c.json(await keySet()));
  app.post(`${path}/token`, async (c) => {
    c.header('Cache-Control', 'no-store'); // RFC 6749 §5.1
    const form = new URLSearchParams(await c.req.text());
    const exchanged = await signIn.exchange(form);
    if (exchanged !== null) return c.json(exchanged, 'error' in exchanged ? 400 : 200);
    if (form.get('grant_type') !== 'client_credentials') return c.json({ error: 'unsupported_grant_type' }, 400);
    const { id, secret } = basicCredentials(c.req.header('Authorization')) ?? {
      id: form.get('client_id'),
      secret: form.get('client_secret'),
    };
    const client = demoClient(id);
    if (id === null || client === null || client.secret !== secret) {
      return c.json({ error: 'invalid_client' }, 401, { 'WWW-Authenticate': 'Basic realm="demo"' });
    }
    const asked = form.get('scope')?.split(' ') ?? client.scopes;
    if (asked.some((scope) => !client.scopes.includes(scope))) return c.json({ error: 'invalid_scope' }, 400);
    const scope = asked.join(' ');
    const groups = client.groups.length === 0 ? undefined : [...client.groups];
    return c.json({
      access_token: await issue({ sub: client.subject ?? id, client_id: id, scope, groups }),
      token_type: 'Bearer',
      expires_in: LIFETIME_S,
      scope,
    });
  });

  // RFC 7009: pages are public clients, so the token is all that there is to check.
  app.post(`${path}/revoke`, async (c) => {
    signIn.revoke(new URLSearchParams(await c.req.text()));
    return c.body(null, 200);
  });

  return {
    app,
    issuer,
    issue,
    keySet,
    async rotate() {
      keys = Promise.all([createKey(algorithm), keys]).then(([created, older]) => [created, ...older]);
      await keys;
    },
    async retire() {
      keys = keys.then((all) => all.slice(0, 1));
      await keys;
    },
  };
}

async function createKey(algorithm: SigningAlgorithm): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair(algorithm, { extractable: true });
  const keyId = randomUUID();
  return { keyId, privateKey, publicJwk: { ...(await exportJWK(publicKey)), kid: keyId, alg: algorithm, use: 'sig' } };
}

/** RFC 6749 §2.3.1. The ids and secrets of the demo clients need no form-decoding. */
function basicCredentials(field: string | undefined): { id: string; secret: string } | null {
  const encoded = /^Basic +([A-Za-z0-9+/]+=*)$/i.exec(field ?? '')?.[1];
  if (encoded === undefined) return null;
  const [id = '', ...secret] = Buffer.from(encoded, 'base64').toString('utf8').split(':');
  return { id, secret: secret.join(':') };
}

function withoutUndefined<Value extends object>(value: Value): Value {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as Value;
}
