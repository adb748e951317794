import { exportJWK, generateKeyPair } from 'jose';
import { describe, expect, it } from 'vitest';

import { ALGORITHM_NAMES } from '../../../../src/auth/keys/algorithms.ts';
import { selectUsableKeys } from '../../../../src/auth/keys/verification-key.ts';

const ec = await generateKeyPair('ES256', { extractable: true });
const ecPublic = { ...(await exportJWK(ec.publicKey)), kid: 'ec' };
const ecPrivate = { ...(await exportJWK(ec.privateKey)), kid: 'ec' };
const rsa = { ...(await exportJWK((await generateKeyPair('RS256', { extractable: true })).publicKey)), kid: 'rsa' };
const rsaModulus = BigInt(`0x${Buffer.from(rsa.n ?? '', 'base64url').toString('hex')}`);
const okp = { ...(await exportJWK((await generateKeyPair('EdDSA', { extractable: true })).publicKey)), kid: 'okp' };

const unsigned = (value: bigint): string => {
  const hex = value.toString(16);
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex').toString('base64url');
};

async function sorted(...keys: unknown[]) {
  const result = await selectUsableKeys({ keys }, ALGORITHM_NAMES);
  if (result === null) throw new Error('not a key set');
  return { kids: result.usable.map(({ keyId }) => keyId), dropped: result.dropped };
}

describe('the keys of an issuer', () => {
  it('are usable for every algorithm of their type', async () => {
    const result = await selectUsableKeys({ keys: [ecPublic, rsa, okp] }, ALGORITHM_NAMES);
    expect(result?.usable.map(({ keyId, byAlgorithm }) => [keyId, ...byAlgorithm.keys()])).toEqual([
      ['ec', 'ES256'],
      ['rsa', 'RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
      ['okp', 'EdDSA', 'Ed25519'],
    ]);
  });

  it('are usable only for what they say and the issuer allows', async () => {
    const bound = await selectUsableKeys({ keys: [{ ...rsa, alg: 'PS256' }] }, ALGORITHM_NAMES);
    expect(bound?.usable.flatMap(({ byAlgorithm }) => [...byAlgorithm.keys()])).toEqual(['PS256']);
    expect((await selectUsableKeys({ keys: [rsa] }, ['ES256']))?.dropped).toEqual(['algorithm_not_supported']);
  });

  it.each([
    ['a shared secret', { kty: 'oct', k: 'c2VjcmV0', kid: 'x' }, 'private_or_symmetric'],
    ['a shared secret that calls itself RSA', { ...rsa, k: 'c2VjcmV0' }, 'private_or_symmetric'],
    ['a private elliptic key', ecPrivate, 'private_or_symmetric'],
    ['an RSA key with one private member', { ...rsa, qi: 'AQAB' }, 'private_or_symmetric'],
    ['a key for encryption', { ...rsa, use: 'enc' }, 'not_for_signatures'],
    ['a key whose operations leave verifying out', { ...rsa, key_ops: ['encrypt'] }, 'not_for_signatures'],
    ['a key whose operations are no list', { ...rsa, key_ops: 'verify' }, 'not_for_signatures'],
    ['a key whose id is a number', { ...rsa, kid: 7 }, 'key_id_malformed'],
    ['a key whose id is empty', { ...rsa, kid: '' }, 'key_id_malformed'],
    ['RSA of 2047 bits', { ...rsa, n: unsigned((rsaModulus >> 1n) | 1n) }, 'weak_rsa'],
    ['RSA of 1024 bits', { ...rsa, n: unsigned((rsaModulus >> 1024n) | 1n) }, 'weak_rsa'],
    [
      'RSA of 1024 bits behind zeros',
      {
        ...rsa,
        n: Buffer.concat([Buffer.alloc(128), Buffer.from(unsigned((rsaModulus >> 1024n) | 1n), 'base64url')]).toString(
          'base64url',
        ),
      },
      'weak_rsa',
    ],
    ['RSA of 16384 bits', { ...rsa, n: unsigned((1n << 16383n) | 1n) }, 'weak_rsa'],
    ['RSA with an even modulus', { ...rsa, n: unsigned(rsaModulus - 1n) }, 'weak_rsa'],
    ['RSA with the exponent 1', { ...rsa, e: 'AQ' }, 'weak_rsa'],
    ['RSA with the exponent 3', { ...rsa, e: 'Aw' }, 'weak_rsa'],
    ['RSA with an even exponent', { ...rsa, e: unsigned(65_538n) }, 'weak_rsa'],
    ['RSA with a huge exponent', { ...rsa, e: unsigned((1n << 80n) + 1n) }, 'weak_rsa'],
    ['RSA without a modulus', { ...rsa, n: undefined }, 'weak_rsa'],
    ['a point that is not on its curve', { ...ecPublic, y: ecPublic.x }, 'algorithm_not_supported'],
    ['a curve that is not ours', { ...ecPublic, crv: 'secp256k1' }, 'algorithm_not_supported'],
    ['an unknown type', { kty: 'XYZ', kid: 'x' }, 'algorithm_not_supported'],
    ['an algorithm of another type', { ...ecPublic, alg: 'RS256' }, 'algorithm_not_supported'],
    ['no object', 'key', 'not_a_key'],
    ['no type', { kid: 'x' }, 'not_a_key'],
  ])('leave out %s, and that alone', async (_title, key, fault) => {
    const honest = { ...okp, kid: 'honest' };
    expect(await sorted(key, honest)).toEqual({ kids: ['honest'], dropped: [fault] });
  });

  it('leave out every key of an id that is claimed twice', async () => {
    expect(await sorted(ecPublic, { ...rsa, kid: 'ec' }, okp)).toEqual({
      kids: ['okp'],
      dropped: ['key_id_repeated', 'key_id_repeated'],
    });
  });

  it('may have no id', async () => {
    expect(await sorted({ ...ecPublic, kid: undefined }, { ...rsa, kid: undefined })).toEqual({
      kids: [null, null],
      dropped: [],
    });
  });

  it.each([null, 7, [], {}, { keys: {} }])('do not come from %j', async (document) => {
    expect(await selectUsableKeys(document, ALGORITHM_NAMES)).toBeNull();
  });
});
