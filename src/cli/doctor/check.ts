import { thrownName } from '../../lib/thrown.ts';
import type { Schedule } from '../../ports/schedule.ts';
import { withDeadline } from '../../tasks/with-deadline.ts';

/**
 * What a check of the command `doctor` is, and the function that runs all checks: concurrently, each with a timeout; a
 * failing check does not stop another. The result of a check is one sentence about one fact and, where something has to
 * be done, a second one with the remedy. Neither holds a secret or an e-mail address.
 */
export interface Check {
  /** Stable, for programs: `policy`, `issuer:corp`. */
  readonly id: string;
  readonly title: string;
  run(): Promise<Diagnosis>;
}

export type CheckStatus = 'ok' | 'warning' | 'failed' | 'skipped';

export interface Diagnosis {
  readonly status: CheckStatus;
  readonly message: string;
  /** What to do about it; null when there is nothing to do. */
  readonly remedy: string | null;
  /** Details for a person, one a line. */
  readonly lines?: readonly string[];
  /** Details for programs. */
  readonly details?: Readonly<Record<string, string | number | boolean | null | readonly string[]>>;
}

export interface CheckResult extends Diagnosis {
  readonly id: string;
  readonly title: string;
}

export interface RunOptions {
  readonly schedule: Schedule;
  /** The time limit of each check. */
  readonly timeoutMs: number;
}

/** The results have the order of `checks`, regardless of the order in which the checks end. */
export function runChecks(checks: readonly Check[], options: RunOptions): Promise<CheckResult[]> {
  return Promise.all(checks.map((check) => runCheck(check, options)));
}

async function runCheck({ id, title, run }: Check, { schedule, timeoutMs }: RunOptions): Promise<CheckResult> {
  const diagnosis = await withDeadline(attempt(run), { schedule, deadlineMs: timeoutMs }).catch(() =>
    // An attempt never rejects, so this is the timeout.
    failed(`did not end within ${timeoutMs / 1000} s`, 'Run doctor again; if it stays so, report it.'),
  );
  return { id, title, ...diagnosis };
}

/** Reports only the name of a thrown error: its message may quote input. */
async function attempt(run: Check['run']): Promise<Diagnosis> {
  try {
    return await run();
  } catch (error) {
    const name = thrownName(error);
    return failed(`could not be carried out (${name})`, 'This is a fault of this program; please report it.');
  }
}

type Details = Pick<Diagnosis, 'details' | 'lines'>;

export function ok(message: string, more: Details = {}): Diagnosis {
  return { status: 'ok', message, remedy: null, ...more };
}

export function warning(message: string, remedy: string, more: Details = {}): Diagnosis {
  return { status: 'warning', message, remedy, ...more };
}

export function failed(message: string, remedy: string, more: Details = {}): Diagnosis {
  return { status: 'failed', message, remedy, ...more };
}

export function skipped(message: string, remedy: string | null = null): Diagnosis {
  return { status: 'skipped', message, remedy };
}
