/** The page /console: who gets it, what a browser may do with it, and how it says to sign in. */
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { Deps } from '../../src/deps.ts';
import type { DocumentResult, FetchDocument } from '../../src/ports/fetch-document.ts';
import { CONSOLE_VIEWS } from '../../src/routes/pages/console.ts';
import type { TestServiceOptions } from '../support/service.ts';
import { startTestService } from '../support/service.ts';

const ID = '0198a6d2-5a3c-7000-8000-0000000000aa';
const VIEWS = CONSOLE_VIEWS.map((path) => path.replace(':id', ID));
const ASSETS = ['/console/console.js', '/console/console.css', '/console/icon.svg', '/console/settings.json'];
const ISSUER = 'https://login.acme.example';
const SIGN_IN = {
  CONSOLE_ISSUER: ISSUER,
  CONSOLE_CLIENT_ID: 'invite-console',
  CONSOLE_SCOPE: 'openid invites:write',
  CONSOLE_AUDIENCE: null,
};

const policyOf = (answer: Response): string => answer.headers.get('Content-Security-Policy') ?? '';

async function connectSources(options: TestServiceOptions): Promise<string> {
  const service = await startTestService(options);
  return / connect-src ([^;]*);/.exec(policyOf(await service.request('/console')))?.[1] ?? '';
}

/** An identity provider with this metadata; every further request is counted. */
function provider(metadata: object | null): { readonly fetchDocument: FetchDocument; readonly urls: string[] } {
  const urls: string[] = [];
  return {
    urls,
    async fetchDocument({ url }) {
      urls.push(url);
      return metadata === null
        ? { kind: 'failed', reason: 'unreachable' }
        : { kind: 'document', text: JSON.stringify(metadata), contentType: 'application/json' };
    },
  };
}

