import { DatabaseSync } from 'node:sqlite';

/** The lines of all records in a ledger file, in their order, also when no process runs. */
export function readTrail(path: string): readonly string[] {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    return database
      .prepare('SELECT line FROM records ORDER BY seq')
      .all()
      .map(({ line }) => String(line));
  } finally {
    database.close();
  }
}
