import type { ChainHead } from '../../../../audit/chain.ts';
import type { LedgerReader } from '../../../../ledger/ledger-reader.ts';
import { readHead } from '../../../../ledger/postgres/head.ts';
import type { Head } from '../../../../ledger/postgres/head.ts';
import { refuseUnfitServer } from '../../../../ledger/postgres/open-checks.ts';
import { createReaderOn, TOOL_ANSWER_MS, TOOL_LIMITS } from '../../../../ledger/postgres/postgres-reader.ts';
import type { PostgresConnection, Run } from '../../../../ledger/postgres/postgres-port.ts';
import {
  FOREIGN_OBJECTS,
  migrate,
  POSTGRES_SCHEMA_VERSION,
  readSchemaVersion,
  refuseForeign,
} from '../../../../ledger/postgres/schema.ts';
import type { ForeignRow } from '../../../../ledger/postgres/schema.ts';
import { beginWriting, reading } from '../../../../ledger/postgres/transaction.ts';
import { readEnds } from '../../../../ledger/sqlite/trail/trail.ts';
import { readSignInSalt } from '../../../../ledger/sqlite/sign-ins.ts';
import type { SqlitePort } from '../../../../ledger/sqlite/sqlite-port.ts';
import type { ServerLedger } from '../postgres/access.ts';
import { withServer } from '../postgres/tool-connections.ts';
import { CARRIED_TABLES } from './carried-tables.ts';
import { carryTable, fileContent, serverContent } from './carry-rows.ts';
import { MoveRefusedError } from './source-file.ts';

/**
 * The place in PostgreSQL that a ledger file is moved to. All rows are carried in one transaction, which also creates the
 * tables, and which holds the lock that a starting service waits for. So the target is empty until it has everything.
 */
export interface TargetServer {
  /** What was there before: nothing, this ledger as it is, or this ledger with records that came later. */
  readonly holds: 'nothing' | 'this_ledger' | 'this_ledger_and_more';
  /** The rows of each table that were carried, or are there already, each of them compared. */
  carry(onRows: (rows: number) => void): Promise<Readonly<Record<string, number>>>;
  /** Reads what the target holds, before it is committed. */
  reader(): LedgerReader;
  /** Afterwards the target has everything. */
  commit(): Promise<void>;
  /** Rolls back what was not committed. */
  end(): Promise<void>;
}

/** Rejects with a MoveRefusedError or a LedgerServerError. */
export function openTargetServer(target: ServerLedger, from: SqlitePort): Promise<TargetServer> {
  const { schema } = target.place;
  const source = readEnds(from);
  return withServer(target, async ({ connections, errorOf }) => {
    const holds = await reading(connections, schema, (run) => inspect(run, schema, source.head));
    let transaction: PostgresConnection | null = null;
    /** Begun when it is needed: the server ends one that is idle while the file is verified. */
    async function begin(): Promise<PostgresConnection> {
      const connection = await connections.connect({ answerMs: TOOL_ANSWER_MS });
      transaction = connection;
      await refuseUnfitServer(connection.run);
      await beginWriting(connection.run, schema, TOOL_LIMITS);
      return connection;
    }
    function begun(): PostgresConnection {
      if (transaction === null) throw new Error('nothing was carried yet');
      return transaction;
    }
    const orError = async <T>(work: () => Promise<T>): Promise<T> => {
      try {
        return await work();
      } catch (error) {
        throw error instanceof MoveRefusedError ? error : errorOf(error);
      }
    };
    return {
      holds,
      carry: (onRows) =>
        orError(async () => {
          const { run } = await begin();
          return holds === 'this_ledger' ? await compareAll(run, from) : await carryAll(run, schema, { from, onRows });
        }),
      reader: () => ({ ...createReaderOn(begun().run, schema, errorOf), close: () => undefined }),
      commit: () => orError(() => begun().commit()),
      async end() {
        transaction?.destroy();
        await connections.close();
      },
    };
  });
}

