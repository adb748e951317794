/**
 * The output formats of the audit commands. They are the sinks' formats, so that printed lines verify like delivered
 * ones.
 */
import type { AuditFormat } from '../../audit/format/formats.ts';
import { AUDIT_FORMATS, formatItem } from '../../audit/format/formats.ts';
import type { LedgerItem } from './ledger-trail.ts';
import type { AuditPorts } from './ports.ts';
import type { Call, OptionRow } from '../command-line/command.ts';
import { printable } from '../command-line/printable.ts';

export const FORMAT_OPTION: OptionRow = {
  value: 'native|ocsf',
  about: 'native: the lines as the ledger holds them. ocsf: OCSF events around them. native when left out.',
};

/** Null for an unknown format. */
export function formatIn({ options }: Call): AuditFormat | null {
  const { format = 'native' } = options;
  return AUDIT_FORMATS.find((known) => known === format) ?? null;
}

/** A stored line cannot be formatted, because it is not as the service wrote it. */
export class UnreadableItem extends Error {
  override readonly name = 'UnreadableItem';

  constructor({ kind, number }: Pick<LedgerItem, 'kind' | 'number'>) {
    super(`${kind} ${number} of the ledger cannot be read; audit verify says more`);
  }
}

/** One line with its line end. Throws an UnreadableItem. */
export function printedLine(format: AuditFormat, item: LedgerItem): string {
  const { kind, number, line } = item;
  try {
    return `${formatItem(format, { position: kind === 'record' ? 2 * number : 2 * number + 1, kind, line })}\n`;
  } catch {
    throw new UnreadableItem(item);
  }
}

/** Prints to stdout verbatim, so that the lines verify. On a terminal, control characters are replaced. */
export function createLinePrinter({
  isTerminal,
  write,
}: Pick<AuditPorts, 'isTerminal' | 'write'>): AuditPorts['write'] {
  if (!isTerminal()) return write;
  return (text) => write(text.split('\n').map(printable).join('\n'));
}
