/**
 * Signs a person in to a page: authorization code with PKCE, without a library. The token stays in memory. In production
 * take the library of your identity provider; this shows what it does.
 */
export interface Provider {
  readonly issuer: string;
  readonly clientId: string;
  readonly scope: string;
}

interface Pending {
  readonly verifier: string;
  readonly state: string;
}

const PENDING = 'sign-in';

/** Leaves the page. The person comes back to the same address, and `finishSignIn` takes over. */
export async function signIn({ issuer, clientId, scope }: Provider): Promise<void> {
  const pending: Pending = { verifier: random(), state: random() };
  sessionStorage.setItem(PENDING, JSON.stringify(pending));
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(pending.verifier));
  const { authorization_endpoint: endpoint } = await metadataOf(issuer);
  const query = new URLSearchParams({
    ...{ response_type: 'code', client_id: clientId, redirect_uri: here(), scope, state: pending.state },
    ...{ code_challenge: base64url(new Uint8Array(digest)), code_challenge_method: 'S256' },
  });
  location.assign(`${endpoint}?${query.toString()}`);
}

/** The access token when the person has just come back, else null. Throws when the sign-in failed. */
export async function finishSignIn({ issuer, clientId }: Provider): Promise<string | null> {
  const answer = new URLSearchParams(location.search);
  const text = sessionStorage.getItem(PENDING);
  if (text === null || !answer.has('state')) return null;
  sessionStorage.removeItem(PENDING);
  history.replaceState(null, '', here());
  const { verifier, state } = JSON.parse(text) as Pending;
  const isOurs = answer.get('state') === state && answer.get('iss') === issuer;
  const code = answer.get('code');
  if (!isOurs || code === null) throw new Error(answer.get('error_description') ?? 'The sign-in failed.');
  const { token_endpoint: endpoint } = await metadataOf(issuer);
  const response = await fetch(endpoint, {
    method: 'POST',
    body: new URLSearchParams({
      ...{ grant_type: 'authorization_code', client_id: clientId, redirect_uri: here() },
      ...{ code, code_verifier: verifier },
    }),
  });
  if (!response.ok) throw new Error('The sign-in failed.');
  return ((await response.json()) as { access_token: string }).access_token;
}

async function metadataOf(issuer: string): Promise<{ authorization_endpoint: string; token_endpoint: string }> {
  const response = await fetch(`${issuer}/.well-known/openid-configuration`);
  return (await response.json()) as { authorization_endpoint: string; token_endpoint: string };
}

/** Registered at the identity provider as the redirect address. */
function here(): string {
  return location.origin + location.pathname;
}

function random(): string {
  return base64url(crypto.getRandomValues(new Uint8Array(32)));
}

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}
