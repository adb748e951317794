import { thrownCode } from '../../lib/thrown.ts';
import type { Output } from '../../platform/node/telemetry/output.ts';
import { CommandError } from './command-error.ts';

/**
 * Prints to stdout or stderr. Resolves when the kernel has the whole text. A pipe that its reader has closed (EPIPE) is
 * not a failure: the result is then `closed`, and what is printed later is dropped. Every other failure, such as a full
 * disk, rejects with a CommandError, so that an incomplete output is never reported as success.
 */
export type Print = (text: string) => Promise<'printed' | 'closed'>;

export function createPrint(name: 'stdout' | 'stderr', { write }: Pick<Output, 'write'>): Print {
  let isClosed = false;
  return async (text) => {
    if (isClosed) return 'closed';
    try {
      await write(text);
      return 'printed';
    } catch (error) {
      if (thrownCode(error) !== 'EPIPE') throw unwritten(name, error, 'so the output is not complete');
      isClosed = true;
      return 'closed';
    }
  };
}

/** `name` is the file, or the stream; `consequence` follows as the end of the sentence. */
export function unwritten(name: string, cause: unknown, consequence: string): CommandError {
  const message = `${name} could not be written to its end (${thrownCode(cause) ?? 'unknown error'}), ${consequence}`;
  return new CommandError('io', message, { cause });
}
