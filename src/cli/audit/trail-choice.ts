/**
 * Where a command reads the trail: a ledger (the one of the configuration when nothing is named) or files of delivered
 * lines, by the same two options in each command. Never both, because two copies may tell two stories.
 */
import type { LedgerReader } from '../../ledger/ledger-reader.ts';
import { ledgerName } from '../../platform/node/ledger/chosen-ledger.ts';
import { CommandError } from '../command-line/command-error.ts';
import type { Call, OptionRow } from '../command-line/command.ts';
import { counting, withProgress } from '../command-line/progress.ts';
import type { CliDeps } from '../deps.ts';
import { readThrough } from '../ledger/read-trail.ts';
import { chooseLedger, LEDGER_OPTION, withLedger } from '../ledger/with-ledger.ts';
import type { TrailLine } from '../../audit/verify/verify-trail.ts';
import type { LineTally } from './delivered-lines.ts';
import { readDeliveredLines } from './delivered-lines.ts';

export const TRAIL_OPTIONS = {
  ledger: { ...LEDGER_OPTION, about: `${LEDGER_OPTION.about} Not together with --lines.` },
  lines: {
    value: 'FILE',
    about: 'Delivered lines, in any form that audit verify reads; - is stdin. May be given several times.',
    many: true,
  },
} as const satisfies Record<string, OptionRow>;

export interface TrailTasks<T> {
  /** Whether the task prints only at its end, so that a progress line disturbs nothing. True when left out. */
  readonly showsProgress?: boolean;
  /** `path`: the ledger's, or its URL. */
  readonly ledger: (reader: LedgerReader, path: string) => Promise<T>;
  readonly lines: (lines: AsyncIterable<TrailLine>, tally: () => LineTally) => Promise<T>;
}

/** Runs the one task that fits the options. Throws a CommandError when they name both sources. */
export async function withTrail<T>(
  call: Call,
  deps: CliDeps,
  { ledger, lines, showsProgress: isShown = true }: TrailTasks<T>,
): Promise<T> {
  const files = call.lists['lines'] ?? [];
  if (files.length === 0) {
    const chosen = await chooseLedger(call, deps);
    return await withLedger(deps.openReader(chosen), (reader) =>
      readThrough(reader, () => ledger(reader, ledgerName(chosen))),
    );
  }
  if (call.options['ledger'] !== undefined) throw new CommandError('usage', 'give --ledger or --lines, not both');
  if (files.filter((file) => file === '-').length > 1) throw new CommandError('usage', 'stdin can be read only once');
  const delivered = readDeliveredLines(files, deps.audit);
  const row = { doing: 'Reading', unit: 'delivered lines', total: null };
  return await withProgress(row, { call, deps, isShown }, (progress) =>
    lines(counting(delivered.lines, progress), delivered.tally),
  );
}
