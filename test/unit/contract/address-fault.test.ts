/** The sentence for a text that is no acceptable address. docs/compatibility.md has what products really write. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ADDRESS_FAULT_REASONS, addressFault } from '../../../src/contract/address-fault.ts';
import { emailAddress } from '../../../src/contract/email-address.ts';

const ALONE = 'so that only name@example.com is left';

describe('a text around an address', () => {
  it.each([
    [' ann@acme.com\t', 'the blanks around it'],
    ['ann@acme.com\r\n', 'the blanks around it'],
    ['\u3000ann@acme.com', 'the blanks around it'],
    ['\u202aann@acme.com\u202c', 'the invisible characters'],
    ['ann\u00ad@acme.com', 'the invisible characters'],
    ['ann@acme.com.', 'the punctuation behind it'],
    ['ann@acme.com;;', 'the punctuation behind it'],
    ['ann@acme.com\uff1b', 'the punctuation behind it'],
    ['ann@acme.com)', 'the punctuation behind it'],
    ['- ann@acme.com', 'the punctuation before it'],
    ['\u2022 ann@acme.com', 'the punctuation before it'],
    ['"ann@acme.com"', 'the quotation marks'],
    ["'ann@acme.com'", 'the quotation marks'],
    ['\u201eann@acme.com\u201c', 'the quotation marks'],
    ['MAILTO:ann@acme.com', 'mailto:'],
    ['[ann@acme.com](mailto:ann@acme.com)', 'the link'],
    ['ann@acme.com <ann@acme.com>', 'the name and the angle brackets'],
    ['Ann Lee <mailto:ann@acme.com>', 'the name and the angle brackets and mailto:'],
    ["'Ann Lee' <ann@acme.com>", 'the name and the angle brackets'],
    ['\u201cLee, Ann\u201d < ann@acme.com >', 'the name and the angle brackets and the blanks around it'],
    ['(Ann) ann@acme.com', 'the words in brackets'],
    ['(ann@acme.com)', 'the brackets'],
    ['Ann Lee ann@acme.com', 'the words before it'],
    ['E-mail: ann@acme.com', 'the words before it'],
    ['smtp:ann@acme.com', 'the words before it'],
    ['ann@acme.com - HR', 'the words behind it'],
    ['Ann <ann@acme.com> Bob', 'the words behind it and the name and the angle brackets'],
  ])('is named, to be taken away: %j', (text, what) => {
    expect(emailAddress(text)).toBeNull();
    expect(addressFault(text)).toEqual({ reason: 'more_than_address', message: `take away ${what}, ${ALONE}` });
  });
});

describe('a text that is no address', () => {
  it.each([
    ['', 'empty', 'the entry is empty'],
    [' \u200b', 'empty', 'the entry is empty'],
    ['a@b.com c@d.com', 'several_addresses', 'an entry of its own'],
    ['a@b.com\u3001c@d.com', 'several_addresses', 'an entry of its own'],
    ['Ann <a@b.com>, Bob <c@d.com>', 'several_addresses', 'an entry of its own'],
    ['a@b.com\nc@d.com', 'several_addresses', 'an entry of its own'],
    ['ann at acme.com', 'no_at_sign', 'write @'],
    ['ann[at]acme.com', 'no_at_sign', 'write @'],
    ['Ann Lee', 'no_at_sign', 'no at sign'],
    ['ann@@acme.com', 'malformed', 'more than one at sign'],
    ['ann@rival.io@acme.com', 'malformed', 'more than one at sign'],
    ['@acme.com', 'local_part', 'nothing before the at sign'],
    ['ann@', 'domain', 'no domain behind the at sign'],
    ['Ann <ann@m\u00fcnchen.de>', 'not_ascii', 'xn--'],
    ['ann@\uff41cme.com', 'domain', 'full-width'],
    ['ann@acme\u3002com', 'domain', 'full-width'],
    ['ann@\u0430cme.com', 'not_ascii', 'xn--'],
    ['\u00e4nn@acme.com', 'not_ascii', 'a letter beyond a-z before the at sign'],
    ['ann @acme.com', 'malformed', 'a blank inside'],
    ['ann@acme. com', 'malformed', 'a blank inside'],
    ['ann%40acme.com', 'no_at_sign', 'written as %40'],
    ['mailto:ann%40acme.com', 'no_at_sign', 'written as %40'],
    ['&lt;ann@acme.com&gt;', 'malformed', 'HTML codes'],
    ['ann&#64;acme.com', 'malformed', 'HTML codes'],
    ['ann@acme.com (mailto:Ann@acme.com)', 'more_than_address', 'the same address twice'],
    ['ann@acme.com (mailto:bob@acme.com)', 'several_addresses', 'an entry of its own'],
    ['"ann b"@acme.com', 'local_part', 'a quoted name'],
    ['ann@acme,com', 'domain', 'a comma in the domain'],
    ['an..n@acme.com', 'malformed', 'two full stops'],
    ['ann.@acme.com', 'local_part', 'a full stop at the beginning or the end'],
    ['ann@.acme.com', 'domain', 'a full stop at the beginning or the end of the domain'],
    ['ann@[127.0.0.1]', 'domain', 'an IP address'],
    ['ann@127.0.0.1', 'domain', 'an IP address'],
    ['ann@ac_me.com', 'domain', 'a character in the domain'],
    ['ann@acme', 'domain', 'no ending such as .com'],
    ['ann@-acme.com', 'domain', 'a hyphen'],
    ['ann@xn--0.com', 'domain', 'xn--'],
    ['ann@r3---sn.com', 'domain', 'third and fourth'],
    ['ann@acme.test', 'domain', 'the ending of the domain'],
    [`${'a'.repeat(65)}@acme.com`, 'local_part', 'longer than 64'],
    [`ann@${'a'.repeat(64)}.com`, 'domain', 'longer than 63'],
    [`ann@${'a.'.repeat(130)}com`, 'too_long', '254'],
    ['x'.repeat(60_000), 'too_long', '254'],
  ])('gets a reason and a sentence: %j', (text, reason, words) => {
    expect(emailAddress(text)).toBeNull();
    const fault = addressFault(text);
    expect(fault.reason).toBe(reason);
    expect(fault.message).toContain(words);
  });

  it('is never repeated in its sentence, whatever it is', () => {
    const part = fc.string({
      unit: fc.constantFrom('Q', 'z', '7', '@', '.', ' ', '<', '>', '"', '(', ')', ';', '\u200b', 'ü', '-'),
    });
    fc.assert(
      fc.property(part, (text) => {
        const { reason, message } = addressFault(text);
        expect(ADDRESS_FAULT_REASONS).toContain(reason);
        expect(message).not.toMatch(/[Q7]|ü|zz/);
      }),
      { numRuns: 2000 },
    );
  });
});
