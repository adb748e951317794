import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { unescapeAll } from '../../../src/upstream/unescape.ts';

describe('a text without its escapes', () => {
  it.each([
    ['', ''],
    ['Plain text', 'plain text'],
    ['%41%4a%6A', 'ajj'],
    ['%2525252541', 'a'],
    ['%3%3%31', '1'],
    ['\\u0041\\x42\\/\\"\\\\c', 'ab/"\\c'],
    ['\\\\\\\\u0041', 'a'],
    ['&amp;&lt;&GT;&#65;&#x42;&#X0043;&Hat;&lowbar;', '&<>abc^_'],
    ['&amp;amp;amp;#65;', 'a'],
    ['&am&#112;#65;', '&amp#65;'],
    ['&am&#112;;#65;', 'a'],
    ['%26%2365%3B', 'a'],
    ['&percnt;41', 'a'],
    ['&#92;u0041', 'a'],
  ])('reads %j as %j', (text, plain) => {
    expect(unescapeAll(text)).toBe(plain);
  });

  it.each(['%', '%4', '%zz', '%00', '%0a', '%20', '%ff', '&;', '&#;', '&#x;', '&nope;', '&#10;', '&#233;'])(
    'leaves %j as it is',
    (text) => {
      expect(unescapeAll(text)).toBe(text);
    },
  );

  it('has NUL in place of what is not ASCII', () => {
    expect(unescapeAll('é%41\u212a😀')).toBe('\0a\0\0\0');
  });

  it('is never longer than the text, and has no escape left', () => {
    const parts = fc.constantFrom(
      '%',
      '2',
      '5',
      '4',
      '1',
      '3',
      '\\',
      'u',
      '0',
      'x',
      '&',
      'amp',
      ';',
      '#',
      '65',
      'z',
      '"',
    );
    fc.assert(
      fc.property(fc.array(parts, { maxLength: 60 }), (list) => {
        const plain = unescapeAll(list.join(''));
        expect(plain.length).toBeLessThanOrEqual(list.join('').length);
        expect(unescapeAll(plain)).toBe(plain);
      }),
    );
  });

  it.each([
    ['percent signs in percent signs', `%${'25'.repeat(250_000)}41`, 'a'],
    ['escapes that complete one another', `${'%3'.repeat(250_000)}%31`, '1'],
    ['references in references', `&${'amp;'.repeat(125_000)}#65;`, 'a'],
    ['backslashes', '\\'.repeat(500_000), '\\'],
  ])('is read in one pass over half a megabyte of %s', (_name, text, plain) => {
    expect(unescapeAll(text)).toBe(plain);
  });
});
