/**
 * `audit export`: writes the records and checkpoints of a time range, in a format of the sinks. It finds the first
 * record by binary search, and then streams with at most one page in memory. `audit verify --lines` can verify the
 * output.
 */
import type { AuditFormat } from '../../audit/format/formats.ts';
import { thrownCode } from '../../lib/thrown.ts';
import { LedgerFileError } from '../../platform/node/ledger/locate.ts';
import type { LedgerReader } from '../../platform/node/ledger/reader.ts';
import { createLinePrinter, FORMAT_OPTION, formatIn, printedLine, UnreadableItem } from './format.ts';
import { readLedgerItems } from './ledger-trail.ts';
import type { LedgerItem } from './ledger-trail.ts';
import type { NewFile } from './ports.ts';
import { momentOf } from './instant.ts';
import { chooseLedger, LEDGER_OPTION } from '../ledger/choose-ledger.ts';
import type { Call, Command } from '../command-line/command.ts';
import { counted } from '../command-line/counted.ts';
import type { CliDeps } from '../deps.ts';
import type { Exit } from '../command-line/exit-codes.ts';
import { printable } from '../command-line/printable.ts';

export const auditExport: Command = {
  name: 'audit export',
  summary: 'Write the audit records of a time range, with the checkpoints made in it, to stdout or a new file.',
  about: [
    'One line a record, in order, as the sinks deliver them; each checkpoint behind the last record it covers. The ledger is ' +
      'opened read-only and may be in use. The lines hold people’s addresses as the trail does, so a file that is written ' +
      'may be read by its owner only, and one that is there already is left alone.',
    'A TIME is RFC 3339 (2026-05-01T00:00:00Z, 2026-05-01T02:00:00+02:00) or a date, which is its midnight in UTC.',
  ],
  operands: [],
  options: {
    from: { value: 'TIME', about: 'Records from this moment on; from the first one when left out.' },
    to: { value: 'TIME', about: 'Records before this moment; to the last one when left out.' },
    format: FORMAT_OPTION,
    out: { value: 'FILE', about: 'A file that is not there yet; stdout when left out.' },
    ledger: LEDGER_OPTION,
  },
  exits: {
    ok: 'Exported; there may have been no records in that time.',
    failed:
      'Not to its end: the ledger is damaged, or the file could not be written. What there was of the file is removed.',
    refused: 'The ledger cannot be read, or the file cannot be made.',
  },
  examples: [
    { line: 'audit export --from 2026-05-01 --to 2026-06-01 --out may.ndjson', does: 'all of May' },
    {
      line: 'audit export --from 2026-05-04T08:00:00Z --format ocsf | gzip > since.ndjson.gz',
      does: 'since that morning, as OCSF',
    },
  ],
  async run(call, deps) {
    const { printError } = deps;
    const asked = readRange(call);
    if (asked.kind === 'unclear') {
      printError(`${asked.message}\n`);
      return 'usage';
    }
    const chosen = await chooseLedger(call, deps);
    if (chosen.kind === 'refused') {
      printError(`${chosen.message}\n`);
      return 'refused';
    }
    let reader: LedgerReader | null = null;
    try {
      reader = await deps.audit.openLedger(chosen.path);
      return await exportTo(call.options['out'], reader, asked, deps);
    } catch (error) {
      if (!(error instanceof LedgerFileError)) throw error;
      printError(`${printable(error.message)}\n`);
      return 'refused';
    } finally {
      reader?.close();
    }
  },
};

interface Range {
  readonly kind: 'range';
  /** Inclusive; milliseconds since the epoch. */
  readonly fromMs: number;
  /** Exclusive. */
  readonly toMs: number;
  readonly format: AuditFormat;
}

function readRange(call: Call): Range | { readonly kind: 'unclear'; readonly message: string } {
  const unclear = (message: string) => ({ kind: 'unclear' as const, message });
  const { from, to } = call.options;
  const fromMs = typeof from === 'string' ? momentOf(from) : -Infinity;
  const toMs = typeof to === 'string' ? momentOf(to) : Infinity;
  const format = formatIn(call);
  if (fromMs === null || toMs === null)
    return unclear(
      `--${fromMs === null ? 'from' : 'to'} is a date like 2026-05-01 or a time like 2026-05-01T00:00:00Z`,
    );
  if (fromMs >= toMs) return unclear('--from must be before --to');
  if (format === null) return unclear('--format is native or ocsf');
  return { kind: 'range', fromMs, toMs, format };
}

