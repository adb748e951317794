/** Routes, pages, methods, header fields and CORS, on either platform. Nobody is invited here. */
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PlatformName } from './platforms.ts';
import type { ParityHarness } from './parity-harness.ts';
import { ORIGIN, PUBLIC_URL, startParityHarness } from './parity-harness.ts';

/** The status of every route without a token and by scope. */
const ACCESS: Readonly<
  Record<string, { none: number; noScope: number; write: number; settle: number; audit: number }>
> = {
  'POST /v2/invite_users': { none: 401, noScope: 403, write: 422, settle: 403, audit: 403 },
  'GET /v2/invite_policy': { none: 401, noScope: 403, write: 200, settle: 403, audit: 403 },
  'GET /v2/invite_requests': { none: 401, noScope: 403, write: 200, settle: 403, audit: 200 },
  'GET /v2/invite_requests/{id}': { none: 401, noScope: 403, write: 404, settle: 403, audit: 404 },
  'POST /v2/invite_requests/{id}/settlement': { none: 401, noScope: 403, write: 403, settle: 422, audit: 403 },
  'GET /audit/records': { none: 401, noScope: 403, write: 403, settle: 403, audit: 200 },
  'POST /audit/search': { none: 401, noScope: 403, write: 403, settle: 403, audit: 200 },
  'GET /audit/policies/{digest}': { none: 401, noScope: 403, write: 403, settle: 403, audit: 404 },
  'POST /audit/counts': { none: 401, noScope: 403, write: 403, settle: 403, audit: 422 },
  'GET /audit/status': { none: 401, noScope: 403, write: 403, settle: 403, audit: 200 },
  'GET /openapi.json': { none: 200, noScope: 200, write: 200, settle: 200, audit: 200 },
  'GET /livez': { none: 200, noScope: 200, write: 200, settle: 200, audit: 200 },
  'GET /readyz': { none: 200, noScope: 200, write: 200, settle: 200, audit: 200 },
  'GET /.well-known/oauth-protected-resource': { none: 200, noScope: 200, write: 200, settle: 200, audit: 200 },
};

/** Fields of the connection or the server, which may differ between platforms. */
const OF_THE_TRANSPORT = new Set([
  'connection',
  'keep-alive',
  'date',
  'content-length',
  'transfer-encoding',
  'content-encoding',
]);

const PAGES_FOLDER = new URL('../../pages/', import.meta.url);

const PREFLIGHT = { Origin: ORIGIN, 'Access-Control-Request-Method': 'POST' };

