import { GENESIS_HASH } from '../../../src/audit/chain.ts';
import type { PostgresPort } from '../../../src/ledger/postgres/postgres-port.ts';

/** Removes all rows of a ledger: faster than another schema. Does nothing when there is none. */
export async function emptyTables(port: PostgresPort, schema: string): Promise<void> {
  const connection = await port.connect();
  const tables = await connection.run<{ name: string }>(
    `SELECT relname AS name FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
     WHERE nspname = $1 AND relkind = 'r' AND relname NOT IN ('ledger_version', 'head', 'probe', 'sign_in_salt')`,
    schema,
  );
  for (const { name } of tables) await connection.run(`DELETE FROM "${schema}"."${name}"`);
  if (tables.length > 0) {
    await connection.run(
      `UPDATE "${schema}".head SET seq = 0, hash = $1, base_seq = 0, base_hash = $1, clock_ms = 0, recorded_ms = 0,
         policy_digest = '', last_owner = 0`,
      GENESIS_HASH,
    );
  }
  connection.release();
}
