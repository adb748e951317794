/**
 * The output formats of the audit commands. They are the sinks' formats, so that printed lines verify like delivered
 * ones.
 */
import type { AuditFormat } from '../../audit/format/formats.ts';
import { AUDIT_FORMATS, formatItem } from '../../audit/format/formats.ts';
import { CommandError } from '../command-line/command-error.ts';
import type { Call, OptionRow } from '../command-line/command.ts';
import type { Print } from '../command-line/print.ts';
import { printable } from '../command-line/text.ts';
import type { CliDeps } from '../deps.ts';
import type { LedgerItem } from '../ledger/read-trail.ts';
import { unreadableItem } from '../ledger/read-trail.ts';

export const FORMAT_OPTION: OptionRow = {
  value: 'native|ocsf',
  about: 'native: the lines as the ledger holds them. ocsf: OCSF events around them. native when left out.',
};

/** Throws a CommandError for an unknown format. */
export function formatIn({ options }: Call): AuditFormat {
  const { format: name = 'native' } = options;
  const format = AUDIT_FORMATS.find((known) => known === name);
  if (format === undefined) throw new CommandError('usage', '--format is native or ocsf');
  return format;
}

/** One line with its line end. Throws a CommandError when the stored line is not as the service wrote it. */
export function printedLine(format: AuditFormat, item: LedgerItem): string {
  const { kind, number, line } = item;
  try {
    return `${formatItem(format, { position: kind === 'record' ? 2 * number : 2 * number + 1, kind, line })}\n`;
  } catch {
    throw unreadableItem('failed', item);
  }
}

/** Prints to stdout verbatim, so that the lines verify. On a terminal, control characters are replaced. */
export function createLinePrinter({ audit, print }: Pick<CliDeps, 'audit' | 'print'>): Print {
  if (!audit.isTerminal()) return print;
  return (text) => print(text.split('\n').map(printable).join('\n'));
}
