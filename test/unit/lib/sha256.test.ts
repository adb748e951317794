import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../../src/lib/hex.ts';
import { hmacSha256Hex, sha256Hex } from '../../../src/lib/sha256.ts';
import { sha256 } from '../../../src/platform/node/runtime.ts';

describe('SHA-256', () => {
  it.each([
    ['', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
    ['abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
  ])('gives the published digest of %j, as text and as bytes', (text, digest) => {
    expect(sha256Hex(text)).toBe(digest);
    expect(sha256Hex(new TextEncoder().encode(text))).toBe(digest);
  });

  it('is the same on Node, where it is native, for every text and all bytes', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.uint8Array({ maxLength: 200 })), (data) => {
        expect(sha256(data)).toBe(sha256Hex(data));
      }),
    );
    expect(sha256('\ud800')).toBe(sha256Hex('\ud800'));
  });
});

describe('HMAC-SHA-256', () => {
  it('gives the digest of RFC 4231, test case 2', () => {
    const key = new TextEncoder().encode('Jefe');
    expect(hmacSha256Hex(key, 'what do ya want for nothing?')).toBe(
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    );
  });
});

describe('hex digits', () => {
  it('are written in lower case and read in any case', () => {
    expect(toHex(new Uint8Array([0, 10, 255]))).toBe('000aff');
    expect([...fromHex('000AfF')]).toEqual([0, 10, 255]);
  });

  it.each(['0', 'zz', '0x00', ' 00'])('are refused when they are none: %j', (text) => {
    expect(() => fromHex(text)).toThrow();
  });
});
