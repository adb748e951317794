import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { verifyChain } from '../../../src/audit/chain.ts';
import { SCHEMA_VERSION } from '../../../src/ledger/sqlite/schema.ts';
import { prepareLedgerDatabase } from '../../../src/platform/node/ledger/pragmas.ts';
import { createNodeSqlite } from '../../../src/platform/node/ledger/sqlite.ts';
import { createFakeClock, createFakeIds, TEST_TIME_MS, testUuid7 } from '../../support/clock.ts';
import {
  admission,
  HOUR_MS,
  KEEP_ALL,
  MINUTE_MS,
  quotaCharge,
  readTrail,
  settlement,
} from '../../support/ledger/ledger.ts';
import { createLogCollector, openAt, tempDirectory } from './ledger-temp.ts';

let directory: ReturnType<typeof tempDirectory>;
let path: string;

beforeEach(() => {
  directory = tempDirectory();
  path = join(directory.path, 'ledger.db');
});
afterEach(() => directory.remove());

/** Changes a closed ledger with SQL. */
function tamper(sql: string): void {
  const database = new DatabaseSync(path);
  database.exec(sql);
  database.close();
}

async function withRecords(count: number): Promise<void> {
  const ledger = await openAt(path);
  for (let n = 0; n < count; n += 1) await ledger.admit(admission(testUuid7(n)));
  await ledger.close();
}

describe('a ledger file', () => {
  it('that was deleted or replaced under the service is not ready to be written to', async () => {
    const ledger = await openAt(path);
    await ledger.probe();
    renameSync(path, `${path}-moved`);
    await expect(ledger.probe()).rejects.toThrow('no longer where it was opened');
    writeFileSync(path, '');
    await expect(ledger.probe()).rejects.toThrow('no longer where it was opened');
    await ledger.close();
  });

  it('is created with its directory, for the owner alone', async () => {
    path = join(directory.path, 'new', 'deep', 'ledger.db');
    const ledger = await openAt(path);
    await ledger.admit(admission(testUuid7(1)));
    const mode = (file: string) => (statSync(file).mode & 0o777).toString(8);
    expect(mode(join(directory.path, 'new'))).toBe('700');
    for (const file of [path, `${path}-lock`, `${path}-wal`, `${path}-shm`])
      expect([file, mode(file)]).toEqual([file, '600']);
    await ledger.close();
  });

  it.each([['with spaces?and=signs#.db'], ['file:name.db'], [':memory:'], ['ünïcode.db']])(
    'may have any name (%s)',
    async (name) => {
      path = join(directory.path, name);
      await withRecords(1);
      expect(existsSync(path)).toBe(true);
      const ledger = await openAt(path);
      expect(await readTrail(ledger)).toHaveLength(1);
      await ledger.close();
    },
  );

  it('needs a name', async () => {
    await expect(openAt('')).rejects.toThrow('needs a path');
  });

  it('makes a commit durable before it is acknowledged: WAL, synchronous=FULL', () => {
    const database = new DatabaseSync(path);
    const sqlite = createNodeSqlite(database);
    prepareLedgerDatabase(sqlite);
    expect(sqlite.run('PRAGMA journal_mode')).toMatchObject([{ journal_mode: 'wal' }]);
    expect(sqlite.run('PRAGMA synchronous')).toMatchObject([{ synchronous: 2 }]);
    database.close();
  });

  it('stays readable for other tools while the service runs', async () => {
    const ledger = await openAt(path);
    await ledger.admit(admission(testUuid7(1)));
    const reader = new DatabaseSync(path, { readOnly: true });
    expect(reader.prepare('SELECT count(*) AS n FROM records').get()).toMatchObject({ n: 1 });
    await ledger.admit(admission(testUuid7(2)));
    expect(reader.prepare('SELECT count(*) AS n FROM records').get()).toMatchObject({ n: 2 });
    reader.close();
    await ledger.close();
  });

  it('continues after a restart where it was: seq, chain, keys, counts and cursors', async () => {
    const clock = createFakeClock();
    const charges = [quotaCharge({ amount: 4 })];
    const before = await openAt(path, { clock });
    await before.admit(admission(testUuid7(1), { key: 'a-key-of-16-signs', charges }));
    await before.settle(settlement(testUuid7(1), 'accepted'));
    await before.admit(admission(testUuid7(2), { charges }));
    await before.ack('stdout', 32);
    await before.close();

    clock.jump(-HOUR_MS);
    const after = await openAt(path, { clock, ids: createFakeIds(500) });
    expect(await after.admit(admission(testUuid7(3), { key: 'a-key-of-16-signs' }))).toMatchObject({
      kind: 'replay',
      firstRequestId: testUuid7(1),
    });
    expect(await after.admit(admission(testUuid7(4), { charges }))).toMatchObject({
      kind: 'exhausted',
      exhausted: { remaining: 2 },
    });
    expect(await after.settle(settlement(testUuid7(2), 'refused'))).toEqual({ kind: 'settled' });
    expect((await after.lease('stdout', 10)).map((item) => item.position)).toEqual([48, 64, 80, 96]);
    const lines = await readTrail(after);
    expect(verifyChain(lines)).toMatchObject({ kind: 'intact', head: { seq: 6 } });
    expect(new Set(lines.map((line) => (JSON.parse(line) as { time: string }).time))).toEqual(
      new Set(['2026-03-02T10:00:00.000Z', '2026-03-02T09:00:00.000Z']),
    );
    await after.close();
  });

  it('warns when the machine’s clock is behind its own, once', async () => {
    await withRecords(1);
    const logger = createLogCollector();
    const clock = createFakeClock(TEST_TIME_MS - MINUTE_MS);
    const ledger = await openAt(path, { clock, logger });
    await ledger.prune(KEEP_ALL);
    expect(logger.lines).toEqual([
      { level: 'warn', event: 'ledger_clock_doubted', fields: { machine_ahead_ms: -MINUTE_MS } },
    ]);
    clock.jump(MINUTE_MS);
    await ledger.witness({ atMs: clock.now(), kind: 'now' });
    expect(logger.lines.slice(1)).toEqual([{ level: 'info', event: 'ledger_clock_agrees', fields: {} }]);
    await ledger.close();
  });

  it('commits what is waiting when it is closed, and takes nothing after', async () => {
    const ledger = await openAt(path);
    const waiting = ledger.admit(admission(testUuid7(1)));
    await ledger.close();
    expect(await waiting).toMatchObject({ kind: 'admitted' });
    await expect(ledger.admit(admission(testUuid7(2)))).rejects.toThrow();
    await expect(ledger.find(testUuid7(1), null)).rejects.toThrow();
    await ledger.close();
  });

  it('logs a failed write by its code, without the data of the write', async () => {
    const logger = createLogCollector();
    const ledger = await openAt(path, { logger });
    const locker = new DatabaseSync(path);
    locker.exec('DROP TABLE counters');
    locker.close();
    await expect(ledger.admit(admission(testUuid7(1), { charges: [quotaCharge()] }))).rejects.toThrow();
    expect(logger.lines).toEqual([
      { level: 'error', event: 'ledger_write_failed', fields: { error: 'SqlError', result_code: 1, steps: 1 } },
    ]);
    await ledger.close();
  });
});

