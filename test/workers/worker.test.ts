import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { describe, expect, it } from 'vitest';
import { createWorker } from '../../src/worker.ts';
import type { Bindings } from '../../src/platform/workers/bindings.ts';
import { createFakeBatch, createFakeQueue } from './audit/delivery-harness.ts';
import { POLICY } from './whole-worker.ts';

/** The Worker's entry, with bindings that a deployment may get wrong. test/parity tests it with correct bindings. */
const KEY = 'test-key-0f3c9a7e5b1d2468';
const GOOD = {
  ...(env as unknown as Bindings),
  GALILEO_API_KEY: KEY,
  AUTH_ISSUERS: JSON.stringify([{ name: 'corp', issuer: 'https://login.example.com', audience: 'galileo-invites' }]),
};

type Env = Record<string, unknown>;

function deployed(changes: Env = {}, policy: unknown = POLICY) {
  const lines: string[] = [];
  const worker = createWorker(policy, { write: (line) => void lines.push(line) });
  const bindings = { ...GOOD, ...changes } as unknown as Bindings;
  return {
    worker,
    bindings,
    /** Its log lines so far. */
    lines,
    /** The problems in its `not_serving` lines. */
    problems: () => lines.flatMap((line) => (JSON.parse(line) as { problem?: string }).problem ?? []),
    async ask(path: string, init: RequestInit = {}): Promise<Response> {
      const context = createExecutionContext();
      const request = new Request(`https://invites.example.com${path}`, init) as Parameters<
        NonNullable<typeof worker.fetch>
      >[0];
      const response = await worker.fetch?.(request, bindings, context);
      await waitOnExecutionContext(context);
      if (response === undefined) throw new Error('the Worker answers no requests');
      return response;
    },
  };
}

describe('a Worker that is set up', () => {
  it('serves: the ledger answers, and a request without a token gets 401', async () => {
    const { ask } = deployed();
    expect(await (await ask('/readyz')).json()).toEqual({ status: 'ready' });
    expect((await ask('/v2/invite_policy')).status).toBe(401);
  });

  it('names the built-in policy', async () => {
    const { headers } = await deployed().ask('/livez');
    expect(headers.get('Policy-Digest')).toMatch(/^sha256:[0-9a-f]{64}$/);
  });
});

const UNFIT: readonly (readonly [name: string, changes: Env, problem: string])[] = [
  ['without a key', { GALILEO_API_KEY: undefined }, 'GALILEO_API_KEY or GALILEO_API_KEY_FILE must be set'],
  ['without issuers', { AUTH_ISSUERS: undefined }, 'AUTH_ISSUERS or AUTH_ISSUERS_FILE must be set'],
  ['with an unknown setting', { GALILEO_KEY: 'x' }, 'GALILEO_KEY is not a setting of this service'],
  ['with a setting of Node', { PORT: '8080' }, 'PORT has no meaning on Workers: Cloudflare listens'],
  ['with a file', { AUTH_ISSUERS_FILE: '/issuers' }, 'AUTH_ISSUERS_FILE has no meaning on Workers: there are no files'],
  [
    'with an egress proxy',
    { HTTPS_PROXY: 'http://proxy.acme.com:3128' },
    'HTTPS_PROXY has no meaning on Workers: Workers have no way out through a proxy; remove it',
  ],
  ['with an egress proxy in lower case', { https_proxy: 'http://proxy' }, 'https_proxy has no meaning on Workers'],
  ['with targets that need no proxy', { NO_PROXY: '.acme.com' }, 'NO_PROXY has no meaning on Workers'],
  ['with a number', { GALILEO_TIMEOUT_MS: 500 }, 'GALILEO_TIMEOUT_MS must be text'],
  ['without a ledger', { LEDGER: undefined }, 'LEDGER must be bound to the Durable Object class LedgerObject'],
  [
    'without a Queue for its sinks',
    { AUDIT_SINKS: 'http', AUDIT_HTTP_URL: 'https://x.example.com' },
    'AUDIT_QUEUE must be',
  ],
  ['with an invalid signing key', { AUDIT_SIGNING_KEY: 'garbage' }, 'AUDIT_SIGNING_KEY holds no PEM block'],
  ['over plain http', { GALILEO_API_URL: 'http://api.example.com' }, 'GALILEO_API_URL'],
];

