import { always, UNSEEN } from './forgery.ts';
import type { Family } from './forgery.ts';

/**
 * What an attacker can do who may do everything on the PostgreSQL server of a ledger. test/e2e/postgres carries it out, and
 * with it the forgeries of a ledger file, whose rows are stored in PostgreSQL as they are.
 */
export interface ServerForger {
  /** Runs statements as a superuser. `LEDGER` stands for the ledger's schema. */
  sql(statements: string): Promise<void>;
}

const run =
  (...statements: readonly string[]) =>
  ({ sql }: ServerForger): Promise<void> =>
    sql(statements.join('; '));

const FOREIGN = always(
  'refused: --ledger cannot be used: the schema of the ledger has a trigger, a rule, a view, an inheriting table or row-level security that is not of this program: nothing is written to it',
);

/** Rows are stored again while an index is marked as not to be kept up, and so are not in it. */
function behindIndex(index: string, table: string, where: string) {
  const change = `WITH gone AS (DELETE FROM LEDGER.${table} WHERE ${where} RETURNING *) INSERT INTO LEDGER.${table} SELECT * FROM gone`;
  const mark = (isReady: boolean): string =>
    `UPDATE pg_index SET indisready = ${isReady} WHERE indexrelid = 'LEDGER.${index}'::regclass`;
  return async ({ sql }: ServerForger): Promise<void> => {
    for (const statement of [mark(false), change, mark(true)]) await sql(statement);
  };
}

