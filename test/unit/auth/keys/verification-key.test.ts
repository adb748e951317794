import { createECDH } from 'node:crypto';

import { exportJWK, generateKeyPair } from 'jose';
import { describe, expect, it } from 'vitest';

import { ALGORITHM_NAMES } from '../../../../src/auth/keys/algorithms.ts';
import { readMaterial } from '../../../../src/auth/keys/key-material.ts';
import { selectUsableKeys } from '../../../../src/auth/keys/verification-key.ts';

const ec = await generateKeyPair('ES256', { extractable: true });
const ecPublic = { ...(await exportJWK(ec.publicKey)), kid: 'ec' };
const ecPrivate = { ...(await exportJWK(ec.privateKey)), kid: 'ec' };
const rsa = { ...(await exportJWK((await generateKeyPair('RS256', { extractable: true })).publicKey)), kid: 'rsa' };
const rsaModulus = BigInt(`0x${Buffer.from(rsa.n ?? '', 'base64url').toString('hex')}`);
const okp = { ...(await exportJWK((await generateKeyPair('EdDSA', { extractable: true })).publicKey)), kid: 'okp' };

const otherRsa = await exportJWK((await generateKeyPair('RS256', { extractable: true })).publicKey);

/** With a zero byte in front. */
function shifted(member = ''): string {
  return Buffer.concat([Buffer.alloc(1), Buffer.from(member, 'base64url')]).toString('base64url');
}

/** The P-256 keys whose private halves are 1, 2, 3 and so on. */
function scalarKeys(count: number) {
  return Array.from({ length: count }, (_, index) => {
    const pair = createECDH('prime256v1');
    pair.setPrivateKey((index + 1).toString(16).padStart(64, '0'), 'hex');
    const point = pair.getPublicKey();
    const [x, y] = [point.subarray(1, 33), point.subarray(33)].map((half) => half.toString('base64url'));
    return { kty: 'EC', crv: 'P-256', x: x ?? '', y: y ?? '', kid: `scalar-${String(index + 1)}` };
  });
}

