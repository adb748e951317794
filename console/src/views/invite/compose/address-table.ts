/**
 * Takes the column of addresses out of a table: cells copied from a spreadsheet, or CSV with more columns. Other text stays as it
 * is, and so does a table in which it is not clear which column is meant. Pure. Invariants: no text with an `@` is left
 * out, and each line stays on its line.
 */
export interface AddressTable {
  /** For `parseAddresses`. */
  readonly text: string;
  /** How many columns with words were left out. */
  readonly otherColumns: number;
}

interface Column {
  readonly delimiter: string;
  /** From 0. */
  readonly at: number;
  readonly columns: number;
}

const LINE_END = /\r\n|[\n\r]/;

export function addressTable(list: string): AddressTable {
  const rows = list.split(LINE_END);
  const table = findColumn(rows.filter((row) => row.trim() !== ''));
  if (table === null) return { text: list, otherColumns: 0 };
  const named = new Set<number>();
  const lines = rows.map((row) => {
    const cells = cellsOf(row, table.delimiter);
    if (cells.length !== table.columns) return row;
    const others = cells.map((cell, at) => (at === table.at ? '' : cell.trim()));
    for (const [at, cell] of others.entries()) if (/\p{L}/u.test(cell)) named.add(at);
    const address = cells[table.at] ?? '';
    // A row without an address is a person who would be missed: it stays, as one entry.
    return address.trim() === '' ? others.filter(Boolean).join(' ').replace(/[,;|]/g, ' ') : address;
  });
  return { text: lines.join('\n'), otherColumns: named.size };
}

/** Null: no table, or more than one column with an `@`. */
function findColumn(rows: readonly string[]): Column | null {
  for (const delimiter of ['\t', ';', ',']) {
    // A tab comes from a copied table, not from typing, so a line without one does not belong to the table.
    const isCopied = delimiter === '\t';
    const split = rows.map((row) => cellsOf(row, delimiter)).filter(({ length }) => !isCopied || length > 1);
    const columns = split[0]?.length ?? 0;
    if (columns < 2 || split.length < (isCopied ? 1 : 2) || split.some(({ length }) => length !== columns)) continue;
    const used = new Set(split.flatMap((cells) => cells.flatMap((cell, at) => (cell.includes('@') ? [at] : []))));
    const [at] = used;
    if (at === undefined || used.size > 1) continue;
    // `Smith, Ann <ann@acme.com>` is one entry.
    if (!isCopied && split.some((cells) => cells[at]?.includes('<'))) continue;
    return { delimiter, at, columns };
  }
  return null;
}

/** Quotation marks protect what is inside. */
function cellsOf(row: string, delimiter: string): readonly string[] {
  const cells: string[] = [];
  let isOpen = false;
  for (const part of row.split(delimiter)) {
    if (isOpen) cells.push(`${cells.pop() ?? ''}${delimiter}${part}`);
    else cells.push(part);
    const marks = part.split('"').length - 1;
    isOpen = isOpen !== (marks % 2 === 1);
  }
  return cells;
}
