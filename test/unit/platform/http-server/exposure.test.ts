import { describe, expect, it } from 'vitest';
import { exposureOf } from '../../../../src/platform/node/http-server/exposure.ts';

describe('the exposure of the listener', () => {
  it.each([0, 1])('keeps idle connections as long as KEEP_ALIVE_S says, with %i trusted proxies', (hops) => {
    expect(exposureOf({ HOST: '0.0.0.0', TRUSTED_PROXY_HOPS: hops, KEEP_ALIVE_S: 3_610 }).keepAliveMs).toBe(3_610_000);
  });

  it('decides how long idle connections live: those of load balancers outlive their 600 s, others go within 10 s', () => {
    expect(exposureOf({ HOST: '0.0.0.0', TRUSTED_PROXY_HOPS: 1 }).keepAliveMs).toBeGreaterThan(600_000);
    expect(exposureOf({ HOST: '0.0.0.0', TRUSTED_PROXY_HOPS: 0 }).keepAliveMs).toBeLessThan(10_000);
  });

  it('bounds the connections of one address, unless they come through a proxy', () => {
    expect(exposureOf({ HOST: '0.0.0.0', TRUSTED_PROXY_HOPS: 0 }).maxConnectionsPerAddress).toBe(300);
    expect(exposureOf({ HOST: '0.0.0.0', TRUSTED_PROXY_HOPS: 1 }).maxConnectionsPerAddress).toBeNull();
  });

  it.each(['127.0.0.1', '127.0.0.53', 'localhost', '::1'])('gives no grace period on %s', (HOST) => {
    expect(exposureOf({ HOST, TRUSTED_PROXY_HOPS: 0 }).graceMs).toBe(0);
  });

  it.each(['0.0.0.0', '::', '10.0.0.7', '127.0.0.1.example.com'])('gives others a moment to notice on %s', (HOST) => {
    expect(exposureOf({ HOST, TRUSTED_PROXY_HOPS: 0 }).graceMs).toBe(3_000);
  });
});