async function inspect(run: Run, schema: string, head: ChainHead): Promise<TargetServer['holds']> {
  const version = await readSchemaVersion(run, schema);
  if (version === null) return 'nothing';
  if (version !== POSTGRES_SCHEMA_VERSION)
    throw new MoveRefusedError(
      `the schema ${schema} of the target holds a ledger of another version (${version}): give another one with ?schema=`,
    );
  refuseForeign(await run<ForeignRow>(FOREIGN_OBJECTS, schema));
  const held = (await readHead(run)).head;
  if (held.seq === 0 && (await isEmpty(run))) return 'nothing';
  const [same] = await run(
    `SELECT 1 FROM records WHERE seq = $1 AND strpos(line, $2) > 0`,
    head.seq,
    `"hash":"${head.hash}"`,
  );
  if (same === undefined)
    throw new MoveRefusedError(
      `the schema ${schema} of the target holds another ledger, with ${held.seq} records: give another one with ?schema=`,
    );
  return held.seq === head.seq ? 'this_ledger' : 'this_ledger_and_more';
}

async function isEmpty(run: Run): Promise<boolean> {
  const found = await run(
    CARRIED_TABLES.map(({ name }) => `(SELECT 1 AS row FROM ${name} LIMIT 1)`).join(' UNION ALL '),
  );
  return found.length === 0;
}

async function carryAll(
  run: Run,
  schema: string,
  { from, onRows }: { readonly from: SqlitePort; readonly onRows: (rows: number) => void },
): Promise<Readonly<Record<string, number>>> {
  await migrate(run, schema);
  await run('SELECT 1 FROM head WHERE id = 1 FOR UPDATE');
  // A service may have started with it since it was inspected.
  if ((await readHead(run)).head.seq !== 0 || !(await isEmpty(run)))
    throw new MoveRefusedError(`the schema ${schema} of the target was empty, and is in use now`);
  const carried: [string, number][] = [];
  for (const table of CARRIED_TABLES) {
    const there = await carryTable(table, from, { run, onRows });
    const here = await serverContent(table, run);
    if (there.sha256 !== here.sha256)
      throw new MoveRefusedError(`the table ${table.name} is not the same in the target as in the file`);
    carried.push([table.name, there.rows]);
  }
  await writeEnds(run, headOf(from));
  await run(`UPDATE sign_in_salt SET salt = $1`, readSignInSalt(from));
  // The plans of what follows, and of the first requests, depend on how much there is.
  for (const { name } of CARRIED_TABLES) await run(`ANALYZE ${name}`);
  return Object.fromEntries(carried);
}

/** For a move that was committed, and whose source was not yet taken away. */
async function compareAll(run: Run, from: SqlitePort): Promise<Readonly<Record<string, number>>> {
  const found: [string, number][] = [];
  for (const table of CARRIED_TABLES) {
    const [there, here] = [await fileContent(table, from), await serverContent(table, run)];
    if (there.sha256 !== here.sha256)
      throw new MoveRefusedError(
        `the target holds the records of this ledger already, but another table ${table.name}: a service has used one of them since`,
      );
    found.push([table.name, there.rows]);
  }
  return Object.fromEntries(found);
}

function headOf(sqlite: SqlitePort): Head {
  const { head, base, clockMs, recordedMs, policyDigest } = readEnds(sqlite);
  const [last] = sqlite.run<{ owner: number | null }>('SELECT max(owner) AS owner FROM owners');
  return { head, base, clockMs, recordedMs, policyDigest, lastOwner: last?.owner ?? 0 };
}

async function writeEnds(run: Run, ends: Head): Promise<void> {
  const { head, base, clockMs, recordedMs, policyDigest, lastOwner } = ends;
  await run(
    `UPDATE head SET seq = $1, hash = $2, base_seq = $3, base_hash = $4, clock_ms = $5, recorded_ms = $6,
       policy_digest = $7, last_owner = $8`,
    ...[head.seq, head.hash, base.seq, base.hash, clockMs, recordedMs, policyDigest, lastOwner],
  );
}
