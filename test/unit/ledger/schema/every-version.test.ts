import { describe, expect, it } from 'vitest';
import { isOwnSchema, MIGRATIONS, readSchema, SCHEMA_VERSION } from '../../../../src/ledger/sqlite/schema.ts';
import { createSqliteLedger } from '../../../../src/ledger/sqlite/sqlite-ledger.ts';
import { verifyTail } from '../../../../src/ledger/sqlite/trail/trail.ts';
import { createFakeClock, createFakeIds, testUuid7 } from '../../../support/clock.ts';
import { admission, ANN, CREATED, settlement } from '../../../support/ledger/ledger.ts';
import { ACCEPTED, firstRelease, OPEN, UNKNOWN } from './first-release.ts';

/** A ledger of the first release that the programs of all versions up to this one have opened in turn. */
function ledgerOf(version: number) {
  const sqlite = firstRelease();
  for (const statement of MIGRATIONS.slice(1, version).flat()) sqlite.run(statement);
  sqlite.run(`UPDATE ledger_version SET version = ?`, version);
  return sqlite;
}

const versions = Array.from({ length: SCHEMA_VERSION }, (_, index) => index + 1);

describe.each(versions)('a ledger of schema version %i', (version) => {
  it('has the tables that this version was released with', () => {
    expect(isOwnSchema(readSchema(ledgerOf(version)), version)).toBe(true);
  });

  it('is taken over with its trail, its requests and what its sinks had not acknowledged, and goes on', () => {
    const sqlite = ledgerOf(version);
    const clock = createFakeClock();
    const ledger = createSqliteLedger({ sqlite, clock, ids: createFakeIds(1000) });
    expect(sqlite.run(`SELECT version FROM ledger_version`)).toMatchObject([{ version: SCHEMA_VERSION }]);
    expect(verifyTail(sqlite, 500)).toMatchObject({ kind: 'intact', head: { seq: 5 } });
    expect([OPEN, UNKNOWN, ACCEPTED].map((id) => ledger.find(id, ANN)?.state)).toEqual(['open', 'unknown', 'accepted']);
    expect(ledger.backlog(['stdout', 'http'])).toMatchObject([{ records: 3 }, { records: 5 }]);
    expect(ledger.settle(settlement(OPEN, 'accepted', { reply: CREATED }))).toEqual({ kind: 'settled' });
    expect(ledger.admit(admission(testUuid7(9)))).toMatchObject({ kind: 'admitted' });
    expect(verifyTail(sqlite, 500)).toMatchObject({ kind: 'intact', head: { seq: 7 } });
  });
});
