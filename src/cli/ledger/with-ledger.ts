/** Opens a ledger for the requests commands: beside a running service, and for one task only. */
import { chooseLedger } from './choose-ledger.ts';
import type { Call } from '../command-line/command.ts';
import type { CliDeps, OpenedLedger } from '../deps.ts';
import type { Exit } from '../command-line/exit-codes.ts';
import { printable } from '../command-line/printable.ts';

/** Runs the task. When no ledger is named, or it cannot be opened, prints that instead. */
export async function withLedger(
  call: Call,
  deps: CliDeps,
  task: (ledger: Extract<OpenedLedger, { kind: 'opened' }>['ledger']) => Promise<Exit>,
): Promise<Exit> {
  const chosen = await chooseLedger(call, deps);
  const opened = chosen.kind === 'refused' ? chosen : await deps.openSideWriter(chosen.path);
  if (opened.kind === 'refused') {
    deps.printError(`${printable(opened.message)}\n`);
    return chosen.kind === 'refused' ? 'usage' : 'refused';
  }
  try {
    return await task(opened.ledger);
  } finally {
    await opened.ledger.close();
  }
}
