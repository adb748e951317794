/**
 * Renders rows as a table whose last column is wrapped to the width of the terminal. The other columns are as wide as
 * their longest cell, up to a third of the width: a longer cell (a path) has a line of its own, so that it can be
 * copied whole. Pure.
 */
import { wrapLines } from './wrap.ts';

export interface TableOptions {
  readonly width: number;
  /** Before each line. */
  readonly indent: string;
  /** Called with a whole cell and its column. Its text must keep its width on the screen. */
  readonly paint?: (cell: string, column: number) => string;
}

const MIN_COLUMN = 28;
const GAP = '  ';
/** Less is no column for sentences. */
const MIN_LAST = 16;

/** `rows` have as many cells as `head`. Each line ends with a line end. */
export function renderTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  { width, indent, paint = (cell) => cell }: TableOptions,
): string {
  const last = head.length - 1;
  const maxColumn = Math.max(MIN_COLUMN, Math.floor(width / 3));
  const widths = head
    .slice(0, last)
    .map((title, column) =>
      Math.min(maxColumn, Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0))),
    );
  const before = indent.length + widths.reduce((sum, one) => sum + one + GAP.length, 0);
  const lastWidth = Math.max(MIN_LAST, width - before);

  function render(row: readonly string[], painted: typeof paint): string {
    let text = indent;
    for (const [column, size] of widths.entries()) {
      const cell = row[column] ?? '';
      const start = indent.length + widths.slice(0, column).reduce((sum, one) => sum + one + GAP.length, 0);
      text += painted(cell, column) + ' '.repeat(Math.max(0, size - cell.length)) + GAP;
      if (cell.length > size) text = `${text.trimEnd()}\n${' '.repeat(start + size + GAP.length)}`;
    }
    const sentences = wrapLines(row[last] ?? '', lastWidth).map((line) => painted(line, last));
    return `${text}${sentences.join(`\n${' '.repeat(before)}`)}\n`;
  }

  return [render(head, (cell) => cell), ...rows.map((row) => render(row, paint))].join('');
}
