import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair } from 'jose';
import type { JWK } from 'jose';
import OidcProvider from 'oidc-provider';
import type { Adapter, AdapterPayload, Configuration } from 'oidc-provider';

/**
 * A certified OpenID provider (npm oidc-provider) on loopback: its tokens are made by independent software. Its keys
 * rotate as a careful operator rotates them: publish, then sign, then retire. Each step is a new instance with other
 * keys at the same address and with the same storage, as after a rolling deployment. It is not the stand-in of dev/,
 * which makes hostile tokens too: this provider makes only tokens that the specifications allow.
 */
export interface OpenIdProvider {
  readonly issuer: string;
  /** The requested paths, in order. */
  readonly paths: readonly string[];
  /** Client credentials (RFC 6749 §4.4) for `hr-portal`. */
  clientToken(scope?: string): Promise<string>;
  /** The code flow with PKCE (RFC 7636) for Ann, at the public client `hr-spa`. */
  userTokens(scope?: string): Promise<{ readonly accessToken: string; readonly idToken: string }>;
  /** Publishes a new key beside the old one, which still signs. */
  publishNextKey(): Promise<void>;
  /** Signs with the new key from now on. The old one stays published. */
  signWithNextKey(): void;
  /** Publishes the signing key only. */
  retireOldKey(): void;
  close(): Promise<void>;
}

export type OpenIdAlgorithm = 'RS256' | 'PS256' | 'ES256' | 'EdDSA';

export interface OpenIdProviderOptions {
  readonly algorithm: OpenIdAlgorithm;
  /** The resource (RFC 8707) of the access tokens. */
  readonly audience: string;
}

type SigningKey = JWK & { readonly kid: string };

const SCOPES = 'invites:write audit:read';
const SECRET = randomUUID();
const REDIRECT_URI = 'http://127.0.0.1/callback';
const LIFETIME_S = 4 * 3600;

