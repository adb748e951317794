import { describe, expect, it } from 'vitest';
import { HEADER_LIMIT_BYTES } from '../../src/lib/http/header-limit.ts';
import { startTestService } from '../support/service.ts';

const ANN = { emails: ['ann@acme.com'] };

describe('CORS', () => {
  it('answers the preflight of an allowed origin with exactly that origin and without credentials', async () => {
    const service = await startTestService();
    const response = await service.request('/v2/invite_users', {
      method: 'OPTIONS',
      headers: {
        Origin: 'https://hr.example.com',
        'Access-Control-Request-Method': 'POST',
        'Access-Control-Request-Headers': 'authorization,content-type',
      },
    });
    expect(response.status).toBe(204);
    expect(response.headers.get('Access-Control-Allow-Origin')).toBe('https://hr.example.com');
    expect(response.headers.get('Access-Control-Allow-Credentials')).toBeNull();
    expect(response.headers.get('Access-Control-Allow-Headers')).toBe(
      'Authorization,Content-Type,Idempotency-Key,Prefer',
    );
  });

  it.each(['/v2/invite_users', '/v2/invite_policy', '/v2/invite_requests/1', '/audit/records', '/livez', '/nowhere'])(
    'answers the preflight of %s itself: no token is asked for, nothing is done, and caches keep origins apart',
    async (path) => {
      const service = await startTestService();
      const preflight = { 'Access-Control-Request-Method': 'POST' };
      const allowed = await service.request(path, {
        method: 'OPTIONS',
        headers: { Origin: 'https://hr.example.com', ...preflight },
      });
      expect(allowed.status).toBe(204);
      expect(await allowed.text()).toBe('');
      expect(allowed.headers.get('Access-Control-Allow-Origin')).toBe('https://hr.example.com');
      expect(allowed.headers.get('Access-Control-Allow-Methods')).toBe('GET,POST');
      expect(allowed.headers.get('Access-Control-Max-Age')).toBe('600');
      const other = await service.request(path, {
        method: 'OPTIONS',
        headers: { Origin: 'https://evil.example.com', ...preflight },
      });
      expect(other.headers.get('Access-Control-Allow-Origin')).toBeNull();
      for (const { headers } of [allowed, other]) {
        expect(headers.get('Vary')).toBe('Origin, Prefer');
        expect(headers.get('X-Content-Type-Options')).toBe('nosniff');
      }
      expect(await service.records()).toEqual([]);
    },
  );

  it('allows no origin anything when none is configured', async () => {
    const service = await startTestService({ settings: { CORS_ORIGINS: [] } });
    for (const method of ['OPTIONS', 'GET']) {
      const response = await service.request('/v2/invite_policy', {
        method,
        headers: { Origin: 'https://hr.example.com', 'Access-Control-Request-Method': 'GET' },
      });
      expect(response.headers.get('Access-Control-Allow-Origin')).toBeNull();
    }
  });

  describe.each([
    { INSECURE_DEV: true, pages: 'are allowed with INSECURE_DEV' },
    { INSECURE_DEV: false, pages: 'are refused without INSECURE_DEV' },
  ])('pages of this machine $pages', ({ INSECURE_DEV }) => {
    it.each([
      'http://localhost:5173',
      'https://localhost',
      'http://127.0.0.1:3000',
      'http://127.0.0.2',
      'http://[::1]:8000',
    ])('%s', async (origin) => {
      const service = await startTestService({ settings: { INSECURE_DEV } });
      for (const method of ['OPTIONS', 'GET']) {
        const { headers } = await service.request('/v2/invite_policy', {
          method,
          headers: { Origin: origin, 'Access-Control-Request-Method': 'GET' },
        });
        expect(headers.get('Access-Control-Allow-Origin')).toBe(INSECURE_DEV ? origin : null);
      }
    });
  });

  it.each([
    'http://localhost.evil.example',
    'http://127.0.0.1.evil.example:8080',
    'http://128.0.0.1',
    'http://192.168.0.7:5173',
    'http://localhost:80',
    'http://LOCALHOST:5173',
    'http://2130706433',
    'http://localhost:5173/',
    'http://ann@localhost:5173',
    'capacitor://localhost',
    'null',
  ])('does not take %s for a page of this machine', async (origin) => {
    const service = await startTestService({ settings: { INSECURE_DEV: true } });
    const { headers } = await service.request('/livez', { headers: { Origin: origin } });
    expect(headers.get('Access-Control-Allow-Origin')).toBeNull();
  });

  it('answers an OPTIONS that is no preflight like any method that a path does not have', async () => {
    const service = await startTestService();
    const response = await service.request('/v2/invite_users', {
      method: 'OPTIONS',
      headers: { Origin: 'https://hr.example.com' },
    });
    expect(response.status).toBe(405);
    expect(response.headers.get('Allow')).toBe('POST');
  });

  it.each([
    'https://evil.example.com',
    'https://hr.example.com.evil.example',
    'http://hr.example.com',
    'https://HR.example.com',
    'https://hr.example.com:443',
    'https://hr.example.com/',
    'https://hr.example.com, https://evil.example.com',
    'null',
    '*',
  ])('gives the origin %s nothing', async (origin) => {
    const service = await startTestService();
    const response = await service.invite(ANN, { headers: { Origin: origin } });
    expect(response.headers.get('Access-Control-Allow-Origin')).toBeNull();
  });

  const preflight = async (fields: string, origin = 'https://hr.example.com'): Promise<Headers> => {
    const service = await startTestService();
    const response = await service.request('/v2/invite_users', {
      method: 'OPTIONS',
      headers: {
        Origin: origin,
        'Access-Control-Request-Method': 'POST',
        'Access-Control-Request-Headers': fields,
        'Access-Control-Request-Private-Network': 'true',
      },
    });
    expect([response.status, await response.text()]).toEqual([204, '']);
    return response.headers;
  };
  const fieldsOf = (headers: Headers): readonly string[] =>
    headers.get('Access-Control-Allow-Headers')?.toLowerCase().split(',') ?? [];

  it('allows the fields that a preflight names, each once, and no word that is not the name of a field', async () => {
    const allowed = fieldsOf(await preflight('X-Trace, x-trace,authorization,,a b,c:d,é,"x",*/*,\t sentry-trace '));
    expect(allowed.toSorted()).toEqual(
      ['authorization', 'content-type', 'idempotency-key', 'prefer', 'sentry-trace', 'x-trace'].toSorted(),
    );
  });

  it('allows 64 fields of a preflight at most', async () => {
    const names = Array.from({ length: 70 }, (_, n) => `x-${String(n)}`);
    expect(fieldsOf(await preflight(names.slice(0, 64).join(',')))).toEqual(names.slice(0, 64));
    expect(fieldsOf(await preflight(names.join(',')))).toEqual(names.slice(0, 64));
  });

  it('allows another origin nothing that a preflight asks for', async () => {
    const headers = await preflight('authorization', 'https://evil.example.com');
    expect([...headers.keys()].filter((name) => name.startsWith('access-control-allow'))).toEqual([]);
  });

  it('logs an origin that is not allowed once, and never the origin of the service itself', async () => {
    const service = await startTestService();
    const ask = async (origin: string) =>
      await service.request('http://invites.example.com/v2/invite_policy', {
        headers: { Origin: origin, Host: 'invites.example.com' },
      });
    for (const origin of [
      'https://new.example.com',
      'https://invites.example.com',
      'https://hr.example.com',
      'https://new.example.com',
    ])
      await ask(origin);
    expect(service.logLines.filter((line) => line.includes('cors_origin_refused'))).toEqual([
      '{"level":"warn","event":"cors_origin_refused","origin":"https://new.example.com"}',
    ]);
  });

  it('exposes our fields on refusals too, also on a 401', async () => {
    const service = await startTestService();
    const response = await service.request('/v2/invite_policy', { headers: { Origin: 'https://hr.example.com' } });
    expect(response.status).toBe(401);
    expect(response.headers.get('Access-Control-Allow-Origin')).toBe('https://hr.example.com');
    expect(response.headers.get('Access-Control-Expose-Headers')?.split(',')).toEqual(
      expect.arrayContaining([
        'X-Request-Id',
        'Policy-Digest',
        'RateLimit',
        'RateLimit-Policy',
        'Retry-After',
        'Idempotency-Replayed',
        'Content-Location',
        'WWW-Authenticate',
      ]),
    );
  });
});

