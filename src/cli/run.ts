import { SERVICE_NAME } from '../config/service.ts';
import { thrownName } from '../lib/thrown.ts';
import type { Command } from './command-line/command.ts';
import type { CliDeps } from './deps.ts';
import { EXITS } from './command-line/exit-codes.ts';
import { helpText, versionLine } from './command-line/help.ts';
import { parseCommandLine } from './command-line/parse-command-line.ts';

/** Runs one command line and returns its exit code. Never throws: an internal error has an exit code of its own. */
export async function runCli(args: readonly string[], commands: readonly Command[], deps: CliDeps): Promise<number> {
  try {
    return await runLine(args, commands, deps);
  } catch (error) {
    // Only the error's name: its message may quote input.
    const name = thrownName(error);
    deps.printError(`${SERVICE_NAME} failed (${name}). This is a fault of the program; please report it.\n`);
    return EXITS.internal.code;
  }
}

async function runLine(args: readonly string[], commands: readonly Command[], deps: CliDeps): Promise<number> {
  const line = parseCommandLine(args, commands);
  switch (line.kind) {
    case 'run':
      return EXITS[await line.command.run(line.call, deps)].code;
    case 'help':
      deps.print(helpText(line.topic, commands));
      return EXITS.ok.code;
    case 'version':
      deps.print(versionLine());
      return EXITS.ok.code;
    case 'usage': {
      const topic = line.topic === null ? '' : `${line.topic} `;
      deps.printError(`${SERVICE_NAME}: ${line.message}\nTry: ${SERVICE_NAME} ${topic}--help\n`);
      return EXITS.usage.code;
    }
  }
}
