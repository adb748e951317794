/** One operation: what it does, who may call it, what goes in, what comes out, examples. */
import { html } from 'hono/html';
import type { ExampleExchange } from '../../src/openapi/examples/exchange.ts';
import type { Answer, Operation, Parameter, Reference, Schema } from './document.ts';
import { nameOf } from './document.ts';
import { exampleList } from './examples/example.ts';
import { isRefusal } from './examples/exchange.ts';
import { fieldsOf, fieldTable, typeOf } from './schema.ts';
import { table } from './table.ts';
import type { Html } from './text.ts';
import { breakable, joined, paragraphs, prose } from './text.ts';

/** What the sections of all operations share. */
export interface Shared {
  readonly reference: Reference;
  readonly exchanges: readonly ExampleExchange[];
  /** The refusals that are described once for all operations. */
  readonly common: ReadonlySet<string>;
  readonly baseUrl: string;
}

export function operationSection(operation: Operation, { reference, exchanges, common, baseUrl }: Shared): Html {
  const { operationId, method, path, summary, description, scopes, parameters, requestBody } = operation;
  const own = exchanges.filter((one) => one.operationId === operationId && !(isRefusal(one) && common.has(one.name)));
  return html`<section class="operation" aria-labelledby="${operationId}">
    <h3 id="${operationId}"><a href="#${operationId}">${summary}</a></h3>
    <p class="route"><span class="method">${method}</span> <code>${breakable(path)}</code></p>
    <p class="scope">${scopeLine(scopes)}</p>
    ${paragraphs(description)} ${parameters.length === 0 ? '' : parameterTable(parameters, summary)}
    ${bodyTable(requestBody?.schema, operation, reference)} ${answerTable(operation, common)}
    ${exampleList(own, baseUrl)}
  </section>`;
}

function scopeLine(scopes: readonly string[]): Html {
  if (scopes.length === 0) return html`Open to everyone: no access token.`;
  const names = scopes.map((scope) => html`<code>${scope}</code>`);
  return html`Needs an access token with scope ${joined(names, ' or ')}.`;
}

const PLACES = { query: 'in the query', header: 'header field', path: 'in the path' } as const;

function parameterTable(parameters: readonly Parameter[], summary: string): Html {
  return table({
    kind: 'fields',
    caption: `Parameters of “${summary}”`,
    columns: ['Name and type', 'Meaning'],
    rows: parameters.map(({ name, in: place, required, description, schema }) => ({
      head: html`<code>${breakable(name)}</code> <span class="type">${typeOf(schema)}</span>`,
      cells: [
        html`<p>${prose(description)}</p>
          <p class="note">${PLACES[place]} · ${required ? 'required' : 'optional'}</p>`,
      ],
    })),
  });
}

function bodyTable(schema: Schema | undefined, { summary }: Operation, { schemas }: Reference): Html {
  if (schema === undefined) return html``;
  const name = schema.$ref === undefined ? null : nameOf(schema.$ref);
  const named = schemas.find(([one]) => one === name)?.[1] ?? schema;
  return fieldTable(`JSON body of “${summary}”`, fieldsOf(named), 'sent');
}

/** The codes that the schema of a refusal lists. */
export function codesOf({ content = {} }: Answer): readonly string[] {
  return Object.values(content).flatMap(({ schema }) => listedCodes(schema));
}

function listedCodes(schema: Schema | undefined): readonly string[] {
  if (schema === undefined) return [];
  const own = schema.properties?.['code'];
  const listed = own?.enum ?? (own?.const === undefined ? [] : [own.const]);
  if (listed.length > 0) return listed.map(String);
  if (schema.$ref !== undefined) return nameOf(schema.$ref) === 'InvalidRequest' ? ['invalid_request'] : [];
  return [...(schema.allOf ?? []), ...(schema.anyOf ?? []), ...(schema.oneOf ?? [])].flatMap(listedCodes);
}

/** Galileo may refuse with nearly every 4xx status, so the contract lists it at each. One row says it once. */
const ANY_4XX = { status: '4XX', code: 'upstream_refused' };

/** Without the refusals that every operation can give, and without `default`, which stands for them. */
function answerTable({ answers, summary }: Operation, common: ReadonlySet<string>): Html {
  const isOwn = (code: string, status: string): boolean =>
    !common.has(code) && (code !== ANY_4XX.code || status === ANY_4XX.status);
  const rows = answers
    .filter(([status]) => status !== 'default')
    .map(([status, answer]) => ({ status, answer, all: codesOf(answer) }))
    .map(({ all, ...row }) => ({ ...row, all, codes: all.filter((code) => isOwn(code, row.status)) }))
    .filter(({ all, codes }) => all.length === 0 || codes.length > 0);
  return table({
    kind: 'answers',
    caption: `Answers of “${summary}”`,
    columns: ['Status', 'Meaning'],
    rows: rows.map(({ status, answer, codes }) => ({
      head: html`${status}`,
      cells: [
        html`<p>${prose(answer.description)}</p>
          ${codes.length > 0 ? codeLinks(codes) : bodyLine(answer)}`,
      ],
    })),
  });
}

function codeLinks(codes: readonly string[]): Html {
  const links = codes.map((code) => html`<a href="#${code}"><code>${breakable(code)}</code></a>`);
  return html`<p class="note">${joined(links, ' · ')}</p>`;
}

function bodyLine({ content = {} }: Answer): Html {
  const bodies = Object.entries(content).map(
    ([mediaType, { schema }]) => html`<code>${mediaType}</code>: ${schema === undefined ? 'any' : typeOf(schema)}`,
  );
  return html`<p class="note">${bodies.length === 0 ? 'No body.' : joined(bodies, ' · ')}</p>`;
}
