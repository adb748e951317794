import type { Entry } from './entry.ts';
import { standInFor } from './entry.ts';
import type { SinkFailure } from './sink.ts';
import { SinkError } from './sink.ts';

/**
 * Writes entries around those that the destination refuses for their content, so that one of them neither stops the sink
 * nor is repeated for ever. Where the answer names no entry, halves are sent until the refused one is alone. A stand-in is
 * sent in its place, and proves that the destination refuses the content and not the sender. Where the stand-in is refused,
 * too, the write fails and everything is offered again. Invariant: each entry is taken, or its stand-in is.
 */
export type WriteEntries = (entries: readonly Entry[]) => Promise<void>;

export type OnRefused = (entry: Entry, reason: SinkFailure) => void;

export interface WriteAroundDeps {
  /** Sends entries in one request. Resolves with those that the answer refuses by name; else rejects with a SinkError. */
  readonly post: (entries: readonly Entry[]) => Promise<readonly Entry[]>;
  /** The stand-in of this entry was taken. */
  readonly onRefused: OnRefused;
}

/** Failures that may be the fault of one entry among those of the request. */
const OF_CONTENT: ReadonlySet<SinkFailure> = new Set(['content_refused', 'partly_refused']);
/** Every reason for which one entry can be refused. */
export const REFUSALS_OF_ONE = ['content_refused', 'partly_refused', 'too_large'] as const satisfies SinkFailure[];
/**
 * So many entries in a row without one that is taken: then the destination refuses records as such, for example after a
 * change of its schema. The sink waits for its operators, because a destination full of stand-ins is of no use.
 */
export const MOST_REFUSED_IN_A_ROW = 10;

export function createWriteAround({ post, onRefused }: WriteAroundDeps): WriteEntries {
  let inARow = 0;

  async function write(entries: readonly Entry[]): Promise<void> {
    if (entries.length === 0) return;
    let refused: readonly Entry[];
    try {
      refused = await post(entries);
    } catch (error) {
      if (!(error instanceof SinkError)) throw error;
      await split(entries, error);
      return;
    }
    const areSomeTaken = refused.length < entries.length;
    if (areSomeTaken) inARow = 0;
    if (refused.length > 0) await replace(refused, new SinkError('content_refused'), areSomeTaken);
  }

  async function split(entries: readonly Entry[], error: SinkError): Promise<void> {
    const isOfContent = OF_CONTENT.has(error.reason);
    // A batch that is too large is halved by the caller, who remembers the size that fits.
    if (!isOfContent && (error.reason !== 'too_large' || entries.length > 1)) throw error;
    if (entries.length === 1) {
      await replace(entries, error, false);
      return;
    }
    const half = Math.ceil(entries.length / 2);
    await write(entries.slice(0, half));
    await write(entries.slice(half));
  }

  async function replace(refused: readonly Entry[], error: SinkError, areOthersTaken: boolean): Promise<void> {
    const { reason } = error;
    if (!areOthersTaken && inARow + refused.length > MOST_REFUSED_IN_A_ROW) throw error;
    let again: readonly Entry[];
    try {
      again = await post(refused.map((entry) => standInFor(entry, reason)));
    } catch (failure) {
      const isRefused =
        failure instanceof SinkError && (OF_CONTENT.has(failure.reason) || failure.reason === 'too_large');
      throw isRefused ? error : failure;
    }
    if (again.length > 0) throw error;
    if (!areOthersTaken) inARow += refused.length;
    for (const entry of refused) onRefused(entry, reason);
  }

  return write;
}
