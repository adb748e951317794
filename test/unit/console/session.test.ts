/** The session of the console: what a sign-out ends, and whose list a tab keeps. */
import { describe, expect, it } from 'vitest';
import { ServiceUnreachable } from 'galileo-invite-client';
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
function idToken(subject: string, agoS = 0): string {
  const nowS = Math.floor(Date.now() / 1000) - agoS;
  const times = { iat: nowS, nbf: nowS, exp: nowS + 600 };
  const claims = { iss: ISSUER, aud: CLIENT, sub: subject, nonce: PENDING.nonce, ...times };
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

describe('a token that cannot be renewed', () => {
  const HELD = { access_token: 'token-2', token_type: 'bearer', expires_in: 600 };

  it.each<[string, () => Promise<Response>]>([
    ['the provider is not reached', () => Promise.reject(new TypeError('Failed to fetch'))],
    ['the provider is busy', async () => json({ error: 'slow_down' }, 429)],
    ['the provider is out of order', async () => new Response('<html>', { status: 503 })],
  ])('now does not end the sign-in: %s', async (_, fails) => {
    const answers = [fails, async () => json(HELD)];
    const { session } = await signIn({
      expiresInS: 0,
      onRefresh: async () => (await answers.shift()?.()) ?? json({}, 400),
      onCall: async () => json({ rules: [] }),
    });
    await expect(session.client.whatMayIInvite()).rejects.toThrow(ServiceUnreachable);
    expect(session.state.value).toMatchObject({ kind: 'signed_in' });
    await expect(session.client.whatMayIInvite()).resolves.toEqual({ rules: [] });
  });

  it.each<[string, () => Response]>([
    ['the provider refuses', () => json({ error: 'invalid_grant' }, 400)],
    ['its answer cannot be trusted', () => json({ ...HELD, id_token: 'no token' })],
  ])('any more ends it: %s', async (_, answer) => {
    const { session } = await signIn({ expiresInS: 0, onRefresh: async () => answer() });
    await expect(session.client.whatMayIInvite()).rejects.toThrow('The sign-in has ended.');
    expect(session.state.value).toMatchObject({ kind: 'expired' });
  });
});

describe('a sign-in that fails', () => {
  const SETTINGS = {
    version: '0.0.0',
    sign_in: { kind: 'oidc', issuer: ISSUER, client_id: CLIENT, scope: 'openid', audience: null },
  } as const;
  const provider = { issuer: ISSUER, authorization_endpoint: `${ISSUER}/authorize`, token_endpoint: `${ISSUER}/token` };

  /** The page at this address, where the token endpoint gives an ID token of this age. */
  async function open(url: string, { isFull = false, agoS = 0 } = {}): Promise<{ session: Session; browser: Browser }> {
    const browser = openBrowser({
      ...{ url: `https://invites.acme.example${url}`, kept: { 'invite-console.sign-in': PENDING }, isFull },
      fetch: async (to) =>
        to === `${ISSUER}/token`
          ? json({ access_token: 'token-1', token_type: 'bearer', id_token: idToken('ann', agoS) })
          : json(provider),
    });
    return { session: (await openSession(SETTINGS)).session, browser };
  }

  it('because the browser keeps nothing is not begun: it would not find its way back', async () => {
    const { session, browser } = await open('/console', { isFull: true });
    await session.signIn('/console');
    expect(session.state.value).toEqual({ kind: 'failed', why: 'storage', detail: null });
    expect(browser.visited).toEqual([]);
  });

  it.each([3_600, -3_600])('because the clock of the computer is wrong names the clock (%i s)', async (agoS) => {
    const { session } = await open(`/console?code=code-1&state=${PENDING.state}`, { agoS });
    expect(session.state.value).toEqual({ kind: 'failed', why: 'clock', detail: null });
  });

  it.each(['error=invalid_request&error_description=Call+me', 'code=code-1', 'code=code-1&state=another'])(
    'for an answer that is not of this sign-in says so, without the words of that answer: %s',
    async (query) => {
      const { session } = await open(`/console?${query}`);
      expect(session.state.value).toEqual({ kind: 'failed', why: 'provider', detail: null });
      expect(location.search).toBe('');
    },
  );
});

it('waits for no answer of the provider without an end: every call that needs a token would wait with it', async () => {
  const signals: unknown[] = [];
  const provider = { issuer: ISSUER, authorization_endpoint: `${ISSUER}/authorize`, token_endpoint: `${ISSUER}/token` };
  openBrowser({
    ...{ url: `https://invites.acme.example/console?code=code-1&state=${PENDING.state}` },
    kept: { 'invite-console.sign-in': PENDING },
    async fetch(to, init) {
      if (to.startsWith(ISSUER)) signals.push(init.signal);
      if (to.startsWith('/')) return json({ rules: [] });
      const tokens = { access_token: 'token-1', token_type: 'bearer', expires_in: 0, refresh_token: 'refresh-1' };
      return json(to === `${ISSUER}/token` ? { ...tokens, id_token: idToken('ann') } : provider);
    },
  });
  const settings = { kind: 'oidc', issuer: ISSUER, client_id: CLIENT, scope: 'openid', audience: null } as const;
  const { session } = await openSession({ version: '0.0.0', sign_in: settings });
  await session.client.whatMayIInvite();
  expect(signals).toEqual([expect.any(AbortSignal), expect.any(AbortSignal), expect.any(AbortSignal)]);
});

describe('a session of Cloudflare Access', () => {
  it('that has ended is said, and it is there again after a sign-in elsewhere', async () => {
    /** As a browser shows a redirect that it does not follow. */
    const redirect = Object.defineProperties(new Response(null), {
      type: { value: 'opaqueredirect' },
      status: { value: 0 },
    });
    const answers = [redirect, json({ rules: [] })];
    openBrowser({
      url: 'https://invites.acme.example/console',
      fetch: async () => answers.shift() ?? json({}, 503),
    });
    const { session } = await openSession({ version: '0.0.0', sign_in: { kind: 'access' } });
    await expect(session.client.whatMayIInvite()).rejects.toThrow(ServiceUnreachable);
    expect(session.state.value).toMatchObject({ kind: 'expired' });
    await session.client.whatMayIInvite();
    expect(session.state.value).toMatchObject({ kind: 'signed_in' });
  });
});