/** The one usable key, as the crypto library has it. */
async function materialOf(key: object) {
  const result = await selectUsableKeys({ keys: [key] }, ['RS256', 'ES256']);
  const [imported] = [...(result?.usable[0]?.byAlgorithm.values() ?? [])];
  if (imported === undefined) throw new Error(JSON.stringify(result?.dropped));
  return exportJWK(imported);
}

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
    expect((await selectUsableKeys({ keys: [rsa] }, ['ES256']))?.dropped).toEqual(['algorithm_not_allowed']);
  });

  it.each([
    ['a shared secret', { kty: 'oct', k: 'c2VjcmV0', kid: 'x' }, 'private_or_symmetric'],
    ['a shared secret that calls itself RSA', { ...rsa, k: 'c2VjcmV0' }, 'private_or_symmetric'],
    ['a private elliptic key', ecPrivate, 'private_or_symmetric'],
    ['an RSA key with one private member', { ...rsa, qi: 'AQAB' }, 'private_or_symmetric'],
    ['a key for encryption', { ...rsa, use: 'enc' }, 'not_for_signatures'],
    ['a key whose operations leave verifying out', { ...rsa, key_ops: ['encrypt'] }, 'not_for_signatures'],
    ['a key whose operations are no list', { ...rsa, key_ops: { verify: true } }, 'not_for_signatures'],
    ['a key whose one operation is another', { ...rsa, key_ops: 'encrypt' }, 'not_for_signatures'],
    ['an RSA key with further primes', { ...rsa, oth: [{ r: 'AQAB' }] }, 'private_or_symmetric'],
    ['an RSA key with an empty private member', { ...rsa, d: '' }, 'private_or_symmetric'],
    ['a use in upper case', { ...rsa, use: 'SIG' }, 'name_in_other_case'],
    ['an algorithm in lower case', { ...rsa, alg: 'rs256' }, 'name_in_other_case'],
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
    ['RSA without a modulus', { ...rsa, n: undefined }, 'key_malformed'],
    ['RSA whose modulus is no base64', { ...rsa, n: `${rsa.n ?? ''}!` }, 'key_malformed'],
    ['RSA whose exponent is a number', { ...rsa, e: 65_537 }, 'key_malformed'],
    ['RSA whose numbers are zero', { ...rsa, n: 'AAAA' }, 'key_malformed'],
    ['RSA as a certificate only', { kty: 'RSA', kid: 'x', x5c: ['MIIC'] }, 'certificate_only'],
    ['an elliptic key as a certificate only', { kty: 'EC', crv: 'P-256', kid: 'x', x5c: ['MIIB'] }, 'certificate_only'],
    ['a point that is not on its curve', { ...ecPublic, y: ecPublic.x }, 'key_malformed'],
    ['a coordinate that is too long', { ...ecPublic, x: `AQEB${ecPublic.x ?? ''}` }, 'key_malformed'],
    ['an Ed25519 key with a byte in front', { ...okp, x: shifted(okp.x) }, 'key_malformed'],
    ['an RSA key for encryption by its algorithm', { ...rsa, alg: 'RSA-OAEP' }, 'algorithm_not_supported'],
    ['a key without operations', { ...rsa, key_ops: [] }, 'not_for_signatures'],
    ['a curve that is not ours', { ...ecPublic, crv: 'secp256k1' }, 'algorithm_not_supported'],
    ['an unknown type', { kty: 'XYZ', kid: 'x' }, 'algorithm_not_supported'],
    ['an algorithm of another type', { ...ecPublic, alg: 'RS256' }, 'algorithm_not_supported'],
    ['no object', 'key', 'not_a_key'],
    ['no type', { kid: 'x' }, 'not_a_key'],
  ])('leave out %s, and that alone', async (_title, key, fault) => {
    const honest = { ...okp, kid: 'honest' };
    expect(await sorted(key, honest)).toEqual({ kids: ['honest'], dropped: [fault] });
  });

  it.each([
    ['with padding', { ...rsa, n: `${rsa.n ?? ''}==`, e: 'AQAB=' }],
    ['in the other alphabet', { ...rsa, n: Buffer.from(rsa.n ?? '', 'base64url').toString('base64') }],
    ['with a sign byte before the modulus', { ...rsa, n: shifted(rsa.n) }],
    ['with zeros before the exponent', { ...rsa, e: 'AAEAAQ==' }],
    ['in lines', { ...rsa, n: `${rsa.n?.slice(0, 76) ?? ''}\r\n${rsa.n?.slice(76) ?? ''}\r\n` }],
    ['with null for what it has not', { ...rsa, alg: null, use: null, key_ops: null, d: null, k: null, x5c: null }],
    ['with empty members for what it has not', { ...rsa, alg: '', use: '', oth: [], x5c: [] }],
    ['with its one operation as a text', { ...rsa, key_ops: 'verify' }],
    ['with the operation of its private half', { ...rsa, key_ops: ['sign'] }],
    ['with an empty list of operations beside its use', { ...rsa, use: 'sig', key_ops: [] }],
  ])('are the same key %s', async (_title, key) => {
    expect(await materialOf(key)).toEqual(await materialOf(rsa));
  });

  it('may lack the leading zeros of a coordinate, or have one more', async () => {
    const short = scalarKeys(1000).find(({ x }) => Buffer.from(x, 'base64url')[0] === 0);
    if (short === undefined) throw new Error('no such key');
    const trimmed = { ...short, x: Buffer.from(short.x, 'base64url').subarray(1).toString('base64url') };
    const expected = await materialOf(short);
    expect(await materialOf(trimmed)).toEqual(expected);
    expect(await materialOf({ ...short, y: shifted(short.y) })).toEqual(expected);
  });

  it('are one key when one is listed twice, for the algorithms of both entries', async () => {
    const result = await selectUsableKeys(
      {
        keys: [
          { ...rsa, alg: 'RS256' },
          { ...rsa, alg: 'RS512', n: shifted(rsa.n) },
        ],
      },
      ALGORITHM_NAMES,
    );
    expect(result?.usable.map(({ keyId, byAlgorithm }) => [keyId, ...byAlgorithm.keys()])).toEqual([
      ['rsa', 'RS256', 'RS512'],
    ]);
    expect(result?.dropped).toEqual([]);
    expect(await sorted(rsa, rsa, { ...rsa, x5t: 'AAAA' })).toEqual({ kids: ['rsa'], dropped: [] });
  });

  it.each([
    ['an encryption key', { ...okp, use: 'enc' }],
    ['an RSA key for encryption', { ...rsa, alg: 'RSA-OAEP-256' }],
    ['a shared secret', { kty: 'oct', k: 'c2VjcmV0' }],
    ['a key of an unknown type', { kty: 'XYZ' }],
  ])('are not lost to %s under their id', async (_title, other) => {
    for (const keys of [
      [ecPublic, { ...other, kid: 'ec' }],
      [{ ...other, kid: 'ec' }, ecPublic],
    ]) {
      expect((await sorted(...keys)).kids).toEqual(['ec']);
    }
  });

  it('may share an id where no algorithm fits two of them', async () => {
    expect(await sorted(ecPublic, { ...rsa, kid: 'ec' })).toEqual({ kids: ['ec', 'ec'], dropped: [] });
    const bound = [
      { ...rsa, kid: 'a', alg: 'RS256' },
      { ...otherRsa, kid: 'a', alg: 'PS256' },
    ];
    expect(await sorted(...bound)).toEqual({ kids: ['a', 'a'], dropped: [] });
  });

  it('leave out every key of an id that two keys claim for one algorithm', async () => {
    expect(await sorted({ ...otherRsa, kid: 'rsa' }, rsa, okp)).toEqual({
      kids: ['okp'],
      dropped: ['key_id_repeated', 'key_id_repeated'],
    });
  });

  it('keep the algorithms of an id that only one of its keys claims', async () => {
    const result = await selectUsableKeys({ keys: [rsa, { ...otherRsa, kid: 'rsa', alg: 'RS256' }] }, ALGORITHM_NAMES);
    expect(result?.usable.map(({ byAlgorithm }) => [...byAlgorithm.keys()])).toEqual([
      ['RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
    ]);
    expect(result?.dropped).toEqual(['key_id_repeated', 'key_id_repeated']);
  });

  it.each([
    ['under the same id', { kid: 'ec' }],
    ['under another id', { kid: 'other' }],
    ['without an id', { kid: undefined }],
    ['for encryption', { kid: 'ec', use: 'enc' }],
  ])('leave out a key whose private half is published %s', async (_title, members) => {
    expect(await sorted(ecPublic, { ...ecPrivate, ...members }, okp)).toEqual({
      kids: ['okp'],
      dropped: ['private_or_symmetric', 'private_or_symmetric'],
    });
  });

  it('are two hundred at most', async () => {
    const result = await selectUsableKeys({ keys: scalarKeys(203) }, ALGORITHM_NAMES);
    expect([result?.usable.length, result?.dropped]).toEqual([
      200,
      ['too_many_keys', 'too_many_keys', 'too_many_keys'],
    ]);
  });

  it('may have no id', async () => {
    expect(await sorted({ ...ecPublic, kid: undefined }, { ...rsa, kid: undefined })).toEqual({
      kids: [null, null],
      dropped: [],
    });
  });

  it('of Ed25519 are 32 bytes, which are no number', () => {
    const x = okp.x ?? '';
    expect(readMaterial('OKP', okp)).toEqual({ kty: 'OKP', crv: 'Ed25519', x });
    for (const other of [shifted(x), Buffer.from(x, 'base64url').subarray(1).toString('base64url')]) {
      expect(readMaterial('OKP', { ...okp, x: other })).toBe('key_malformed');
    }
  });

  it.each([null, 7, [], {}, { keys: {} }])('do not come from %j', async (document) => {
    expect(await selectUsableKeys(document, ALGORITHM_NAMES)).toBeNull();
  });
});
