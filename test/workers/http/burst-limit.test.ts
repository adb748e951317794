import { env } from 'cloudflare:workers';
import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import type { AppEnv } from '../../../src/middleware/app-env.ts';
import { inOrder } from '../../../src/middleware/in-order.ts';
import { rateLimitByAddress } from '../../../src/middleware/limits/rate-limit-by-address.ts';
import { createBurstLimit } from '../../../src/platform/workers/http-server/burst-limit.ts';
import { recordMetrics } from '../../support/upstream.ts';

const { BURST_LIMIT } = env as unknown as { BURST_LIMIT: RateLimit };

describe('the burst limit', () => {
  it('asks the platform’s rate limit by address', async () => {
    expect(await createBurstLimit(BURST_LIMIT).allows('192.0.2.1')).toBe(true);
    const asked: unknown[] = [];
    const full = {
      limit: (options: RateLimitOptions) => {
        asked.push(options);
        return Promise.resolve({ success: options.key !== '192.0.2.1' });
      },
    };
    const burst = createBurstLimit(full);
    expect([await burst.allows('192.0.2.1'), await burst.allows('192.0.2.2')]).toEqual([false, true]);
    expect(asked).toEqual([{ key: '192.0.2.1' }, { key: '192.0.2.2' }]);
  });

  it.each([
    ['2001:db8:1:2::1', '2001:db8:1:2::/64'],
    ['2001:db8:1:2:ffff:1:2:3', '2001:db8:1:2::/64'],
    ['2001:0db8:0001:0002::', '2001:db8:1:2::/64'],
    ['2001:db8::3', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['::ffff:192.0.2.1', '::ffff:192.0.2.1'],
  ])('counts an IPv6 network as one address: %s', async (address, key) => {
    const asked: string[] = [];
    const binding = {
      limit: (options: RateLimitOptions) => {
        asked.push(options.key);
        return Promise.resolve({ success: true });
      },
    };
    await createBurstLimit(binding).allows(address);
    expect(asked).toEqual([key]);
  });

  it('lets every request pass without a binding, without an address, and when it fails', async () => {
    const failing = { limit: () => Promise.reject(new Error('down')) };
    expect(await createBurstLimit(undefined).allows('192.0.2.1')).toBe(true);
    expect(await createBurstLimit(BURST_LIMIT).allows(null)).toBe(true);
    expect(await createBurstLimit(failing).allows('192.0.2.1')).toBe(true);
  });

  it('answers 503 overloaded with Retry-After, and never refuses /livez', async () => {
    const metrics = recordMetrics();
    const app = new Hono<AppEnv>();
    app.use(async (c, next) => {
      c.set('requestId', 'id');
      c.set('source', { address: '192.0.2.1' });
      await next();
    });
    app.use(inOrder(rateLimitByAddress({ allows: () => Promise.resolve(false) }, metrics)));
    app.get('*', (c) => c.text('in'));
    const refused = await app.request('/v2/invite_policy');
    expect([refused.status, refused.headers.get('Retry-After')]).toEqual([503, '10']);
    expect(await refused.json()).toMatchObject({ code: 'overloaded', origin: 'proxy' });
    expect(metrics.samples).toEqual([{ name: 'requests_shed', labels: { bulkhead: 'all', reason: 'burst' } }]);
    expect(await (await app.request('/livez')).text()).toBe('in');
    expect((await app.request('/readyz')).status).toBe(503);
  });
});
