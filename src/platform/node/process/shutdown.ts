/**
 * The order in which a process ends: not ready, a moment for load balancers to notice, no new connections, what is under
 * way to its end, the audit trail out, the ledger closed, exit 0. Bounded: what is still upstream after `CUT_AFTER_MS` is
 * cut and goes on record as unknown; at the deadline, or at the same signal a second time, the process ends with 1.
 * Nothing is lost even then: an intent without an outcome becomes unknown after the next start.
 */
import type { Logger } from '../../../ports/logger.ts';
import type { Schedule } from '../../../ports/schedule.ts';

export interface ShutdownStep {
  readonly name: string;
  readonly run: () => Promise<unknown>;
}

export interface Shutdown {
  readonly logger: Logger;
  /** Called at once, before anything else: readiness goes off. */
  readonly begin: () => void;
  /** How long to go on as before, on SIGTERM only: whoever presses Ctrl-C balances no load. */
  readonly graceMs: number;
  /** Ends what waits for others. */
  readonly cut: () => void;
  readonly steps: readonly ShutdownStep[];
  /** Lets the last log lines out. */
  readonly flush: () => Promise<void>;
}

/** The process, as far as its end is concerned. */
export interface Ending extends Schedule {
  exit(code: number): void;
}

/** A default upstream timeout (15 s) begun at the end of the grace ends by itself before this. */
export const CUT_AFTER_MS = 18_000;
/** Orchestrators kill after 30 s or so; being killed tells nobody why. */
export const DEADLINE_MS = 19_500;

/** Its timers keep the process alive, unlike those of `schedule`: an end must not come by running out of things to do. */
const processEnding: Ending = {
  after(delayMs, task) {
    const timer = setTimeout(task, delayMs);
    return () => clearTimeout(timer);
  },
  exit: (code) => process.exit(code),
};

/** What to call with each signal. A failing step is logged, does not stop the rest, and makes the exit code 1. */
export function createShutdown(
  { logger, begin, graceMs, cut, steps, flush }: Shutdown,
  { after, exit }: Ending = processEnding,
): (signal: NodeJS.Signals) => Promise<void> {
  const seen = new Set<NodeJS.Signals>();

  return async function shutDown(signal) {
    // A terminal's Ctrl-C can reach a process twice, as SIGINT and as its parent's SIGTERM; that is one wish, not two.
    if (seen.has(signal)) return exit(1);
    seen.add(signal);
    if (seen.size > 1) return;
    begin();
    logger.info('shutdown_begun', { signal });
    after(DEADLINE_MS, () => {
      logger.error('shutdown_deadline_passed');
      exit(1);
    });
    after(CUT_AFTER_MS, () => {
      logger.warn('shutdown_cut');
      cut();
    });
    if (signal === 'SIGTERM' && graceMs > 0) await new Promise<void>((resolve) => after(graceMs, resolve));
    const succeeded = await runSteps({ steps, logger });
    logger.info('shutdown_complete');
    await flush();
    exit(succeeded ? 0 : 1);
  };
}

/** Runs every step in order. A step that fails is logged and stops no other; then the result is false. */
export async function runSteps({ steps, logger }: Pick<Shutdown, 'steps' | 'logger'>): Promise<boolean> {
  let succeeded = true;
  for (const { name, run } of steps) {
    try {
      await run();
    } catch {
      succeeded = false;
      logger.error('shutdown_step_failed', { step: name });
    }
  }
  return succeeded;
}

/** Ends the process on SIGTERM and SIGINT. */
export function onShutdown(shutdown: Shutdown): void {
  const shutDown = createShutdown(shutdown);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, (name) => void shutDown(name));
}
