/**
 * Sign-in of people to a page (authorization code with PKCE, RFC 7636), below the issuer's path: the endpoint that the
 * browser visits, and the two grants of the token endpoint that follow from it. Pages of this machine may call the
 * token endpoint from the browser.
 */
import type { Hono } from 'hono';
import type { JWTPayload } from 'jose';
import { answerTo, isPageHere, readAuthorizationRequest } from './authorization-request.ts';
import { API_SCOPES, demoClient } from './demo-clients.ts';
import type { SignIn } from './grants.ts';
import { createGrants } from './grants.ts';
import { PEOPLE } from './people.ts';
import { NOBODY, problemPage, SIGN_IN_CSS, signedOutPage, signInPage, THE_APP } from './sign-in-page.ts';

export interface SignInDeps {
  readonly issuer: string;
  /** Without a trailing slash; empty at the root. */
  readonly path: string;
  readonly lifetimeS: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly issue: (claims: JWTPayload, options?: { readonly header?: { readonly typ: string } }) => Promise<string>;
}

/** An answer of the token endpoint (RFC 6749 §5). */
export type TokenAnswer = Readonly<Record<string, string | number>>;

export interface SignInGrants {
  /** Null: the grant is not one of these two. */
  exchange(form: URLSearchParams): Promise<TokenAnswer | { readonly error: 'invalid_grant' } | null>;
  /** Ends a refresh token. An unknown one is no error (RFC 7009 §2.2). */
  revoke(form: URLSearchParams): void;
}

const PAGE_FIELDS = {
  'Content-Security-Policy': "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'",
  'Cache-Control': 'no-store',
  'Referrer-Policy': 'no-referrer',
};

export function mountSignIn(app: Hono, deps: SignInDeps): SignInGrants {
  const { issuer, path } = deps;
  const grants = createGrants(deps.now);
  const cssPath = `${path}/sign-in.css`;
  app.get(cssPath, (c) => c.body(SIGN_IN_CSS, 200, { 'Content-Type': 'text/css; charset=utf-8' }));

  app.on(['GET', 'POST'], `${path}/authorize`, async (c) => {
    for (const [name, value] of Object.entries(PAGE_FIELDS)) c.header(name, value);
    const read = readAuthorizationRequest(new URL(c.req.url).searchParams, issuer);
    if (read.kind === 'unsafe') return c.html(problemPage(read.problem, cssPath), 400);
    if (read.kind === 'refused') return c.redirect(read.redirect.href, 303);
    const { request } = read;
    if (c.req.method === 'GET') return c.html(signInPage(request, cssPath));
    const picked = new URLSearchParams(await c.req.text()).get('person') ?? '';
    if (picked === NOBODY) {
      const denied = { error: 'access_denied', error_description: 'the person went back' };
      return c.redirect(answerTo(request, issuer, denied).href, 303);
    }
    if (picked !== THE_APP && !Object.hasOwn(PEOPLE, picked)) return c.html(signInPage(request, cssPath), 400);
    const code = grants.createCode({ request, person: picked === THE_APP ? null : picked });
    return c.redirect(answerTo(request, issuer, { code }).href, 303);
  });

  app.get(`${path}/logout`, (c) => {
    const back = c.req.query('post_logout_redirect_uri');
    if (back !== undefined && isPageHere(back)) return c.redirect(back, 303);
    for (const [name, value] of Object.entries(PAGE_FIELDS)) c.header(name, value);
    return c.html(signedOutPage(cssPath));
  });

  return {
    async exchange(form) {
      const redeemed = redeem(form);
      if (redeemed === undefined) return null;
      return redeemed === null ? { error: 'invalid_grant' } : await tokensOf(redeemed);
    },
    revoke(form) {
      grants.redeemRefreshToken(form.get('token'), form.get('client_id'));
    },
  };

  /** Undefined: another grant. */
  function redeem(form: URLSearchParams): SignIn | null | undefined {
    const clientId = form.get('client_id');
    switch (form.get('grant_type')) {
      case 'authorization_code':
        return grants.redeemCode({
          clientId,
          code: form.get('code'),
          redirectUri: form.get('redirect_uri'),
          codeVerifier: form.get('code_verifier'),
        });
      case 'refresh_token':
        return grants.redeemRefreshToken(form.get('refresh_token'), clientId);
      default:
        return undefined;
    }
  }

  async function tokensOf(signIn: SignIn): Promise<TokenAnswer> {
    const { clientId, scopes: asked, nonce } = signIn.request;
    const { subject, scopes, groups, identity } = described(signIn);
    const askedOfApi = API_SCOPES.filter((scope) => asked.includes(scope));
    const scope = scopes.filter((one) => askedOfApi.length === 0 || askedOfApi.some((it) => it === one)).join(' ');
    const claims = { sub: subject, client_id: clientId, scope, groups: groups.length === 0 ? undefined : [...groups] };
    const idClaims = { sub: subject, aud: clientId, client_id: undefined, scope: undefined, nonce: nonce ?? undefined };
    return {
      access_token: await deps.issue(claims),
      token_type: 'Bearer',
      expires_in: deps.lifetimeS,
      scope,
      ...(asked.includes('offline_access') ? { refresh_token: grants.createRefreshToken(signIn) } : {}),
      ...(asked.includes('openid')
        ? { id_token: await deps.issue({ ...idClaims, ...identity }, { header: { typ: 'JWT' } }) }
        : {}),
    };
  }
}

interface Described {
  readonly subject: string;
  readonly scopes: readonly string[];
  readonly groups: readonly string[];
  /** Claims of an ID token. */
  readonly identity: Readonly<Record<string, string>>;
}

function described({ person, request: { clientId } }: SignIn): Described {
  const found = person === null ? undefined : PEOPLE[person];
  if (person === null || found === undefined) {
    const { scopes = [], groups = [] } = demoClient(clientId) ?? {};
    return { subject: clientId, scopes, groups, identity: {} };
  }
  const { name, email, scopes, groups } = found;
  return { subject: person, scopes, groups, identity: { name, email } };
}