async function exportTo(
  out: string | true | undefined,
  reader: LedgerReader,
  range: Range,
  { audit, printError, print }: CliDeps,
): Promise<Exit> {
  if (typeof out !== 'string')
    return (await stream(reader, range, createLinePrinter(audit), printError)) === null ? 'failed' : 'ok';
  const file = await audit.createFile(out).catch((error: unknown) => {
    const there = thrownCode(error) === 'EEXIST';
    printError(`${printable(out)} ${there ? 'is there already; nothing was written' : 'cannot be made'}\n`);
    return null;
  });
  if (file === null) return 'refused';
  const written = await intoFile(file, reader, range, printError);
  if (written === null) return 'failed';
  const { records, checkpoints } = written;
  const what = `${counted(records, 'record', 'records')} and ${counted(checkpoints, 'checkpoint', 'checkpoints')}`;
  print(`${what} written to ${printable(out)}\n`);
  return 'ok';
}

type Written = { readonly records: number; readonly checkpoints: number };

/** Null when the file was not written to its end. The file is then removed. */
async function intoFile(
  file: NewFile,
  reader: LedgerReader,
  range: Range,
  printError: CliDeps['printError'],
): Promise<Written | null> {
  let finished = false;
  try {
    const written = await stream(reader, range, (text) => orWriteError(file.write(text)), printError);
    if (written === null) return null;
    await orWriteError(file.finish());
    finished = true;
    return written;
  } catch (error) {
    if (!(error instanceof WriteError)) throw error;
    printError('the file could not be written to its end; it is removed\n');
    return null;
  } finally {
    if (!finished) await file.abandon();
  }
}

class WriteError extends Error {
  override readonly name = 'WriteError';
}

async function orWriteError(writing: Promise<void>): Promise<void> {
  try {
    await writing;
  } catch (error) {
    throw new WriteError('not written', { cause: error });
  }
}

const CHARACTERS_PER_WRITE = 64 * 1024;

/** Null when a stored line cannot be exported. The reason is then printed. */
async function stream(
  reader: LedgerReader,
  range: Range,
  write: (text: string) => Promise<void>,
  printError: CliDeps['printError'],
): Promise<Written | null> {
  const work = async (): Promise<Written> => {
    const written = { records: 0, checkpoints: 0 };
    let waiting = '';
    for await (const item of itemsIn(reader, range)) {
      written[item.kind === 'record' ? 'records' : 'checkpoints'] += 1;
      waiting += printedLine(range.format, item);
      if (waiting.length < CHARACTERS_PER_WRITE) continue;
      await write(waiting);
      waiting = '';
    }
    if (waiting !== '') await write(waiting);
    return written;
  };
  try {
    // Beside a running service in short reads: during one snapshot its log would grow until the output is taken.
    return reader.inUse ? await work() : await reader.inSnapshot(work);
  } catch (error) {
    if (!(error instanceof UnreadableItem)) throw error;
    printError(`${error.message}\n`);
    return null;
  }
}

async function* itemsIn(reader: LedgerReader, { fromMs, toMs }: Range): AsyncGenerator<LedgerItem> {
  const { base, head } = await reader.chain();
  const first = await firstAt(reader, fromMs, { after: base.seq, upTo: head.seq });
  let expected = first;
  for await (const item of readLedgerItems(reader, { record: first - 1, checkpoint: 0 })) {
    if (item.kind === 'checkpoint') {
      if (item.madeAt !== null && item.madeAt >= fromMs && item.madeAt < toMs) yield item;
      continue;
    }
    // A missing record was deleted: by somebody, or by retention during this export.
    if (item.number !== expected) throw new UnreadableItem({ kind: 'record', number: expected });
    if (timeOf(item) >= toMs) return;
    yield item;
    expected += 1;
  }
}

/** The seq of the first record at or after `atMs`; `upTo + 1` when there is none. Time never falls along the trail. */
async function firstAt(
  reader: Pick<LedgerReader, 'records'>,
  atMs: number,
  { after, upTo }: { readonly after: number; readonly upTo: number },
): Promise<number> {
  let [low, high] = [after + 1, upTo + 1];
  while (low < high) {
    const middle = low + Math.floor((high - low) / 2);
    const [record] = await reader.records(middle - 1, 1);
    if (record?.seq !== middle) throw new UnreadableItem({ kind: 'record', number: middle });
    if (timeOf({ kind: 'record', number: middle, line: record.line, madeAt: null }) < atMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

function timeOf(item: LedgerItem): number {
  try {
    const at = Date.parse(String((JSON.parse(item.line) as { time?: unknown }).time));
    if (!Number.isNaN(at)) return at;
  } catch {
    // Reported below.
  }
  throw new UnreadableItem(item);
}
