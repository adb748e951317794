/**
 * A table: each row has a name and what is said about it. On a narrow screen the stylesheet lays the cells below each
 * other. That takes the meaning of a table from its elements in some browsers, so the roles are written out.
 */
import { html } from 'hono/html';
import type { Html } from './text.ts';

export interface Row {
  /** Its address in the page. */
  readonly id?: string;
  readonly head: Html;
  readonly cells: readonly Html[];
}

export interface Table {
  readonly kind: 'fields' | 'answers' | 'reading' | 'refusals' | 'headers' | 'limits';
  /** Names the table for people who do not see where it stands. */
  readonly caption: string;
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
}

export function table({ kind, caption, columns, rows }: Table): Html {
  return html`<table class="${kind}" role="table">
    <caption>
      ${caption}
    </caption>
    <thead role="rowgroup">
      <tr role="row">
        ${columns.map((name) => html`<th role="columnheader" scope="col">${name}</th>`)}
      </tr>
    </thead>
    <tbody role="rowgroup">
      ${rows.map(
        ({ id, head, cells }) =>
          html`<tr role="row" ${id === undefined ? '' : html` id="${id}"`}>
            <th role="rowheader" scope="row">${head}</th>
            ${cells.map((cell) => html`<td role="cell">${cell}</td>`)}
          </tr> `,
      )}
    </tbody>
  </table>`;
}
