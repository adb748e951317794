import { SqlError } from '../../../ledger/sqlite/sqlite-port.ts';
import type { SqlitePort, SqlRow } from '../../../ledger/sqlite/sqlite-port.ts';

/**
 * The ledger's two-method SQLite port over a Durable Object's storage. What `transaction` wrote is durable before any
 * answer leaves the object: the platform's output gate delays the answer until the storage has confirmed the write, and
 * resets the object when the write fails. The platform reports no SQLite result codes.
 */
export function createObjectSqlite(storage: Pick<DurableObjectStorage, 'sql' | 'transactionSync'>): SqlitePort {
  return {
    run<R extends SqlRow>(sql: string, ...params: readonly (string | number | null)[]): readonly R[] {
      try {
        return storage.sql.exec(sql, ...params).toArray() as unknown as readonly R[];
      } catch (error) {
        throw sqlError(error);
      }
    },
    transaction(fn) {
      const inside: { thrown: { readonly error: unknown } | null } = { thrown: null };
      try {
        return storage.transactionSync(() => {
          try {
            return fn();
          } catch (error) {
            inside.thrown = { error };
            throw error;
          }
        });
      } catch (error) {
        throw inside.thrown === null ? sqlError(error) : inside.thrown.error;
      }
    },
  };
}

function sqlError(error: unknown): SqlError {
  return new SqlError(error instanceof Error ? error.message : 'SQLite failed', null, { cause: error });
}
