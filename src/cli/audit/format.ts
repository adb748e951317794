/**
 * The output formats of the audit commands: those of the sinks, so that printed lines verify like delivered ones, and
 * `text`, which is for people and cannot be verified.
 */
import { positionOf } from '../../audit/delivery/outbox-position.ts';
import type { AuditFormat } from '../../audit/format/formats.ts';
import { AUDIT_FORMATS, formatItem } from '../../audit/format/formats.ts';
import { CommandError } from '../command-line/command-error.ts';
import type { Call, OptionRow } from '../command-line/command.ts';
import type { Print } from '../command-line/print.ts';
import { printable } from '../command-line/text.ts';
import type { CliDeps } from '../deps.ts';
import type { LedgerItem } from '../ledger/read-trail.ts';
import { unreadableItem } from '../ledger/read-trail.ts';
import { textLine } from './text/text-line.ts';

export type OutputFormat = AuditFormat | 'text';

const OUTPUT_FORMATS: readonly OutputFormat[] = [...AUDIT_FORMATS, 'text'];

export function formatOption(byDefault: OutputFormat): OptionRow {
  return {
    value: 'native|ocsf|text',
    about:
      'native: the lines as they are stored. ocsf: OCSF events around them. text: one line for people, in columns (time, ' +
      `seq, kind, result, client, subject, what), which cannot be verified. ${byDefault} when left out.`,
  };
}

/** Throws a CommandError for an unknown format. */
export function formatIn({ options }: Call, byDefault: OutputFormat): OutputFormat {
  const { format: name = byDefault } = options;
  const format = OUTPUT_FORMATS.find((known) => known === name);
  if (format === undefined) throw new CommandError('usage', '--format is native, ocsf or text');
  return format;
}

/** One line with its line end. Throws a CommandError when the stored line is not as the service wrote it. */
export function printedLine(format: OutputFormat, item: LedgerItem): string {
  const { kind, number, line } = item;
  if (format === 'text') return `${textLine(kind, number, line)}\n`;
  try {
    return `${formatItem(format, { position: positionOf(number) + (kind === 'record' ? 0 : 1), kind, line })}\n`;
  } catch {
    throw unreadableItem('failed', item);
  }
}

/** Prints to stdout verbatim, so that the lines verify. On a terminal, control characters are replaced. */
export function createLinePrinter({ audit, print }: Pick<CliDeps, 'audit' | 'print'>): Print {
  if (!audit.isTerminal()) return print;
  return (text) => print(text.split('\n').map(printable).join('\n'));
}

/** Says on stderr that nothing was printed: an empty output alone may also be a mistyped option. */
export async function sayWhenNone(records: number, { printError }: Pick<CliDeps, 'printError'>): Promise<void> {
  if (records === 0) await printError('0 records\n');
}
