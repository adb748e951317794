/** The session of the console: what a sign-out ends, and whose list a tab keeps. */
import { describe, expect, it } from 'vitest';
import type { Session } from '../../../console/src/session/session.ts';
import { openSession } from '../../../console/src/session/session.ts';
import { createInvites } from '../../../console/src/views/invite/send/invites.ts';
import type { Browser } from '../../support/browser.ts';
import { openBrowser } from '../../support/browser.ts';

const ISSUER = 'https://login.acme.example';
const CLIENT = 'invite-console';
const PENDING = { state: 'state-1', nonce: 'nonce-1', codeVerifier: 'v'.repeat(43), path: '/console' };
const RUN = {
  plan: {
    request: {},
    lenient: true,
    batches: [{ emails: ['ann@acme.example'], idempotencyKey: 'key-of-the-first-batch', ended: null }],
  },
  results: [{ email: 'ann@acme.example', kind: 'waiting', message: null, requestId: null }],
  isSending: true,
  startedAtMs: Date.now(),
};

interface SignInOptions {
  readonly kept?: Readonly<Record<string, unknown>>;
  readonly subject?: string;
  readonly expiresInS?: number;
  readonly onRefresh?: () => Promise<Response>;
  /** Gets the form of a revocation. Left out: the provider has no address for it. */
  readonly onRevoke?: (form: URLSearchParams) => void;
  /** Of the service itself. */
  readonly onCall?: (path: string, init: RequestInit) => Promise<Response>;
}

const json = (body: unknown, status = 200): Response => Response.json(body, { status });

/** As the provider's token endpoint sends it. The console checks its claims alone. */
function idToken(subject: string): string {
  const nowS = Math.floor(Date.now() / 1000);
  const claims = { iss: ISSUER, aud: CLIENT, sub: subject, nonce: PENDING.nonce, iat: nowS, exp: nowS + 600 };
  const parts = [{ alg: 'RS256', typ: 'JWT' }, claims].map((part) =>
    Buffer.from(JSON.stringify(part)).toString('base64url'),
  );
  return `${parts.join('.')}.c2lnbmF0dXJl`;
}

/** Comes back from the provider with a code. */
async function signIn(options: SignInOptions = {}): Promise<{ readonly session: Session; readonly browser: Browser }> {
  const { kept = {}, subject = 'ann', expiresInS = 600, onRefresh, onRevoke, onCall } = options;
  const browser = openBrowser({
    url: `https://invites.acme.example/console?code=code-1&state=${PENDING.state}`,
    kept: { 'invite-console.sign-in': PENDING, ...kept },
    async fetch(url, init) {
      if (url.endsWith('/.well-known/openid-configuration'))
        return json({
          ...{ issuer: ISSUER, authorization_endpoint: `${ISSUER}/authorize`, token_endpoint: `${ISSUER}/token` },
          ...(onRevoke === undefined ? {} : { revocation_endpoint: `${ISSUER}/revoke` }),
        });
      if (url === `${ISSUER}/revoke`) {
        onRevoke?.(new URLSearchParams(init.body as URLSearchParams));
        return new Response(null, { status: 200 });
      }
      if (url.startsWith('/')) return (await onCall?.(url, init)) ?? json({}, 503);
      const tokens = { token_type: 'bearer', expires_in: expiresInS };
      const isRefresh = new URLSearchParams(init.body as URLSearchParams).get('grant_type') === 'refresh_token';
      if (isRefresh) return (await onRefresh?.()) ?? json({ error: 'invalid_grant' }, 400);
      return json({ ...tokens, access_token: 'token-1', refresh_token: 'refresh-1', id_token: idToken(subject) });
    },
  });
  const settings = { kind: 'oidc', issuer: ISSUER, client_id: CLIENT, scope: 'openid', audience: null } as const;
  const { session } = await openSession({ version: '0.0.0', sign_in: settings });
  expect(session.state.value).toMatchObject({ kind: 'signed_in' });
  return { session, browser };
}

