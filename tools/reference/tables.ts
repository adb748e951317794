/** The sections that list what operations share: refusals, header fields, and data with a name of its own. */
import { html } from 'hono/html';
import { PROBLEMS } from '../../src/contract/problem.ts';
import type { Reference, Schema } from './document.ts';
import { nameOf } from './document.ts';
import { exampleList } from './examples/example.ts';
import { isRefusal } from './examples/exchange.ts';
import type { Shared } from './operation.ts';
import type { Direction } from './schema.ts';
import { fieldsOf, fieldTable, typeOf } from './schema.ts';
import { table } from './table.ts';
import type { Html } from './text.ts';
import { breakable, joined, paragraphs, prose } from './text.ts';

interface Refusal {
  readonly code: string;
  readonly status: string;
  readonly origin: string;
  readonly advice: string;
}

const ORIGINS: Readonly<Record<string, string>> = {
  proxy: 'this service',
  policy: 'the policy',
  quota: 'a quota',
  upstream: 'Galileo',
};

/** Every refusal, by status. The list of validation errors has Galileo's own shape and no row of its own in PROBLEMS. */
const REFUSALS: readonly Refusal[] = [
  ...Object.entries(PROBLEMS).map(([code, row]) => ({
    code,
    status: row.status === null ? '4xx' : String(row.status),
    origin: row.origin,
    advice: `${row.advice}${'isTemporary' in row ? ' Try again when `Retry-After` says.' : ''}`,
  })),
  {
    code: 'invalid_request',
    status: '422',
    origin: 'proxy',
    advice:
      'Nothing was sent: the request has mistakes. Each entry of `detail` names a place (`loc`) and says what to correct (`msg`).',
  },
].toSorted((a, b) => a.status.localeCompare(b.status, 'en'));

export function refusalSection({ common, exchanges, baseUrl }: Shared): Html {
  const links = [...common].map((code) => html`<a href="#${code}"><code>${code}</code></a>`);
  const examples = [...common].flatMap(
    (code) => exchanges.find((exchange) => isRefusal(exchange) && exchange.name === code) ?? [],
  );
  return html`<section aria-labelledby="refusals">
    <h2 id="refusals"><a href="#refusals">Refusals</a></h2>
    <p>
      A refusal is <code>application/problem+json</code> (RFC 9457), see <a href="#Problem">Problem</a>. Branch on
      <code>code</code>, which is stable. Show <code>detail</code>, which has numbers, waits and ids filled in. A 422
      <code>invalid_request</code> has Galileo’s own shape, see <a href="#InvalidRequest">InvalidRequest</a>.
    </p>
    <p>
      Every operation with an access token can refuse with these, so they are not repeated there:
      ${joined(links, ', ')}.
    </p>
    ${exampleList(examples, baseUrl)}
    ${table({
      kind: 'refusals',
      caption: 'Every code, who refused, and what to do',
      columns: ['Code', 'What to do'],
      rows: REFUSALS.map(({ code, status, origin, advice }) => ({
        id: code,
        head: html`<code>${breakable(code)}</code> <span class="type">${status} · ${ORIGINS[origin] ?? origin}</span>`,
        cells: [prose(advice)],
      })),
    })}
  </section>`;
}

export function headerSection({ headers, furtherHeaders }: Reference): Html {
  return html`<section aria-labelledby="headers">
    <h2 id="headers"><a href="#headers">Header fields of answers</a></h2>
    ${table({
      kind: 'headers',
      caption: 'Every field that an answer can carry for its caller',
      columns: ['Field', 'Meaning'],
      rows: headers.map(([name, { description, example }]) => ({
        head: html`<code>${name}</code>`,
        cells: [
          html`<p>${prose(description)}</p>
            ${example === undefined ? '' : html`<p class="note">For example <code>${example}</code></p>`}`,
        ],
      })),
    })}
    ${paragraphs(furtherHeaders)}
  </section>`;
}

export function dataSection({ schemas, operations }: Reference): Html {
  const sent = new Set(operations.map(({ requestBody }) => nameOf(requestBody?.schema?.$ref ?? '')));
  return html`<section aria-labelledby="data">
    <h2 id="data"><a href="#data">Data</a></h2>
    ${schemas.map(([name, schema]) => schemaSection(name, schema, sent.has(name) ? 'sent' : 'received'))}
  </section>`;
}

function schemaSection(name: string, schema: Schema, direction: Direction): Html {
  return html`<section aria-labelledby="${name}">
    <h3 id="${name}"><a href="#${name}">${name}</a></h3>
    ${schema.description === undefined ? '' : html`<p>${prose(schema.description)}</p>`}
    ${members(name, schema, direction)}
  </section>`;
}

/** A schema of several forms shows each, without the members of its members: /openapi.json has them all. */
function members(name: string, schema: Schema, direction: Direction): Html {
  if (schema.properties !== undefined) return fieldTable(`Members of ${name}`, fieldsOf(schema), direction);
  if (schema.oneOf === undefined) return html`<p>${typeOf(schema)}</p>`;
  return html`<p>One of these forms; <a href="/openapi.json">/openapi.json</a> has every member of a member.</p>
    ${schema.oneOf.map((form, index) =>
      fieldTable(`${name}: ${form.title ?? `form ${String(index + 1)}`}`, fieldsOf(form, 1), direction),
    )}`;
}
