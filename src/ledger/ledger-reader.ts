import type { PolicyTable } from '../audit/verify/tables/kept-policies.ts';
import type { LedgerTables } from '../audit/verify/tables/ledger-tables.ts';
import type { Ledger } from './port.ts';

/**
 * Reads the trail and the tables of a ledger for tools, page by page, beside a running service or at rest. It never
 * writes. Every command reads through this port, whatever the ledger is stored in: a file, or PostgreSQL. Each read is
 * short, so that it hinders no service. `inSnapshot` makes many reads see one moment.
 */
export interface LedgerReader extends Pick<Ledger, 'chain' | 'records' | 'checkpoints' | 'search' | 'list'> {
  /** A running service used the ledger when this reader opened it, or may have: of a server that is not known. */
  readonly inUse: boolean;
  readonly tables: LedgerTables;
  readonly policies: PolicyTable;
  /** The first records in (after, upTo] whose `time` is earlier than that of the record before, at most `limit`, in order. */
  clockSteps(after: number, upTo: number, limit: number): Promise<readonly number[]>;
  /**
   * The latest time that the ledger knows, of its own clock or of its last record, in milliseconds since the epoch. A
   * running service writes its clock every few seconds.
   */
  lastWrittenMs(): Promise<number>;
  /**
   * Runs `work` in one transaction: all that it reads is of one moment. What a service writes meanwhile takes up more
   * room than otherwise. Only one may run at a time. Rejects with a LedgerFileError (`moved`) when a service opened a
   * ledger file that was at rest.
   */
  inSnapshot<T>(work: () => Promise<T>): Promise<T>;
  close(): void | Promise<void>;
}
