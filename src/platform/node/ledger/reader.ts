import { MAX_LISTED_FINDINGS } from '../../../audit/verify/findings.ts';
import { compareEnd } from '../../../audit/verify/tables/end-comparison.ts';
import type { TableCondition } from '../../../audit/verify/tables/end-comparison.ts';
import { listsFurther } from '../../../ledger/sqlite/requests/further-records.ts';
import { createOpenRequests } from '../../../ledger/sqlite/requests/open-requests.ts';
import { createOwners } from '../../../ledger/sqlite/requests/owners.ts';
import { createRequests } from '../../../ledger/sqlite/requests/requests.ts';
import { countRequests, countStrayKeys, readRequestRow } from '../../../ledger/sqlite/requests/request-table.ts';
import { seqAt } from '../../../audit/delivery/outbox-position.ts';
import { misplacedCheckpoints, readChain, readCheckpoints } from '../../../ledger/sqlite/trail/checkpoints.ts';
import type { LedgerReader } from '../../../ledger/ledger-reader.ts';
import type { ChainState } from '../../../ledger/chain-state.ts';
import {
  FIRST_VERSION_WITH_CHECKPOINTS,
  FIRST_VERSION_WITH_CLOCK_STEPS,
  FIRST_VERSION_WITH_FURTHER_RECORDS,
  FIRST_VERSION_WITH_POLICIES,
  FIRST_VERSION_WITH_WIDE_POSITIONS,
  SCHEMA_VERSION,
} from '../../../ledger/sqlite/schema.ts';
import type { ChainVerdict } from '../../../audit/chain.ts';
import { readLastChanges } from '../../../ledger/sqlite/changes.ts';
import { findPolicy, listPolicies } from '../../../ledger/sqlite/policies.ts';
import { searchTrail } from '../../../ledger/sqlite/trail/search-trail.ts';
import type { SqlitePort } from '../../../ledger/sqlite/sqlite-port.ts';
import { clockSteps, reachesAhead, readEnds, readRecords, verifyTail } from '../../../ledger/sqlite/trail/trail.ts';
import {
  isAtRest,
  ledgerFaultOf,
  LedgerFileError,
  locateLedger,
  openReadOnly,
  readSchemaVersion,
} from './files/locate.ts';
import type { LedgerPlace } from './files/locate.ts';
import { TAIL_CHECK_RECORDS } from './open-ledger.ts';
import { ledgerEndOf } from './ledger-end.ts';

/**
 * The reader of a ledger file (ledger/ledger-reader.ts says what it is), beside a running service or at rest. Each read is
 * short, so that the service can checkpoint its write-ahead log between two of them; during a snapshot that log grows.
 */

export interface LedgerFileReader extends LedgerReader {
  close(): void;
}

/** Reads older schemas too. Rejects with a LedgerFileError; its message is for the operator. */
export async function readLedgerFile(path: string): Promise<LedgerFileReader> {
  const place = await locateExisting(path);
  const opened = openReadOnly(place);
  if (readSchemaVersion(opened.sqlite) > SCHEMA_VERSION) {
    opened.database.close();
    throw new LedgerFileError('other_schema', place.path);
  }
  return readerOn(place, opened);
}

/** Reads through a connection that is open; `close` closes it. Its schema is not newer than this program's. */
export function readerOn(place: LedgerPlace, { database, sqlite }: ReturnType<typeof openReadOnly>): LedgerFileReader {
  const version = readSchemaVersion(sqlite);
  const requests = createRequests(sqlite, () => undefined, {
    owners: createOwners(sqlite),
    open: createOpenRequests(sqlite),
  });
  const hasCheckpoints = version >= FIRST_VERSION_WITH_CHECKPOINTS;
  const hasPolicies = version >= FIRST_VERSION_WITH_POLICIES;
  const hasSteps = version >= FIRST_VERSION_WITH_CLOCK_STEPS;

  async function read<T>(task: () => T): Promise<T> {
    try {
      return task();
    } catch (error) {
      throw new LedgerFileError(ledgerFaultOf(error), place.path, { cause: error });
    }
  }

  function chain(): ChainState {
    if (hasCheckpoints) return readChain(sqlite);
    const { base, head } = readEnds(sqlite);
    return { base, head, checkpoint: null };
  }

  async function stillAtRest(): Promise<boolean> {
    const now = await locateLedger(place.path).catch(() => null);
    return now !== null && isAtRest(now);
  }

  return {
    inUse: place.inUse,
    chain: () => read(chain),
    records: (after, limit) => read(() => readRecords(sqlite, after, limit)),
    checkpoints: (after, limit) => read(() => (hasCheckpoints ? readCheckpoints(sqlite, after, limit) : [])),
    tables: {
      cursors: () => read(() => readCursors(sqlite, version)),
      requests: {
        row: (requestId, owner) => read(() => readRequestRow(sqlite, requestId, owner)),
        count: () => read(() => countRequests(sqlite)),
        listsFurther: (requestId, seq, kind) =>
          read(() =>
            version < FIRST_VERSION_WITH_FURTHER_RECORDS ? null : listsFurther(sqlite, requestId, seq, kind),
          ),
        strayKeys: () => read(() => countStrayKeys(sqlite)),
      },
      isClockStep: (seq) => read(() => (hasSteps ? clockSteps(sqlite, seq - 1, seq, 1).length > 0 : null)),
      misplacedCheckpoints: () =>
        read(() =>
          version < FIRST_VERSION_WITH_WIDE_POSITIONS ? [] : misplacedCheckpoints(sqlite, MAX_LISTED_FINDINGS),
        ),
      lastChanges: () => read(() => (hasPolicies ? readLastChanges(sqlite) : null)),
      areIndexesSound: () => read(() => areIndexesSound(sqlite)),
    },
    policies: {
      digests: () => read(() => (hasPolicies ? listPolicies(sqlite) : [])),
      text: (digest) => read(() => (hasPolicies ? findPolicy(sqlite, digest) : null)),
    },
    clockSteps: (after, upTo, limit) => read(() => (hasSteps ? clockSteps(sqlite, after, upTo, limit) : [])),
    lastWrittenMs: () =>
      read(() => {
        const { clockMs, recordedMs } = readEnds(sqlite);
        return Math.max(0, clockMs, recordedMs);
      }),
    search: (query) => read(() => searchTrail(sqlite, query, { hasSteps })),
    async list(query) {
      // The columns of requests changed with the schema.
      if (version !== SCHEMA_VERSION) throw new LedgerFileError('other_schema', place.path);
      return await read(() => requests.list(query));
    },
    async inSnapshot(work) {
      database.exec('BEGIN');
      const result = await work().finally(() => database.exec('ROLLBACK'));
      if (isAtRest(place) && !(await stillAtRest())) throw new LedgerFileError('moved', place.path);
      return result;
    },
    close: () => database.close(),
  };
}

