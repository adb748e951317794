/** The period of a command, from --from and --to or from --month. Pure. */
import { CommandError } from '../command-line/command-error.ts';
import type { Call, OptionRow } from '../command-line/command.ts';
import { momentOf } from './instant.ts';

export interface Period {
  /** Inclusive; milliseconds since the epoch. -Infinity: from the beginning. */
  readonly fromMs: number;
  /** Exclusive. Infinity: to the end. */
  readonly toMs: number;
}

export const PERIOD_OPTIONS = {
  from: { value: 'TIME', about: 'Records from this moment on; from the first one when left out.' },
  to: { value: 'TIME', about: 'Records before this moment; to the last one when left out.' },
  month: { value: 'YYYY-MM', about: 'The whole month in UTC, in place of --from and --to.' },
} as const satisfies Record<string, OptionRow>;

const MONTH = /^(\d{4})-(0[1-9]|1[0-2])$/;

/** Throws a CommandError when the options do not make one. */
export function periodIn({ options: { from, to, month } }: Call): Period {
  const unclear = (message: string): CommandError => new CommandError('usage', message);
  if (typeof month === 'string') {
    if (from !== undefined || to !== undefined)
      throw unclear('--month is a whole month: leave it out, or --from and --to');
    const period = monthOf(month);
    if (period === null) throw unclear('--month is a month like 2026-05');
    return period;
  }
  const fromMs = typeof from === 'string' ? momentOf(from) : -Infinity;
  const toMs = typeof to === 'string' ? momentOf(to) : Infinity;
  if (fromMs === null || toMs === null)
    throw unclear(`--${fromMs === null ? 'from' : 'to'} is a date like 2026-05-01 or a time like 2026-05-01T00:00:00Z`);
  if (fromMs >= toMs) throw unclear('--from must be before --to');
  return { fromMs, toMs };
}

/** Null when the text is no month. */
function monthOf(text: string): Period | null {
  const match = MONTH.exec(text);
  if (match === null) return null;
  const [year, month] = [Number(match[1]), Number(match[2])];
  const begin = (months: number): number => new Date(0).setUTCFullYear(year, months, 1);
  return { fromMs: begin(month - 1), toMs: begin(month) };
}
