import { copyFileSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { verifyChain } from '../../../src/audit/chain.ts';
import { movedAwayText } from '../../../src/platform/node/ledger/files/moved-away.ts';
import { openSideWriter } from '../../../src/platform/node/ledger/side-writer.ts';
import { readLedgerFile } from '../../../src/platform/node/ledger/reader.ts';
import { createFakeClock, createFakeIds, testUuid7 } from '../../support/clock.ts';
import { admission, KEEP_ALL, MINUTE_MS, passTime, readTrail, settlement } from '../../support/ledger/ledger.ts';
import { createLogCollector, openAt, tempDirectory } from './ledger-temp.ts';
import { checkpoint } from '../ledger/ledger-harness.ts';

/** Manipulations of the file, at rest and under the service, that must not pass unnoticed. */
let directory: ReturnType<typeof tempDirectory>;
let path: string;

beforeEach(() => {
  directory = tempDirectory();
  mkdirSync(join(directory.path, 'data'));
  path = join(directory.path, 'data', 'ledger.db');
});
afterEach(() => directory.remove());

function write(...statements: readonly string[]): void {
  // Opened as other tools open it: Node by default forbids statements that SQLite allows.
  const database = new DatabaseSync(path, { defensive: false });
  for (const statement of statements) database.exec(statement);
  database.close();
}

async function serviceWith(records: number, logger = createLogCollector()) {
  const clock = createFakeClock();
  const ledger = await openAt(path, { clock, logger });
  for (let n = 1; n <= records; n += 1) await ledger.admit(admission(testUuid7(n)));
  return { ledger, clock, logger };
}

const closed = async (records: number) => (await serviceWith(records)).ledger.close();
const openBeside = () => openSideWriter(path, { clock: createFakeClock(), ids: createFakeIds(5000) });

/**
 * A trigger that deletes the records of one subject while they are written, so that the chain stays valid without them.
 */
const TAKE_BACK = [
  `CREATE TRIGGER t1 AFTER INSERT ON records WHEN instr(NEW.line, '"subject":"ann"') > 0
     BEGIN DELETE FROM records WHERE seq = NEW.seq; END`,
  `CREATE TRIGGER t2 AFTER UPDATE OF seq ON head WHEN NOT EXISTS (SELECT 1 FROM records WHERE seq = NEW.seq)
     BEGIN UPDATE head SET seq = OLD.seq, hash = OLD.hash WHERE id = 1; END`,
];
/** The same, after the append. */
const TAKE_BACK_LATER = `CREATE TRIGGER t3 AFTER INSERT ON requests BEGIN
  DELETE FROM records WHERE seq = NEW.decided_seq;
  UPDATE head SET seq = seq - 1, hash = (SELECT json_extract(line, '$.hash') FROM records ORDER BY seq DESC LIMIT 1);
END`;
/** Written into sqlite_schema directly, because SQLite reserves such names. */
const DISGUISED = [
  'PRAGMA writable_schema = ON',
  `INSERT INTO sqlite_schema VALUES ('trigger', 'sqlite_stat1', 'records', 0,
     'CREATE TRIGGER sqlite_stat1 AFTER INSERT ON records BEGIN SELECT 1; END')`,
];

describe('a schema that this program did not make', () => {
  it.each([
    ['triggers', ...TAKE_BACK],
    ['a view', 'CREATE VIEW everything AS SELECT * FROM records'],
    ['a table', 'CREATE TABLE more (a)'],
    ['an index', 'CREATE INDEX more ON records (line)'],
    ['a changed table', `ALTER TABLE cursors ADD COLUMN more TEXT`],
    ['a missing index', 'DROP INDEX requests_unsettled'],
    ['a trigger named like a table of SQLite’s', ...DISGUISED],
  ])('is refused by everyone who opens the ledger: %s', async (_what, ...statements) => {
    await closed(2);
    write(...statements);
    await expect(openAt(path)).rejects.toThrow('a trigger, a view or a table that is not of this program');
    await expect(openBeside()).rejects.toMatchObject({ reason: 'foreign_schema' });
    await expect(readLedgerFile(path)).rejects.toMatchObject({ reason: 'foreign_schema' });
  });

  it('is not what an operator’s VACUUM and ANALYZE leave', async () => {
    await closed(2);
    write('VACUUM', 'ANALYZE');
    (await readLedgerFile(path)).close();
    const { ledger } = await serviceWith(0);
    write('VACUUM', 'ANALYZE');
    await expect(ledger.admit(admission(testUuid7(3)))).resolves.toMatchObject({ kind: 'admitted' });
    await ledger.close();
  });

  it.each([
    ['as they are written', ...TAKE_BACK],
    ['at the end of their step', TAKE_BACK_LATER],
  ])('stops all that is written under a running service: records taken back %s', async (_when, ...statements) => {
    const { ledger, logger } = await serviceWith(2);
    const before = await readTrail(ledger);
    write(...statements);
    await expect(ledger.admit(admission(testUuid7(3)))).rejects.toThrow();
    await expect(ledger.settle(settlement(testUuid7(1), 'accepted'))).rejects.toThrow();
    await expect(ledger.probe()).rejects.toThrow('not of this program');
    expect(logger.lines.at(-1)).toMatchObject({
      event: 'ledger_write_failed',
      fields: { error: 'ForeignSchemaError', result_code: null },
    });
    expect(await ledger.find(testUuid7(3), null)).toBeNull();
    expect(await readTrail(ledger)).toEqual(before);

    write('DROP TRIGGER IF EXISTS t1', 'DROP TRIGGER IF EXISTS t2', 'DROP TRIGGER IF EXISTS t3');
    expect(await ledger.admit(admission(testUuid7(3)))).toMatchObject({ kind: 'admitted' });
    expect(verifyChain(await readTrail(ledger))).toMatchObject({ kind: 'intact', head: { seq: 3 } });
    await ledger.close();
  });
});

describe('a ledger file that is no longer in its place', () => {
  const data = () => dirname(path);
  const backup = () => join(directory.path, 'backup.db');
  const aside = () => join(directory.path, 'aside');

  it.each<{ what: string; act: () => void }>([
    { what: 'moved away', act: () => renameSync(path, aside()) },
    { what: 'deleted', act: () => rmSync(path) },
    { what: 'replaced by a backup', act: () => renameSync(backup(), path) },
    {
      what: 'replaced by a backup, its log removed',
      act() {
        renameSync(backup(), path);
        rmSync(`${path}-wal`);
        rmSync(`${path}-shm`);
      },
    },
    {
      what: 'moved with its folder',
      act() {
        renameSync(data(), aside());
        mkdirSync(data());
      },
    },
  ])('takes nothing any more, since no restart would find it: $what', async ({ act }) => {
    await closed(2);
    copyFileSync(path, backup());
    const { ledger, logger } = await serviceWith(0);
    await ledger.probe();
    act();
    await expect(ledger.admit(admission(testUuid7(3)))).rejects.toThrow('no longer where it was opened');
    await expect(ledger.settle(settlement(testUuid7(1), 'accepted'))).rejects.toThrow('no longer where it was opened');
    expect(logger.lines.at(-1)).toMatchObject({ event: 'ledger_write_failed', fields: { error: 'LedgerMovedError' } });
    expect(await ledger.find(testUuid7(3), null)).toBeNull();
    await ledger.close();
  });

  it('is written to again once it is back', async () => {
    const { ledger } = await serviceWith(1);
    renameSync(path, aside());
    await expect(ledger.admit(admission(testUuid7(2)))).rejects.toThrow('no longer where it was opened');
    renameSync(aside(), path);
    expect(await ledger.admit(admission(testUuid7(2)))).toMatchObject({ kind: 'admitted' });
    await ledger.close();
    const next = await openAt(path);
    expect(await next.find(testUuid7(2), null)).toMatchObject({ state: 'open' });
    await next.close();
  });
});

describe('a cursor or checkpoint ahead of the end of the trail', () => {
  const AHEAD = [
    ['a cursor', `INSERT INTO cursors VALUES ('http', 1000000000000)`],
    ['a checkpoint’s count', `INSERT INTO checkpoints VALUES (4, 3, 0, '{}', 0)`],
    ['a checkpoint’s position', `INSERT INTO checkpoints VALUES (1, 1000000000000, 0, '{}', 0)`],
  ] as const;

  it.each(AHEAD)('is refused at the start: %s', async (_what, statement) => {
    await closed(3);
    write(statement);
    await expect(openAt(path)).rejects.toThrow('ahead of the end of its trail');
    await expect(openBeside()).rejects.toThrow('ahead of the end of its trail');
  });

  it.each(AHEAD)('silences no sink and drops nothing under a running service: %s', async (_what, statement) => {
    const { ledger, clock } = await serviceWith(0);
    for (const n of [1, 2, 3]) await ledger.admit(admission(testUuid7(n), { plan: 'deny' }));
    await passTime(ledger, clock, MINUTE_MS);
    write(statement);
    const prune = async () => (await ledger.prune({ sinks: ['http'], keepRecordsMs: 1 })).records;
    const positions = async () => (await ledger.lease('http', 10)).map(({ position }) => position);
    expect((await positions()).filter((position) => position % 16 === 0)).toEqual([16, 32, 48]);
    expect(await ledger.backlog(['http'])).toMatchObject([{ records: 3 }]);
    expect(await prune()).toBe(0);
    expect(await ledger.addCheckpoint(checkpoint(3))).toBe(true);
    clock.advance(MINUTE_MS);
    expect((await ledger.chain()).checkpoint).toMatchObject({ count: 3 });
    expect(await prune()).toBe(0);

    await ledger.ack('http', 49);
    expect(await positions()).toEqual([]);
    expect(await prune()).toBe(3);
    await ledger.admit(admission(testUuid7(9)));
    expect((await positions()).at(-1)).toBe(64);
    expect(await ledger.backlog(['http'])).toMatchObject([{ records: 1 }]);
    await ledger.close();
  });
});

describe('the text in the place of a ledger that was moved to PostgreSQL', () => {
  it('is refused by everyone who opens the ledger, with what it says, and stays', async () => {
    const text = movedAwayText({ url: 'postgres://invites@db.acme.com/ledgers', at: 'today', name: `${path}.moved-1` });
    writeFileSync(path, text);
    const sentence = `the ledger ${path} was moved to PostgreSQL: the text in its place says where to; set LEDGER_URL to it`;
    await expect(openAt(path)).rejects.toThrow(sentence);
    await expect(openBeside()).rejects.toThrow(sentence);
    await expect(readLedgerFile(path)).rejects.toThrow(sentence);
    expect(readFileSync(path, 'utf8')).toBe(text);
    expect(text).toContain('The file of before is ledger.db.moved-1 in this folder');
  });
});

describe('one damaged record', () => {
  it('keeps neither the sweep nor the reconciliation from the others', async () => {
    const { ledger, clock } = await serviceWith(4);
    for (const n of [3, 4]) await ledger.settle(settlement(testUuid7(n), 'unknown'));
    write(`UPDATE records SET line = substr(line, 1, 100) WHERE seq IN (1, 3)`);
    clock.advance(2 * MINUTE_MS);
    expect(await ledger.expired(10)).toMatchObject([
      { requestId: testUuid7(1), intent: null },
      { requestId: testUuid7(2), intent: { kind: 'intent' } },
    ]);
    expect(await ledger.unsettled(10)).toMatchObject([
      { requestId: testUuid7(3), intent: null },
      { requestId: testUuid7(4), intent: { kind: 'intent' } },
    ]);
    expect(await ledger.prune(KEEP_ALL)).toEqual({ records: 0, more: false });
    await ledger.close();
  });

  it('is not what a ledger that cannot be read at all is taken for', async () => {
    const { ledger, clock } = await serviceWith(1);
    clock.advance(2 * MINUTE_MS);
    write('ALTER TABLE records RENAME TO elsewhere');
    await expect(ledger.expired(10)).rejects.toThrow('no such table');
    await ledger.close();
  });
});
