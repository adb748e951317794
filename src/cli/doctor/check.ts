import type { Schedule } from '../../ports/schedule.ts';

/**
 * What a check of doctor is, and how many are run: side by side, each within its time, none able to stop another.
 * A check says one thing in one sentence and, where something is to be done, how; it holds no secret and nobody's
 * address.
 */
export interface Check {
  /** Stable, for programs: `policy`, `issuer:corp`. */
  readonly id: string;
  readonly title: string;
  look(): Promise<Finding>;
}

export type CheckStatus = 'ok' | 'warning' | 'failed' | 'skipped';

export interface Finding {
  readonly status: CheckStatus;
  readonly says: string;
  /** What to do about it; null where nothing is to be done. */
  readonly remedy: string | null;
  /** Particulars, one a line. */
  readonly lines?: readonly string[];
  /** For programs. */
  readonly details?: Readonly<Record<string, string | number | boolean | null | readonly string[]>>;
}

export interface CheckResult extends Finding {
  readonly id: string;
  readonly title: string;
}

export interface RunOptions {
  readonly schedule: Schedule;
  /** For each check. */
  readonly timeoutMs: number;
}

/** In the order of `checks`, whatever the order in which they end. */
export function runChecks(checks: readonly Check[], options: RunOptions): Promise<CheckResult[]> {
  return Promise.all(checks.map((check) => runCheck(check, options)));
}

async function runCheck({ id, title, look }: Check, { schedule, timeoutMs }: RunOptions): Promise<CheckResult> {
  const late = Promise.withResolvers<Finding>();
  const cancel = schedule.after(timeoutMs, () => {
    late.resolve(failed(`did not end within ${timeoutMs / 1000} s`, 'Run doctor again; if it stays so, report it.'));
  });
  const finding = await Promise.race([attempt(look), late.promise]);
  cancel();
  return { id, title, ...finding };
}

/** The name of what was thrown and no more: a message may quote what was being read. */
async function attempt(look: Check['look']): Promise<Finding> {
  try {
    return await look();
  } catch (error) {
    const name = error instanceof Error ? error.name : typeof error;
    return failed(`could not be carried out (${name})`, 'This is a fault of this program; please report it.');
  }
}

type Details = Pick<Finding, 'details' | 'lines'>;

export function ok(says: string, more: Details = {}): Finding {
  return { status: 'ok', says, remedy: null, ...more };
}

export function warning(says: string, remedy: string, more: Details = {}): Finding {
  return { status: 'warning', says, remedy, ...more };
}

export function failed(says: string, remedy: string, more: Details = {}): Finding {
  return { status: 'failed', says, remedy, ...more };
}

export function skipped(says: string, remedy: string | null = null): Finding {
  return { status: 'skipped', says, remedy };
}
