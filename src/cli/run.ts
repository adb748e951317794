import { SERVICE_NAME } from '../config/service.ts';
import { thrownName } from '../lib/thrown.ts';
import { LedgerFileError } from '../platform/node/ledger/files/locate.ts';
import { LedgerServerError } from '../platform/node/ledger/postgres/tool-connections.ts';
import { CommandError } from './command-line/command-error.ts';
import type { Command } from './command-line/command.ts';
import type { CliDeps } from './deps.ts';
import { EXITS } from './command-line/exit-codes.ts';
import type { Exit } from './command-line/exit-codes.ts';
import { helpText, programIn, versionLine } from './command-line/help.ts';
import { parseCommandLine } from './command-line/parse-command-line.ts';
import { printable } from './command-line/text.ts';

/** Runs one command line and returns its exit code. Never throws: an internal error has an exit code of its own. */
export async function runCli(args: readonly string[], commands: readonly Command[], deps: CliDeps): Promise<number> {
  const exit = await runLine(args, commands, deps).catch((error: unknown) => {
    const { exit: failed, message } = reportOf(error);
    return exitWithError(failed, `${message}\n`, deps);
  });
  return EXITS[exit].code;
}

async function runLine(args: readonly string[], commands: readonly Command[], deps: CliDeps): Promise<Exit> {
  const line = parseCommandLine(args, commands);
  const program = programIn(deps.env);
  switch (line.kind) {
    case 'run':
      return await line.command.run(line.call, deps);
    case 'help':
      await deps.print(helpText(line.topic, commands, program));
      return 'ok';
    case 'version':
      await deps.print(versionLine());
      return 'ok';
    // No arguments: show the commands. A script whose command is an empty variable must still fail.
    case 'nothing':
      return await exitWithError('usage', helpText(null, commands, program), deps);
    case 'usage': {
      const topic = line.topic === null ? '' : `${line.topic} `;
      return await exitWithError('usage', `${SERVICE_NAME}: ${line.message}\nTry: ${program} ${topic}--help\n`, deps);
    }
  }
}

async function exitWithError(exit: Exit, text: string, { printError }: Pick<CliDeps, 'printError'>): Promise<Exit> {
  // When stderr cannot be written, the exit code is all that is left.
  await printError(text).catch(() => undefined);
  return exit;
}

function reportOf(error: unknown): { readonly exit: Exit; readonly message: string } {
  if (error instanceof CommandError) return { exit: error.exit, message: printable(error.message) };
  if (error instanceof LedgerFileError || error instanceof LedgerServerError)
    return { exit: 'refused', message: printable(error.message) };
  // Only the error's name: its message may quote input.
  return {
    exit: 'internal',
    message: `${SERVICE_NAME} failed (${thrownName(error)}). This is a fault of the program; please report it.`,
  };
}
