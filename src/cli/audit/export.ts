/**
 * `audit export`: writes the records and checkpoints of a time range, in a format of the sinks or as text.
 * `audit verify --lines` can verify the output in a format of the sinks.
 */
import { rfc3339 } from '../../lib/rfc3339.ts';
import { thrownCode } from '../../lib/thrown.ts';
import type { LedgerReader } from '../../ledger/ledger-reader.ts';
import { createLinePrinter, formatIn, formatOption, printedLine, sayWhenNone } from './format.ts';
import type { OutputFormat } from './format.ts';
import { itemsInPeriod } from './period-items.ts';
import { PERIOD_OPTIONS, periodIn } from './period.ts';
import type { Period } from './period.ts';
import type { NewFile } from './ports.ts';
import { readThrough } from '../ledger/read-trail.ts';
import { chooseLedger, LEDGER_OPTION, withLedger } from '../ledger/with-ledger.ts';
import { CommandError } from '../command-line/command-error.ts';
import type { Command } from '../command-line/command.ts';
import { counting, withProgress } from '../command-line/progress.ts';
import type { Progress } from '../command-line/progress.ts';
import { unwritten } from '../command-line/print.ts';
import type { Print } from '../command-line/print.ts';
import { counted, printable } from '../command-line/text.ts';
import type { CliDeps } from '../deps.ts';

export const auditExport: Command = {
  name: 'audit export',
  summary: 'Write the audit records of a time range, with the checkpoints made in it, to stdout or a new file.',
  about: [
    'One line a record, in order, as the sinks deliver them, or as text for people; each checkpoint behind the last record it covers. The ledger is ' +
      'opened read-only and may be in use. The lines hold people’s addresses as the trail does, so a file that is written ' +
      'may be read by its owner only, and one that is there already is left alone.',
    'A ledger that was last written before the end of the time range, such as an older backup, does not hold all of it, and ' +
      'neither does any ledger before the range is over. The answer says so; with --ended nothing is written.',
    'A TIME is RFC 3339 (2026-05-01T00:00:00Z, 2026-05-01T02:00:00+02:00) or a date, which is its midnight in UTC.',
  ],
  operands: [],
  options: {
    ...PERIOD_OPTIONS,
    ended: {
      value: null,
      about: 'Refuse a time range that is not over, or that the ledger does not reach the end of.',
    },
    format: formatOption('native'),
    out: { value: 'FILE', about: 'A file that is not there yet; stdout when left out.' },
    ledger: LEDGER_OPTION,
  },
  exits: {
    ok: 'Exported; there may have been no records in that time.',
    failed: 'Not to its end: the ledger is damaged. What there was of the file is removed.',
    refused: 'The ledger cannot be read, or the file cannot be made; or, with --ended, the ledger ends too early.',
    io: 'Not to its end: the output could not be written. What there was of the file is removed.',
  },
  examples: [
    { line: 'audit export --month 2026-05 --out may.ndjson', does: 'all of May' },
    {
      line: 'audit export --from 2026-05-04T08:00:00Z --format ocsf | gzip > since.ndjson.gz',
      does: 'since that morning, as OCSF',
    },
  ],
  async run(call, deps) {
    const range: Range = { ...periodIn(call), format: formatIn(call, 'native') };
    const { out } = call.options;
    const mustHaveEnded = call.options['ended'] !== undefined;
    if (mustHaveEnded && range.toMs === Infinity) throw new CommandError('usage', '--ended needs --to or --month');
    await withLedger(deps.openReader(await chooseLedger(call, deps)), async (reader) => {
      // Before the export: what is written while it runs may be of the time range, too.
      const lacking = lackOf(range, await reader.lastWrittenMs());
      if (mustHaveEnded && lacking !== null) throw new CommandError('refused', `${lacking}; nothing was written`);
      const row = { doing: 'Exporting', unit: 'records', total: null };
      // On a terminal that shows the records, the line would be among them.
      const isShown = typeof out === 'string' || !deps.audit.isTerminal();
      const exportWith: ExportWith = (print) =>
        withProgress(row, { call, deps, isShown }, (progress) =>
          readThrough(reader, () => stream(reader, range, { print, progress })),
        );
      if (typeof out === 'string') await exportToFile(out, exportWith, deps);
      else await sayWhenNone((await exportWith(createLinePrinter(deps))).records, deps);
      if (lacking !== null) await deps.printError(`${lacking}: records of the rest are not in it\n`);
    });
    return 'ok';
  },
};

interface Range extends Period {
  readonly format: OutputFormat;
}

/** Says that the ledger does not reach the end of the range; null when it does, or when the range has no end. */
function lackOf({ toMs }: Range, lastWrittenMs: number): string | null {
  if (toMs === Infinity || lastWrittenMs >= toMs) return null;
  return `the ledger was last written at ${rfc3339(lastWrittenMs)}, before the end of the time range (${rfc3339(toMs)})`;
}

type Written = { readonly records: number; readonly checkpoints: number };
type ExportWith = (print: Print) => Promise<Written>;

async function exportToFile(out: string, exportWith: ExportWith, { audit, print }: CliDeps): Promise<void> {
  const file = await audit.createFile(out).catch((error: unknown) => {
    const reason = thrownCode(error) === 'EEXIST' ? 'is there already; nothing was written' : 'cannot be made';
    throw new CommandError('refused', `${out} ${reason}`, { cause: error });
  });
  const { records, checkpoints } = await fillFile(file, out, exportWith);
  const what = `${counted(records, 'record', 'records')} and ${counted(checkpoints, 'checkpoint', 'checkpoints')}`;
  await print(`${what} written to ${printable(out)}\n`);
}

/** A file that is not written to its end is removed. */
async function fillFile(file: NewFile, out: string, exportWith: ExportWith): Promise<Written> {
  const orReport = (writing: Promise<void>): Promise<void> =>
    writing.catch((error: unknown) => {
      throw unwritten(out, error, 'so it is removed');
    });
  try {
    const written = await exportWith(async (text) => {
      await orReport(file.write(text));
      return 'printed';
    });
    await orReport(file.finish());
    return written;
  } catch (error) {
    await file.abandon().catch((cause: unknown) => {
      throw new CommandError('io', `${out} is not complete and could not be removed`, { cause });
    });
    throw error;
  }
}

const CHARACTERS_PER_WRITE = 64 * 1024;

/** Ends early when stdout is closed. */
async function stream(
  reader: LedgerReader,
  range: Range,
  { print, progress }: { readonly print: Print; readonly progress: Progress },
): Promise<Written> {
  const written = { records: 0, checkpoints: 0 };
  let waiting = '';
  for await (const item of counting(itemsInPeriod(reader, range), progress)) {
    written[item.kind === 'record' ? 'records' : 'checkpoints'] += 1;
    waiting += printedLine(range.format, item);
    if (waiting.length < CHARACTERS_PER_WRITE) continue;
    if ((await print(waiting)) === 'closed') return written;
    waiting = '';
  }
  if (waiting !== '') await print(waiting);
  return written;
}
