/** The ledger of a command: which file it is, by the same option in every command, and one task with it. */
import { CommandError } from '../command-line/command-error.ts';
import type { Call, OptionRow } from '../command-line/command.ts';
import { readableConfig } from '../config/read-configuration.ts';
import type { CliDeps } from '../deps.ts';

export const LEDGER_OPTION: OptionRow = {
  value: 'PATH',
  about: 'A ledger file, as in LEDGER_URL; sqlite: in front may stay. Without it, the one of LEDGER_URL.',
};

const IN_POSTGRES =
  'LEDGER_URL names a ledger in PostgreSQL, and this command reads ledger files only; ask the running service for records and ' +
  'requests (GET /audit/records, POST /audit/search, GET /v2/invite_requests), or verify delivered lines with --lines';

/** The path of --ledger, or null without the option. */
export function ledgerOption({ options: { ledger } }: Call): string | null {
  return typeof ledger === 'string' ? ledger.replace(/^sqlite:/, '') : null;
}

/** The path from the command line, else from the configuration. */
export async function chooseLedger(call: Call, deps: Pick<CliDeps, 'env' | 'readText'>): Promise<string> {
  const path = ledgerOption(call);
  if (path !== null) return path;
  const place = (await readableConfig(deps)).settings.LEDGER_URL;
  if (place === undefined)
    throw new CommandError('usage', 'LEDGER_URL names no ledger that can be read here; say --ledger PATH');
  if (place.kind === 'postgres') throw new CommandError('usage', IN_POSTGRES);
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
