/**
 * The progress of a long command: one line on stderr that is rewritten and removed at the end, also by Ctrl-C. It appears
 * only when stderr is a terminal, and never with --json. It is no result: nothing of it is printed when output is piped.
 * Counting is cheap: the clock is read once in CHECK_EVERY items, and the line is written at most four times a second.
 */
import type { CliDeps } from '../deps.ts';
import type { Call } from './command.ts';

export interface Progress {
  /** `count` more items are done. */
  advance(count?: number): void;
  /**
   * Resolves in the next turn of the event loop; null when the line was not written since the last call, so that it costs
   * nothing. A command that computes without a pause has to await it: only between two turns can Ctrl-C be handled. Until
   * the first call Ctrl-C ends the process at once, and the line stays.
   */
  turn(): Promise<void> | null;
  /** Removes the line. Call it before anything else is printed; a second call does nothing. */
  end(): void;
}

export interface ProgressRow {
  /** `Verifying`. */
  readonly doing: string;
  /** `records`. */
  readonly unit: string;
  /** How many items there will be; null when it is not known. */
  readonly total: number | null;
}

type ProgressDeps = Pick<CliDeps, 'terminal' | 'clock'>;

const CHECK_EVERY = 1_000;
const REDRAW_EVERY_MS = 250;
/** Back to the first column, and everything behind it is removed (ECMA-48, EL). */
const CLEAR = '\r\u001b[K';
const NUMBERS = new Intl.NumberFormat('en-US');

/** Calls `task` with a progress that ends before this function returns or rejects. `isShown` is false beside other output. */
export async function withProgress<T>(
  row: ProgressRow,
  {
    call,
    deps,
    isShown = true,
  }: { readonly call: Pick<Call, 'options'>; readonly deps: ProgressDeps; readonly isShown?: boolean },
  task: (progress: Progress) => Promise<T>,
): Promise<T> {
  const progress = createProgress(row, deps, isShown && call.options['json'] === undefined);
  try {
    return await task(progress);
  } finally {
    progress.end();
  }
}

/** The same items, each of them counted. */
export async function* counting<T>(items: AsyncIterable<T> | Iterable<T>, progress: Progress): AsyncGenerator<T> {
  for await (const item of items) {
    progress.advance();
    const turn = progress.turn();
    if (turn !== null) await turn;
    yield item;
  }
}

export function createProgress({ doing, unit, total }: ProgressRow, deps: ProgressDeps, isWanted: boolean): Progress {
  const { terminal, clock } = deps;
  if (!isWanted || !terminal.showsProgress())
    return { advance: () => undefined, turn: () => null, end: () => undefined };
  let done = 0;
  let next = CHECK_EVERY;
  let drawnAt = clock.now();
  let undo: (() => void) | null = null;
  let isDrawn = false;
  let isFresh = false;
  let takesTurns = false;

  function draw(): void {
    const now = clock.now();
    // A clock that was set back must not stop the line for hours.
    if (Math.abs(now - drawnAt) < REDRAW_EVERY_MS) return;
    drawnAt = now;
    // A handler that no turn lets run would keep Ctrl-C from ending the process.
    if (takesTurns) undo ??= terminal.beforeInterrupt(() => terminal.draw(CLEAR));
    isDrawn = true;
    isFresh = true;
    terminal.draw(`${CLEAR}${doing}: ${amount(done, total, unit)}`);
  }

  return {
    advance(count = 1) {
      done += count;
      if (done < next) return;
      next = done + CHECK_EVERY;
      draw();
    },
    turn() {
      takesTurns = true;
      if (!isFresh) return null;
      isFresh = false;
      return terminal.nextTurn();
    },
    end() {
      next = Infinity;
      undo?.();
      undo = null;
      if (!isDrawn) return;
      isDrawn = false;
      terminal.draw(CLEAR);
    },
  };
}

function amount(done: number, total: number | null, unit: string): string {
  if (total === null || total < done || total === 0) return `${NUMBERS.format(done)} ${unit}`;
  return `${NUMBERS.format(done)} of ${NUMBERS.format(total)} ${unit} (${Math.floor((100 * done) / total)} %)`;
}
