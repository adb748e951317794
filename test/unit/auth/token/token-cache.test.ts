import { describe, expect, it } from 'vitest';

import type { Principal } from '../../../../src/auth/principal.ts';
import { createTokenCache } from '../../../../src/auth/token/token-cache.ts';

const NOW_MS = 1_000_000_000;
const verified = (lifetimeS: number) => {
  const principal: Principal = {
    issuer: 'corp',
    issuerUrl: 'https://id.example.com',
    subject: 's',
    clientId: 'c',
    groups: [],
    kind: 'user',
    scopes: [],
    tokenId: null,
    expiresAt: NOW_MS / 1000 + lifetimeS,
  };
  return { principal, keySetVersion: 1 };
};

describe('the cache of verified tokens', () => {
  it('remembers a token for five minutes', () => {
    const cache = createTokenCache();
    cache.put('a', verified(3600), NOW_MS);
    expect(cache.get('a', NOW_MS + 299_999)?.principal.subject).toBe('s');
    expect(cache.get('a', NOW_MS + 300_000)).toBeNull();
    expect(cache.get('b', NOW_MS)).toBeNull();
  });

  it('remembers no token beyond its own end', () => {
    const cache = createTokenCache();
    cache.put('a', verified(10), NOW_MS);
    expect(cache.get('a', NOW_MS + 9999)).not.toBeNull();
    expect(cache.get('a', NOW_MS + 10_000)).toBeNull();
  });

  it('does not take in a token that lives on the clock tolerance alone', () => {
    const cache = createTokenCache();
    cache.put('a', verified(-10), NOW_MS);
    expect(cache.get('a', NOW_MS)).toBeNull();
  });

  it('does not remember longer when the clock is set back', () => {
    const cache = createTokenCache();
    cache.put('a', verified(3600), NOW_MS);
    expect(cache.get('a', NOW_MS - 1)).toBeNull();
    expect(cache.get('a', NOW_MS)).toBeNull();
  });

  it('never grows beyond its bound, and lets go of what was stored first', () => {
    const cache = createTokenCache(2);
    cache.put('a', verified(60), NOW_MS);
    cache.put('b', verified(60), NOW_MS);
    cache.put('a', verified(60), NOW_MS);
    cache.put('c', verified(60), NOW_MS);
    expect(['a', 'b', 'c'].map((token) => cache.get(token, NOW_MS) !== null)).toEqual([true, false, true]);
  });
});
