/** Inspects real ledger files. */
import {
  chmodSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freeBytes, inspectLedger } from '../../../../src/cli/doctor/inspect-ledger.ts';
import { SCHEMA_VERSION } from '../../../../src/ledger/sqlite/schema.ts';
import { openLedger } from '../../../../src/platform/node/ledger/open-ledger.ts';
import type { NodeLedger } from '../../../../src/platform/node/ledger/open-ledger.ts';
import { createFakeClock, createFakeIds, TEST_TIME_MS, testUuid7 } from '../../../support/clock.ts';
import { admission, DAY_MS, HOUR_MS, passTime, settlement } from '../../../support/ledger/ledger.ts';
import { countedMetrics, keptLog } from '../../../support/tokens.ts';
import { FIRST_SCHEMA } from '../../ledger/schema/first-schema.ts';

let folder = '';
let path = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inspect-ledger-'));
  path = join(folder, 'ledger.db');
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

const open = (): Promise<NodeLedger> =>
  openLedger({ path, clock: createFakeClock(), ids: createFakeIds(), logger: keptLog(), metrics: countedMetrics() });

/** A ledger of three records that a service has closed. */
async function closedLedger(): Promise<void> {
  const ledger = await open();
  for (let n = 1; n <= 3; n += 1) await ledger.admit(admission(testUuid7(n), { plan: 'deny' }));
  await ledger.close();
}

/** Changes the file as no service would. */
function vandalise(...statements: readonly string[]): void {
  const database = new DatabaseSync(path);
  for (const statement of statements) database.exec(statement);
  database.close();
}

