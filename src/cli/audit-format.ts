/** The formats in which the audit commands print: those of the sinks, so that what was printed verifies like what was delivered. */
import type { AuditFormat } from '../audit/formats.ts';
import { formatItem } from '../audit/formats.ts';
import type { LedgerItem } from './audit-ledger.ts';
import type { Call, OptionRow } from './command.ts';

export const FORMAT_OPTION: OptionRow = {
  value: 'native|ocsf',
  about: 'native: the lines as the ledger holds them. ocsf: OCSF events around them. native when left out.',
};

const NAMES: Readonly<Record<AuditFormat, true>> = { native: true, ocsf: true };

/** Null for a format that there is none of. */
export function formatIn({ options }: Call): AuditFormat | null {
  const { format = 'native' } = options;
  return isFormat(format) ? format : null;
}

function isFormat(text: string | true): text is AuditFormat {
  return typeof text === 'string' && Object.hasOwn(NAMES, text);
}

/** What is stored cannot be put into a format: it is not as the service wrote it. */
export class DamagedItem extends Error {
  override readonly name = 'DamagedItem';

  constructor({ kind, number }: Pick<LedgerItem, 'kind' | 'number'>) {
    super(`${kind} ${number} of the ledger cannot be read; audit verify says more`);
  }
}

/** One line with its end. Throws a DamagedItem. */
export function printedLine(format: AuditFormat, item: LedgerItem): string {
  const { kind, number, line } = item;
  try {
    return `${formatItem(format, { position: kind === 'record' ? 2 * number : 2 * number + 1, kind, line })}\n`;
  } catch {
    throw new DamagedItem(item);
  }
}
