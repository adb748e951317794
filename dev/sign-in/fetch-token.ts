/**
 * Asks the stand-in identity provider for a token over HTTP: for a client with its own credentials, or for a person as
 * a browser would (authorization code with PKCE), picking that person at the sign-in page. Rejects with a sentence for
 * a developer.
 */
import { createHash, randomBytes } from 'node:crypto';
import { DEMO_CLIENTS } from './demo-clients.ts';

/** Nothing listens there: the code is read from the redirect. */
const REDIRECT_URI = 'http://127.0.0.1/signed-in';

export async function fetchAppToken(issuer: string, client: string): Promise<string> {
  const client_secret = DEMO_CLIENTS[client]?.secret ?? '';
  return await exchange(issuer, { grant_type: 'client_credentials', client_id: client, client_secret });
}

export async function fetchUserToken(issuer: string, client: string, person: string): Promise<string> {
  const verifier = randomBytes(32).toString('base64url');
  const query = new URLSearchParams({
    ...{ client_id: client, redirect_uri: REDIRECT_URI, response_type: 'code', code_challenge_method: 'S256' },
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
  });
  const picked = await ask(`${issuer}/authorize?${query.toString()}`, { person });
  const location = picked.headers.get('Location');
  if (location === null) throw new Error(`${client} has no page that people sign in to`);
  const code = new URL(location).searchParams.get('code') ?? '';
  return await exchange(issuer, {
    ...{ grant_type: 'authorization_code', client_id: client, redirect_uri: REDIRECT_URI, code_verifier: verifier },
    code,
  });
}

async function exchange(issuer: string, form: Readonly<Record<string, string>>): Promise<string> {
  const response = await ask(`${issuer}/token`, form);
  const answer = (await response.json().catch(() => ({}))) as { access_token?: string; error?: string };
  if (answer.access_token === undefined)
    throw new Error(`${issuer} answered ${response.status} ${answer.error ?? 'without a token'}`);
  return answer.access_token;
}

async function ask(url: string, form: Readonly<Record<string, string>>): Promise<Response> {
  return await fetch(url, { method: 'POST', body: new URLSearchParams(form), redirect: 'manual' }).catch(() => {
    throw new Error(`${new URL(url).origin} cannot be reached. Is npm start running, with the same PORT?`);
  });
}
