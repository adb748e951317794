/**
 * Reads an authorization request (RFC 6749 §4.1.1, with PKCE as RFC 9700 §2.1.1 demands of pages). Pure. Until client
 * and redirect address are known to fit, nothing is sent to that address: the person sees the problem. After that, the
 * page gets it as a redirect.
 */
import { isLoopbackOrigin } from '../../src/auth/issuers.ts';
import { API_SCOPES, demoClient } from './demo-clients.ts';

export interface AuthorizationRequest {
  readonly clientId: string;
  readonly redirectUri: string;
  readonly state: string | null;
  readonly scopes: readonly string[];
  readonly nonce: string | null;
  /** The base64url of a SHA-256. */
  readonly codeChallenge: string;
  readonly loginHint: string | null;
}

export type ReadAuthorization =
  | { readonly kind: 'asked'; readonly request: AuthorizationRequest }
  | { readonly kind: 'unsafe'; readonly problem: string }
  | { readonly kind: 'refused'; readonly redirect: URL };

/** OpenID Connect's own, and `offline_access` for a refresh token. */
const OTHER_SCOPES = ['openid', 'profile', 'email', 'offline_access'];

export function readAuthorizationRequest(query: URLSearchParams, issuer: string): ReadAuthorization {
  const twice = [...query.keys()].find((name) => query.getAll(name).length > 1);
  if (twice !== undefined) return unsafe(`The parameter ${twice} is given twice.`);
  const clientId = query.get('client_id');
  if (demoClient(clientId)?.hasPage !== true || clientId === null)
    return unsafe('client_id must be a client with a page, such as hr-portal.');
  const redirectUri = query.get('redirect_uri');
  if (redirectUri === null || !isPageHere(redirectUri))
    return unsafe(
      'redirect_uri must be an address of this machine without a fragment, such as http://localhost:5173/.',
    );

  const state = query.get('state');
  const refuse = (error: string, description: string): ReadAuthorization => ({
    kind: 'refused',
    redirect: answerTo({ redirectUri, state }, issuer, { error, error_description: description }),
  });
  if (query.get('response_type') !== 'code')
    return refuse('unsupported_response_type', 'response_type must be code: no other flow is safe for a page');
  const responseMode = query.get('response_mode') ?? 'query';
  if (responseMode !== 'query') return refuse('invalid_request', 'response_mode must be query');
  const codeChallenge = query.get('code_challenge');
  if (query.get('code_challenge_method') !== 'S256' || codeChallenge === null || !/^[\w-]{43}$/.test(codeChallenge))
    return refuse('invalid_request', 'PKCE is needed: code_challenge with code_challenge_method=S256');
  const scopes = (query.get('scope') ?? '').split(' ').filter((scope) => scope !== '');
  const known: readonly string[] = [...API_SCOPES, ...OTHER_SCOPES];
  const unknown = scopes.some((scope) => !known.includes(scope));
  if (unknown) return refuse('invalid_scope', `the scopes are ${known.join(' ')}`);
  if (query.get('prompt') === 'none') return refuse('login_required', 'there are no sessions here: someone must pick');
  return {
    kind: 'asked',
    request: {
      ...{ clientId, redirectUri, state, scopes, codeChallenge },
      nonce: query.get('nonce'),
      loginHint: query.get('login_hint'),
    },
  };
}

/** The redirect back to the page, with `state` and `iss` (RFC 9207). */
export function answerTo(
  { redirectUri, state }: Pick<AuthorizationRequest, 'redirectUri' | 'state'>,
  issuer: string,
  parameters: Readonly<Record<string, string>>,
): URL {
  const url = new URL(redirectUri);
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  if (state !== null) url.searchParams.set('state', state);
  url.searchParams.set('iss', issuer);
  return url;
}

/** Whether a page of this machine can be reached there. Another place must not be able to collect codes. */
export function isPageHere(uri: string): boolean {
  const url = URL.parse(uri);
  return (
    url !== null && !uri.includes('#') && url.username === '' && url.password === '' && isLoopbackOrigin(url.origin)
  );
}

function unsafe(problem: string): ReadAuthorization {
  return { kind: 'unsafe', problem };
}
