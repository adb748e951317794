import { describe, expect, it } from 'vitest';
import { parseMediaType } from '../../../../src/lib/http/media-type.ts';

describe('a media type', () => {
  it.each([
    ['text/html', 'text/html', []],
    ['Text/HTML;Charset="ISO-8859-1"', 'text/html', [['charset', 'ISO-8859-1']]],
    [
      'a/b \t; \tx=1 ;y=2',
      'a/b',
      [
        ['x', '1'],
        ['y', '2'],
      ],
    ],
    ['a/b;', 'a/b', []],
    ['a/b;;; ;x=1; ', 'a/b', [['x', '1']]],
    [
      'a/b;x="";y="\\"\\\\;\\a"',
      'a/b',
      [
        ['x', ''],
        ['y', '"\\;a'],
      ],
    ],
    [
      'a/b;x=1;X=2',
      'a/b',
      [
        ['x', '1'],
        ['x', '2'],
      ],
    ],
    ["!#$%&'*+.^_`|~-/b", "!#$%&'*+.^_`|~-/b", []],
  ])('is read by the grammar: %j', (text, essence, parameters) => {
    expect(parseMediaType(text)).toEqual({ essence, parameters });
  });

  it.each([
    ...['', ' ', 'a', 'a/', '/b', 'a/b/c', ' a/b', 'a/b ', 'a b/c', 'a/b,c/d', 'a/b c'],
    ...['a/b;x', 'a/b;x=', 'a/b;=1', 'a/b;x =1', 'a/b;x= 1', 'a/b;x="', 'a/b;x="1', 'a/b;x="1"2', 'a/b;x=1 y=2'],
    ...['a/b;x="\n"', 'a/b;x=é', 'é/b', 'a/b\u00a0;x=1', 'a/b;\u000bx=1'],
  ])('that is not of the grammar is none: %j', (text) => {
    expect(parseMediaType(text)).toBeNull();
  });

  it('of any length is read in a time that grows with it alone', () => {
    const many = `a/b${' ;\t'.repeat(20_000)}=`;
    expect(parseMediaType(many)).toBeNull();
    expect(parseMediaType(`a/b${';x="\\\\"'.repeat(5_000)}`)?.parameters).toHaveLength(5_000);
  });
});