export const FORGED_SERVER: Family<ServerForger> = {
  title: 'A ledger in PostgreSQL',
  about:
    'What only a server allows. Every forgery of a ledger file above is also carried out on the tables in PostgreSQL, with the same findings, but ' +
    'for those that are of a file alone. The tests need a server and run with `.ci/run`.',
  forgeries: [
    {
      forgery: 'A trigger that changes records',
      forge: run(
        `CREATE FUNCTION LEDGER.bend() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN NEW.line := '{}'; RETURN NEW; END $f$`,
        'CREATE TRIGGER t BEFORE INSERT ON LEDGER.records FOR EACH ROW EXECUTE FUNCTION LEDGER.bend()',
      ),
      finds: FOREIGN,
    },
    {
      forgery: 'A rule that drops what is written',
      forge: run('CREATE RULE r AS ON INSERT TO LEDGER.records DO INSTEAD NOTHING'),
      finds: FOREIGN,
    },
    {
      forgery: 'Row-level security that hides records',
      forge: run(
        'ALTER TABLE LEDGER.records ENABLE ROW LEVEL SECURITY',
        'ALTER TABLE LEDGER.records FORCE ROW LEVEL SECURITY',
        'CREATE POLICY p ON LEDGER.records USING (seq <> 14)',
      ),
      finds: FOREIGN,
    },
    {
      forgery: 'A view in the place of the table of records',
      forge: run(
        'ALTER TABLE LEDGER.records RENAME TO r',
        'CREATE VIEW LEDGER.records AS SELECT * FROM LEDGER.r WHERE seq <> 14',
      ),
      finds: FOREIGN,
    },
    {
      forgery: 'The table of records without a log, so that a crash of the server empties it',
      forge: run('ALTER TABLE LEDGER.records SET UNLOGGED'),
      finds: always(
        'refused: --ledger cannot be used: a table in the schema of the ledger is UNLOGGED, so a crash of the server empties it: nothing is written before ALTER TABLE … SET LOGGED',
      ),
    },
    {
      forgery: 'A table that inherits the table of records, with another record in it',
      forge: run(
        'CREATE TABLE LEDGER.more () INHERITS (LEDGER.records)',
        'INSERT INTO LEDGER.more SELECT * FROM LEDGER.records WHERE seq = 14',
      ),
      finds: FOREIGN,
    },
    {
      forgery: 'A table more',
      forge: run('CREATE TABLE LEDGER.notes (text text)'),
      finds: UNSEEN,
      because: 'Nothing reads it.',
    },
    {
      forgery: 'A column more',
      forge: run('ALTER TABLE LEDGER.records ADD COLUMN note text'),
      finds: UNSEEN,
      because: 'Every statement names its columns, and nothing reads it.',
    },
    {
      forgery: 'A function in the ledger’s schema with the name and the arguments of one of the server’s',
      forge: run(
        `CREATE FUNCTION LEDGER.sha256(bytea) RETURNS bytea LANGUAGE sql AS $f$ SELECT '\\x00'::bytea $f$`,
        `CREATE FUNCTION LEDGER.strpos(text, text) RETURNS integer LANGUAGE sql AS 'SELECT 1'`,
      ),
      finds: UNSEEN,
      because: 'The server’s own come first.',
    },
    {
      forgery: 'A table of the ledger dropped',
      forge: run('DROP TABLE LEDGER.further_records'),
      finds: always(
        'refused: --ledger names a schema that lacks a table of the ledger, or that the user may not use (GRANT USAGE): somebody changed it, or restored a dump as another user or in part',
      ),
    },
    {
      forgery: 'A column of the ledger dropped',
      forge: run('ALTER TABLE LEDGER.requests DROP COLUMN body'),
      finds: always('refused: --ledger names a schema whose tables lack a column of the ledger: somebody changed it'),
    },
    {
      forgery: 'The head deleted',
      forge: run('DELETE FROM LEDGER.head'),
      finds: always('refused: --ledger cannot be used: the ledger has no head row'),
    },
    {
      forgery: 'A record inserted so far behind the end that its number is not exact',
      forge: run('INSERT INTO LEDGER.records SELECT 9007199254740993, line FROM LEDGER.records WHERE seq = 1'),
      finds: always('refused: --ledger is damaged: it holds a number that this program never writes'),
    },
    {
      forgery: 'An index deleted',
      forge: run('DROP INDEX LEDGER.requests_unsettled'),
      finds: always('broken: index_refuted - @ the ledger'),
    },
    {
      forgery: 'An index replaced by one of the same name',
      forge: run(
        'DROP INDEX LEDGER.requests_unsettled',
        `CREATE INDEX requests_unsettled ON LEDGER.requests (look_at, decided_seq) WHERE state = 'never'`,
      ),
      finds: always('broken: index_refuted - @ the ledger'),
    },
    {
      forgery: 'The key of the idempotency keys dropped, so that one can be bound twice',
      forge: run('ALTER TABLE LEDGER.keys DROP CONSTRAINT keys_pkey'),
      finds: always('broken: index_refuted - @ the ledger'),
    },
    {
      forgery: 'An index marked as not to be kept up',
      forge: run(`UPDATE pg_index SET indisready = false WHERE indexrelid = 'LEDGER.requests_open'::regclass`),
      finds: always('broken: index_refuted - @ the ledger'),
    },
    {
      forgery: 'An open request left out of the index of the sweep, so that it never becomes unknown',
      forge: behindIndex('requests_open', 'requests', `state = 'open'`),
      finds: always('broken: index_refuted - @ the ledger'),
    },
    {
      forgery: 'A key left out of its index, so that its request could be sent again',
      forge: behindIndex('keys_pkey', 'keys', 'seq = 8'),
      finds: always('broken: index_refuted - @ the ledger'),
    },
    {
      forgery: 'The schema version set ahead',
      forge: run('UPDATE LEDGER.ledger_version SET version = 99'),
      finds: always(
        'refused: --ledger cannot be used: the ledger has schema version 99; this program knows 2: run the newer program',
      ),
    },
    {
      forgery: 'The schema version set back',
      forge: run('UPDATE LEDGER.ledger_version SET version = 1'),
      finds: UNSEEN,
      because: 'Nothing is read otherwise for it. The next start fails at a table that is there already.',
    },
    {
      forgery: 'The numbers of the query planner faked',
      forge: run(`UPDATE pg_class SET reltuples = 0, relpages = 0 WHERE relnamespace = 'LEDGER'::regnamespace`),
      finds: UNSEEN,
      because: 'They choose how the server reads, not what it finds.',
    },
  ],
};

/** Forgeries of a ledger file that have no counterpart among the rows of a server, or another one above. */
export const OF_A_FILE_ALONE: Readonly<Record<string, string>> = {
  'A zero byte behind the text of a record': 'PostgreSQL stores no zero byte in a text',
  'A record inserted far behind the end': 'above',
  'An open request hidden from the sweep by the head row, so that it never becomes unknown': 'there is an index',
  'An open request hidden from the sweep in its record, so that it never becomes unknown': 'there is an index',
  'The head deleted': 'above',
  'A trigger that changes records': 'above',
  'A view in the place of the table of records': 'above',
  'A view more': 'above',
  'A table more': 'above',
  'An index deleted': 'above',
  'An index replaced by one of the same name': 'above',
  'The entries of an index deleted behind the back of SQLite, so that no unknown outcome is looked into': 'above',
  'The schema version set ahead': 'above',
  'The schema version set back by one': 'above',
  'The schema version set back to the first': 'above',
  'The schema version deleted': 'a schema without it is one without a ledger',
  'The write-ahead log of a crash deleted': 'of files',
  'A rollback journal put beside, which the next writer would roll back': 'of files',
  'The file cut in the middle': 'of files',
  'The file emptied': 'of files',
  'The file deleted': 'of files',
  'A database of something else in its place': 'of files',
  'A second name for the file (hard link)': 'of files',
  'A symbolic link to nothing': 'of files',
};
