import { describe, expect, it } from 'vitest';
import {
  coveringPatterns,
  isDomainPattern,
  isTopLevelPattern,
  lowerAscii,
} from '../../../../src/policy/matching/domain-pattern.ts';

describe('patterns', () => {
  it('that cover an address are itself, its domain, and the sub-domains of each parent, from near to far', () => {
    expect(coveringPatterns('ann@a.b.acme.com')).toEqual([
      'ann@a.b.acme.com',
      'a.b.acme.com',
      '*.b.acme.com',
      '*.acme.com',
      '*.com',
    ]);
  });

  it('that cover sub-domains are themselves and those of each parent, never the apex', () => {
    expect(coveringPatterns('*.b.acme.com')).toEqual(['*.b.acme.com', '*.acme.com', '*.com']);
  });

  it('cost as many look-ups as a domain has labels', () => {
    expect(coveringPatterns(`${'a.'.repeat(126)}a`)).toHaveLength(127);
  });

  it.each(['acme.com', '*.acme.com', '*.com', 'xn--bcher-kva.example', '1.example', 'a-b.example'])(
    '%s is one',
    (text) => {
      expect(isDomainPattern(text)).toBe(true);
    },
  );

  it.each([
    '',
    '.',
    '*',
    '*.',
    '*.*.com',
    '**.com',
    'com',
    'acme.com.',
    '.acme.com',
    'a..com',
    'ACME.com',
    'a_b.com',
    '-a.com',
    'a-.com',
    'a b.com',
    'acme.com\n',
    'аcme.com',
    `${'a.'.repeat(127)}com`,
  ])('%j is none', (text) => {
    expect(isDomainPattern(text)).toBe(false);
  });

  it('of a whole top-level domain are told from the others', () => {
    expect(['*.com', '*.acme.com', 'acme.com'].map(isTopLevelPattern)).toEqual([true, false, false]);
  });
});

describe('lower case', () => {
  it('is for ASCII letters alone: the Kelvin sign and the dotted I stay what they are', () => {
    expect(lowerAscii('Ann.KIM@ACME.com')).toBe('ann.kim@acme.com');
    expect(lowerAscii('\u212A\u0130')).toBe('\u212A\u0130');
  });
});
