/** Chooses the ledger that a command reads. The option and its default, LEDGER_URL, are the same for every command. */
import { loadConfig } from '../../config/load.ts';
import type { Call, OptionRow } from '../command-line/command.ts';
import type { CliDeps } from '../deps.ts';

export const LEDGER_OPTION: OptionRow = {
  value: 'PATH',
  about: 'A ledger file, as in LEDGER_URL; sqlite: in front may stay. Without it, the one of LEDGER_URL.',
};

export type LedgerChoice =
  | { readonly kind: 'path'; readonly path: string }
  | { readonly kind: 'refused'; readonly message: string };

/** From the command line, else from the configuration. Problems with other settings are ignored. */
export async function chooseLedger({ options }: Call, { env, readText }: CliDeps): Promise<LedgerChoice> {
  const { ledger } = options;
  if (typeof ledger === 'string') return { kind: 'path', path: ledger.replace(/^sqlite:/, '') };
  const loaded = await loadConfig({ env, readText });
  const settings = loaded.kind === 'loaded' ? loaded.config.settings : loaded.readable.settings;
  const { LEDGER_URL: url } = settings;
  return url === undefined
    ? { kind: 'refused', message: 'LEDGER_URL names no ledger that can be read here; say --ledger PATH' }
    : { kind: 'path', path: url.path };
}
