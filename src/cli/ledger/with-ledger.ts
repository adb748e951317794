/** The ledger of a command: which one it is, by the same option in every command, and one task with it. */
import { ledgerUrl } from '../../config/reading/ledger-url.ts';
import type { LedgerPlace } from '../../config/reading/ledger-url.ts';
import type { ChosenLedger } from '../../platform/node/ledger/chosen-ledger.ts';
import { CommandError } from '../command-line/command-error.ts';
import type { Call, OptionRow } from '../command-line/command.ts';
import { readableConfig } from '../config/read-configuration.ts';
import type { CliDeps } from '../deps.ts';

export const LEDGER_OPTION: OptionRow = {
  value: 'LEDGER',
  about: 'A ledger file or a postgres:// URL, as in LEDGER_URL; sqlite: in front may stay. Without it, LEDGER_URL.',
};

export const LEDGER_FILE_OPTION: OptionRow = {
  value: 'PATH',
  about: 'A ledger file, as in LEDGER_URL; sqlite: in front may stay. Without it, the one of LEDGER_URL.',
};

/** What a person does in place of a command that is for ledger files alone. */
const WITH_POSTGRES = {
  backup: 'make a backup with pg_dump',
  restore: 'stop every container, restore with pg_restore, and run ledger adopt',
} as const;

type Deps = Pick<CliDeps, 'env' | 'readText'>;

/** The ledger of --ledger, or null without the option. Throws a CommandError when a URL cannot be read. */
export async function ledgerOption({ options: { ledger } }: Call, deps: Deps): Promise<ChosenLedger | null> {
  return typeof ledger === 'string' ? await readLedgerText(ledger, '--ledger', deps) : null;
}

/** `namedBy`: what the text is of, for sentences. */
export async function readLedgerText(text: string, namedBy: string, deps: Deps): Promise<ChosenLedger> {
  if (!/^postgres(?:ql)?:/i.test(text)) return { kind: 'sqlite', path: text.replace(/^sqlite:/, '') };
  const read = ledgerUrl.safeParse(text);
  if (!read.success) throw new CommandError('usage', `${namedBy} ${read.error.issues[0]?.message ?? 'cannot be read'}`);
  return await placed(read.data, namedBy, deps);
}

/** The ledger of the command line, else of the configuration. */
export async function chooseLedger(call: Call, deps: Deps): Promise<ChosenLedger> {
  const chosen = await ledgerOption(call, deps);
  if (chosen !== null) return chosen;
  const place = (await readableConfig(deps)).settings.LEDGER_URL;
  if (place === undefined)
    throw new CommandError('usage', 'LEDGER_URL names no ledger that can be read here; say --ledger LEDGER');
  return await placed(place, 'LEDGER_URL', deps);
}

/** The path of a ledger file. Throws a CommandError where the ledger is in PostgreSQL. */
export async function chooseLedgerFile(
  call: Call,
  deps: Deps,
  withPostgres: keyof typeof WITH_POSTGRES,
): Promise<string> {
  const chosen = await chooseLedger(call, deps);
  if (chosen.kind === 'sqlite') return chosen.path;
  throw new CommandError(
    'usage',
    `${chosen.namedBy} names a ledger in PostgreSQL, and this command is for ledger files. With PostgreSQL, ` +
      `${WITH_POSTGRES[withPostgres]}: docs/deploy-node.md, Backup and restore with PostgreSQL`,
  );
}

/** A URL has no files: those of the configuration are used with each server. */
async function placed(place: LedgerPlace, namedBy: string, deps: Deps): Promise<ChosenLedger> {
  if (place.kind === 'sqlite') return place;
  const { LEDGER_CA_FILE: caFile = null, LEDGER_PASSWORD_FILE: passwordFile = null } = (await readableConfig(deps))
    .settings;
  return { kind: 'postgres', place, access: { caFile, passwordFile }, namedBy };
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