describe('an OPTIONS request that is no preflight', () => {
  it.each(['/livez', '/livez/', '/readyz', '/readyz/'])(
    'to %s is answered like GET, for health probes',
    async (path) => {
      const service = await startTestService();
      const response = await service.request(path, { method: 'OPTIONS' });
      const get = await service.request(path);
      expect([response.status, await response.json()]).toEqual([200, await get.json()]);
    },
  );

  it('to /readyz says that the service drains', async () => {
    const service = await startTestService({ deps: { draining: () => true } });
    expect((await service.request('/readyz', { method: 'OPTIONS' })).status).toBe(503);
  });

  it.each([
    ['/v2/invite_users', 405, 'POST'],
    ['/nowhere', 404, null],
  ])('to %s is a %i', async (path, status, allow) => {
    const service = await startTestService();
    const response = await service.request(path, { method: 'OPTIONS', headers: { Origin: 'https://hr.example.com' } });
    expect(response.status).toBe(status);
    expect(response.headers.get('Allow')).toBe(allow);
    expect(response.headers.get('Access-Control-Allow-Origin')).toBe('https://hr.example.com');
  });
});

describe('every answer', () => {
  it('carries digest, id and Vary, a preflight too', async () => {
    const service = await startTestService();
    const { headers } = await service.request('/v2/invite_users', {
      method: 'OPTIONS',
      headers: { Origin: 'https://hr.example.com', 'Access-Control-Request-Method': 'POST' },
    });
    expect(headers.get('Policy-Digest')).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(headers.get('X-Request-Id')).toMatch(/^[0-9a-f-]{36}$/);
    expect(headers.get('Vary')).toBe('Origin, Prefer');
  });

  it.each(['/livez', '/v2/invite_policy', '/nowhere', '/v2/invite_users'])(
    'on %s forbids framing, sniffing and caching',
    async (path) => {
      const service = await startTestService();
      const { headers } = await service.request(path);
      expect(Object.fromEntries(headers)).toMatchObject({
        'cache-control': 'no-store',
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
        'referrer-policy': 'no-referrer',
        'strict-transport-security': 'max-age=31536000; includeSubDomains',
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        vary: 'Origin, Prefer',
      });
    },
  );

  it('has a request id of our own, whatever the caller sent', async () => {
    const service = await startTestService();
    const response = await service.request('/livez', { headers: { 'X-Request-Id': 'mine' } });
    expect(response.headers.get('X-Request-Id')).toMatch(/^[0-9a-f-]{36}$/);
  });
});

