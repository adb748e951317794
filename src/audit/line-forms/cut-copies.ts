import type { ReadLine } from './read-line.ts';

/**
 * Finds lines that were cut and follow whole. A full disk or a killed process cuts a line, and its batch is delivered
 * again: what is left of the line is the beginning of a sound line soon after it, so it hides nothing and is no fault. A
 * cut line is held back, with the lines after it, until that line comes or is not to be expected any more.
 */
export interface CutCopies {
  take(read: readonly ReadLine[]): readonly ReadLine[];
  end(): readonly ReadLine[];
}

/** More than the lines of a batch, with operational lines between. */
const MAX_HELD = 300;

interface Held {
  readonly line: ReadLine;
  /** What is left of a cut line; null for another line, and when it follows whole. */
  cut: string | null;
}

export function createCutCopies(): CutCopies {
  /** Begins with a cut line. */
  let held: Held[] = [];

  function hold(line: ReadLine): void {
    const whole = wholeBody(line);
    if (whole !== null) {
      for (const one of held) if (one.cut !== null && whole.startsWith(one.cut)) one.cut = null;
    }
    held.push({ line, cut: cutBody(line) });
  }

  function release(isEnd: boolean): readonly ReadLine[] {
    const first = held.findIndex(({ cut }, index) => cut !== null && !isEnd && held.length - index <= MAX_HELD);
    const free = first === -1 ? held : held.slice(0, first);
    held = first === -1 ? [] : held.slice(first);
    return free.map(({ line, cut }) => (cut === null && cutBody(line) !== null ? copyOf(line) : line));
  }

  return {
    take(read) {
      if (held.length === 0 && read.every((line) => cutBody(line) === null)) return read;
      read.forEach(hold);
      return release(false);
    },
    end: () => release(true),
  };
}

function copyOf({ place, lines }: ReadLine): ReadLine {
  return { kind: 'other', what: 'cut_copy', place, lines };
}

function cutBody(line: ReadLine): string | null {
  const isCut = line.kind === 'item' && line.item.kind === 'damaged' && line.item.what === 'text';
  return isCut && line.text !== null ? bodyOf(line.text) : null;
}

function wholeBody(line: ReadLine): string | null {
  return line.kind === 'item' && line.item.kind !== 'damaged' && line.text !== null ? bodyOf(line.text) : null;
}

/** The part of a line on stdout that holds the record. The part before it holds the time of writing. */
const BEFORE_BODY = /^\{"level":.{0,100}?"channel":"audit",?/;

function bodyOf(text: string): string {
  return text.replace(BEFORE_BODY, '');
}
