import { describe, expect, it } from 'vitest';

import type { Algorithm } from '../../../../src/auth/keys/algorithms.ts';
import { chooseKeys } from '../../../../src/auth/keys/choose-keys.ts';
import { selectUsableKeys } from '../../../../src/auth/keys/verification-key.ts';
import { es256Signer, rs256Signer } from '../../../support/tokens.ts';

const ec = { ...(await es256Signer()).jwk, alg: undefined, kid: undefined };
const otherEc = { ...(await es256Signer()).jwk, alg: undefined, kid: undefined };
const rsa = { ...(await rs256Signer()).jwk, alg: undefined, kid: undefined };

/** How many keys of the set are chosen, or why none. */
async function choose(keys: readonly object[], keyId: string | null, algorithm: Algorithm = 'ES256') {
  const set = await selectUsableKeys({ keys }, ['ES256', 'RS256', 'RS512']);
  const chosen = chooseKeys(set?.usable ?? [], { keyId, algorithm });
  return typeof chosen === 'string' ? chosen : chosen.length;
}

describe('a token with a kid', () => {
  it('is verified with the key of that kid alone', async () => {
    expect(await choose([{ ...ec, kid: 'a' }, { ...otherEc, kid: 'b' }, otherEc], 'a')).toBe(1);
  });

  it('is verified with the one of its algorithm where two keys have its kid', async () => {
    const keys = [
      { ...ec, kid: 'a' },
      { ...rsa, kid: 'a' },
    ];
    expect([await choose(keys, 'a'), await choose(keys, 'a', 'RS256')]).toEqual([1, 1]);
  });

  it('is not verified with a key of its kid that does not fit its algorithm, nor with another instead', async () => {
    expect(await choose([{ ...rsa, kid: 'a', alg: 'RS256' }, rsa], 'a', 'RS512')).toBe('key_algorithm_mismatch');
    expect(await choose([{ ...rsa, kid: 'a' }, ec], 'a')).toBe('key_algorithm_mismatch');
  });

  it('is not verified with a key of another kid', async () => {
    expect(await choose([{ ...ec, kid: 'a' }], 'b')).toBe('key_unknown');
  });

  it('may be signed with a key without a kid where no key has its kid', async () => {
    expect(await choose([ec, otherEc, rsa, { ...rsa, kid: 'b' }], 'a')).toBe(2);
    expect(await choose([rsa], 'a')).toBe('key_unknown');
  });
});

describe('a token without a kid', () => {
  it('may be signed with any key that fits its algorithm', async () => {
    expect(await choose([{ ...ec, kid: 'a' }, otherEc, rsa], null)).toBe(2);
    expect(await choose([rsa], null)).toBe('key_unknown');
  });

  it('is verified with at most eight keys', async () => {
    const keys = Array.from({ length: 9 }, (_, n) => ({ ...ec, kid: String(n) }));
    expect([await choose(keys.slice(1), null), await choose(keys, null)]).toEqual([8, 'key_ambiguous']);
  });
});