export function describeSurface(platform: PlatformName): void {
  let harness: ParityHarness;
  beforeAll(async () => {
    harness = await startParityHarness(platform);
  });
  afterAll(() => harness.stop());

  describe('a route', () => {
    it.each(Object.entries(ACCESS))('%s lets in who the table says', async (route, expected) => {
      const [method = '', template = ''] = route.split(' ');
      const path = template.replace('{id}', '00000000-0000-7000-8000-000000000000').replace('{digest}', '0'.repeat(64));
      const init =
        method === 'POST' ? { method, headers: { 'Content-Type': 'application/json' }, body: '{}' } : { method };
      const as = async (scope: string): Promise<number> =>
        (await (await harness.caller({ scope })).request(path, init)).status;
      expect({
        none: (await harness.request(path, init)).status,
        noScope: await as('openid'),
        write: await as('invites:write'),
        settle: await as('invites:settle'),
        audit: await as('audit:read'),
      }).toEqual(expected);
    });

    it('has a row here if it is in /openapi.json', async () => {
      const document = (await (await harness.request('/openapi.json')).json()) as {
        paths: Record<string, object>;
        servers: unknown;
      };
      const routes = Object.entries(document.paths).flatMap(([path, operations]) =>
        Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
      );
      expect(routes.toSorted()).toEqual(Object.keys(ACCESS).toSorted());
      expect(document.servers).toEqual([{ url: PUBLIC_URL }]);
    });

    it.each(['/livez', '/readyz', '/openapi.json', '/docs', '/docs/page.css', '/v2/invite_requests', '/nowhere'])(
      '%s says to HEAD what it says to GET, without the body',
      async (path) => {
        const caller = await harness.caller();
        const [head, get] = [await caller.request(path, { method: 'HEAD' }), await caller.request(path)];
        expect(head.status).toBe(get.status);
        expect(fieldsOf(head)).toEqual(fieldsOf(get));
        expect(await head.text()).toBe('');
      },
    );

    it.each([
      ['GET', '/v2/invite_users', 405, 'POST'],
      ['DELETE', '/v2/invite_requests', 405, 'GET, HEAD'],
      ['PUT', '/livez', 405, 'GET, HEAD, OPTIONS'],
      ['OPTIONS', '/v2/invite_users', 405, 'POST'],
      ['OPTIONS', '/nowhere', 404, null],
      ['POST', '/v2/invite_users/', 404, null],
      ['POST', '//v2/invite_users', 400, null],
      ['POST', '/v2/%69nvite_users', 400, null],
      ['POST', '/V2/invite_users', 404, null],
      ['POST', '/v2/invite_users%00', 400, null],
    ])('that is asked %s %s is a %i', async (method, path, status, allow) => {
      const response = await (await harness.caller()).request(path, { method });
      expect(response.status).toBe(status);
      expect(response.headers.get('Allow')).toBe(allow);
    });
  });

  describe('a page', () => {
    it.each([
      [
        '/docs',
        'docs/page.html',
        'text/html; charset=utf-8',
        "style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; ",
      ],
      ['/docs/page.css', 'docs/page.css', 'text/css; charset=utf-8', ''],
      ['/docs/icon.svg', 'docs/icon.svg', 'image/svg+xml', ''],
    ])('%s has the bytes of the build and exactly these fields', async (path, file, type, allowed) => {
      const answer = await harness.request(path);
      expect(answer.status).toBe(200);
      expect(Object.fromEntries(fieldsOf(answer))).toEqual({
        'access-control-expose-headers': expect.stringContaining('X-Request-Id'),
        'cache-control': 'public, no-cache',
        'content-security-policy': `default-src 'none'; ${allowed}frame-ancestors 'none'`,
        'content-type': type,
        etag: expect.stringMatching(/^"[0-9a-f]{64}"$/),
        'policy-digest': expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
        'referrer-policy': 'no-referrer',
        'strict-transport-security': 'max-age=31536000; includeSubDomains',
        vary: 'Origin, Prefer',
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
      });
      // PUBLIC_URL is the address that the build writes.
      expect(await answer.text()).toBe(await readFile(new URL(file, PAGES_FOLDER), 'utf8'));
      const again = await harness.request(path, { headers: { 'If-None-Match': answer.headers.get('ETag') ?? '' } });
      expect(again.status).toBe(304);
      expect(again.headers.get('Content-Security-Policy')).toBe(answer.headers.get('Content-Security-Policy'));
    });

    it.each(['/docs/', '/docs/page.html', '/docs/page', '/page.html'])('has one address: %s is a 404', async (path) => {
      const answer = await harness.request(path);
      expect([answer.status, answer.headers.get('Location')]).toEqual([404, null]);
    });
  });

  describe('an answer', () => {
    it.each([
      ['a success', '/v2/invite_requests'],
      ['a refusal', '/nowhere'],
      ['health', '/livez'],
    ])('carries exactly the fields it should, as %s', async (_name, path) => {
      const { headers } = await (await harness.caller()).request(path, { headers: { Origin: ORIGIN } });
      expect(Object.fromEntries(fieldsOf({ headers }))).toEqual({
        'access-control-allow-origin': ORIGIN,
        'access-control-expose-headers': expect.stringContaining('X-Request-Id'),
        'cache-control': 'no-store',
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
        'content-type': expect.stringContaining('json'),
        'policy-digest': expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
        'referrer-policy': 'no-referrer',
        'strict-transport-security': 'max-age=31536000; includeSubDomains',
        vary: 'Origin, Prefer',
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
      });
      expect(headers.get('X-Request-Id')).toMatch(
        /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
      );
    });

    it('to a preflight is given without a token, for exactly that origin and without credentials', async () => {
      for (const path of ['/v2/invite_users', '/audit/records', '/nowhere']) {
        const allowed = await harness.request(path, { method: 'OPTIONS', headers: PREFLIGHT });
        expect(allowed.status).toBe(204);
        expect(allowed.headers.get('Access-Control-Allow-Origin')).toBe(ORIGIN);
        expect(allowed.headers.get('Access-Control-Allow-Credentials')).toBeNull();
        expect(allowed.headers.get('Access-Control-Allow-Headers')).toBe(
          'Authorization,Content-Type,Idempotency-Key,Prefer',
        );
        expect(allowed.headers.get('Access-Control-Max-Age')).toBe('600');
        const other = { ...PREFLIGHT, Origin: 'https://evil.example.com' };
        const refused = await harness.request(path, { method: 'OPTIONS', headers: other });
        expect(refused.headers.get('Access-Control-Allow-Origin')).toBeNull();
      }
    });

    it('challenges in the same words', async () => {
      const metadata = `resource_metadata="${PUBLIC_URL}/.well-known/oauth-protected-resource"`;
      const none = await harness.request('/v2/invite_policy');
      expect(none.headers.get('WWW-Authenticate')).toBe(`Bearer realm="galileo-invites", ${metadata}`);
      const bad = await harness.request('/v2/invite_policy', { headers: { Authorization: 'Bearer x.y.z' } });
      expect(bad.headers.get('WWW-Authenticate')).toContain('error="invalid_token"');
    });
  });
}

/** The fields of an answer, without the request's own id. */
function fieldsOf({ headers }: Pick<Response, 'headers'>): [string, string][] {
  return [...headers].filter(([name]) => name !== 'x-request-id' && !OF_THE_TRANSPORT.has(name));
}
