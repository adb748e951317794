import { describe, expect, it } from 'vitest';
import { createOpenApi } from '../../../src/openapi/document.ts';
import { placeOpenApi } from '../../../src/openapi/localize.ts';
import { createClientAddress } from '../../../src/platform/workers/http-server/client-address.ts';
import { createMetrics } from '../../../src/platform/workers/telemetry/metrics.ts';
import { perEnv } from '../../../src/platform/workers/per-env.ts';
import { loadPolicy, readPolicy } from '../../../src/policy/load.ts';
import { loadDocument } from '../../../src/policy/document/read-document.ts';
import { COUNTERS, DURATIONS, GAUGES } from '../../../src/ports/metrics.ts';
import { EXAMPLE_POLICY } from '../../support/policy.ts';

/** Adapters for Workers that need no runtime; the others are tested inside workerd (test/workers). */
describe('the caller’s address on Workers', () => {
  const addressOf = (headers: Record<string, string>) => createClientAddress()(new Headers(headers), {});

  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['2001:DB8::1', '2001:db8::1'],
    [' 192.0.2.7 ', '192.0.2.7'],
  ])('is what Cloudflare says: %s', (field, address) => {
    expect(addressOf({ 'CF-Connecting-IP': field })).toBe(address);
  });

  it.each(['', 'unknown', '256.1.1.1', '1.2.3', '1.2.3.4.', '1.2.3.4:80', '::g', '1:2', 'evil:80/x', '[::1]'])(
    'is none when what stands there is no address: "%s"',
    (field) => {
      expect(addressOf({ 'CF-Connecting-IP': field })).toBeNull();
    },
  );

  it('is never what other fields claim', () => {
    const claims = { 'X-Forwarded-For': '192.0.2.1', 'X-Real-IP': '192.0.2.1', 'True-Client-IP': '192.0.2.1' };
    expect(addressOf(claims)).toBeNull();
  });
});

describe('metrics on Workers', () => {
  it('are one data point each: name, labels in the order of their row, value', () => {
    const points: unknown[] = [];
    const metrics = createMetrics({ writeDataPoint: (point) => void points.push(point) });
    metrics.count('http_requests', { status: '200', route: '/livez', method: 'GET' });
    metrics.count('audit_records_pruned', {}, 7);
    metrics.observe('upstream_duration', 0.25, { result: 'answered' });
    metrics.gauge('api_key_usable', 0, { slot: 'next' });
    expect(points).toEqual([
      { indexes: ['http_requests'], blobs: ['http_requests', '/livez', 'GET', '200'], doubles: [1] },
      { indexes: ['audit_records_pruned'], blobs: ['audit_records_pruned'], doubles: [7] },
      { indexes: ['upstream_duration'], blobs: ['upstream_duration', 'answered'], doubles: [0.25] },
      { indexes: ['api_key_usable'], blobs: ['api_key_usable', 'next'], doubles: [0] },
    ]);
  });

  it('fit the platform: a name is at most 96 bytes, and there are at most 20 blobs', () => {
    for (const [name, { labels }] of Object.entries({ ...COUNTERS, ...DURATIONS, ...GAUGES })) {
      expect(name.length).toBeLessThanOrEqual(96);
      expect(labels.length).toBeLessThan(20);
    }
  });

  it('change nothing when they fail, or when nothing is bound', () => {
    const failing = createMetrics({
      writeDataPoint() {
        throw new Error('too many');
      },
    });
    for (const metrics of [failing, createMetrics(undefined)]) {
      expect(() => metrics.count('http_requests')).not.toThrow();
      expect(() => metrics.observe('queue_wait', 1)).not.toThrow();
    }
  });
});

describe('what is made once per isolate', () => {
  it('is made once for one environment, and anew for another', async () => {
    let made = 0;
    const one = perEnv(
      async (_env: object) => ({ number: (made += 1) }),
      () => true,
    );
    const [first, second] = [{}, {}];
    expect([await one(first), await one(first), await one(second)]).toEqual([
      { number: 1 },
      { number: 1 },
      { number: 2 },
    ]);
  });

  it('does not make one event wait for what another began, and keeps the first that is ready', async () => {
    const ready: ((made: object) => void)[] = [];
    const one = perEnv(
      (_env: object) => new Promise<object>((resolve) => void ready.push(resolve)),
      () => true,
    );
    const env = {};
    const [a, b] = [one(env), one(env)];
    expect(ready).toHaveLength(2);
    const [first, second] = [{ name: 'first' }, { name: 'second' }];
    ready[1]?.(second);
    expect(await b).toBe(second);
    ready[0]?.(first);
    expect(await a).toBe(second);
  });
});

describe('what is made when the Worker is built', () => {
  it('is a policy document that has the digest of its file', () => {
    const read = readPolicy(EXAMPLE_POLICY, { issuers: ['corp'] });
    const loaded = loadPolicy(EXAMPLE_POLICY, { issuers: ['corp'] });
    if (read.kind === 'refused' || loaded.kind === 'refused') throw new Error('the example is refused');
    const shipped = loadDocument(JSON.parse(JSON.stringify(read.document)), { issuers: ['corp'] });
    expect(shipped).toMatchObject({ kind: 'loaded', policy: { digest: loaded.policy.digest } });
  });

  it.each([null, 'https://invites.acme.com'])(
    'is the contract that Node would make for the address %s',
    (publicUrl) => {
      const complete = createOpenApi({ version: '1.2.3', publicUrl: 'https://invites.example.com' });
      expect(placeOpenApi(complete, publicUrl)).toEqual(createOpenApi({ version: '1.2.3', publicUrl }));
    },
  );
});
