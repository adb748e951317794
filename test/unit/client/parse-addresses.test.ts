import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseAddresses } from '../../../client/src/galileo-invite-client.ts';
import { rounds } from '../../support/rounds.ts';

const ANN = 'ann@acme.com';
const BO = 'bo@acme.com';
const found = (text: string): readonly string[] => {
  const { addresses, rejected } = parseAddresses(text);
  expect(rejected).toEqual([]);
  return addresses;
};

describe('a pasted list', () => {
  it.each<[string, string]>([
    ['lines', `${ANN}\n${BO}\n`],
    ['lines of Windows', `${ANN}\r\n${BO}\r\n`],
    ['lines of an old Mac', `${ANN}\r${BO}`],
    ['commas', `${ANN}, ${BO},`],
    ['semicolons', `${ANN}; ${BO};`],
    ['tabs', `${ANN}\t${BO}`],
    ['vertical bars', `${ANN} | ${BO}`],
    ['blanks', `${ANN} ${BO}`],
    ['no-break and ideographic blanks', `${ANN}\u00a0${BO}\u3000`],
    ['Arabic commas', `${ANN}\u060c ${BO}`],
    ['Arabic semicolons', `${ANN}\u061b ${BO}`],
    ['full-width commas', `${ANN}\uff0c${BO}`],
    ['full-width semicolons', `${ANN}\uff1b${BO}`],
    ['ideographic commas', `${ANN}\u3001${BO}`],
    ['a byte order mark', `\ufeff${ANN}\n${BO}`],
    ['zero-width spaces', `\u200b${ANN}\u200b\n${BO}\u200e`],
    ['names and angle brackets', `Ann Smith <${ANN}>, Bo <${BO}>`],
    ['angle brackets and blanks', `Ann <${ANN}> Bo <${BO}>`],
    ['bare angle brackets', `<${ANN}>;<${BO}>`],
    ['names with commas in quotation marks', `"Smith, Ann" <${ANN}>; "O'Hara; Bo" <${BO}>`],
    ['names with commas, as Outlook has them', `Smith, Ann <${ANN}>; Jones, Bo <${BO}>`],
    ['names that are addresses', `"${BO}" <${ANN}>; ${BO} <${BO}>`],
    ['links', `mailto:${ANN}\nMAILTO:${BO}?subject=Hello`],
    ['links of a chat', `<mailto:${ANN}|${ANN}> <mailto:${BO}|Bo>`],
    ['quotation marks around each', `"${ANN}","${BO}"`],
    ['apostrophes around each', `'${ANN}'; '${BO}'`],
    ['quotation marks of a word processor', `\u201c${ANN}\u201d, \u201e${BO}\u201c`],
    ['hyphens before each', `- ${ANN}\n- ${BO}`],
    ['bullets before each', `\u2022 ${ANN}\n  \u2022\t${BO}`],
    ['numbers before each', `1. ${ANN}\n2) ${BO}`],
    ['names and round brackets', `Ann Smith (${ANN}), Bo (EU) (${BO})`],
    ['links of Outlook', `${ANN}<mailto:${ANN}>; ${BO}<mailto:${BO}>`],
    ['links of Markdown', `[${ANN}](mailto:${ANN})\n[Bo](mailto:${BO})`],
    ['cells with names', `"Ann Smith <${ANN}>"\n"Bo <${BO}>"`],
  ])('with %s is read', (_, text) => {
    expect(found(text)).toEqual([ANN, BO]);
  });

  it.each([
    'email',
    'E-Mail',
    '"Email address"',
    'Adresse e-mail',
    'Correo electrónico',
    'メールアドレス',
    '邮箱',
    'Почта',
  ])('with the heading %s has it apart', (heading) => {
    const { addresses, rejected, header } = parseAddresses(`\n${heading}\n${ANN}\n${BO}`);
    expect({ addresses, rejected }).toEqual({ addresses: [ANN, BO], rejected: [] });
    expect(header).toBe(heading.replaceAll('"', ''));
  });

  it('keeps each address as it was written', () => {
    expect(found("O'Hara+galileo@EU.Acme.COM")).toEqual(["O'Hara+galileo@EU.Acme.COM"]);
  });

  it('names the duplicates with their lines, whatever their case', () => {
    expect(parseAddresses(`${ANN}\n\n${ANN.toUpperCase()}, ${BO}\nAnn <${ANN}>`)).toEqual({
      addresses: [ANN, BO],
      duplicates: [
        { text: ANN.toUpperCase(), line: 3 },
        { text: ANN, line: 4 },
      ],
      rejected: [],
      header: null,
    });
  });

  it('cuts no address in two, and guesses none', () => {
    expect(
      parseAddresses(`ann smith@acme.com\nAnn Smith ann@acme.com\nann\nann@acme\nann@acme.com.\nMail`).rejected,
    ).toEqual([
      { text: 'ann smith@acme.com', line: 1, reason: 'several_words' },
      { text: 'Ann Smith ann@acme.com', line: 2, reason: 'several_words' },
      { text: 'ann', line: 3, reason: 'no_at_sign' },
      { text: 'ann@acme', line: 4, reason: 'malformed' },
      { text: 'ann@acme.com.', line: 5, reason: 'malformed' },
      { text: 'Mail', line: 6, reason: 'no_at_sign' },
    ]);
  });

  it.each([
    [`Cy Jones; Bo <${BO}>`, 'Cy Jones'],
    [`Smith, Ann <${ANN}>; Jones, Cy; Smith, Bo <${BO}>`, 'Jones', 'Cy'],
    [`Cy </o=ExchangeLabs/ou=Recipients/cn=cy>; Bo <${BO}>`, 'Cy </o=ExchangeLabs/ou=Recipients/cn=cy>'],
    [`Cy\tBo <${BO}>`, 'Cy'],
  ])('lists a person of a mail program whose address is not there: %s', (text, ...missing) => {
    expect(parseAddresses(text).rejected.map((one) => one.text)).toEqual(missing);
  });

  it('loses no address between two marks that are no quotation', () => {
    expect(found(`Cy 5" <cy@acme.com>, ${ANN}, "Bo" <${BO}>`)).toEqual(['cy@acme.com', ANN, BO]);
  });

  it.each([
    [`${ANN} (${BO})`, [ANN], `(${BO})`],
    [`${ANN} (@ann)`, [ANN], '(@ann)'],
    [`<${ANN})`, [], `<${ANN})`],
  ])('takes round brackets behind another address for no other one: %s', (text, addresses, rejected) => {
    expect(parseAddresses(text)).toMatchObject({ addresses, rejected: [{ text: rejected, reason: 'malformed' }] });
  });

  it('leaves an address that begins with a mark of a list as it is', () => {
    expect(found('-ann@acme.com\n*bo@acme.com\n1.cy@acme.com')).toEqual([
      '-ann@acme.com',
      '*bo@acme.com',
      '1.cy@acme.com',
    ]);
  });

  it('takes a first line that is no heading for a mistake', () => {
    expect(parseAddresses(`ann\n${BO}`)).toMatchObject({
      addresses: [BO],
      rejected: [{ text: 'ann', line: 1 }],
      header: null,
    });
  });

  it('of nothing is empty', () => {
    expect(parseAddresses(' \n\t, ;\n')).toEqual({ addresses: [], duplicates: [], rejected: [], header: null });
  });

  it('loses no text with an at sign', () => {
    const words = fc.constantFrom(
      ANN,
      BO,
      'ann',
      '@',
      '<',
      '>',
      '"',
      "'",
      ' ',
      ',',
      ';',
      '\n',
      'mailto:',
      'x@y',
      '(',
      '|',
      '\t',
    );
    fc.assert(
      fc.property(fc.array(words, { maxLength: 20 }), (parts) => {
        const text = parts.join('');
        const { addresses, duplicates, rejected } = parseAddresses(text);
        for (const address of addresses) expect(text).toContain(address);
        const counted = addresses.length + duplicates.length + rejected.length;
        if (text.includes('@')) expect(counted).toBeGreaterThan(0);
        expect(new Set(addresses.map((address) => address.toLowerCase())).size).toBe(addresses.length);
      }),
      { numRuns: rounds(2_000, 20_000) },
    );
  });

  it('costs no more per character when it is crafted', () => {
    for (const piece of [
      '<',
      '"',
      '<a@',
      '"<',
      'a@a ',
      "'",
      ' ',
      '@',
      '<a@b|',
      'mailto:',
      '"a@b.io" ',
      '- ',
      '\u201c',
    ]) {
      for (const before of ['', '<', '(']) {
        const { addresses } = parseAddresses(before + piece.repeat(200_000 / piece.length));
        expect(addresses.length).toBeLessThan(2);
      }
    }
  });
});
