/**
 * The end nobody planned: an exception or rejection that nothing caught. Node would print its message and stack, which
 * may hold a key or an address; here a line names the error's class and place, and the process ends with 1.
 * Nothing is tidied up, because nothing can be trusted any more; the ledger is whole after every commit.
 */
import { thrownAt } from '../../../lib/thrown-at.ts';
import type { Logger } from '../../../ports/logger.ts';

export interface CrashDeps {
  readonly logger: Logger;
  /** Lets the last log lines out. */
  readonly flush: () => Promise<void>;
}

/** For a reader of stdout that does not read. */
const FLUSH_MS = 1_000;

export function onCrash({ logger, flush }: CrashDeps): void {
  async function crash(error: unknown): Promise<void> {
    const known = error instanceof Error ? error : null;
    logger.error('crashed', {
      error: known?.name ?? typeof error,
      code: known !== null && 'code' in known && typeof known.code === 'string' ? known.code : undefined,
      at: known === null ? null : thrownAt(known),
    });
    setTimeout(() => process.exit(1), FLUSH_MS);
    await flush();
    process.exit(1);
  }
  // Rejections that nothing handles arrive here as well.
  process.on('uncaughtException', (error: unknown) => void crash(error));
}
