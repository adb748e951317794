/**
 * OpenID Connect in the browser: authorization code with PKCE (RFC 7636) as a public client, by oauth4webapi. It checks
 * `state`, `iss` (RFC 9207) and `nonce`, and keeps no state of its own. The ID token comes straight from the token
 * endpoint, so TLS vouches for it (Core 3.1.3.7 no. 6).
 */
import type { AuthorizationServer, Client, TokenEndpointResponse } from 'oauth4webapi';
import {
  allowInsecureRequests,
  authorizationCodeGrantRequest,
  AuthorizationResponseError,
  calculatePKCECodeChallenge,
  customFetch,
  discoveryRequest,
  generateRandomCodeVerifier,
  generateRandomNonce,
  generateRandomState,
  getValidatedIdTokenClaims,
  JWT_TIMESTAMP_CHECK,
  None,
  OperationProcessingError,
  processAuthorizationCodeResponse,
  processDiscoveryResponse,
  processRefreshTokenResponse,
  refreshTokenGrantRequest,
  revocationRequest,
  validateAuthResponse,
} from 'oauth4webapi';
import type { OidcSettings } from '../settings.ts';

/** A sign-in that is under way. It is kept while the browser is at the identity provider. */
export interface PendingSignIn {
  readonly state: string;
  readonly nonce: string;
  readonly codeVerifier: string;
  /** The view to go back to. */
  readonly path: string;
}

export interface Tokens {
  readonly accessToken: string;
  /** Milliseconds since the epoch; null: the provider does not say. */
  readonly expiresAtMs: number | null;
  readonly refreshToken: string | null;
  /** Null: the provider does not say. */
  readonly scopes: readonly string[] | null;
  /** Null: unknown. */
  readonly person: string | null;
  /** The provider's `sub` of the person; null without an ID token. */
  readonly subject: string | null;
}

/** The person went back, or the provider refused. */
export class SignInRefused extends Error {
  override readonly name = 'SignInRefused';
  readonly isCancelled: boolean;

  constructor(code: string, description: string | null) {
    super(description ?? code);
    this.isCancelled = code === 'access_denied';
  }
}

/** The ID token has ended, or is not valid yet, by the clock of this computer. */
export class WrongClock extends Error {
  override readonly name = 'WrongClock';
}

export interface Provider {
  readonly settings: OidcSettings;
  readonly server: AuthorizationServer;
  readonly client: Client;
}

/** Where the provider sends the browser back to, registered there. */
export function redirectUri(): string {
  return `${location.origin}/console`;
}

export async function discover(settings: OidcSettings): Promise<Provider> {
  const issuer = new URL(settings.issuer);
  const answer = await discoveryRequest(issuer, { algorithm: 'oidc', ...askedBy(settings) });
  const server = await processDiscoveryResponse(issuer, answer);
  return { settings, server, client: { client_id: settings.client_id } };
}

/** The address to send the browser to, and what to keep until it is back. */
export async function beginSignIn(
  { settings, server }: Provider,
  path: string,
): Promise<{ readonly url: URL; readonly pending: PendingSignIn }> {
  if (server.authorization_endpoint === undefined) throw new Error('no authorization endpoint');
  const codeVerifier = generateRandomCodeVerifier();
  const pending = { state: generateRandomState(), nonce: generateRandomNonce(), codeVerifier, path };
  const url = new URL(server.authorization_endpoint);
  const parameters = {
    client_id: settings.client_id,
    redirect_uri: redirectUri(),
    response_type: 'code',
    scope: settings.scope,
    code_challenge: await calculatePKCECodeChallenge(codeVerifier),
    code_challenge_method: 'S256',
    state: pending.state,
    // Without `openid` there is no ID token, and nothing to compare.
    ...(asksForIdToken(settings) ? { nonce: pending.nonce } : {}),
    ...(settings.audience === null ? {} : { audience: settings.audience }),
  };
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return { url, pending };
}

