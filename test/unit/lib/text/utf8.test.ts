import { describe, expect, it } from 'vitest';
import { decodeUtf8 } from '../../../../src/lib/text/utf8.ts';

const MARKED = new Uint8Array([0xef, 0xbb, 0xbf, 0x61]);

describe('strict UTF-8', () => {
  it('is decoded, from bytes and from a buffer', () => {
    const bytes = new TextEncoder().encode('Zürich 🔑');
    expect(decodeUtf8(bytes, 'keep')).toBe('Zürich 🔑');
    expect(decodeUtf8(bytes.buffer, 'remove')).toBe('Zürich 🔑');
  });

  it.each([
    ['a byte that begins nothing', [0xff]],
    ['a sequence cut short', [0xc3]],
    ['an overlong form', [0xc0, 0x80]],
    ['a surrogate', [0xed, 0xa0, 0x80]],
  ])('is not %s, and the next bytes are read as if nothing had been', (_, bytes) => {
    expect(decodeUtf8(new Uint8Array(bytes), 'keep')).toBeNull();
    expect(decodeUtf8(new Uint8Array([0x61]), 'keep')).toBe('a');
  });

  it('keeps its byte order mark or loses it, as asked', () => {
    expect(decodeUtf8(MARKED, 'keep')).toBe('\uFEFFa');
    expect(decodeUtf8(MARKED, 'remove')).toBe('a');
  });
});
