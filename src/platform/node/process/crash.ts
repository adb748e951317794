/**
 * Handles uncaught exceptions and unhandled rejections: it logs the error's class and place, and ends the process with
 * exit code 1. Node itself would print the message and the stack, which may hold a key or an address. It runs no
 * shutdown steps, because the state of the process cannot be trusted any more. The ledger needs none: it is consistent
 * after every commit.
 */
import { thrownAt, thrownCode, thrownName } from '../../../lib/thrown.ts';
import type { Logger } from '../../../ports/logger.ts';

export interface CrashDeps {
  readonly logger: Logger;
  /** Writes the last log lines. */
  readonly flush: () => Promise<void>;
}

/** How long to wait for stdout when its reader has stopped. */
const FLUSH_MS = 1_000;

export function onCrash({ logger, flush }: CrashDeps): void {
  async function crash(error: unknown): Promise<void> {
    logger.error('crashed', {
      error: thrownName(error),
      code: thrownCode(error) ?? undefined,
      at: thrownAt(error),
    });
    setTimeout(() => process.exit(1), FLUSH_MS);
    await flush();
    process.exit(1);
  }
  // Unhandled rejections raise this event too.
  process.on('uncaughtException', (error: unknown) => void crash(error));
}
