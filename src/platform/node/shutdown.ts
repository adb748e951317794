/**
 * The order in which a process ends: not ready, no new connections, what is under way to its end, the audit
 * trail out, the ledger closed. A second signal, or the deadline, ends it at once with exit code 1.
 */
import type { Logger } from '../../ports/logger.ts';

export interface ShutdownStep {
  readonly name: string;
  readonly run: () => Promise<unknown>;
}

export interface Shutdown {
  readonly logger: Logger;
  /** Called at once, before any step. */
  readonly begin: () => void;
  readonly steps: readonly ShutdownStep[];
  /** Lets the last log lines out. */
  readonly flush: () => Promise<void>;
}

/** Every request is over by then: 10 s to arrive, 20 s upstream at most, 5 s to settle. */
const DEADLINE_MS = 35_000;

/** Runs the steps in order on SIGTERM or SIGINT, then exits 0. A failing step is logged and does not stop the rest. */
export function onShutdown({ logger, begin, steps, flush }: Shutdown): void {
  let begun = false;
  const shutDown = async (signal: NodeJS.Signals): Promise<void> => {
    if (begun) process.exit(1);
    begun = true;
    begin();
    logger.info('shutdown_begun', { signal });
    setTimeout(() => {
      logger.error('shutdown_deadline_passed');
      process.exit(1);
    }, DEADLINE_MS).unref();
    let code = 0;
    for (const { name, run } of steps) {
      try {
        await run();
      } catch {
        code = 1;
        logger.error('shutdown_step_failed', { step: name });
      }
    }
    logger.info('shutdown_complete');
    await flush();
    process.exit(code);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, (name) => void shutDown(name));
}