describe('HEAD', () => {
  it.each([
    '/livez',
    '/readyz',
    '/openapi.json',
    '/.well-known/oauth-protected-resource',
    '/v2/invite_policy',
    '/nowhere',
  ])('on %s says what GET says, without the body', async (path) => {
    const service = await startTestService();
    const headers = { Authorization: `Bearer ${await service.token()}`, Origin: 'https://hr.example.com' };
    const [head, get] = [
      await service.request(path, { method: 'HEAD', headers }),
      await service.request(path, { headers }),
    ];
    const fieldsOf = (response: Response) =>
      Object.fromEntries([...response.headers].filter(([name]) => name !== 'x-request-id'));
    expect(head.status).toBe(get.status);
    expect(fieldsOf(head)).toEqual(fieldsOf(get));
    expect(await head.text()).toBe('');
  });
});

describe('a path that is asked wrongly', () => {
  it.each([
    ['GET', '/v2/invite_users', 'POST'],
    ['DELETE', '/v2/invite_requests/00000000-0000-7000-8000-000000000000', 'GET, HEAD'],
    ['POST', '/audit/records', 'GET, HEAD'],
    ['PUT', '/livez', 'GET, HEAD, OPTIONS'],
  ])('%s %s is a 405 that allows %s', async (method, path, allow) => {
    const service = await startTestService();
    const response = await service.request(path, { method });
    expect(response.status).toBe(405);
    expect(response.headers.get('Allow')).toBe(allow);
  });

  // The URL parser resolves dot segments before the app sees them; test/http/smuggling has targets as received.
  it.each(['/v2/invite_users/', '/V2/invite_users', '/v2/../v2/invite_user', '/v2/invite_users;a=b', '/...'])(
    '%s is a 404',
    async (path) => {
      const service = await startTestService();
      const response = await service.request(`http://localhost${path}`, { method: 'POST' });
      expect(response.status).toBe(404);
    },
  );

  it.each([
    '//v2/invite_users',
    '/v2//invite_users',
    '/v2/invite_users%00',
    '/v2/%69nvite_users',
    '/x/%252e%252e/livez',
  ])('%s has more than one reading and is a 400 that a page of an allowed origin can read', async (path) => {
    const service = await startTestService();
    const headers = { Origin: 'https://hr.example.com', Authorization: `Bearer ${await service.token()}` };
    const response = await service.request(`http://localhost${path}`, { method: 'POST', headers });
    expect(response.status).toBe(400);
    expect(response.headers.get('Access-Control-Allow-Origin')).toBe('https://hr.example.com');
    expect(response.headers.get('Policy-Digest')).toMatch(/^sha256:/);
    expect(await response.json()).toMatchObject({ code: 'malformed_request', origin: 'proxy' });
  });
});

