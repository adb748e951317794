import { describe, expect, it } from 'vitest';
import { Secret } from '../../../src/lib/secret.ts';
import type { GalileoKeys } from '../../../src/ports/secrets.ts';
import { fingerprint } from '../../../src/upstream/api-keys.ts';
import { watchKeys } from '../../../src/upstream/watch-keys.ts';
import type { SeenKey } from '../../../src/upstream/watch-keys.ts';

const [ONE, TWO] = [new Secret('test-key-one-0f3c9a7e'), new Secret('test-key-two-5b1d2468')];

function watched(isNextSet: boolean) {
  const seen: SeenKey[] = [];
  const held: { keys: GalileoKeys } = { keys: { current: ONE, next: null } };
  const secrets = watchKeys(
    { galileoKeys: async () => held.keys },
    {
      isNextSet,
      fingerprintOf: async (secret) => fingerprint(secret),
      onKey: (one) => void seen.push(one),
    },
  );
  return { seen, held, secrets };
}

describe('the keys in their slots', () => {
  it('are reported when they are read for the first time, and when another one is there', async () => {
    const { seen, held, secrets } = watched(false);
    expect(await secrets.galileoKeys()).toBe(held.keys);
    await secrets.galileoKeys();
    expect(seen).toEqual([
      { slot: 'current', fingerprint: fingerprint(ONE), isChange: false },
      { slot: 'next', fingerprint: null, isChange: false },
    ]);
    held.keys = { current: TWO, next: ONE };
    await secrets.galileoKeys();
    expect(seen.slice(2)).toEqual([
      { slot: 'current', fingerprint: fingerprint(TWO), isChange: true },
      { slot: 'next', fingerprint: fingerprint(ONE), isChange: true },
    ]);
  });

  it('are not reported as gone when a next key is set and cannot be read', async () => {
    const { seen, held, secrets } = watched(true);
    await secrets.galileoKeys();
    held.keys = { current: ONE, next: TWO };
    await secrets.galileoKeys();
    held.keys = { current: ONE, next: null };
    await secrets.galileoKeys();
    expect(seen.map(({ slot, fingerprint: one }) => [slot, one])).toEqual([
      ['current', fingerprint(ONE)],
      ['next', fingerprint(TWO)],
    ]);
  });
});
