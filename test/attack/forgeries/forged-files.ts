import {
  copyFileSync,
  existsSync,
  linkSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { always, UNSEEN } from './forgery.ts';
import type { LedgerFamily } from './forgery.ts';
import type { LedgerForger } from './ledger-forger.ts';

/** Puts other files in the place of the ledger and its write-ahead log. */
function replace({ path, database }: LedgerForger, by: string): void {
  database.close();
  for (const end of ['', '-wal', '-shm']) {
    rmSync(`${path}${end}`, { force: true });
    if (existsSync(`${by}${end}`)) copyFileSync(`${by}${end}`, `${path}${end}`);
  }
}

/** Another deployment's rows of this table in the place of these, from record `from` on. */
function mixIn(forger: LedgerForger, from: number): void {
  const { database, honest } = forger;
  database.prepare('ATTACH ? AS other').run(honest.other);
  database.exec(`DELETE FROM records WHERE seq >= ${from}`);
  database.exec(`INSERT INTO records SELECT * FROM other.records WHERE seq >= ${from}`);
  database.exec(`DELETE FROM checkpoints WHERE count >= ${from}`);
  database.exec(`INSERT INTO checkpoints SELECT * FROM other.checkpoints WHERE count >= ${from}`);
  database.exec('UPDATE head SET hash = (SELECT hash FROM other.head)');
}

/**
 * A rollback journal with forged pages, as a crash of SQLite leaves it: the file is honest, and the next writer would
 * write the forged pages back.
 */
function leaveHotJournal(forger: LedgerForger): void {
  const { path, database } = forger;
  database.exec('PRAGMA journal_mode = DELETE');
  const honest = forger.line(14);
  forger.edit(14);
  database.exec('BEGIN IMMEDIATE');
  forger.write(14, honest);
  // Writes the changed pages to the file, and the pages before the change to the journal.
  database.exec('PRAGMA cache_spill = 1; PRAGMA cache_size = 1');
  database.exec("UPDATE records SET line = line || '' WHERE seq BETWEEN 15 AND 60");
  copyFileSync(`${path}-journal`, `${path}-kept-journal`);
  copyFileSync(path, `${path}-kept`);
  database.exec('ROLLBACK');
  database.close();
  renameSync(`${path}-kept`, path);
  renameSync(`${path}-kept-journal`, `${path}-journal`);
}

/** The ledger's files as a whole. */
export const FORGED_FILES: LedgerFamily = {
  title: 'The ledger’s files',
  about: 'Whole files exchanged, mixed, cut or restored.',
  forgeries: [
    {
      forgery: 'An older backup restored',
      forge: (forger) => replace(forger, forger.honest.backup),
      finds: {
        alone: 'intact, not proven 1-24',
        kept: 'intact',
        key: 'intact',
        both: 'intact',
        copy: 'broken: truncated 25-63 @ ledger seq 24',
      },
      because: 'The backup is an honest trail that ends with record 24. Only something newer shows the rest.',
    },
    {
      forgery: 'A write-ahead log left by a crash',
      forge: (forger) => replace(forger, forger.honest.crashed),
      finds: UNSEEN,
      because: 'This is no forgery: the log is read with the file.',
    },
    {
      forgery: 'The write-ahead log of a crash deleted',
      forge(forger) {
        replace(forger, forger.honest.crashed);
        rmSync(`${forger.path}-wal`);
      },
      finds: always(
        'refused: the ledger forged.db holds no table: it is a copy without its write-ahead log (-wal), which has the records. Copy a ledger with ledger backup',
      ),
    },
    {
      forgery: 'The write-ahead log of a crash cut',
      forge(forger) {
        replace(forger, forger.honest.crashed);
        truncateSync(`${forger.path}-wal`, forger.honest.logBytesAt42);
      },
      finds: {
        alone: 'intact, not proven 1-42',
        kept: 'intact, not proven 25-42',
        key: 'intact, not proven 37-42',
        both: 'intact, not proven 37-42',
        copy: 'broken: truncated 43-63 @ ledger seq 42',
      },
      because: 'What is left is the trail as it was a moment before: a cut end.',
    },
    {
      forgery: 'A byte in the write-ahead log of a crash changed',
      forge(forger) {
        replace(forger, forger.honest.crashed);
        const bytes = readFileSync(`${forger.path}-wal`);
        // In the frame behind the last one of record 42.
        const at = forger.honest.logBytesAt42 + 500;
        bytes[at] = (bytes[at] ?? 0) ^ 1;
        writeFileSync(`${forger.path}-wal`, bytes);
      },
      finds: {
        alone: 'intact, not proven 1-42',
        kept: 'intact, not proven 25-42',
        key: 'intact, not proven 37-42',
        both: 'intact, not proven 37-42',
        copy: 'broken: truncated 43-63 @ ledger seq 42',
      },
      because: 'SQLite ends reading there. What is left is a cut end.',
    },
    {
      forgery: 'The write-ahead log of another ledger put beside',
      forge(forger) {
        forger.database.close();
        copyFileSync(`${forger.honest.other.replace('ledger.db', 'crashed.db')}-wal`, `${forger.path}-wal`);
      },
      finds: {
        alone: 'intact, not proven 1-63',
        kept: 'broken: rewritten 1-24 @ kept.ndjson:1; checkpoint_conflicting 24 @ kept.ndjson:1',
        key: 'intact, not proven 37-63',
        both: 'broken: rewritten 1-24 @ kept.ndjson:1; checkpoint_conflicting 24 @ kept.ndjson:1',
        copy: 'broken: differs 1-63 @ ledger seq 1; rewritten 1-24 @ kept.ndjson:1; checkpoint_conflicting 24 @ kept.ndjson:1',
      },
    },
    {
      forgery: 'A forged record in the write-ahead log only',
      forge(forger) {
        forger.database.exec('PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0');
        forger.edit(14);
        for (const end of ['', '-wal']) copyFileSync(`${forger.path}${end}`, `${forger.path}-kept${end}`);
        forger.database.close();
        for (const end of ['', '-wal']) {
          copyFileSync(`${forger.path}-kept${end}`, `${forger.path}${end}`);
          rmSync(`${forger.path}-kept${end}`);
        }
      },
      finds: always('broken: edited 14 @ ledger seq 14'),
    },
    {
      forgery: 'A rollback journal put beside, which the next writer would roll back',
      forge: leaveHotJournal,
      finds: always(
        'refused: the ledger forged.db has a rollback journal beside it, which this program never leaves: a writer would undo changes with it',
      ),
    },
    {
      forgery: 'The ledger of another deployment in its place',
      forge: (forger) => replace(forger, forger.honest.other),
      finds: {
        alone: 'intact, not proven 1-63',
        kept: 'broken: rewritten 1-24 @ kept.ndjson:1; checkpoint_conflicting 24 @ kept.ndjson:1',
        key: 'intact, not proven 37-63',
        both: 'broken: rewritten 1-24 @ kept.ndjson:1; checkpoint_conflicting 24 @ kept.ndjson:1',
        copy: 'broken: differs 1-63 @ ledger seq 1; rewritten 1-24 @ kept.ndjson:1; checkpoint_conflicting 24 @ kept.ndjson:1',
      },
    },
    {
      forgery: 'Records and checkpoints of another deployment from record 25 on',
      forge: (forger) => mixIn(forger, 25),
      finds: {
        alone:
          'broken: broken_link 25 @ ledger seq 25; checkpoint_gap 36 @ ledger checkpoint 36; request_refuted 63 @ ledger seq 63',
        kept: 'broken: broken_link 25 @ ledger seq 25; checkpoint_gap 36 @ ledger checkpoint 36; request_refuted 63 @ ledger seq 63',
        key: 'broken: broken_link 25 @ ledger seq 25; checkpoint_gap 36 @ ledger checkpoint 36; request_refuted 63 @ ledger seq 63',
        both: 'broken: broken_link 25 @ ledger seq 25; checkpoint_gap 36 @ ledger checkpoint 36; request_refuted 63 @ ledger seq 63',
        copy: 'broken: broken_link 25 @ ledger seq 25; differs 25-63 @ ledger seq 25; checkpoint_gap 36 @ ledger checkpoint 36; and 2 more',
      },
    },
    {
      forgery: 'Records and checkpoints of another deployment from record 13 on',
      forge: (forger) => mixIn(forger, 13),
      finds: {
        alone:
          'broken: broken_link 13 @ ledger seq 13; request_refuted 17 @ ledger seq 17; checkpoint_gap 24 @ ledger checkpoint 24; and 1 more',
        kept: 'broken: rewritten 1-24 @ kept.ndjson:1; broken_link 13 @ ledger seq 13; request_refuted 17 @ ledger seq 17; and 3 more',
        key: 'broken: broken_link 13 @ ledger seq 13; request_refuted 17 @ ledger seq 17; checkpoint_gap 24 @ ledger checkpoint 24; and 1 more',
        both: 'broken: rewritten 1-24 @ kept.ndjson:1; broken_link 13 @ ledger seq 13; request_refuted 17 @ ledger seq 17; and 3 more',
        copy: 'broken: rewritten 1-24 @ kept.ndjson:1; broken_link 13 @ ledger seq 13; differs 13-63 @ ledger seq 13; and 4 more',
      },
    },
    {
      forgery: 'The file cut in the middle',
      forge({ database, path }) {
        database.close();
        truncateSync(path, Math.floor(readFileSync(path).length / 2));
      },
      finds: always('refused: the ledger forged.db is damaged'),
    },
    {
      forgery: 'The file emptied',
      forge({ database, path }) {
        database.close();
        truncateSync(path, 0);
      },
      finds: always('refused: the ledger forged.db is not there'),
    },
    {
      forgery: 'The file deleted',
      forge({ database, path }) {
        database.close();
        rmSync(path);
      },
      finds: always('refused: the ledger forged.db is not there'),
    },
    {
      forgery: 'A database of something else in its place',
      forge({ database, path }) {
        database.close();
        rmSync(path);
        const other = new DatabaseSync(path);
        other.exec('CREATE TABLE t (x)');
        other.close();
      },
      finds: always('refused: the ledger forged.db is a database of something else'),
    },
    {
      forgery: 'A second name for the file (hard link)',
      forge({ database, path }) {
        database.close();
        linkSync(path, `${path}-second`);
      },
      finds: always('refused: the ledger forged.db has several names (hard links)'),
    },
    {
      forgery: 'A symbolic link to nothing',
      forge({ database, path }) {
        database.close();
        rmSync(path);
        symlinkSync(`${path}-gone`, path);
      },
      finds: always('refused: the ledger forged.db is a symbolic link to nothing'),
    },
  ],
};
