import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { migrate, readSchema } from '../../../../ledger/sqlite/schema.ts';
import { createNodeSqlite } from '../sqlite.ts';

/**
 * Names the tables, triggers and views in a ledger's file that are not of this program, for the operator. It decides
 * nothing: the schema check does, and it also finds an object of this program that was changed, which has no name here.
 * The names are text from a file that somebody changed.
 */
export function foreignObjects(path: string): readonly string[] {
  const own = new Set(namesIn(new DatabaseSync(':memory:'), migrate));
  const address = pathToFileURL(path);
  address.searchParams.set('mode', 'ro');
  return namesIn(new DatabaseSync(address, { readOnly: true })).filter((name) => !own.has(name));
}

function namesIn(database: DatabaseSync, prepare: typeof migrate = () => undefined): readonly string[] {
  try {
    const sqlite = createNodeSqlite(database);
    prepare(sqlite);
    return readSchema(sqlite).map(({ type, name }) => `${type} ${name}`);
  } finally {
    database.close();
  }
}
