/** A JSON Schema as rows that people read: the name of a member, its type in words, and what it means. */
import { html } from 'hono/html';
import type { Schema } from './document.ts';
import { nameOf } from './document.ts';
import { table } from './table.ts';
import type { Html } from './text.ts';
import { breakable, joined, prose } from './text.ts';

export interface FieldRow {
  /** `rules[].domains`: a member of each entry of a list that is a member. */
  readonly name: string;
  readonly schema: Schema;
  readonly isRequired: boolean;
}

/** The members of an object, and of the objects inside it, down to `depth`. */
export function fieldsOf(schema: Schema, depth = 3, prefix = ''): readonly FieldRow[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, member]) => {
    const name = `${prefix}${key}`;
    const row = { name, schema: member, isRequired: schema.required?.includes(key) === true };
    const inside = insideOf(member);
    if (depth <= 1 || inside === null) return [row];
    return [row, ...fieldsOf(inside.schema, depth - 1, `${name}${inside.suffix}.`)];
  });
}

/** The object that a member holds or lists; null when it is none, or one with a name of its own. */
function insideOf(schema: Schema): { readonly schema: Schema; readonly suffix: '' | '[]' } | null {
  if (schema.properties !== undefined) return { schema, suffix: '' };
  if (schema.items?.properties !== undefined) return { schema: schema.items, suffix: '[]' };
  const inside = schema.anyOf?.map(insideOf).find((found) => found !== null);
  return inside ?? null;
}

/** The type in words: `list of string`, `AddressDecision or null`. A type with a name links to its section. */
export function typeOf(schema: Schema): Html {
  if (schema.$ref !== undefined) {
    const name = nameOf(schema.$ref);
    return html`<a href="#${name}">${name}</a>`;
  }
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices !== undefined) return joined(choices.map(typeOf), ' or ');
  if (schema.enum !== undefined) return joined(schema.enum.map(value), ' or ');
  if (schema.const !== undefined) return value(schema.const);
  if (schema.items !== undefined) return html`list of ${typeOf(schema.items)}`;
  if (schema.type === undefined) return html`any JSON`;
  const types = typeof schema.type === 'string' ? [schema.type] : schema.type;
  const format = schema.format === undefined ? '' : ` (${FORMATS[schema.format] ?? schema.format})`;
  return html`${types.join(' or ')}${format}`;
}

const FORMATS: Readonly<Record<string, string>> = {
  'date-time': 'RFC 3339 time',
  uuid: 'UUID',
  uuid4: 'UUID, version 4',
};

function value(of: unknown): Html {
  return html`<code>${typeof of === 'string' ? of : JSON.stringify(of)}</code>`;
}

/** The largest number that a zod integer takes; it says nothing. */
const NO_BOUND = Number.MAX_SAFE_INTEGER;

/** Bounds and the default, as a list of phrases. */
function boundsOf({ minItems, maxItems, minLength, maxLength, minimum, maximum, ...schema }: Schema): readonly Html[] {
  const range = (least: number | undefined, most: number | undefined, unit: string): Html[] => {
    const low = least === undefined || least === 0 ? null : String(least);
    const high = most === undefined || most >= NO_BOUND ? null : String(most);
    if (low !== null && high !== null) return [html`${low} to ${high}${unit}`];
    if (high !== null) return [html`at most ${high}${unit}`];
    return low === null ? [] : [html`at least ${low}${unit}`];
  };
  return [
    ...range(minItems, maxItems, ' entries'),
    ...range(minLength, maxLength, ' characters'),
    ...range(minimum, maximum, ''),
    ...(schema.default === undefined ? [] : [html`default ${value(schema.default)}`]),
  ];
}

/** Of a request, each member says whether it has to be there. Of an answer, only those say it that may be absent. */
export type Direction = 'sent' | 'received';

const PRESENCE: Readonly<Record<Direction, readonly [required: readonly Html[], optional: readonly Html[]]>> = {
  sent: [[html`required`], [html`optional`]],
  received: [[], [html`may be absent`]],
};

export function fieldTable(caption: string, rows: readonly FieldRow[], direction: Direction): Html {
  return table({
    kind: 'fields',
    caption,
    columns: ['Name and type', 'Meaning'],
    rows: rows.map(({ name, schema, isRequired }) => ({
      head: html`<code>${breakable(name)}</code> <span class="type">${typeOf(schema)}</span>`,
      cells: [meaning(schema, PRESENCE[direction][isRequired ? 0 : 1])],
    })),
  });
}

function meaning(schema: Schema, presence: readonly Html[]): Html {
  const notes = [...presence, ...boundsOf(schema)];
  const { description } = schema;
  return html`${description === undefined ? '' : html`<p>${prose(description)}</p>`}
  ${notes.length === 0 ? '' : html`<p class="note">${joined(notes, ' · ')}</p>`}`;
}