describe('a Worker that is not fit to serve', () => {
  it.each(UNFIT)('%s logs the problem', async (_name, changes, problem) => {
    const { ask, problems } = deployed(changes);
    await ask('/readyz');
    expect(problems()).toEqual([expect.stringContaining(problem)]);
  });

  it('logs all problems together, and each only once', async () => {
    const { ask, problems } = deployed({ GALILEO_API_KEY: undefined, PORT: '8080', IDEMPOTENCY: 'maybe' });
    await ask('/readyz');
    await ask('/readyz');
    expect(problems().map((problem) => problem.split(' ')[0])).toEqual(['PORT', 'IDEMPOTENCY', 'GALILEO_API_KEY']);
  });

  it('answers 503 to every request but /livez, and says that nothing was sent', async () => {
    const { ask } = deployed({ PORT: '8080' });
    expect((await ask('/livez')).status).toBe(200);
    const ready = await ask('/readyz');
    expect([ready.status, await ready.json()]).toEqual([503, { status: 'not_ready' }]);
    const response = await ask('/v2/invite_users', { method: 'POST', body: '{}' });
    expect([response.status, response.headers.get('Retry-After')]).toEqual([503, '30']);
    expect(response.headers.get('Content-Type')).toBe('application/problem+json');
    expect(response.headers.get('Cache-Control')).toBe('no-store');
    expect(await response.json()).toMatchObject({
      code: 'upstream_unavailable',
      origin: 'proxy',
      detail: expect.stringContaining('Nothing was sent'),
      request_id: response.headers.get('X-Request-Id'),
    });
  });

  it('logs no secret, in whatever setting it is', async () => {
    const { ask, lines, problems } = deployed({ GALILEO_API_KEY: `${KEY} `, [`GALILEO_${KEY}`]: 'x' });
    await ask('/readyz');
    expect(problems()).toContain('(withheld: a setting holds the key)');
    expect(lines.join('\n')).not.toContain(KEY);
  });

  it('refuses a policy that names an issuer it does not have', async () => {
    const policy = { ...POLICY, callers: { 'hr-portal': { issuer: 'elsewhere', client_id: ['hr-portal'] } } };
    const { ask, problems } = deployed({}, policy);
    expect((await ask('/readyz')).status).toBe(503);
    expect(problems()).toEqual([expect.stringContaining('policy at callers.hr-portal.issuer')]);
  });

  it('serves again by itself when the Secrets Store, which had not answered, does', async () => {
    let stored = (): Promise<string> => Promise.reject(new Error('unavailable'));
    const { ask, problems } = deployed({ AUDIT_EMAILS: 'hmac', AUDIT_HMAC_KEY: { get: () => stored() } });
    expect((await ask('/readyz')).status).toBe(503);
    expect(problems()).toEqual(['AUDIT_HMAC_KEY cannot be read from the Secrets Store']);
    stored = () => Promise.resolve('ab'.repeat(32));
    expect((await ask('/readyz')).status).toBe(200);
  });

  it('returns its audit messages to the Queue, with a growing delay', async () => {
    const { worker, bindings } = deployed({ PORT: '8080' });
    const { batch, acknowledged, delays } = createFakeBatch([new ArrayBuffer(1)], 20);
    await worker.queue?.(batch, bindings, createExecutionContext());
    expect([acknowledged, Object.keys(delays)]).toEqual([[], ['0']]);
    expect(delays[0]).toBeGreaterThanOrEqual(1_800);
  });

  it('sends them to the Queue again before the Queue would drop them', async () => {
    const queue = createFakeQueue();
    const { worker, bindings } = deployed({ PORT: '8080', AUDIT_QUEUE: queue.binding });
    const { batch, acknowledged, delays } = createFakeBatch([new Uint8Array([7]).buffer], 100);
    await worker.queue?.(batch, bindings, createExecutionContext());
    expect([acknowledged, delays]).toEqual([[0], {}]);
    expect(queue.bodies.map((body) => [...new Uint8Array(body)])).toEqual([[7]]);
  });
});

describe('the scheduled work of a Worker', () => {
  it('logs no problem on a ledger with nothing to do', async () => {
    const { worker, bindings, lines } = deployed();
    const controller = { scheduledTime: 0, cron: '* * * * *', noRetry: () => undefined };
    await worker.scheduled?.(controller, bindings, createExecutionContext());
    expect(lines.filter((line) => /"level":"(?:warn|error)"/.test(line))).toEqual([]);
  });

  it('writes the levels that alerts need', async () => {
    const written: string[] = [];
    const METRICS = { writeDataPoint: ({ blobs }: { readonly blobs: string[] }) => void written.push(blobs.join(' ')) };
    const { worker, bindings } = deployed({ METRICS });
    const controller = { scheduledTime: 0, cron: '* * * * *', noRetry: () => undefined };
    await worker.scheduled?.(controller, bindings, createExecutionContext());
    expect(written).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^build_info \d.* workerd$/),
        'requests_unknown',
        'audit_sink_lag_seconds stdout',
        'audit_uncovered_records',
      ]),
    );
  });
});
