/**
 * `audit tail`: prints the last records and, with --follow, each new one, until an interrupt or until stdout is closed.
 * It opens the ledger anew for each poll, so that a restart of the service, or its first start, does not end it.
 */
import { createLinePrinter, formatIn, formatOption, printedLine, sayWhenNone } from './format.ts';
import type { OutputFormat } from './format.ts';
import { readLedgerItems } from '../ledger/read-trail.ts';
import type { LedgerCursor } from '../ledger/read-trail.ts';
import { chooseLedger, LEDGER_OPTION, withLedger } from '../ledger/with-ledger.ts';
import type { ChosenLedger } from '../../platform/node/ledger/chosen-ledger.ts';
import { CommandError } from '../command-line/command-error.ts';
import type { Call, Command } from '../command-line/command.ts';
import type { CliDeps } from '../deps.ts';

const DEFAULT_LINES = 10;
const POLL_EVERY_MS = 1_000;

export const auditTail: Command = {
  name: 'audit tail',
  summary: 'Print the last audit records, and with --follow each new one as it is written.',
  about: [
    'One line a record, with the checkpoints among them, in a format of the sinks or as text for people. The ledger is opened read-only and may be ' +
      'in use; nothing is acknowledged, so the sinks’ own delivery is not touched. The lines hold people’s addresses as the ' +
      'trail does. On a terminal, control characters in them are replaced.',
    'With --follow it looks once a second, through restarts of the service, until Ctrl-C or until its output is closed.',
  ],
  operands: [],
  options: {
    follow: { value: null, about: 'Go on with what comes.' },
    lines: { value: 'N', about: `How many records to begin with; ${DEFAULT_LINES} when left out.` },
    format: formatOption('native'),
    ledger: LEDGER_OPTION,
  },
  exits: {
    ok: 'Printed.',
    failed: 'The ledger holds something that cannot be printed; audit verify says more.',
    refused: 'The ledger cannot be read.',
  },
  examples: [
    { line: 'audit tail --lines 100', does: 'the last hundred' },
    {
      line: "audit tail --follow | jq -c '[.time, .actor.client_id, .outcome.result]'",
      does: 'who does what, as it happens',
    },
  ],
  async run(call, deps) {
    const format = formatIn(call, 'native');
    const lines = linesIn(call);
    const ledger = await chooseLedger(call, deps);
    const pauses = createPauses(deps);
    let printed = 0;
    const show = (after: LedgerCursor | null): Promise<LedgerCursor | null> =>
      printFrom(ledger, { after, lines, format, onRecord: () => void (printed += 1), over: pauses.over }, deps);

    try {
      let cursor = await show(null);
      if (call.options['follow'] === undefined && cursor !== null) await sayWhenNone(printed, deps);
      while (call.options['follow'] !== undefined && cursor !== null && (await pauses.next()))
        cursor = await show(cursor);
      return 'ok';
    } finally {
      pauses.end();
    }
  },
};

function linesIn({ options }: Call): number {
  const { lines = String(DEFAULT_LINES) } = options;
  if (typeof lines === 'string' && /^\d{1,6}$/.test(lines)) return Number(lines);
  throw new CommandError('usage', '--lines is a whole number up to 999999');
}

interface Poll {
  /** Null for the first poll, which begins `lines` records before the end. */
  readonly after: LedgerCursor | null;
  readonly lines: number;
  readonly format: OutputFormat;
  /** Called for each record that was printed. */
  readonly onRecord: () => void;
  /** True once the command was interrupted. */
  readonly over: () => boolean;
}

/** Prints all items after the cursor and returns the new cursor. Null when stdout was closed. */
async function printFrom(
  chosen: ChosenLedger,
  { after, lines, format, onRecord, over }: Poll,
  deps: CliDeps,
): Promise<LedgerCursor | null> {
  const print = createLinePrinter(deps);
  return await withLedger(deps.openReader(chosen), async (reader) => {
    const { base, head } = await reader.chain();
    const begin = Math.max(base.seq, head.seq - lines);
    const from = after ?? { record: begin, checkpoint: begin };
    const shown = { ...from };
    for await (const item of readLedgerItems(reader, from)) {
      if (over()) break;
      if ((await print(printedLine(format, item))) === 'closed') return null;
      shown[item.kind] = item.number;
      if (item.kind === 'record') onRecord();
    }
    return shown;
  });
}

/** The pauses between two polls. An interrupt ends the running pause and all later ones. */
function createPauses({ audit, schedule }: Pick<CliDeps, 'audit' | 'schedule'>): {
  /** Resolves after one pause: with false once the command was interrupted. */
  next(): Promise<boolean>;
  over(): boolean;
  end(): void;
} {
  let interrupted = false;
  let wake = (): void => undefined;
  const forget = audit.onInterrupt(() => {
    interrupted = true;
    wake();
  });
  return {
    async next() {
      if (interrupted) return false;
      await new Promise<void>((resolve) => {
        const cancel = schedule.after(POLL_EVERY_MS, resolve);
        wake = () => {
          cancel();
          resolve();
        };
      });
      return !interrupted;
    },
    over: () => interrupted,
    end: forget,
  };
}
