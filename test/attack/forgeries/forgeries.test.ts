/**
 * Each forgery of docs/forgeries.md, carried out on a real ledger file or on real delivered lines, and what `audit verify`
 * says of it: alone, with a kept checkpoint, with the public key, with both, and with the other copy of the trail.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tempFolder } from '../../unit/cli/audit/audit-harness.ts';
import type { Folder } from '../../unit/cli/audit/audit-harness.ts';
import { LEDGER_FAMILIES, LINE_FAMILIES } from './families.ts';
import type { Family, Forgery } from './forgery.ts';
import type { HonestTrail } from './honest-trail.ts';
import { makeHonestTrail } from './honest-trail.ts';
import { tryOnLedger, tryOnLines } from './try-forgery.ts';
import type { Tried } from './try-forgery.ts';
import { exitsOf } from './verdicts.ts';

let folder: Folder;
let honest: HonestTrail;

beforeAll(async () => {
  folder = tempFolder();
  honest = await makeHonestTrail(folder.path('honest'));
});
afterAll(() => folder.remove());

function testFamily<Target>(
  family: Family<Target>,
  carryOut: (forgery: Forgery<Target>, honest: HonestTrail, folder: Folder) => Promise<Tried>,
): void {
  describe(family.title, () => {
    it.each(family.forgeries.map((forgery) => [forgery.forgery, forgery] as const))('%s', async (_name, forgery) => {
      const workplace = tempFolder();
      try {
        const { finds, exits } = await carryOut(forgery, honest, workplace);
        expect(finds).toEqual(forgery.finds);
        expect(exits).toEqual(exitsOf(forgery.finds));
      } finally {
        workplace.remove();
      }
    });
  });
}

for (const family of LEDGER_FAMILIES) testFamily(family, tryOnLedger);
for (const family of LINE_FAMILIES) testFamily(family, tryOnLines);

describe('the table of forgeries', () => {
  const rows = [
    ...LEDGER_FAMILIES.flatMap(({ forgeries }) => forgeries),
    ...LINE_FAMILIES.flatMap(({ forgeries }) => forgeries),
  ];

  it('has a reason wherever no evidence finds the forgery', () => {
    const unexplained = rows.filter(
      ({ finds, because, forgery }) =>
        forgery !== 'Nothing changed' && because === undefined && finds.both.startsWith('intact'),
    );
    expect(unexplained.map(({ forgery }) => forgery)).toEqual([]);
  });
});
