import { domainToASCII } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { areDomainLabels, lettersOf } from '../../../../src/lib/text/domain-labels.ts';

const LETTERS = [...Array.from('abzé9ßüœжёщ中国한글日本語αβςθ'), '\u{20000}', '\u{1d7f3}', 'Å', 'ﬁ'];

describe('the labels of a domain', () => {
  it.each([
    ['xn--mnchen-3ya.de', 'münchen.de'],
    ['mail.xn--fiqs8s', 'mail.中国'],
    ['xn--bb-eka.xn--p1ai', 'öbb.рф'],
    ['acme.com', 'acme.com'],
  ])('show the letters of %s', (domain, letters) => {
    expect(areDomainLabels(domain)).toBe(true);
    expect(lettersOf(domain)).toBe(letters);
  });

  it.each(['r3---sn.com', 'ab--cd.com', 'AB--cd.com', 'xn--0.com', 'xn--acme-.com', 'xn--.com', 'xn--99999999.com'])(
    'are refused where hyphens stand in third and fourth place without real letters behind them: %s',
    (domain) => {
      expect(areDomainLabels(domain)).toBe(false);
    },
  );

  it('are the encoding of exactly one text of letters, whatever letters it is', () => {
    let real = 0;
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...LETTERS), { minLength: 1, maxLength: 12 }), (letters) => {
        const encoded = domainToASCII(`a${letters.join('')}.com`);
        if (!encoded.startsWith('xn--') || encoded.length > 63) return;
        expect(areDomainLabels(encoded)).toBe(true);
        expect(domainToASCII(lettersOf(encoded) ?? '')).toBe(encoded);
        real += 1;
      }),
      { numRuns: 3000 },
    );
    expect(real).toBeGreaterThan(300);
  });
});
