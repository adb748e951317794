import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { emailAddress } from '../../../src/contract/email-address.ts';
import { sharedFile } from '../../support/testdata.ts';

const REFUSED = [
  ['nothing', ''],
  ['no at sign', 'ann.acme.com'],
  ['two at signs', 'ann@rival.io@acme.com'],
  ['no local part', '@acme.com'],
  ['a quoted local part', '"ann"@acme.com'],
  ['a comment', 'ann(hi)@acme.com'],
  ['a display name', 'Ann <ann@acme.com>'],
  ['a dot at the start', '.ann@acme.com'],
  ['two dots in a row', 'an..n@acme.com'],
  ['a space', 'ann @acme.com'],
  ['a line end behind it', 'ann@acme.com\n'],
  ['a header injected', 'ann@acme.com\r\nBcc: x@rival.io'],
  ['a NUL', 'ann\u0000@acme.com'],
  ['a full-width at sign', 'ann\uff20acme.com'],
  ['a Kelvin sign in the domain', 'ann@\u212aacme.com'],
  ['a Kelvin sign in the local part', '\u212a@acme.com'],
  ['a dotless i', 'ann@\u0131acme.com'],
  ['a Cyrillic letter', 'ann@\u0430cme.com'],
  ['a full stop of another script', 'ann@acme\u3002com'],
  ['one label', 'ann@acme'],
  ['an empty label', 'ann@acme..com'],
  ['a dot behind the domain', 'ann@acme.com.'],
  ['an address literal', 'ann@[127.0.0.1]'],
  ['an IPv4 address', 'ann@127.0.0.1'],
  ['a hyphen at a label start', 'ann@-acme.com'],
  ['a hyphen at a label end', 'ann@acme-.com'],
  ['an underscore in the domain', 'ann@ac_me.com'],
  ['a numeric top level', 'ann@acme.123'],
  ['a top level that ends in a digit', 'ann@acme.c0'],
  ['an A-label that encodes nothing', 'ann@xn--0.com'],
  ['an A-label of ASCII letters', 'ann@xn--acme-.com'],
  ['an empty A-label', 'ann@xn--.com'],
  ['an A-label of an upper-case letter', 'ann@xn--ber-ska.com'],
  ['an A-label of a full-width letter', 'ann@xn--b-yq0i.com'],
  ['an A-label of a zero-width character', 'ann@xn--ab-h1t.com'],
  ['an A-label with a full-width full stop in it', 'ann@xn--rivalio-iu93b.com'],
  ['letters of another script beside an A-label', 'ann@\u00fc.xn--bcher-kva.com'],
  ['hyphens in third and fourth place', 'ann@ab--cd.com'],
  ['a local part of 65', `${'a'.repeat(65)}@acme.com`],
  ['a label of 64', `ann@${'a'.repeat(64)}.com`],
  ['more than 254 in all', `ann@${'a.'.repeat(124)}com`],
  ['a name reserved for tests', 'ann@acme.test'],
  ['a name reserved for this machine', 'ann@acme.LOCALHOST'],
] as const;

describe('the address rule', () => {
  it.each(REFUSED)('refuses %s', (_, text) => {
    expect(emailAddress(text)).toBeNull();
  });

  it('splits an address, keeps the local part as given and lower-cases the domain', () => {
    expect(emailAddress("Ann.O'Hara+galileo@EU.Acme.COM")).toEqual({
      local: "Ann.O'Hara+galileo",
      domain: 'eu.acme.com',
    });
  });

  it.each(['xn--bcher-kva.example.com', 'XN--Mnchen-3ya.de', 'acme.xn--p1ai', 'xn--fiqs8s.xn--p1ai', 'xn--fa-hia.de'])(
    'takes the A-label of letters as an ordinary domain: %s',
    (domain) => {
      expect(emailAddress(`ann@${domain}`)).toEqual({ local: 'ann', domain: domain.toLowerCase() });
    },
  );

  it('takes the longest parts that mail allows', () => {
    const local = 'l'.repeat(64);
    const domain = `${'d'.repeat(63)}.${'e'.repeat(63)}.${'f'.repeat(57)}.com`;
    expect(`${local}@${domain}`).toHaveLength(254);
    expect(emailAddress(`${local}@${domain}`)).toEqual({ local, domain });
    expect(emailAddress(`${local}@${'d'.repeat(63)}.${'e'.repeat(63)}.${'f'.repeat(58)}.com`)).toBeNull();
  });

  it('never accepts anything but printable ASCII with one at sign', () => {
    const nearly = fc
      .tuple(fc.string({ unit: 'binary', maxLength: 4 }), fc.string({ unit: 'binary', maxLength: 4 }))
      .map(([one, other]) => `an${one}n@ac${other}me.com`);
    fc.assert(
      fc.property(nearly, (text) => {
        const address = emailAddress(text);
        if (address === null) return;
        expect(text).toMatch(/^[!-?A-~]+@[A-Za-z0-9.-]+$/);
        expect(`${address.local}@${address.domain}`).toBe(
          text.slice(0, text.indexOf('@')) + text.slice(text.indexOf('@')).toLowerCase(),
        );
      }),
      { numRuns: 2000 },
    );
  });
});

interface PublishedAddress {
  readonly address: string;
  readonly email_validator_accepts: boolean;
  readonly email_validator_domain: string | null;
}

const published = sharedFile('testdata/email-addresses.json');

describe.skipIf(!published.present)(`against published hard addresses${published.word}`, () => {
  const { addresses } = published.present
    ? (JSON.parse(published.text()) as { addresses: PublishedAddress[] })
    : { addresses: [] };

  it.each(addresses)('%j: accepted only if email-validator accepts it, with the same domain', (entry) => {
    const read = emailAddress(entry.address);
    if (read === null) return;
    expect(entry.email_validator_accepts).toBe(true);
    expect(read.domain).toBe(entry.email_validator_domain);
  });

  it('accepts every ASCII address that email-validator accepts with a local part of at most 64', () => {
    const refused = addresses
      .filter((entry) => entry.email_validator_accepts && /^[ -~]*$/.test(entry.address))
      .filter((entry) => entry.address.lastIndexOf('@') <= 64)
      .filter((entry) => emailAddress(entry.address) === null);
    expect(refused).toEqual([]);
  });
});
