/** Lists that come from a spreadsheet. */
import fc from 'fast-check';
import { parseAddresses } from 'galileo-invite-client';
import { describe, expect, it } from 'vitest';
import { addressTable } from '../../../console/src/views/invite/compose/address-table.ts';
import { rounds } from '../../support/rounds.ts';

const ANN = 'ann@acme.com';
const BO = 'bo@acme.com';

function read(list: string) {
  const { text, otherColumns } = addressTable(list);
  const { addresses, rejected, header } = parseAddresses(text);
  return { addresses, rejected: rejected.map((one) => `${String(one.line)} ${one.text}`), header, otherColumns };
}

describe('a pasted table', () => {
  it.each<[string, string]>([
    ['cells of a spreadsheet', `Name\tE-mail\tTeam\nAnn Smith\t${ANN}\tHR\nBo\t${BO}\t\n`],
    ['lines of Windows', `Name\tE-mail\tTeam\r\nAnn Smith\t${ANN}\tHR\r\nBo\t${BO}\t\r\n`],
    ['CSV', `Name,E-mail,Team\n"Smith, Ann",${ANN},HR\nBo,"${BO}",IT`],
    ['CSV with semicolons', `Name;E-mail;Team\nAnn;${ANN};HR, Berlin\nBo;${BO};IT`],
  ])('is read by the one column that has addresses: %s', (_, list) => {
    expect(read(list)).toEqual({ addresses: [ANN, BO], rejected: [], header: 'E-mail', otherColumns: 2 });
  });

  it('may be one row, and may have words around it', () => {
    expect(read(`Ann Smith\t${ANN}\tHR`)).toMatchObject({ addresses: [ANN], rejected: [], otherColumns: 2 });
    expect(read(`Please invite\nAnn\t${ANN}\nBo\t${BO}\nThanks`)).toMatchObject({
      ...{ addresses: [ANN, BO], rejected: ['1 Please invite', '4 Thanks'], otherColumns: 1 },
    });
  });

  it('says what is wrong where it is, also of a row that has no address: a person would be missed', () => {
    expect(read(`Ann\t${ANN}\n\nDoe, Cy\t\nBo\tbo@acme\nDee\tdee`).rejected).toEqual([
      ...['3 Doe  Cy', '4 bo@acme', '5 dee'],
    ]);
  });

  it('counts no column of numbers or list marks', () => {
    expect(read(`1.\t${ANN}\n2.\t${BO}`)).toMatchObject({ addresses: [ANN, BO], rejected: [], otherColumns: 0 });
    expect(read(`\u2022\t${ANN}\n\u2022\t${BO}`)).toMatchObject({ rejected: [], otherColumns: 0 });
  });
});

describe('a list that is no table', () => {
  it.each([
    ['two columns have addresses', `Ann\t${ANN}\tann@home.example\nBo\t${BO}\tbo@home.example`],
    ['rows have different lengths', `Ann,${ANN}\nBo,${BO},IT`],
    ['it is one line of a list', `Ann, ${ANN}`],
    ['it is a list of names and addresses', `Smith, Ann <${ANN}>\nJones, Bo <${BO}>`],
    ['it is a list', `${ANN}, ${BO}\n${ANN}`],
  ])('stays as it is: %s', (_, list) => {
    expect(addressTable(list)).toEqual({ text: list, otherColumns: 0 });
  });

  it('loses no text with an at sign, and no line', () => {
    const words = fc.constantFrom(ANN, BO, 'ann', '@', '"', '<', ' ', ',', ';', '\n', '\t', '\r\n');
    fc.assert(
      fc.property(fc.array(words, { maxLength: 30 }), (parts) => {
        const list = parts.join('');
        const { text } = addressTable(list);
        const signs = (one: string): number => one.split('@').length;
        expect(signs(text)).toBe(signs(list));
        const lines = (one: string): number => one.split(/\r\n|[\n\r]/).length;
        expect(lines(text)).toBe(lines(list));
      }),
      { numRuns: rounds(2_000, 20_000) },
    );
  });
});