describe('a ledger looked at from outside', () => {
  it('that a service has closed is read and left exactly as it was, with nothing beside it', async () => {
    await closedLedger();
    const before = { names: readdirSync(folder), bytes: readFileSync(path) };
    expect(await inspectLedger(path)).toMatchObject({
      kind: 'readable',
      inUse: false,
      writable: true,
      schemaVersion: SCHEMA_VERSION,
      records: 3,
      tail: { kind: 'intact', head: { seq: 3 } },
      clockMs: TEST_TIME_MS,
    });
    expect({ names: readdirSync(folder), bytes: readFileSync(path) }).toEqual(before);
  });

  it('that a service has open is read beside it, what it has just written too, and the service goes on', async () => {
    const ledger = await open();
    await ledger.admit(admission(testUuid7(1), { plan: 'deny' }));
    expect(await inspectLedger(path)).toMatchObject({
      kind: 'readable',
      inUse: true,
      records: 1,
      tail: { kind: 'intact' },
    });
    await ledger.admit(admission(testUuid7(2), { plan: 'deny' }));
    expect(await inspectLedger(path)).toMatchObject({ inUse: true, records: 2 });
    await ledger.close();
    expect(await inspectLedger(path)).toMatchObject({ inUse: false, records: 2 });
  });

  it('that a crash left with its log is read to its last record, and starts afterwards', async () => {
    const ledger = await open();
    await ledger.admit(admission(testUuid7(1), { plan: 'deny' }));
    const crashed = join(folder, 'crashed.db');
    for (const part of ['', '-wal']) copyFileSync(path + part, crashed + part);
    await ledger.close();
    path = crashed;
    expect(await inspectLedger(path)).toMatchObject({
      kind: 'readable',
      inUse: false,
      records: 1,
      tail: { kind: 'intact' },
    });
    const again = await open();
    expect(await again.records(0, 10)).toHaveLength(1);
    await again.close();
  });

  it('does not keep a service from starting', async () => {
    await closedLedger();
    await inspectLedger(path);
    await (await open()).close();
  });

  it('that is not there is not made, nor is its folder', async () => {
    const deep = join(folder, 'a', 'b', 'ledger.db');
    expect(await inspectLedger(deep)).toEqual({ kind: 'absent', creatable: true });
    expect(existsSync(join(folder, 'a'))).toBe(false);
  });

  it('that is an empty file is as good as not there', async () => {
    writeFileSync(path, '');
    expect(await inspectLedger(path)).toEqual({ kind: 'absent', creatable: true });
  });

  it.skipIf(process.getuid?.() === 0)(
    'that this user may not make or write is told (skipped for root, who may)',
    async () => {
      await closedLedger();
      chmodSync(folder, 0o500);
      expect(await inspectLedger(path)).toMatchObject({ kind: 'readable', writable: false });
      expect(await inspectLedger(join(folder, 'other.db'))).toEqual({ kind: 'absent', creatable: false });
      chmodSync(folder, 0o700);
    },
  );

  it('is found through a symbolic link, with its lock', async () => {
    const ledger = await open();
    const link = join(folder, 'link.db');
    symlinkSync(path, link);
    expect(await inspectLedger(link)).toMatchObject({ kind: 'readable', inUse: true });
    await ledger.close();
  });

  it.each([
    ['a link to nothing', () => symlinkSync(join(folder, 'gone'), path), 'dangling_link'],
    ['a folder', () => mkdirSync(path), 'not_a_file'],
    [
      'some text',
      () => writeFileSync(path, 'not a database at all, and long enough to be looked at'.repeat(40)),
      'not_a_database',
    ],
    ['another database', () => vandalise('CREATE TABLE shopping (item TEXT)'), 'not_a_ledger'],
  ])('that is %s is told as such', async (_, make, reason) => {
    make();
    expect(await inspectLedger(path)).toEqual({ kind: 'unusable', reason });
  });

  it('into which somebody put other objects is told with their names', async () => {
    await closedLedger();
    vandalise(
      'CREATE TRIGGER theirs AFTER INSERT ON records BEGIN SELECT 1; END',
      'CREATE TABLE _litestream_seq (id INTEGER PRIMARY KEY, seq INTEGER)',
      'CREATE TABLE _litestream_lock (id INTEGER)',
    );
    const foreign = ['table _litestream_lock', 'table _litestream_seq', 'trigger theirs'];
    expect(await inspectLedger(path)).toEqual({ kind: 'unusable', reason: 'foreign_schema', foreign });
    vandalise('DROP TRIGGER theirs', 'DROP TABLE _litestream_seq', 'DROP TABLE _litestream_lock');
    expect(await inspectLedger(path)).toMatchObject({ kind: 'readable', records: 3 });
  });

  it('of which somebody changed a table is told as such', async () => {
    await closedLedger();
    vandalise('ALTER TABLE cursors ADD COLUMN theirs TEXT');
    expect(await inspectLedger(path)).toEqual({ kind: 'unusable', reason: 'foreign_schema' });
  });

  it('that others may read is told with each of its files, and what was kept beside it', async () => {
    await closedLedger();
    expect(await inspectLedger(path)).not.toHaveProperty('exposed');
    writeFileSync(`${path}.before-restore-20260302T100000Z`, '', { mode: 0o640 });
    chmodSync(path, 0o604);
    // The folder is closed.
    expect(await inspectLedger(path)).not.toHaveProperty('exposed');
    chmodSync(folder, 0o755);
    expect(await inspectLedger(path)).toMatchObject({
      exposed: [path, `${path}.before-restore-20260302T100000Z`],
    });
  });

  it.each([
    ['a cursor ahead of its end', `INSERT INTO cursors VALUES ('http', 1000)`, 'ahead_of_trail'],
    ['a checkpoint ahead of its end', `INSERT INTO checkpoints VALUES (4, 7, 0, '{}', 0)`, 'ahead_of_trail'],
  ])('into which somebody put %s is told as such', async (_, statement, reason) => {
    await closedLedger();
    vandalise(statement);
    expect(await inspectLedger(path)).toEqual({ kind: 'unusable', reason });
  });

  it('beside which a foreign rollback journal lies is refused, and an empty journal is nothing', async () => {
    await closedLedger();
    writeFileSync(`${path}-journal`, Buffer.alloc(512));
    expect(await inspectLedger(path)).toMatchObject({ kind: 'readable' });
    writeFileSync(`${path}-journal`, Buffer.from('d9d505f920a163d7', 'hex'));
    expect(await inspectLedger(path)).toEqual({ kind: 'unusable', reason: 'foreign_journal' });
  });

  it('that has a second name is told as such', async () => {
    await closedLedger();
    linkSync(path, join(folder, 'other-name.db'));
    expect(await inspectLedger(path)).toEqual({ kind: 'unusable', reason: 'several_names' });
  });

  it('that is damaged anywhere is told as such, also where nothing else would look', async () => {
    await closedLedger();
    const database = new DatabaseSync(path);
    const pageSize = Number(database.prepare('PRAGMA page_size').get()?.['page_size']);
    const page = Number(
      database.prepare(`SELECT rootpage FROM sqlite_schema WHERE name = 'cursors'`).get()?.['rootpage'],
    );
    database.close();
    const bytes = readFileSync(path);
    writeFileSync(path, bytes.fill(0xff, (page - 1) * pageSize, page * pageSize));
    expect(await inspectLedger(path)).toEqual({ kind: 'unusable', reason: 'damaged' });
    writeFileSync(path, bytes.fill(0xff, pageSize));
    expect(await inspectLedger(path)).toEqual({ kind: 'unusable', reason: 'damaged' });
  });

  it.each([
    [
      'edited',
      `UPDATE records SET line = replace(line, '"deny"', '"allow"') WHERE seq = 2`,
      { seq: 2, reason: 'edited' },
    ],
    ['taken out', 'DELETE FROM records WHERE seq = 2', { seq: 2, reason: 'out_of_sequence' }],
    ['cut off', 'DELETE FROM records WHERE seq = 3', { seq: 3, reason: 'out_of_sequence' }],
  ])('shows a record that was %s', async (_, statement, tail) => {
    await closedLedger();
    vandalise(statement);
    expect(await inspectLedger(path)).toMatchObject({ kind: 'readable', tail: { kind: 'broken', ...tail } });
  });

  it('is compared with its records at its end, and at each request without an outcome', async () => {
    const ledger = await open();
    // Open ever since, 1,000 records before the end.
    await ledger.admit(admission(testUuid7(1), { key: 'a-key-of-sixteen-characters' }));
    for (let n = 2; n <= 501; n += 1) {
      await ledger.admit(admission(testUuid7(n)));
      await ledger.settle(settlement(testUuid7(n), 'accepted'));
    }
    await ledger.close();
    expect(await inspectLedger(path)).toMatchObject({ tables: { records: 500, unsettled: 1, faults: [] } });
    const pristine = readFileSync(path);
    const faultsAfter = async (...statements: readonly string[]): Promise<unknown> => {
      writeFileSync(path, pristine);
      vandalise(...statements);
      const facts = await inspectLedger(path);
      return facts.kind === 'readable' ? facts.tables?.faults : facts;
    };
    const says = (text: string): unknown => [expect.stringContaining(text)];
    expect(await faultsAfter(`UPDATE requests SET state = 'refused' WHERE decided_seq = 1000`)).toEqual(
      says('the row of the request of record 1001 says something else'),
    );
    const toAnother = [
      `INSERT INTO owners SELECT owner + 1, issuer, client_id, 'eve' FROM owners`,
      `UPDATE requests SET owner = owner + 1 WHERE decided_seq = 1`,
    ];
    expect(await faultsAfter(...toAnother)).toEqual(says('the row of the request of record 1 says something else'));
    expect(await faultsAfter(`DELETE FROM keys`)).toEqual(says('the key of the request of record 1'));
    expect(await faultsAfter(`DELETE FROM requests WHERE decided_seq = 1000`)).toEqual(says('no row for record 1000'));
    // Further back than it looks: audit verify finds it.
    expect(await faultsAfter(`UPDATE requests SET state = 'refused' WHERE decided_seq = 4`)).toEqual([]);
  });

  it('whose past was dropped for its age is read from where it begins', async () => {
    const clock = createFakeClock();
    const ledger = await openLedger({
      path,
      clock,
      ids: createFakeIds(),
      logger: keptLog(),
      metrics: countedMetrics(),
    });
    for (let n = 1; n <= 3; n += 1) await ledger.admit(admission(testUuid7(n), { plan: 'deny' }));
    await ledger.addCheckpoint({ count: 2, madeAt: TEST_TIME_MS, line: '{}' });
    await passTime(ledger, clock, DAY_MS);
    await ledger.prune({ sinks: [], keepRecordsMs: HOUR_MS });
    await ledger.close();
    expect(await inspectLedger(path)).toMatchObject({
      kind: 'readable',
      records: 1,
      tail: { kind: 'intact', head: { seq: 3 } },
    });
    vandalise(`UPDATE head SET base_hash = '${'0'.repeat(64)}'`);
    expect(await inspectLedger(path)).toMatchObject({ tail: { kind: 'broken', seq: 3, reason: 'wrong_prev' } });
  });

  it('of the first version is read as it is', async () => {
    vandalise(...FIRST_SCHEMA);
    expect(await inspectLedger(path)).toMatchObject({
      kind: 'readable',
      schemaVersion: 1,
      records: 0,
      tail: { kind: 'intact' },
    });
  });

  it('of a newer version is read as far as that', async () => {
    await closedLedger();
    vandalise(`UPDATE ledger_version SET version = ${SCHEMA_VERSION + 1}`);
    expect(await inspectLedger(path)).toMatchObject({ kind: 'readable', schemaVersion: SCHEMA_VERSION + 1 });
  });
});

describe('room on the disk', () => {
  it('is told for a file, and for one whose folders are yet to be made', async () => {
    expect(await freeBytes(path)).toBeGreaterThan(0);
    expect(await freeBytes(join(folder, 'a', 'b', 'ledger.db'))).toBeGreaterThan(0);
  });
});
