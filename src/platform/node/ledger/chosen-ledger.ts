import { postgresUrlOf } from '../../../config/reading/postgres-url.ts';
import type { LedgerReader } from '../../../ledger/ledger-reader.ts';
import type { Ledger } from '../../../ledger/port.ts';
import type { MachineClock } from '../../../ports/clock.ts';
import type { Ids } from '../../../ports/ids.ts';
import type { Schedule } from '../../../ports/schedule.ts';
import type { ServerLedger } from './postgres/access.ts';
import { readPostgres } from './postgres/read-postgres.ts';
import { openPostgresSideWriter } from './postgres/side-writer.ts';
import { readLedgerFile } from './reader.ts';
import { openSideWriter } from './side-writer.ts';

/** The ledger that a command works with: a file, or a place in a PostgreSQL server. */
export type ChosenLedger = { readonly kind: 'sqlite'; readonly path: string } | ServerLedger;

/** What a person types to name it. Holds no password: a URL with one is refused. */
export function ledgerName(ledger: ChosenLedger): string {
  return ledger.kind === 'sqlite' ? ledger.path : postgresUrlOf(ledger.place);
}

/** Rejects with a LedgerFileError or a LedgerServerError. */
export function openLedgerReader(ledger: ChosenLedger): Promise<LedgerReader> {
  return ledger.kind === 'sqlite' ? readLedgerFile(ledger.path) : readPostgres(ledger);
}

/** For one short write beside a running service. Rejects with a sentence for the operator. */
export function openLedgerSideWriter(
  ledger: ChosenLedger,
  deps: { readonly clock: MachineClock; readonly ids: Ids; readonly schedule: Schedule },
): Promise<Pick<Ledger, 'find' | 'settle'> & { close(): Promise<void> }> {
  return ledger.kind === 'sqlite' ? openSideWriter(ledger.path, deps) : openPostgresSideWriter(ledger, deps);
}
