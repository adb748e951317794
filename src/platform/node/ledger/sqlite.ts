import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { SqlError } from '../../../ledger/sqlite/sqlite-port.ts';
import type { SqlitePort, SqlRow } from '../../../ledger/sqlite/sqlite-port.ts';

/**
 * The ledger's SQLite port (`run`, `transaction`) on `node:sqlite`. Each statement is prepared once. Invariant: after a
 * failure no transaction is open, so the next one can start: a ledger on a full disk works again as soon as there is
 * space.
 */
export function createNodeSqlite(database: DatabaseSync): SqlitePort {
  const prepared = new Map<string, StatementSync>();

  function statement(sql: string): StatementSync {
    const known = prepared.get(sql);
    if (known !== undefined) return known;
    const fresh = database.prepare(sql);
    prepared.set(sql, fresh);
    return fresh;
  }

  function abandon(): void {
    // SQLite may have rolled back by itself (SQLITE_FULL, SQLITE_IOERR).
    if (database.isTransaction) database.exec('ROLLBACK');
  }

  return {
    run<R extends SqlRow>(sql: string, ...params: readonly (string | number | null)[]): readonly R[] {
      // Without `guarded`: an invite runs a dozen statements, and each closure would be garbage.
      try {
        return statement(sql).all(...params) as unknown as readonly R[];
      } catch (error) {
        throw sqlError(error);
      }
    },
    transaction(fn) {
      guarded(() => database.exec('BEGIN IMMEDIATE'));
      try {
        const result = fn();
        guarded(() => database.exec('COMMIT'));
        return result;
      } catch (error) {
        guarded(abandon);
        throw error;
      }
    },
  };
}

function guarded<T>(fn: () => T): T {
  try {
    return fn();
  } catch (error) {
    throw sqlError(error);
  }
}

function sqlError(error: unknown): SqlError {
  return new SqlError(error instanceof Error ? error.message : 'SQLite failed', resultCodeOf(error), { cause: error });
}

/** `errcode` of the errors that node:sqlite throws; null for its own, such as a closed database. */
export function resultCodeOf(error: unknown): number | null {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' ? error.errcode : null;
}