export async function startOpenIdProvider({ algorithm, audience }: OpenIdProviderOptions): Promise<OpenIdProvider> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const adapter = createAdapters();
  const cookieKey = randomUUID();
  const paths: string[] = [];

  const deploy = (keys: readonly SigningKey[], signing: SigningKey): OidcProvider => {
    const configuration: Configuration = {
      adapter,
      jwks: { keys: [...keys] },
      cookies: { keys: [cookieKey] },
      clients: [
        {
          client_id: 'hr-portal',
          client_secret: SECRET,
          grant_types: ['client_credentials'],
          redirect_uris: [],
          response_types: [],
          scope: SCOPES,
        },
        {
          client_id: 'hr-spa',
          application_type: 'native',
          grant_types: ['authorization_code'],
          redirect_uris: [REDIRECT_URI],
          response_types: ['code'],
          scope: `openid ${SCOPES}`,
          token_endpoint_auth_method: 'none',
        },
      ],
      scopes: ['openid', ...SCOPES.split(' ')],
      clientDefaults: { id_token_signed_response_alg: algorithm },
      features: {
        devInteractions: { enabled: false },
        clientCredentials: { enabled: true },
        resourceIndicators: {
          enabled: true,
          getResourceServerInfo: () => ({
            scope: SCOPES,
            audience,
            accessTokenTTL: LIFETIME_S,
            accessTokenFormat: 'jwt',
            jwt: { sign: { alg: algorithm, kid: signing.kid } },
          }),
        },
      },
      interactions: { url: (_context, { uid }) => `/interaction/${uid}` },
      findAccount: (_context, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
      ttl: {
        AccessToken: LIFETIME_S,
        ClientCredentials: LIFETIME_S,
        Grant: 60,
        IdToken: 60,
        Interaction: 60,
        Session: 60,
      },
    };
    return new OidcProvider(issuer, configuration);
  };

  const firstKey = await createKey(algorithm);
  let keys: readonly SigningKey[] = [firstKey];
  let signing = firstKey;
  let provider = deploy(keys, signing);

  server.on('request', (request, response) => {
    const path = request.url?.split('?')[0] ?? '';
    paths.push(path);
    const current = provider;
    if (!path.startsWith('/interaction/')) return void current.callback()(request, response);
    consent(current, request, response).catch((error: unknown) => response.writeHead(500).end(String(error)));
  });

  const askForToken = async (fields: Record<string, string>): Promise<Record<string, string>> => {
    const response = await fetch(`${issuer}/token`, { method: 'POST', body: new URLSearchParams(fields) });
    const answer = (await response.json()) as Record<string, string>;
    if (response.status !== 200) throw new Error(`token endpoint: ${response.status} ${JSON.stringify(answer)}`);
    return answer;
  };

  return {
    issuer,
    paths,
    async clientToken(scope = 'invites:write') {
      const answer = await askForToken({
        grant_type: 'client_credentials',
        client_id: 'hr-portal',
        client_secret: SECRET,
        resource: audience,
        scope,
      });
      return answer['access_token'] ?? '';
    },
    async userTokens(scope = 'invites:write') {
      const verifier = randomBytes(32).toString('base64url');
      const question = new URLSearchParams({
        client_id: 'hr-spa',
        response_type: 'code',
        redirect_uri: REDIRECT_URI,
        scope: `openid ${scope}`,
        resource: audience,
        state: randomUUID(),
        code_challenge: createHash('sha256').update(verifier).digest('base64url'),
        code_challenge_method: 'S256',
      });
      const callback = await browse(`${issuer}/auth?${question}`, REDIRECT_URI);
      if (callback.searchParams.get('state') !== question.get('state')) throw new Error(`no code: ${callback.search}`);
      const answer = await askForToken({
        grant_type: 'authorization_code',
        client_id: 'hr-spa',
        code: callback.searchParams.get('code') ?? '',
        redirect_uri: REDIRECT_URI,
        code_verifier: verifier,
        resource: audience,
      });
      return { accessToken: answer['access_token'] ?? '', idToken: answer['id_token'] ?? '' };
    },
    async publishNextKey() {
      keys = [...keys, await createKey(algorithm)];
      provider = deploy(keys, signing);
    },
    signWithNextKey() {
      signing = keys.at(-1) ?? signing;
      provider = deploy(keys, signing);
    },
    retireOldKey() {
      keys = [signing];
      provider = deploy(keys, signing);
    },
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

async function createKey(algorithm: OpenIdAlgorithm): Promise<SigningKey> {
  const { privateKey } = await generateKeyPair(algorithm, { extractable: true });
  return { ...(await exportJWK(privateKey)), kid: randomUUID(), alg: algorithm, use: 'sig' };
}

/** Ann signs in and consents to everything. */
async function consent(provider: OidcProvider, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { prompt, params, session } = await provider.interactionDetails(request, response);
  if (prompt.name === 'login') {
    return provider.interactionFinished(request, response, { login: { accountId: 'ann' } });
  }
  const grant = new provider.Grant({ accountId: session?.accountId, clientId: String(params['client_id']) });
  const { missingOIDCScope = [], missingResourceScopes = {} } = prompt.details as {
    missingOIDCScope?: string[];
    missingResourceScopes?: Record<string, string[]>;
  };
  grant.addOIDCScope(missingOIDCScope.join(' '));
  for (const [resource, scopes] of Object.entries(missingResourceScopes)) {
    grant.addResourceScope(resource, scopes.join(' '));
  }
  return provider.interactionFinished(request, response, { consent: { grantId: await grant.save() } });
}

/**
 * Follows redirects with a browser's cookies. Returns the first address that begins with `destination`, without a
 * visit.
 */
async function browse(start: string, destination: string): Promise<URL> {
  const cookies: { readonly name: string; readonly value: string; readonly path: string }[] = [];
  let url = new URL(start);
  for (let step = 0; step < 10; step += 1) {
    const { pathname } = url;
    const sent = cookies.filter(({ path }) => pathname.startsWith(path)).map(({ name, value }) => `${name}=${value}`);
    const response = await fetch(url, { redirect: 'manual', headers: { Cookie: sent.join('; ') } });
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      const path = /;\s*path=([^;]+)/i.exec(line)?.[1] ?? '/';
      const known = cookies.findIndex((cookie) => cookie.name === name && cookie.path === path);
      if (known >= 0) cookies.splice(known, 1);
      if (value !== '') cookies.push({ name, value, path });
    }
    const location = response.headers.get('Location');
    if (location === null) throw new Error(`${pathname} answered ${response.status}: ${await response.text()}`);
    url = new URL(location, url);
    if (url.href.startsWith(destination)) return url;
  }
  throw new Error('too many redirects');
}

/** Storage that outlives an instance: one map per model, without expiry. */
function createAdapters(): (model: string) => Adapter {
  const models = new Map<string, Map<string, AdapterPayload>>();
  return (model) => {
    const stored = models.get(model) ?? new Map<string, AdapterPayload>();
    models.set(model, stored);
    const findBy = (key: 'uid' | 'userCode', value: string) => [...stored.values()].find((one) => one[key] === value);
    return {
      upsert: async (id, payload) => void stored.set(id, payload),
      find: async (id) => stored.get(id),
      findByUid: async (uid) => findBy('uid', uid),
      findByUserCode: async (userCode) => findBy('userCode', userCode),
      consume: async (id) => void stored.set(id, { ...stored.get(id), consumed: 1 }),
      destroy: async (id) => void stored.delete(id),
      async revokeByGrantId(grantId) {
        for (const [id, payload] of stored) if (payload.grantId === grantId) stored.delete(id);
      },
    };
  };
}
