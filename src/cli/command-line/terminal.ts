/**
 * The terminal that a command runs on, with its Node adapter: the width of stdout, and one line on stderr that can be
 * rewritten. It is not the way to print results or messages: print.ts is, which keeps whole lines whole.
 */
import { writeSync } from 'node:fs';

export interface Terminal {
  /** The columns of the terminal that stdout is. Infinity when stdout is a pipe or a file: programs search by line. */
  readonly width: () => number;
  /** Whether stderr is a terminal, so that a line on it can be rewritten. */
  readonly showsProgress: () => boolean;
  /** Writes to stderr at once. A terminal that does not take the text is no failure. */
  readonly draw: (text: string) => void;
  /** Resolves in the next turn of the event loop, in which signals are handled. */
  readonly nextTurn: () => Promise<void>;
  /** On an interrupt (SIGINT), calls `task` before the signal ends the process. The returned function undoes that. */
  readonly beforeInterrupt: (task: () => void) => () => void;
}

/** Of a terminal that does not say its own. */
const DEFAULT_WIDTH = 80;
/** In fewer columns wrapped text is harder to read than text that the terminal breaks. */
const MIN_WIDTH = 40;
const STDERR_FD = 2;

export const nodeTerminal: Terminal = {
  width: () => (process.stdout.isTTY ? Math.max(MIN_WIDTH, process.stdout.columns || DEFAULT_WIDTH) : Infinity),
  showsProgress: () => process.stderr.isTTY && process.env['TERM'] !== 'dumb',
  draw(text) {
    try {
      writeSync(STDERR_FD, text);
    } catch {
      // It is gone, or takes nothing now.
    }
  },
  nextTurn: () => new Promise((resolve) => void setImmediate(resolve)),
  beforeInterrupt(task) {
    const listener = (): void => {
      task();
      // This listener is used up. Without another one, the signal ends the process as if there had been none.
      process.kill(process.pid, 'SIGINT');
    };
    process.once('SIGINT', listener);
    return () => void process.removeListener('SIGINT', listener);
  },
};