describe('a ledger path that leads elsewhere', () => {
  it('is the same ledger through every symbolic link to it', async () => {
    const ledger = await openAt(path);
    const other = join(directory.path, 'other');
    mkdirSync(other);
    symlinkSync(path, join(other, 'alias.db'));
    symlinkSync(directory.path, join(other, 'dir'));
    await expect(openAt(join(other, 'alias.db'))).rejects.toThrow('in use');
    await expect(openAt(join(other, 'dir', 'ledger.db'))).rejects.toThrow('in use');
    await ledger.close();
  });

  it('is refused when it is a link to nothing', async () => {
    symlinkSync(join(directory.path, 'nothing'), path);
    await expect(openAt(path)).rejects.toThrow('symbolic link to nothing');
  });

  it('is refused when the file has a second name', async () => {
    await withRecords(1);
    linkSync(path, join(directory.path, 'twin.db'));
    await expect(openAt(path)).rejects.toThrow('has 2 names');
    await expect(openAt(join(directory.path, 'twin.db'))).rejects.toThrow('has 2 names');
  });

  it('is refused when its lock is a link, which could lead to another lock', async () => {
    writeFileSync(join(directory.path, 'elsewhere'), '');
    symlinkSync(join(directory.path, 'elsewhere'), `${path}-lock`);
    await expect(openAt(path)).rejects.toThrow('is not a regular file');
  });

  it('is refused when it is a directory', async () => {
    mkdirSync(path);
    await expect(openAt(path)).rejects.toThrow('is not a regular file');
  });
});

describe('a ledger file that is not as it should be', () => {
  it('is refused when it belongs to something else, and left as it was', async () => {
    tamper('CREATE TABLE theirs (a)');
    const before = readFileSync(path);
    await expect(openAt(path)).rejects.toThrow('a database of something else');
    expect(readFileSync(path)).toEqual(before);
  });

  it('is refused when it is no database', async () => {
    writeFileSync(path, 'a shopping list, at least sixteen bytes of it\n'.repeat(100));
    await expect(openAt(path)).rejects.toThrow('not a database');
  });

  it('is refused when a newer program made it', async () => {
    await withRecords(1);
    tamper('UPDATE ledger_version SET version = 99');
    await expect(openAt(path)).rejects.toThrow('schema version 99');
  });

  it('is refused when its pages are damaged', async () => {
    await withRecords(40);
    const bytes = readFileSync(path);
    bytes.fill(0xff, 4096 * 3, 4096 * 12);
    writeFileSync(path, bytes);
    await expect(openAt(path)).rejects.toThrow();
  });

  it.each([
    [
      'an edited record',
      `UPDATE records SET line = replace(line, 'ann', 'bob') WHERE seq = 3`,
      'broken at seq 3 (edited)',
    ],
    ['a missing record', `DELETE FROM records WHERE seq = 3`, 'broken at seq 3 (out_of_sequence)'],
    ['a missing tail', `DELETE FROM records WHERE seq > 3`, 'broken at seq 4 (out_of_sequence)'],
    ['another head', `UPDATE head SET hash = '${'0'.repeat(64)}'`, '(wrong_prev)'],
    ['an empty trail', `DELETE FROM records`, 'broken at seq 1'],
  ])('is refused for %s near the end of its trail', async (_what, sql, message) => {
    await withRecords(5);
    tamper(sql);
    await expect(openAt(path)).rejects.toThrow(message);
  });

  it('can be opened again after a refusal, once it is repaired', async () => {
    await withRecords(2);
    tamper('UPDATE ledger_version SET version = 99');
    await expect(openAt(path)).rejects.toThrow();
    tamper(`UPDATE ledger_version SET version = ${SCHEMA_VERSION}`);
    await (await openAt(path)).close();
  });

  it.skipIf(process.getuid?.() === 0)('is refused when it cannot be written (not as root)', async () => {
    await withRecords(1);
    chmodSync(path, 0o400);
    await expect(openAt(path)).rejects.toThrow();
  });
});
