import { accessTo } from './access.ts';
import type { ServerLedger } from './access.ts';
import { createConnections } from './connections.ts';
import type { Connections } from './connections.ts';
import { failureSentence } from './failure-sentence.ts';

/** A ledger in PostgreSQL cannot be used. The message is a sentence for the operator, without data of the server. */
export class LedgerServerError extends Error {
  override readonly name = 'LedgerServerError';
}

export interface ToolConnections {
  readonly connections: Connections;
  readonly errorOf: (error: unknown) => LedgerServerError;
}

/**
 * The connections of one command: one for reading and one for writing. `open` returns what uses them, and closes them;
 * when it fails they are closed here. Rejects with a LedgerServerError.
 */
export async function withServer<T>(
  { place, access, namedBy }: ServerLedger,
  open: (tool: ToolConnections) => Promise<T>,
): Promise<T> {
  const errorOf = (error: unknown): LedgerServerError =>
    error instanceof LedgerServerError
      ? error
      : new LedgerServerError(`${namedBy} ${failureSentence(error, place)}`, { cause: error });
  const options = await accessTo(place, access).catch((error: unknown) => {
    // A sentence that names the setting of the file.
    throw new LedgerServerError(error instanceof Error ? error.message : 'a file cannot be read', { cause: error });
  });
  const connections = createConnections({ ...options, maxConnections: 1 });
  try {
    return await open({ connections, errorOf });
  } catch (error) {
    await connections.close();
    throw errorOf(error);
  }
}
