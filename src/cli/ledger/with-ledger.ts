/** The ledger of a command: which file it is, by the same option in every command, and one task with it. */
import { CommandError } from '../command-line/command-error.ts';
import type { Call, OptionRow } from '../command-line/command.ts';
import { readableConfig } from '../config/read-configuration.ts';
import type { CliDeps } from '../deps.ts';

export const LEDGER_OPTION: OptionRow = {
  value: 'PATH',
  about: 'A ledger file, as in LEDGER_URL; sqlite: in front may stay. Without it, the one of LEDGER_URL.',
};

/** What a person does in place of a command that reads ledger files only, where the ledger is in PostgreSQL. */
const WITH_POSTGRES = {
  lines: 'verify the delivered lines with --lines',
  records: 'read the records from the running service: GET /audit/records?after=0',
  search: 'ask the running service, POST /audit/search, or read delivered lines with --lines',
  service: 'ask the running service with --url',
  backup: 'make a backup with pg_dump',
  restore: 'stop every container, restore with pg_restore, and start them again',
} as const;

/** The path of --ledger, or null without the option. */
export function ledgerOption({ options: { ledger } }: Call): string | null {
  return typeof ledger === 'string' ? ledger.replace(/^sqlite:/, '') : null;
}

/** The path from the command line, else from the configuration. */
export async function chooseLedger(
  call: Call,
  deps: Pick<CliDeps, 'env' | 'readText'>,
  withPostgres: keyof typeof WITH_POSTGRES,
): Promise<string> {
  const path = ledgerOption(call);
  if (path !== null) return path;
  const place = (await readableConfig(deps)).settings.LEDGER_URL;
  if (place === undefined)
    throw new CommandError('usage', 'LEDGER_URL names no ledger that can be read here; say --ledger PATH');
  if (place.kind === 'postgres')
    throw new CommandError(
      'usage',
      `LEDGER_URL names a ledger in PostgreSQL, and this command reads ledger files only. With PostgreSQL, ${WITH_POSTGRES[withPostgres]}`,
    );
  return place.path;
}

/** Runs the task with the ledger that is being opened, and closes the ledger afterwards. */
export async function withLedger<L extends { close(): unknown }, T>(
  opening: Promise<L>,
  task: (ledger: L) => Promise<T>,
): Promise<T> {
  const ledger = await opening;
  try {
    return await task(ledger);
  } finally {
    await ledger.close();
  }
}
