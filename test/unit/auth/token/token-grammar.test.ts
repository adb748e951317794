import fc from 'fast-check';
import { base64url } from 'jose';
import { describe, expect, it } from 'vitest';

import { issuerProfile } from '../../../../src/auth/issuer-profile.ts';
import { parseToken, readHeader, splitToken } from '../../../../src/auth/token/token-grammar.ts';
import { MAX_TOKEN_BYTES } from '../../../../src/auth/token/token-limit.ts';
import { AUDIENCE, ISSUER } from '../../../support/tokens.ts';

const encode = (...parts: string[]): string => parts.map((part) => base64url.encode(part)).join('.');
const profile = issuerProfile({ name: 'corp', issuer: ISSUER, audience: AUDIENCE });

describe('the form of a token', () => {
  it('gives header and claims as they were written', () => {
    expect(parseToken(encode('{"alg":"ES256"}', '{"iss":"x","n":{"a":[1]}}', 'signature'))).toEqual({
      kind: 'parsed',
      header: { alg: 'ES256' },
      payload: { iss: 'x', n: { a: [1] } },
    });
  });

  it('is not looked at when no setting could allow its size', () => {
    const token = encode('{}', '{}', 'x');
    const exactly = `${token}${'A'.repeat(MAX_TOKEN_BYTES - token.length)}`;
    expect(exactly).toHaveLength(MAX_TOKEN_BYTES);
    expect(splitToken(exactly).kind).toBe('segments');
    expect(splitToken(`${exactly}A`)).toEqual({ kind: 'refused', reason: 'token_too_long' });
  });

  it('has one text for any bytes: what is accepted encodes back to itself', () => {
    const part = fc.stringMatching(/^[A-Za-z0-9_-]{1,12}$/);
    fc.assert(
      fc.property(part, part, part, (header, payload, signature) => {
        const split = splitToken([header, payload, signature].join('.'));
        if (split.kind === 'refused') return;
        expect(base64url.encode(split.header)).toBe(header);
        expect(base64url.encode(split.payload)).toBe(payload);
        expect(base64url.encode(base64url.decode(signature))).toBe(signature);
      }),
    );
  });

  it('takes the canonical text of any bytes', () => {
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(bytes, bytes, bytes, (...parts) => {
        expect(splitToken(parts.map((part) => base64url.encode(part)).join('.')).kind).toBe('segments');
      }),
    );
  });

  it('is judged without an exception, whatever comes', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void parseToken(text)));
    fc.assert(fc.property(fc.json(), fc.json(), (header, payload) => void parseToken(encode(header, payload, 's'))));
  });
});

describe('the header of a token', () => {
  const read = (header: object, of = profile) => readHeader(header as Readonly<Record<string, unknown>>, of);

  it('says how to verify', () => {
    expect(read({ alg: 'ES256', typ: 'AT+JWT', kid: 'k' })).toEqual({ kind: 'header', algorithm: 'ES256', keyId: 'k' });
    expect(read({ alg: 'RS256', typ: 'application/at+jwt' })).toEqual({
      kind: 'header',
      algorithm: 'RS256',
      keyId: null,
    });
  });

  it.each(['x5t', 'x5t#S256', 'cty', 'nonce', 'url', 'pi.atm', 'ver', 'client', 'exp', 'constructor', '$set', ''])(
    'may have the field %j, which chooses no key and changes no reading',
    (field) => {
      const plain = { alg: 'ES256', typ: 'at+jwt', kid: 'k' };
      for (const value of ['JWT', null, 7, ['exp'], { alg: 'none', kid: 'other', jwk: {} }]) {
        expect(read({ ...plain, [field]: value })).toEqual(read(plain));
      }
    },
  );

  it.each(
    [
      'jwk jku x5u x5c epk trust_chain svt signer crit b64 zip ppt enc apu apv iv tag p2s p2c iss sub aud JKU Crit',
    ].flatMap((fields) => fields.split(' ')),
  )('may not have the field %s, whatever its value', (field) => {
    for (const value of ['x', '', null, [], {}, false]) {
      expect(read({ alg: 'ES256', typ: 'at+jwt', [field]: value })).toEqual({
        kind: 'refused',
        reason: 'header_field_not_allowed',
      });
    }
  });

  it.each(['at+jwt', 'AT+JWT', 'application/at+jwt', 'Application/At+Jwt'])('may write its type as %s', (typ) => {
    expect(read({ alg: 'ES256', typ }).kind).toBe('header');
  });

  it.each(['at+jwt; v=1', 'at+jwt ', 'text/at+jwt', 'application/application/at+jwt', '', null, ['at+jwt']])(
    'may not write its type as %j',
    (typ) => {
      expect(read({ alg: 'ES256', typ })).toEqual({ kind: 'refused', reason: 'token_type_not_allowed' });
    },
  );

  it('may name only algorithms of the issuer', () => {
    const narrow = issuerProfile({ name: 'corp', issuer: ISSUER, audience: AUDIENCE, algorithms: ['ES256'] });
    expect(read({ alg: 'RS256', typ: 'at+jwt' }, narrow)).toEqual({ kind: 'refused', reason: 'algorithm_not_allowed' });
  });

  it('may leave the type out only where the issuer does', () => {
    expect(read({ alg: 'ES256' })).toEqual({ kind: 'refused', reason: 'token_type_not_allowed' });
    expect(read({ alg: 'ES256' }, { ...profile, tokenTypeRequired: false }).kind).toBe('header');
    expect(read({ alg: 'ES256', typ: 'JWT' }, { ...profile, tokenTypeRequired: false }).kind).toBe('refused');
  });
});
