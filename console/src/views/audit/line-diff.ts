/** Which lines of a text are gone, and which are new: the shortest such list, in order, with a line of context. Pure. */
export interface DiffLine {
  readonly kind: 'same' | 'gone' | 'new' | 'left_out';
  readonly text: string;
}

const CONTEXT = 1;
/** Two texts of this many lines cost a table of nine million cells. */
const MAX_LINES = 3_000;

/** Null when the texts are too long to be compared here. */
export function diffLines(before: readonly string[], after: readonly string[]): readonly DiffLine[] | null {
  if (before.length > MAX_LINES || after.length > MAX_LINES) return null;
  return withoutFarLines(allLines(before, after));
}

/** By the longest common subsequence: `common[i][j]` is its length from line i of `before` and line j of `after` on. */
function allLines(before: readonly string[], after: readonly string[]): readonly DiffLine[] {
  const width = after.length + 1;
  const common = new Uint16Array((before.length + 1) * width);
  const at = (i: number, j: number): number => common[i * width + j] ?? 0;
  for (let i = before.length - 1; i >= 0; i -= 1)
    for (let j = after.length - 1; j >= 0; j -= 1)
      common[i * width + j] = before[i] === after[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  const lines: DiffLine[] = [];
  let [i, j] = [0, 0];
  while (i < before.length || j < after.length) {
    const [old, next] = [before[i], after[j]];
    if (old !== undefined && old === next) {
      lines.push({ kind: 'same', text: old });
      i += 1;
      j += 1;
    } else if (next === undefined || (old !== undefined && at(i + 1, j) >= at(i, j + 1))) {
      lines.push({ kind: 'gone', text: old ?? '' });
      i += 1;
    } else {
      lines.push({ kind: 'new', text: next });
      j += 1;
    }
  }
  return lines;
}

function withoutFarLines(lines: readonly DiffLine[]): readonly DiffLine[] {
  const isNear = (place: number): boolean =>
    lines.slice(Math.max(0, place - CONTEXT), place + CONTEXT + 1).some(({ kind }) => kind !== 'same');
  const shown: DiffLine[] = [];
  for (const [place, line] of lines.entries()) {
    if (isNear(place)) shown.push(line);
    else if (shown.at(-1)?.kind !== 'left_out') shown.push({ kind: 'left_out', text: '⋯' });
  }
  return shown;
}