/** `answer`: the query that the browser came back with. */
export async function endSignIn(
  { settings, server, client }: Provider,
  pending: PendingSignIn,
  answer: URLSearchParams,
): Promise<Tokens> {
  const parameters = checkAnswer(server, client, pending, answer);
  const response = await authorizationCodeGrantRequest(
    server,
    client,
    None(),
    parameters,
    redirectUri(),
    pending.codeVerifier,
    askedBy(settings),
  );
  const tokens = await processAuthorizationCodeResponse(server, client, response, {
    ...(asksForIdToken(settings) ? { expectedNonce: pending.nonce, requireIdToken: true } : {}),
  }).catch((problem: unknown) => {
    throw isOfClock(problem) ? new WrongClock() : problem;
  });
  return tokensOf(tokens, null);
}

/** Null: the provider gives no further token. Rejects when it is not reached, or cannot answer now. */
export async function refresh({ settings, server, client }: Provider, old: Tokens): Promise<Tokens | null> {
  if (old.refreshToken === null) return null;
  const response = await refreshTokenGrantRequest(server, client, None(), old.refreshToken, askedBy(settings));
  const { status } = response;
  if (status >= 500 || status === 408 || status === 429)
    throw new Error(`the token endpoint answered ${String(status)}`);
  // Also what cannot be trusted is no token, and asking again would not help.
  return await processRefreshTokenResponse(server, client, response).then(
    (answer) => tokensOf(answer, old),
    () => null,
  );
}

/** Ends the refresh token at the provider (RFC 7009), where it has an address for that. Rejects when it is not reached. */
export async function revoke({ settings, server, client }: Provider, { refreshToken }: Tokens): Promise<void> {
  if (refreshToken === null || server.revocation_endpoint === undefined) return;
  const answer = await revocationRequest(server, client, None(), refreshToken, {
    ...askedBy(settings),
    additionalParameters: { token_type_hint: 'refresh_token' },
    // Also when the person closes the page at once.
    [customFetch]: async (url, init) => await fetch(url, { ...init, keepalive: true }),
  });
  // A browser reports an answer that is not read as a failure.
  await answer.arrayBuffer();
}

function checkAnswer(
  server: AuthorizationServer,
  client: Client,
  { state }: PendingSignIn,
  answer: URLSearchParams,
): URLSearchParams {
  try {
    return validateAuthResponse(server, client, answer, state);
  } catch (problem) {
    if (problem instanceof AuthorizationResponseError)
      throw new SignInRefused(problem.error, problem.error_description ?? null);
    throw problem;
  }
}

function tokensOf(answer: TokenEndpointResponse, old: Tokens | null): Tokens {
  const { access_token: accessToken, expires_in: lifetimeS, refresh_token: refreshToken, scope } = answer;
  const claims = getValidatedIdTokenClaims(answer);
  const named = [claims?.['name'], claims?.['preferred_username'], claims?.['email']];
  return {
    accessToken,
    expiresAtMs: lifetimeS === undefined ? null : Date.now() + lifetimeS * 1000,
    refreshToken: refreshToken ?? old?.refreshToken ?? null,
    scopes: scope === undefined ? (old?.scopes ?? null) : scope.split(' ').filter((one) => one !== ''),
    person: named.find((one) => typeof one === 'string' && one !== '') ?? old?.person ?? null,
    subject: claims?.sub ?? old?.subject ?? null,
  } as Tokens;
}

function isOfClock(problem: unknown): boolean {
  return problem instanceof OperationProcessingError && problem.code === JWT_TIMESTAMP_CHECK;
}

function asksForIdToken({ scope }: OidcSettings): boolean {
  return scope.split(' ').includes('openid');
}

/** A connection that is dead without a word must not hold up every call that waits for a token. */
const PATIENCE_MS = 30_000;

/** Plain http is for local runs alone; the service refuses such an issuer otherwise. */
function askedBy({ issuer }: OidcSettings) {
  return {
    // oxlint-disable-next-line typescript/no-deprecated -- Marked so that it stands out, as it should.
    [allowInsecureRequests]: issuer.startsWith('http:'),
    signal: () => AbortSignal.timeout(PATIENCE_MS),
  };
}
