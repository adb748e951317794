import { describe, expect, it } from 'vitest';
import { codePointOf, holdsInvisible, replaceInvisible, shorten } from '../../../../src/lib/text/invisible-text.ts';

describe('invisible text', () => {
  it.each([
    ['a control', '\u0007'],
    ['a line break', '\n'],
    ['a zero-width space', '\u200b'],
    ['a zero-width joiner', '\u200d'],
    ['a soft hyphen', '\u00ad'],
    ['a byte order mark', '\ufeff'],
    ['an override of the direction', '\u202e'],
    ['an isolate', '\u2066'],
    ['an Arabic letter mark', '\u061c'],
    ['a line separator', '\u2028'],
    ['a tag', '\u{e0041}'],
    ['a variation selector after a letter', '\ufe0f'],
    ['a supplementary variation selector', '\u{e0100}'],
    ['a Hangul filler', '\u3164'],
    ['a grapheme joiner', '\u034f'],
    ['a blank Braille pattern', '\u2800'],
    ['private use', '\ue000'],
    ['half a surrogate pair', '\ud800'],
  ])('is found when it is %s', (_name, character) => {
    expect(holdsInvisible(`admins${character}`)).toBe(true);
    expect(holdsInvisible(character)).toBe(true);
    expect(replaceInvisible(`ad${character}mins${character}`)).toBe('admins');
  });

  it.each([
    'it-admins',
    'Ann Smith',
    'Zoë Müller-Łukasz',
    '\u0645\u062f\u064a\u0631',
    '管理者',
    'नमस्ते',
    '😀',
    '\u26a0\ufe0f',
  ])('is not found in %s', (text) => {
    expect(holdsInvisible(text)).toBe(false);
    expect(replaceInvisible(text)).toBe(text);
  });

  it('can be replaced by what it is', () => {
    expect(replaceInvisible('a\u202eb\u{e0041}', (one) => `<${codePointOf(one)}>`)).toBe('a<U+202E>b<U+E0041>');
    expect(codePointOf('\t')).toBe('U+0009');
  });
});

describe('a shortened text', () => {
  it('is unchanged up to the length, and ends with an ellipsis beyond it', () => {
    expect(shorten('abc', 3)).toBe('abc');
    expect(shorten('abcd', 3)).toBe('ab…');
  });

  it('never ends with half a surrogate pair', () => {
    expect(shorten('a😀😀', 3)).toBe('a…');
  });
});