describe('a header section', () => {
  const sized = async (init: RequestInit, path = '/livez'): Promise<{ status: number; detail?: string }> => {
    const service = await startTestService();
    const response = await service.request(path, init);
    expect(response.headers.get('Policy-Digest')).toMatch(/^sha256:/);
    return { ...((await response.json()) as object), status: response.status };
  };
  // The path, and for each field its name, its value, a colon, a space and CR LF.
  const REST = HEADER_LIMIT_BYTES - '/livez'.length - 'cookie'.length - 4;

  it('may have as many bytes as the limit says, and not one more', async () => {
    expect((await sized({ headers: { Cookie: 'c'.repeat(REST) } })).status).toBe(200);
    expect(await sized({ headers: { Cookie: 'c'.repeat(REST + 1) } })).toMatchObject({
      status: 431,
      code: 'header_fields_too_large',
      origin: 'proxy',
      detail:
        'The URL and the header fields have 28673 bytes; at most 28672 are accepted. The cookies are the largest part: delete the cookies of this site.',
    });
  });

  it.each([
    ['Authorization', 'The token is the largest part: ask for one with fewer groups.'],
    ['Cf-Access-Jwt-Assertion', 'The token is the largest part: ask for one with fewer groups.'],
    ['X-Trace', 'The field x-trace is the largest part.'],
  ])('that is too large because of %s says so', async (name, detail) => {
    const answer = await sized({ headers: { [name]: 'c'.repeat(HEADER_LIMIT_BYTES) } });
    expect([answer.status, answer.detail]).toEqual([431, expect.stringContaining(detail)]);
  });

  it('that is too large because of the URL says so', async () => {
    const answer = await sized({}, `/livez?${'a'.repeat(HEADER_LIMIT_BYTES)}`);
    expect([answer.status, answer.detail]).toEqual([431, expect.stringContaining('The URL is the largest part')]);
  });

  it('that is too large is refused before its token is read', async () => {
    const service = await startTestService();
    const response = await service.invite(ANN, { headers: { Cookie: 'c'.repeat(HEADER_LIMIT_BYTES) } });
    expect(response.status).toBe(431);
    expect(service.galileo.received).toEqual([]);
  });
});

describe('a body', () => {
  it('of 65536 bytes is read and one of 65537 is not, whatever Content-Length says', async () => {
    const service = await startTestService();
    const padded = (bytes: number): string => JSON.stringify(ANN).padEnd(bytes, ' ');
    expect((await service.invite(padded(65_536))).status).toBe(200);
    expect((await service.invite(padded(65_537))).status).toBe(413);
    const lying = await service.invite(padded(65_537), { headers: { 'Content-Length': '10' } });
    expect(lying.status).toBe(413);
    expect(service.galileo.received).toHaveLength(1);
  });

  it('that is too large is refused before anyone asks who sent it', async () => {
    const service = await startTestService();
    expect((await service.invite('x'.repeat(70_000), { token: 'no-token' })).status).toBe(413);
  });
});
