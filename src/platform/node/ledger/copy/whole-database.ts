import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';

/**
 * SQLite's own check of every page of a database that no process uses. Says nothing about the trail in it.
 */
export function isWholeDatabase(path: string): boolean {
  const address = pathToFileURL(path);
  // An immutable database needs no file beside it.
  address.searchParams.set('immutable', '1');
  let database: DatabaseSync | null = null;
  try {
    database = new DatabaseSync(address, { readOnly: true });
    return Object.values(database.prepare('PRAGMA quick_check(1)').get() ?? {})[0] === 'ok';
  } catch {
    return false;
  } finally {
    database?.close();
  }
}
