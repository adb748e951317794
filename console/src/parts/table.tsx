import type { ComponentChildren } from 'preact';

/**
 * A table that can be read at 360 pixels: there each row is a card, and each cell says its column. Long ones scroll in
 * a region of their own, which the keyboard reaches.
 */
export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => ComponentChildren;
  readonly align?: 'end';
}

export interface TableProps<Row> {
  /** Read out before the table. */
  readonly caption: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  /** The caption is visible. */
  readonly captionShown?: boolean;
}

export function Table<Row>({ caption, columns, rows, keyOf, captionShown = false }: TableProps<Row>) {
  return (
    <div class="table-region" role="region" aria-label={caption} tabIndex={0}>
      <table>
        <caption class={captionShown ? undefined : 'unseen'}>{caption}</caption>
        <thead>
          <tr>
            {columns.map(({ title, align }) => (
              <th key={title} scope="col" class={align}>
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={keyOf(row)}>
              {columns.map(({ title, cell, align }) => (
                <td key={title} data-title={title} class={align}>
                  {cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
