/**
 * What a page may exchange for tokens: authorization codes, good once and for a minute (RFC 6749 §4.1.2), and refresh
 * tokens, each replaced when it is used (RFC 9700 §4.14.2). Kept in memory: a restart signs everyone out.
 */
import { createHash, randomBytes } from 'node:crypto';
import type { AuthorizationRequest } from './authorization-request.ts';

/** Who signed in, and to what. */
export interface SignIn {
  readonly request: AuthorizationRequest;
  /** A person of people.ts, or null: the client itself. */
  readonly person: string | null;
}

export interface Grants {
  createCode(signIn: SignIn): string;
  /** Null: the code is unknown, used, expired or of another request. */
  redeemCode(exchange: CodeExchange): SignIn | null;
  createRefreshToken(signIn: SignIn): string;
  redeemRefreshToken(token: string | null, clientId: string | null): SignIn | null;
}

export interface CodeExchange {
  readonly code: string | null;
  readonly clientId: string | null;
  readonly redirectUri: string | null;
  readonly codeVerifier: string | null;
}

const CODE_LIFETIME_MS = 60_000;
const REFRESH_LIFETIME_MS = 8 * 3_600_000;

export function createGrants(now: () => number): Grants {
  const codes = createOnce(now, CODE_LIFETIME_MS);
  const refreshTokens = createOnce(now, REFRESH_LIFETIME_MS);
  return {
    createCode: codes.keep,
    redeemCode({ code, clientId, redirectUri, codeVerifier }) {
      const signIn = codes.take(code);
      if (signIn === null || codeVerifier === null) return null;
      const { request } = signIn;
      const fits = request.clientId === clientId && request.redirectUri === redirectUri;
      const challenge = createHash('sha256').update(codeVerifier).digest('base64url');
      return fits && challenge === request.codeChallenge ? signIn : null;
    },
    createRefreshToken: refreshTokens.keep,
    redeemRefreshToken(token, clientId) {
      const signIn = refreshTokens.take(token);
      return signIn?.request.clientId === clientId ? signIn : null;
    },
  };
}

interface Once {
  keep(signIn: SignIn): string;
  take(handle: string | null): SignIn | null;
}

/** Things that can be taken once, until they expire. */
function createOnce(now: () => number, lifetimeMs: number): Once {
  const kept = new Map<string, { readonly signIn: SignIn; readonly expiresAt: number }>();
  return {
    keep(signIn) {
      for (const [handle, { expiresAt }] of kept) if (expiresAt <= now()) kept.delete(handle);
      const handle = randomBytes(32).toString('base64url');
      kept.set(handle, { signIn, expiresAt: now() + lifetimeMs });
      return handle;
    },
    take(handle) {
      const found = handle === null ? undefined : kept.get(handle);
      if (handle === null || found === undefined) return null;
      kept.delete(handle);
      return found.expiresAt > now() ? found.signIn : null;
    },
  };
}
