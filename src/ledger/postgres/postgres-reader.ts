import { MAX_LISTED_FINDINGS } from '../../audit/verify/findings.ts';
import type { LedgerReader } from '../ledger-reader.ts';
import { readHead } from './head.ts';
import { readChain, readCheckpoints } from './outbox.ts';
import { UnfitDatabaseError } from './postgres-port.ts';
import type { PostgresPort, Run } from './postgres-port.ts';
import { areIndexesSound } from './reads/indexes.ts';
import {
  clockSteps,
  findPolicy,
  listPolicies,
  misplacedCheckpoints,
  readCursors,
  readLastChanges,
} from './reads/ledger-tables.ts';
import { listRequests } from './reads/read-requests.ts';
import { readRecords } from './reads/read-trail.ts';
import { createRequestLookups } from './reads/request-lookups.ts';
import type { RequestLookups } from './reads/request-lookups.ts';
import { countRequests, countStrayKeys } from './reads/request-rows.ts';
import { searchTrail } from './reads/search-trail.ts';
import {
  FOREIGN_OBJECTS,
  newerSchema,
  noLedger,
  POSTGRES_SCHEMA_VERSION,
  readSchemaVersion,
  refuseForeign,
} from './schema.ts';
import type { ForeignRow } from './schema.ts';
import { beginReading, READ_LIMITS, reading } from './transaction.ts';
import type { TransactionLimits } from './transaction.ts';

/**
 * The reader of a ledger in PostgreSQL (ledger-reader.ts says what it is). It needs only the right to read the tables, and
 * reads from a standby, too. A snapshot is one transaction on one connection, which keeps no lock that a service waits for.
 */
export type PostgresReader = Omit<LedgerReader, 'close'>;

export interface PostgresReaderDeps {
  readonly port: PostgresPort;
  readonly schema: string;
  /** What is thrown instead of an error of the database. */
  readonly errorOf: (error: unknown) => Error;
}

/** Of a large ledger, a statement that reads a whole table takes minutes. */
export const TOOL_LIMITS: TransactionLimits = { ...READ_LIMITS, statementMs: 1_800_000, idleMs: 60_000 };
/** A little longer than the statement may take. */
export const TOOL_ANSWER_MS = TOOL_LIMITS.statementMs + 5_000;

/** In a snapshot, the rows of a page's requests are read with it. */
const SNAPSHOT_PAGE = 200;

type Read = <T>(work: (run: Run) => Promise<T>) => Promise<T>;

/** Rejects with what `errorOf` returns when there is no ledger, or one that is newer or has foreign objects. */
export async function openPostgresReader({ port, schema, errorOf }: PostgresReaderDeps): Promise<PostgresReader> {
  let snapshot: Run | null = null;
  const read: Read = (work) => {
    const run = snapshot;
    const tool = { limits: TOOL_LIMITS, answerMs: TOOL_ANSWER_MS };
    return orError(errorOf, () => (run === null ? reading(port, schema, work, tool) : work(run)));
  };
  await read((run) => refuseUnreadable(run, schema));
  const lookups = createRequestLookups(read);
  return {
    ...createReads({ schema, read, lookups, isSnapshot: () => snapshot !== null }),
    async inSnapshot(work) {
      if (snapshot !== null) throw new Error('there is a snapshot already');
      const connection = await orError(errorOf, () => port.connect({ use: 'read', answerMs: TOOL_ANSWER_MS }));
      try {
        await orError(errorOf, () => beginReading(connection.run, schema, TOOL_LIMITS));
        snapshot = connection.run;
        const result = await work();
        await orError(errorOf, () => connection.commit());
        connection.release();
        return result;
      } finally {
        snapshot = null;
        lookups.clear();
        // Does nothing once it was released.
        connection.destroy();
      }
    },
  };
}

/** Reads in a transaction of the caller, also what it has not committed yet. */
export function createReaderOn(run: Run, schema: string, errorOf: PostgresReaderDeps['errorOf']): PostgresReader {
  const read: Read = (work) => orError(errorOf, () => work(run));
  const lookups = createRequestLookups(read);
  return { ...createReads({ schema, read, lookups, isSnapshot: () => true }), inSnapshot: (work) => work() };
}

async function orError<T>(errorOf: PostgresReaderDeps['errorOf'], work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw errorOf(error);
  }
}

function createReads({
  schema,
  read,
  lookups,
  isSnapshot,
}: {
  readonly schema: string;
  readonly read: Read;
  readonly lookups: RequestLookups;
  readonly isSnapshot: () => boolean;
}): Omit<PostgresReader, 'inSnapshot'> {
  return {
    inUse: true,
    chain: () => read(readChain),
    records: (after, limit) =>
      read(async (run) => {
        if (!isSnapshot()) return await readRecords(run, after, limit);
        const page = await readRecords(run, after, Math.min(limit, SNAPSHOT_PAGE));
        await lookups.prepare(run, page);
        return page;
      }),
    checkpoints: (after, limit) => read((run) => readCheckpoints(run, after, limit)),
    search: (query) => read((run) => searchTrail(run, query, () => undefined)),
    list: (query) => read((run) => listRequests(run, query, () => undefined)),
    tables: {
      cursors: () => read(readCursors),
      requests: {
        row: lookups.row,
        listsFurther: lookups.listsFurther,
        count: () => read(countRequests),
        strayKeys: () => read(countStrayKeys),
      },
      isClockStep: (seq) => read(async (run) => (await clockSteps(run, seq - 1, seq, 1)).length > 0),
      misplacedCheckpoints: () => read((run) => misplacedCheckpoints(run, MAX_LISTED_FINDINGS)),
      lastChanges: () => read(readLastChanges),
      areIndexesSound: () => read((run) => areIndexesSound(run, schema)),
    },
    policies: {
      digests: () => read(listPolicies),
      text: (digest) => read((run) => findPolicy(run, digest)),
    },
    clockSteps: (after, upTo, limit) => read((run) => clockSteps(run, after, upTo, limit)),
    lastWrittenMs: () =>
      read(async (run) => {
        const { clockMs, recordedMs } = await readHead(run);
        return Math.max(0, clockMs, recordedMs);
      }),
  };
}

/** A ledger of an earlier version is read as it is. */
async function refuseUnreadable(run: Run, schema: string): Promise<void> {
  const [may] = await run<{ read: boolean | null }>(
    `SELECT has_schema_privilege(oid, 'USAGE') AND (SELECT bool_and(has_table_privilege(pg_class.oid, 'SELECT'))
       FROM pg_class WHERE relkind = 'r' AND relnamespace = pg_namespace.oid) AS read
     FROM pg_namespace WHERE nspname = $1`,
    schema,
  );
  if (may?.read === false)
    throw new UnfitDatabaseError(
      'no_privileges',
      `its user may not read the ledger: GRANT USAGE ON SCHEMA ${schema}, and SELECT ON ALL TABLES IN SCHEMA ${schema}`,
    );
  const version = await readSchemaVersion(run, schema);
  if (version === null) throw noLedger(schema);
  if (version > POSTGRES_SCHEMA_VERSION) throw newerSchema(version);
  refuseForeign(await run<ForeignRow>(FOREIGN_OBJECTS, schema));
}
