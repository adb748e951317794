import type { StorageGuard } from '../../../ledger/batched-ledger.ts';
import { SqlError } from '../../../ledger/sqlite/sqlite-port.ts';
import type { SqlitePort } from '../../../ledger/sqlite/sqlite-port.ts';
import { thrownName } from '../../../lib/thrown.ts';
import type { Logger } from '../../../ports/logger.ts';
import type { Metrics } from '../../../ports/metrics.ts';
import { lockLedgerFile, stat } from './files/file-lock.ts';
import { connectLedger } from './ledger-connection.ts';
import type { FileFault, LedgerConnection } from './ledger-connection.ts';

/**
 * Keeps the ledger on files that a restart will find. It inspects them before each transaction, after each commit and,
 * for an idle service, when `inspect()` is called. What it does about a fault:
 * - the write-ahead log, its index or the lock file is missing or replaced: everything is moved into the database file
 *   through the open handles, and the files are opened again. No caller notices;
 * - the database file is missing or replaced: nothing is written until it is back;
 * - a file is damaged: nothing is written and nothing is moved until a restart, because both would add to the damage.
 * Invariant: a commit is acknowledged only after an inspection without a fault that followed it, or after all of it was
 * moved into the database file and read from there. The first commit after a fault, and after the start, is also read
 * through a new connection.
 */
export interface LedgerGuard extends StorageGuard {
  /** The connection at the moment. */
  readonly sqlite: SqlitePort;
  /** Inspects the files, and tries again to remedy an earlier fault. Throws when they cannot be read. */
  inspect(): void;
  close(): void;
}

export interface LedgerGuardDeps {
  readonly path: string;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'count'>;
}

/** Thrown for as long as the file is not back at its path. */
export class LedgerMovedError extends Error {
  override readonly name = 'LedgerMovedError';

  constructor() {
    super('the ledger file is no longer where it was opened');
  }
}

/** Thrown for as long as another fault of the ledger's files lasts. */
export class LedgerFilesError extends Error {
  override readonly name = 'LedgerFilesError';

  constructor({ part, problem }: FileFault) {
    super(`the ledger cannot be written: ${part} is ${problem}`);
  }
}

type Remedy = 'wait' | 'reopen' | 'restart';

/** Throws a sentence for the operator when the file cannot be used as the ledger. */
export function openGuarded({ path, logger, metrics }: LedgerGuardDeps): LedgerGuard {
  let file = lockLedgerFile(path);
  let connection: LedgerConnection | null;
  /** The end of the trail when the connection was closed to be opened again. */
  let endBefore: string | null = null;
  let fault: FileFault | null = null;
  let isConfirmed = false;
  try {
    connection = connectLedger(file, { mustBeAlone: false });
  } catch (error) {
    file.release();
    throw error;
  }

  function current(): LedgerConnection {
    if (connection === null) throw new SqlError('the ledger is not open', null);
    return connection;
  }

  /** Reading a damaged file can end the process, and a damaged log gives wrong pages. */
  function usable(): LedgerConnection {
    if (fault !== null && remedyOf(fault) === 'restart') throw new SqlError(new LedgerFilesError(fault).message, null);
    return current();
  }

  /** Throws when it is not possible now. Finds the database damaged when it does not end as before. */
  function reopen(): void {
    if (file.lockFault() !== null) {
      const held = lockLedgerFile(file.path);
      file.release();
      file = held;
    }
    if (connection !== null) {
      if (!connection.moveLogIntoDatabase()) throw new Error('a tool that reads the ledger prevents the checkpoint');
      endBefore = connection.end();
      connection.close();
      connection = null;
    }
    // Opening would create a file.
    if (stat(file.path) === null) throw new LedgerMovedError();
    const opened = connectLedger(file, { mustBeAlone: true });
    if (endsAs(opened, endBefore)) {
      connection = opened;
      return;
    }
    opened.close();
    fault = { part: 'database', problem: 'damaged' };
  }

  function judge(found: FileFault | null): void {
    const before = fault;
    fault = found;
    let cause: string | null = null;
    if (found !== null && remedyOf(found) === 'reopen') {
      try {
        reopen();
        if (fault === found) fault = current().inspect();
      } catch (error) {
        // The adapter's own errors are sentences for the operator. A message of SQLite may quote data.
        cause = error instanceof Error && !(error instanceof SqlError) ? error.message : thrownName(error);
      }
    }
    isConfirmed &&= found === null;
    report(before, found, cause);
  }

  function report(before: FileFault | null, found: FileFault | null, cause: string | null): void {
    const named = found ?? before;
    if (named === null) return;
    if (before === null) metrics.count('ledger_file_faults', { part: named.part, problem: named.problem });
    if (fault === null) logger.warn('ledger_files_restored', { part: named.part, problem: named.problem });
    else if (before === null || before.part !== fault.part || before.problem !== fault.problem)
      logger.error('ledger_files_faulty', {
        part: fault.part,
        problem: fault.problem,
        remedy: remedyOf(fault),
        ...(cause !== null && { cause }),
      });
  }

  function refuse(): void {
    if (fault === null) return;
    throw fault.part === 'database' && remedyOf(fault) === 'wait'
      ? new LedgerMovedError()
      : new LedgerFilesError(fault);
  }

  function inspect(): void {
    if (fault !== null && remedyOf(fault) === 'restart') return;
    judge(connection === null ? fault : connection.inspect());
  }

  return {
    sqlite: {
      run: (sql, ...params) => usable().sqlite.run(sql, ...params),
      transaction: (fn) => usable().sqlite.transaction(fn),
    },
    inspect,
    ready() {
      // A fault that needs the files to be opened again is left to `inspect`: each attempt blocks the event loop.
      if (fault === null || remedyOf(fault) === 'wait') inspect();
      refuse();
      if (isConfirmed) return;
      // What the start wrote, or a fault left: no commit has been remembered yet.
      if (!current().remember()) judge({ part: 'wal', problem: 'damaged' });
      refuse();
    },
    confirm() {
      judge(current().inspect());
      if (fault === null && !current().remember()) judge({ part: 'wal', problem: 'damaged' });
      refuse();
      if (isConfirmed) return;
      if (!current().isReadableAnew()) judge({ part: 'wal', problem: 'unreadable' });
      refuse();
      isConfirmed = true;
    },
    close() {
      if (fault !== null && remedyOf(fault) === 'restart') connection?.abandon();
      else connection?.close();
      connection = null;
      file.release();
    },
  };
}

/** False also when the end cannot be read: it could be read before. */
function endsAs(connection: LedgerConnection, end: string | null): boolean {
  try {
    return connection.end() === end;
  } catch {
    return false;
  }
}

function remedyOf({ part, problem }: FileFault): Remedy {
  if (problem === 'damaged' || problem === 'unreadable') return 'restart';
  return part === 'database' ? 'wait' : 'reopen';
}
