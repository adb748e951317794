import { describe, expect, it } from 'vitest';
import { readHmacKey } from '../../../src/audit/hmac-key.ts';
import { checkBearerToken, trimBearerToken } from '../../../src/audit/delivery/bearer-token.ts';

const PHRASE = 'Xq-9#kL0wZ!mN4pRt6uV8yB2cD5fGh7J';

describe('the key for addresses', () => {
  it('is the bytes of its hex digits, in either case and with a line end after them', () => {
    const bytes = Uint8Array.from({ length: 32 }, (_, index) => 200 + index);
    const hex = Buffer.from(bytes).toString('hex');
    for (const text of [hex, hex.toUpperCase(), `${hex}\n`, ` ${hex}\r\n`])
      expect(readHmacKey(text)).toEqual({ kind: 'read', key: bytes });
  });

  it('is any other text itself', () => {
    expect(readHmacKey(`${PHRASE}\n`)).toEqual({ kind: 'read', key: new TextEncoder().encode(PHRASE) });
  });

  it.each([
    ['nothing', ' \n'],
    ['a short text', PHRASE.slice(1)],
    ['hex digits for less than 32 bytes', 'ab'.repeat(31)],
    ['half a byte too much', `${'ab'.repeat(32)}c`],
    ['several words', `${PHRASE} ${PHRASE}`],
    ['two lines', `${'ab'.repeat(32)}\n${'cd'.repeat(32)}`],
    ['bytes that are no text', '\u0000\ufffd'.repeat(20)],
  ])('is not %s', (_name, text) => {
    const read = readHmacKey(text);
    expect(read).toMatchObject({ kind: 'unfit', problem: expect.stringContaining('openssl rand -hex 32') });
    for (const word of text.split(/\s+/)) if (word !== '') expect(JSON.stringify(read)).not.toContain(word);
  });
});

describe('the token of a collector', () => {
  it('is one word, without the white space around it', () => {
    expect(checkBearerToken(' aB1.-_~+/==\n')).toBeNull();
    expect(trimBearerToken(' aB1.-_~+/==\n')).toBe('aB1.-_~+/==');
  });

  it.each([
    ['nothing', '\n'],
    ['a scheme and a word', 'Bearer sesame'],
    ['two lines', 'sesame\nX-Evil: 1'],
    ['letters that no field carries', 'sésame'],
    ['a page', 'sesame'.repeat(2_000)],
  ])('is not %s', (_name, text) => {
    expect(checkBearerToken(text)).not.toBeNull();
    expect(checkBearerToken(text)).not.toMatch(/s[eé]same/);
  });
});