describe('the console', () => {
  it.each(VIEWS)('is one page for everyone, whatever the view: %s', async (path) => {
    const service = await startTestService();
    const answer = await service.request(path, { headers: { Authorization: 'Bearer x.y.z' } });
    expect([answer.status, answer.headers.get('Content-Type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect(await answer.text()).toContain('<script type="module" src="/console/console.js"></script>');
  });

  it('has no inline script, style or handler in its page', async () => {
    const service = await startTestService();
    const page = await (await service.request('/console')).text();
    expect(page).not.toMatch(/<style|\sstyle=|\son\w+=|javascript:|<script(?![^>]*\ssrc=)/i);
  });

  it('allows its page nothing but its own files', async () => {
    const service = await startTestService();
    expect(policyOf(await service.request('/console')).split('; ')).toEqual([
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "img-src 'self'",
      "connect-src 'self'",
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
      "require-trusted-types-for 'script'",
    ]);
  });

  it.each(ASSETS)('has files that load nothing when they are opened by themselves: %s', async (path) => {
    const service = await startTestService();
    const answer = await service.request(path);
    expect([answer.status, policyOf(answer)]).toEqual([200, "default-src 'none'; frame-ancestors 'none'"]);
    expect(answer.headers.get('X-Content-Type-Options')).toBe('nosniff');
    expect(answer.headers.get('ETag')).toMatch(/^"[0-9a-f]{64}"$/);
  });

  it.each([...VIEWS, ...ASSETS])('does not exist with PAGES=off: %s', async (path) => {
    const service = await startTestService({ settings: { PAGES: false } });
    expect((await service.request(path)).status).toBe(404);
  });

  it('is smaller than 60 KiB with gzip, all told', async () => {
    const service = await startTestService();
    const paths = ['/console', '/console/console.js', '/console/console.css', '/console/icon.svg'];
    const sizes = await Promise.all(
      paths.map(async (path) => gzipSync(await (await service.request(path)).arrayBuffer()).byteLength),
    );
    const size = sizes.reduce((sum, one) => sum + one, 0);
    // A page without its script would be small, too.
    expect(size).toBeGreaterThan(20 * 1024);
    expect(size).toBeLessThan(60 * 1024);
  });

  it('has no page at a path that is no view', async () => {
    const service = await startTestService();
    for (const path of ['/console/', '/console/other', '/console/console.js.map', '/console/page.html'])
      expect([path, (await service.request(path)).status]).toEqual([path, 404]);
  });
});

describe('the sign-in of the console', () => {
  const settingsOf = async (options: TestServiceOptions): Promise<unknown> =>
    (
      (await (await startTestService(options)).request('/console/settings.json')).json() as Promise<{
        sign_in: unknown;
      }>
    ).then(({ sign_in: signIn }) => signIn);

  it('is with the issuer of the settings', async () => {
    expect(await settingsOf({ settings: SIGN_IN })).toEqual({
      kind: 'oidc',
      issuer: ISSUER,
      client_id: 'invite-console',
      scope: 'openid invites:write',
      audience: null,
    });
  });

  it('is none of its own behind Cloudflare Access', async () => {
    const access = { name: 'access', issuer: 'https://acme.cloudflareaccess.com', audience: 'x'.repeat(64) };
    const issuers = [{ ...access, preset: 'cloudflare-access' as const, grant_scopes: ['invites:write' as const] }];
    expect(await settingsOf({ issuers })).toEqual({ kind: 'access' });
  });

  it('is not set up without settings', async () => {
    expect(await settingsOf({})).toEqual({ kind: 'not_set_up' });
  });

  it('may connect to the issuer and to its token endpoint', async () => {
    const { fetchDocument } = provider({ issuer: ISSUER, token_endpoint: 'https://tokens.acme.example/token' });
    expect(await connectSources({ settings: SIGN_IN, deps: { fetchDocument } })).toBe(
      `'self' ${ISSUER} https://tokens.acme.example`,
    );
  });

  it('may connect to the revocation endpoint, where there is one that is usable', async () => {
    const metadata = { issuer: ISSUER, token_endpoint: `${ISSUER}/token` };
    for (const [revocation, more] of [
      ['https://revoke.acme.example/revoke', ' https://revoke.acme.example'],
      ['http://revoke.acme.example/revoke', ''],
      ["https://a;script-src'*'.example/", ''],
      [['https://revoke.acme.example/revoke'], ''],
    ] as const) {
      const { fetchDocument } = provider({ ...metadata, revocation_endpoint: revocation });
      expect(await connectSources({ settings: SIGN_IN, deps: { fetchDocument } })).toBe(`'self' ${ISSUER}${more}`);
    }
  });

  it.each([
    ['of another issuer', { issuer: 'https://evil.example', token_endpoint: 'https://evil.example/token' }],
    ['with a token endpoint without TLS', { issuer: ISSUER, token_endpoint: 'http://tokens.acme.example/token' }],
    [
      'with a host that would end the directive',
      { issuer: ISSUER, token_endpoint: "https://a;script-src'*'.example/" },
    ],
    ['with a host that would end the policy', { issuer: ISSUER, token_endpoint: 'https://a,b.example/token' }],
    ['without a token endpoint', { issuer: ISSUER }],
    ['that is not there', null],
  ])('may connect to the issuer alone with metadata %s', async (_what, metadata) => {
    const { fetchDocument } = provider(metadata);
    expect(await connectSources({ settings: SIGN_IN, deps: { fetchDocument } })).toBe(`'self' ${ISSUER}`);
  });

  it('asks the provider once for all who open the page while it does not answer', async () => {
    const answer = Promise.withResolvers<DocumentResult>();
    const asked = Promise.withResolvers<void>();
    let fetches = 0;
    const fetchDocument: FetchDocument = async () => {
      fetches += 1;
      asked.resolve();
      return await answer.promise;
    };
    const service = await startTestService({ settings: SIGN_IN, deps: { fetchDocument } });
    const opened = Array.from({ length: 50 }, async () => await service.request('/console'));
    await asked.promise;
    // The others are as far by now: nothing that they wait for takes a timer.
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    const metadata = { issuer: ISSUER, token_endpoint: 'https://tokens.acme.example/token' };
    answer.resolve({ kind: 'document', text: JSON.stringify(metadata), contentType: 'application/json' });
    for (const page of await Promise.all(opened)) expect(policyOf(page)).toContain(' https://tokens.acme.example;');
    expect(fetches).toBe(1);
  });

  it('asks the provider once, and again after a while', async () => {
    const { fetchDocument, urls } = provider({ issuer: ISSUER, token_endpoint: `${ISSUER}/token` });
    const service = await startTestService({ settings: SIGN_IN, deps: { fetchDocument } satisfies Partial<Deps> });
    for (let i = 0; i < 3; i += 1) await service.request('/console');
    expect(urls).toEqual([`${ISSUER}/.well-known/openid-configuration`]);
    service.clock.advance(11 * 60_000);
    await service.request('/console');
    expect(urls).toHaveLength(2);
  });
});
