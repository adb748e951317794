import { always, UNSEEN } from './forgery.ts';
import type { LedgerFamily } from './forgery.ts';
import type { Json, LedgerForger } from './ledger-forger.ts';

const OWN_CLOCK = 'It is the ledger’s own clock, and no record holds it.';
const run =
  (...statements: readonly string[]) =>
  ({ database }: LedgerForger): void =>
    statements.forEach((statement) => database.exec(statement));

const policyOf = (record: Json): string => String((record['policy'] as Json)['digest']);

/** The head, the clock, the cursors and the schema. */
export const FORGED_STATE: LedgerFamily = {
  title: 'Head, clock, cursors and schema',
  about: 'What the service continues from, and what SQLite does with the file.',
  forgeries: [
    {
      forgery: 'The hash in the head changed',
      forge: run(`UPDATE head SET hash = '${'ab'.repeat(32)}'`),
      finds: {
        alone: 'broken: rewritten 1-63 @ the head of the ledger',
        kept: 'broken: rewritten 25-63 @ the head of the ledger',
        key: 'broken: rewritten 37-63 @ the head of the ledger',
        both: 'broken: rewritten 37-63 @ the head of the ledger',
        copy: 'broken: rewritten 37-63 @ the head of the ledger',
      },
    },
    {
      forgery: 'The head set back',
      forge: run('UPDATE head SET seq = 60'),
      finds: {
        alone: 'broken: rewritten 1-60 @ the head of the ledger; beyond_head 61-63 @ the head of the ledger',
        kept: 'broken: rewritten 25-60 @ the head of the ledger; beyond_head 61-63 @ the head of the ledger',
        key: 'broken: rewritten 37-60 @ the head of the ledger; beyond_head 61-63 @ the head of the ledger',
        both: 'broken: rewritten 37-60 @ the head of the ledger; beyond_head 61-63 @ the head of the ledger',
        copy: 'broken: rewritten 37-60 @ the head of the ledger; beyond_head 61-63 @ the head of the ledger',
      },
    },
    {
      forgery: 'The head set ahead',
      forge: run('UPDATE head SET seq = 70'),
      finds: always('broken: truncated 64-70 @ ledger seq 63'),
    },
    {
      forgery: 'The head deleted',
      forge: run('DELETE FROM head'),
      finds: always('refused: the ledger forged.db is damaged'),
    },
    {
      forgery: 'The beginning moved in the head, and the records left',
      forge: run(
        `UPDATE head SET base_seq = 12, base_hash = (SELECT json_extract(line, '$.hash') FROM records WHERE seq = 12)`,
      ),
      finds: always(
        'broken: misplaced 1-11 @ ledger seq 1; beginning_missing 1-12 @ the head of the ledger; repeated 12 @ ledger seq 12',
      ),
    },
    {
      forgery: 'The hash before the first record changed in the head',
      forge: run(`UPDATE head SET base_hash = '${'ab'.repeat(32)}'`),
      finds: always('broken: broken_link 1 @ ledger seq 1'),
    },
    {
      forgery: 'The ledger’s clock set ahead, so that quotas and keys end early',
      forge: run('UPDATE head SET clock_ms = clock_ms + 864000000'),
      finds: UNSEEN,
      because: `${OWN_CLOCK} \`doctor\` warns of it.`,
    },
    {
      forgery: 'The ledger’s clock set back, so that quotas last longer',
      forge: run('UPDATE head SET clock_ms = 1, witnessed_ms = 1'),
      finds: UNSEEN,
      because: `${OWN_CLOCK} The next witness sets it right.`,
    },
    {
      forgery: 'The time of the last record changed in the head',
      forge: run('UPDATE head SET recorded_ms = 99999999999999'),
      finds: UNSEEN,
      because:
        'It only decides whether the next record is listed as a step of the clock, and a step that is not listed shows.',
    },
    {
      forgery: 'A step of the machine’s clock deleted, so that a search by time skips records',
      forge: run('DELETE FROM clock_steps'),
      finds: always('broken: clock_step_missing 8 @ ledger seq 8'),
    },
    {
      forgery: 'A step of the machine’s clock inserted',
      forge: run('INSERT INTO clock_steps VALUES (20)'),
      finds: UNSEEN,
      because: 'A search by time looks at one stretch more, and leaves nothing out.',
    },
    {
      forgery: 'The text of a policy replaced, under the digest that records name',
      forge: ({ sql, record }) =>
        sql('INSERT OR REPLACE INTO policies (digest, document) VALUES (?, ?)', policyOf(record(14)), '{"version":1}'),
      finds: always('broken: policy_refuted - @ the policies of the ledger'),
    },
    {
      forgery: 'The text of a policy deleted',
      forge: ({ sql }) => sql('DELETE FROM policies'),
      finds: UNSEEN,
      because: 'A ledger of an earlier release has none. `policy show` says that it is not kept.',
    },
    {
      forgery: 'The count of who read the trail deleted before it was recorded',
      forge: ({ sql }) => sql('DELETE FROM reads'),
      finds: UNSEEN,
      because: 'The count is no record yet. It becomes one within seconds of the minute’s end.',
    },
    {
      forgery: 'A key that is to come put beside the last keys on record, so that its change has no record',
      forge: run(`INSERT INTO last_changes VALUES ('key next', 'abababababab', '[]', 0)`),
      finds: always('broken: change_refuted - @ the ledger'),
    },
    {
      forgery: 'A sink’s cursor set beyond the end',
      forge: run('UPDATE cursors SET position = 2000'),
      finds: always('broken: cursor_beyond_end 64-125 @ the head of the ledger'),
    },
    {
      forgery: 'A sink’s cursor set ahead within the trail, so that the sink misses records',
      forge: run("INSERT INTO cursors VALUES ('http', 800)"),
      finds: UNSEEN,
      because: 'What a sink has, only the sink knows. Its lines end or have a gap there: verify them.',
    },
    {
      forgery: 'A sink’s cursor set back',
      forge: run('UPDATE cursors SET position = 16'),
      finds: UNSEEN,
      because: 'The sink receives records again. A repeat has the same id.',
    },
    { forgery: 'A sink’s cursor deleted', forge: run('DELETE FROM cursors'), finds: UNSEEN, because: 'As above.' },
    {
      forgery: 'A trigger that changes records',
      forge: run(
        "CREATE TRIGGER t AFTER INSERT ON records BEGIN UPDATE records SET line = '{}' WHERE seq = NEW.seq; END",
      ),
      finds: always('refused: the ledger forged.db holds a trigger, a view or a table that is not of this program'),
    },
    {
      forgery: 'A view in the place of the table of records',
      forge: run('ALTER TABLE records RENAME TO r', 'CREATE VIEW records AS SELECT * FROM r'),
      finds: always('refused: the ledger forged.db holds a trigger, a view or a table that is not of this program'),
    },
    {
      forgery: 'A view more',
      forge: run('CREATE VIEW v AS SELECT * FROM records'),
      finds: always('refused: the ledger forged.db holds a trigger, a view or a table that is not of this program'),
    },
    {
      forgery: 'A table more',
      forge: run('CREATE TABLE notes (text)'),
      finds: always('refused: the ledger forged.db holds a trigger, a view or a table that is not of this program'),
    },
    {
      forgery: 'An index deleted',
      forge: run('DROP INDEX requests_unsettled'),
      finds: always('refused: the ledger forged.db holds a trigger, a view or a table that is not of this program'),
    },
    {
      forgery: 'An index replaced by one of the same name',
      forge: run(
        'DROP INDEX requests_unsettled',
        "CREATE INDEX requests_unsettled ON requests (look_at, decided_seq) WHERE state = 'never'",
      ),
      finds: always('refused: the ledger forged.db holds a trigger, a view or a table that is not of this program'),
    },
    {
      forgery: 'The entries of an index deleted behind the back of SQLite, so that no unknown outcome is looked into',
      forge: emptyIndex('requests_unsettled', 'request_id'),
      finds: always('broken: index_refuted - @ the ledger'),
    },
    {
      forgery: 'The statistics of the query planner faked',
      forge: run('ANALYZE', "UPDATE sqlite_stat1 SET stat = '1 1'"),
      finds: UNSEEN,
      because: 'They choose how SQLite reads, not what it finds.',
    },
    {
      forgery: 'The schema version set ahead',
      forge: run('UPDATE ledger_version SET version = 99'),
      finds: always(
        'refused: the ledger forged.db has another schema than this program: use the version that the service runs',
      ),
    },
    {
      forgery: 'The schema version set back by one',
      forge: run('UPDATE ledger_version SET version = version - 1'),
      finds: always('refused: the ledger forged.db holds a trigger, a view or a table that is not of this program'),
    },
    {
      forgery: 'The schema version set back to the first',
      forge: run('UPDATE ledger_version SET version = 1'),
      finds: always('refused: the ledger forged.db holds a trigger, a view or a table that is not of this program'),
    },
    {
      forgery: 'The schema version deleted',
      forge: run('DELETE FROM ledger_version'),
      finds: always('refused: the ledger forged.db holds a trigger, a view or a table that is not of this program'),
    },
    {
      forgery: '`user_version` and `application_id` changed',
      forge: run('PRAGMA user_version = 7', 'PRAGMA application_id = 7'),
      finds: UNSEEN,
      because: 'Nothing reads them.',
    },
  ],
};

/** Replaces the index by one on no row, and gives it the name and the definition of the old one. */
function emptyIndex(name: string, column: string) {
  return ({ database }: LedgerForger): void => {
    const definition = String(database.prepare('SELECT sql FROM sqlite_schema WHERE name = ?').get(name)?.['sql']);
    const columns = /\((.*?)\)/.exec(definition)?.[1] ?? column;
    database.exec(`DROP INDEX ${name}`);
    database.exec(`CREATE INDEX ${name} ON requests (${columns}) WHERE request_id = 'none'`);
    database.enableDefensive?.(false);
    database.exec('PRAGMA writable_schema = ON');
    database.prepare('UPDATE sqlite_schema SET sql = ? WHERE name = ?').run(definition, name);
    database.exec('PRAGMA writable_schema = RESET');
  };
}