/** The condition of a ledger file as a whole. */
export interface LedgerCondition {
  /** Absolute, and not itself a symbolic link. */
  readonly path: string;
  /** A running process holds the lock: a service uses this ledger now. */
  readonly inUse: boolean;
  readonly schemaVersion: number;
  readonly records: number;
  /** The verification of the last records, as many as the service itself verifies when it starts. */
  readonly tail: ChainVerdict;
  /** Null: not compared, because the end of the trail does not verify, or the schema is another one. */
  readonly tables: TableCondition | null;
  /** The time of the ledger's own clock, in milliseconds since the epoch. */
  readonly clockMs: number;
}

/** Also inspects a ledger of a newer schema. Rejects with a LedgerFileError, whose message is for the operator. */
export async function inspectLedgerFile(configuredPath: string): Promise<LedgerCondition> {
  const place = await locateExisting(configuredPath);
  const { path, inUse } = place;
  const { database, sqlite } = openReadOnly(place);
  try {
    if (!isWhole(sqlite)) throw new LedgerFileError('damaged', path);
    // All that is read is of one moment; closing the file ends the transaction.
    database.exec('BEGIN');
    const ends = readEnds(sqlite);
    const tail = verifyTail(sqlite, TAIL_CHECK_RECORDS);
    const schemaVersion = readSchemaVersion(sqlite);
    const isComparable = tail.kind === 'intact' && schemaVersion === SCHEMA_VERSION;
    if (isComparable && reachesAhead(sqlite)) throw new LedgerFileError('ahead_of_trail', path);
    const tables = isComparable ? await compareEnd(ledgerEndOf(sqlite), TAIL_CHECK_RECORDS) : null;
    return { path, inUse, schemaVersion, records: ends.head.seq - ends.base.seq, tail, tables, clockMs: ends.clockMs };
  } catch (error) {
    throw error instanceof LedgerFileError ? error : new LedgerFileError(ledgerFaultOf(error), path, { cause: error });
  } finally {
    database.close();
  }
}

async function locateExisting(path: string): Promise<LedgerPlace> {
  const place = await locateLedger(path);
  if (place === null) throw new LedgerFileError('absent', path);
  return place;
}

/** Only these tables have indexes. A record is found by its number alone, and verified by its text. */
const INDEXED = ['requests', 'keys', 'checkpoints'] as const;

/** Also false for any other damage of these tables. */
function areIndexesSound(sqlite: SqlitePort): boolean {
  const isSound = ({ integrity_check: found }: { integrity_check?: unknown }): boolean => found === 'ok';
  const hasCheckpoints = readSchemaVersion(sqlite) >= FIRST_VERSION_WITH_CHECKPOINTS;
  return INDEXED.filter((table) => hasCheckpoints || table !== 'checkpoints').every((table) =>
    sqlite.run<{ integrity_check: string }>(`PRAGMA integrity_check('${table}')`).every(isSound),
  );
}

/** The same limit as at the service's start: of a larger file, not every page is checked. */
const FULL_CHECK_MAX_BYTES = 64 * 1024 * 1024;

function isWhole(sqlite: SqlitePort): boolean {
  const pragma = (text: string): unknown => Object.values(sqlite.run(`PRAGMA ${text}`)[0] ?? {})[0];
  if (Number(pragma('page_count')) * Number(pragma('page_size')) > FULL_CHECK_MAX_BYTES) return true;
  return pragma('quick_check(1)') === 'ok';
}

/** In the first schema a cursor is a record's `seq`; later it is a position in the outbox, first two for each record. */
function readCursors(sqlite: SqlitePort, version: number): readonly { readonly sink: string; readonly seq: number }[] {
  const recordAt = version < FIRST_VERSION_WITH_WIDE_POSITIONS ? (position: number) => Math.floor(position / 2) : seqAt;
  return sqlite
    .run<{ sink: string; position?: number; seq?: number }>(`SELECT * FROM cursors ORDER BY sink`)
    .map(({ sink, position, seq = 0 }) => ({ sink, seq: position === undefined ? seq : recordAt(position) }));
}