describe('signing out', () => {
  it('is not undone by a renewal of the token that was under way', async () => {
    const asked = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<Response>();
    const calls: string[] = [];
    const { session } = await signIn({
      expiresInS: 1,
      onRefresh: async () => {
        asked.resolve();
        return await answer.promise;
      },
      onCall: async (path) => {
        calls.push(path);
        return json({});
      },
    });
    const call = session.client.whatMayIInvite();
    await asked.promise;
    session.signOut();
    answer.resolve(json({ access_token: 'token-2', token_type: 'bearer', expires_in: 600 }));
    await expect(call).rejects.toThrow('The sign-in has ended.');
    expect(session.state.value).toEqual({ kind: 'signed_out', notice: 'signed_out' });
    expect(calls).toEqual([]);
  });

  it('ends the refresh token at the provider', async () => {
    const revoked = Promise.withResolvers<URLSearchParams>();
    const { session } = await signIn({ onRevoke: revoked.resolve });
    session.signOut();
    expect(Object.fromEntries(await revoked.promise)).toEqual({
      ...{ token: 'refresh-1', token_type_hint: 'refresh_token', client_id: CLIENT },
    });
  });

  it('ends the refresh token, too, that a renewal under way still brings', async () => {
    const asked = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<Response>();
    const revoked: (string | null)[] = [];
    const both = Promise.withResolvers<void>();
    const { session } = await signIn({
      expiresInS: 1,
      onRefresh: async () => {
        asked.resolve();
        return await answer.promise;
      },
      onRevoke: (form) => {
        revoked.push(form.get('token'));
        if (revoked.length === 2) both.resolve();
      },
    });
    const call = session.client.whatMayIInvite();
    await asked.promise;
    session.signOut();
    answer.resolve(
      json({ access_token: 'token-2', token_type: 'bearer', expires_in: 600, refresh_token: 'refresh-2' }),
    );
    await expect(call).rejects.toThrow('The sign-in has ended.');
    await both.promise;
    expect(revoked).toEqual(['refresh-1', 'refresh-2']);
  });

  it('stays, whatever still asks for a token', async () => {
    const { session } = await signIn();
    session.signOut();
    await expect(session.client.whatMayIInvite()).rejects.toThrow('The sign-in has ended.');
    expect(session.state.value).toEqual({ kind: 'signed_out', notice: 'signed_out' });
  });
});

describe('what a tab keeps', () => {
  const ofConsole = ({ kept }: Browser): readonly string[] =>
    Object.keys(kept).filter((key) => key.startsWith('invite-console.'));

  it('is gone after a sign-out from Cloudflare Access, also when a batch ends afterwards', async () => {
    const asked = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<Response>();
    const browser = openBrowser({
      url: 'https://invites.acme.example/console',
      kept: { 'invite-console.run': RUN },
      async fetch(path) {
        if (path !== '/v2/invite_users') return json({}, 503);
        asked.resolve();
        return await answer.promise;
      },
    });
    const { session } = await openSession({ version: '0.0.0', sign_in: { kind: 'access' } });
    const { run } = createInvites(session);
    run.resume();
    await asked.promise;
    session.signOut();
    const ended = json({ message: 'ok' });
    answer.resolve(ended);
    while (!ended.bodyUsed) await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    expect(browser.visited).toEqual(['/cdn-cgi/access/logout']);
    expect(run.results.value).toEqual([]);
    expect(JSON.stringify(browser.kept)).not.toContain('ann@acme.example');
  });

  it('is there for the person who signs in again', async () => {
    const { browser } = await signIn({ kept: { 'invite-console.person': 'ann', 'invite-console.run': RUN } });
    expect(ofConsole(browser)).toContain('invite-console.run');
  });

  it.each(['invite-console.run', 'invite-console.draft'])(
    'is gone when another person signs in: under another name, a repeated batch would be a new one (%s)',
    async (name) => {
      const { browser } = await signIn({ subject: 'bob', kept: { 'invite-console.person': 'ann', [name]: RUN } });
      expect(ofConsole(browser)).toEqual(['invite-console.person']);
    },
  );

  it('is whose it is from the first sign-in on', async () => {
    const { browser } = await signIn();
    expect(browser.kept['invite-console.person']).toBe('"ann"');
  });
});
