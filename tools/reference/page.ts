/**
 * The page /docs: the reference of the interface as one static HTML document, made from the contract that /openapi.json
 * publishes. It needs no script. Every text is escaped, wherever it comes from.
 */
import { html, raw } from 'hono/html';
import type { OpenApiDocument } from '../../src/openapi/localize.ts';
import type { ExampleExchange } from '../../src/openapi/examples/exchange.ts';
import type { Operation, Reference, Tag } from './document.ts';
import { readReference } from './document.ts';
import { limitSection, readingSection, startSection, wordSection } from './guide.ts';
import type { Shared } from './operation.ts';
import { codesOf, operationSection } from './operation.ts';
import { dataSection, headerSection, refusalSection } from './tables.ts';
import type { Html } from './text.ts';
import { paragraphs, prose } from './text.ts';

/** The names of the groups of operations, by tag, as headings. */
const GROUPS: Readonly<Record<string, string>> = {
  invites: 'Invitations',
  audit: 'The audit trail',
  service: 'The service itself',
};

export interface ReferenceOptions {
  readonly exchanges: readonly ExampleExchange[];
  /** The address of the service in the examples. */
  readonly baseUrl: string;
}

export async function referencePage(
  document: OpenApiDocument,
  { exchanges, baseUrl }: ReferenceOptions,
): Promise<string> {
  const reference = readReference(document);
  const shared = { reference, exchanges, common: commonCodes(reference.operations), baseUrl };
  const page = await html`${raw('<!doctype html>')}
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="description" content="Reference of the HTTP interface: operations, refusals, limits, examples." />
        <title>${reference.title}: reference</title>
        <link rel="icon" href="/docs/icon.svg" type="image/svg+xml" />
        <link rel="stylesheet" href="/docs/page.css" />
      </head>
      <body>
        <a class="skip" href="#content">Skip to the content</a>
        <header class="top">
          <p class="kind">Reference, version ${reference.version}</p>
          <h1>${reference.title}</h1>
          <div class="lead">${paragraphs(reference.description)}</div>
        </header>
        ${contents(reference)}
        <main id="content" tabindex="-1">
          ${startSection(baseUrl)} ${readingSection()} ${wordSection()}
          ${reference.tags.map((tag) => group(tag, shared))} ${refusalSection(shared)} ${headerSection(reference)}
          ${limitSection()} ${dataSection(reference)}
        </main>
        <footer>
          <p>
            ${reference.title} ${reference.version}. Made from the contract in
            <a href="/openapi.json">/openapi.json</a>.
          </p>
        </footer>
      </body>
    </html>`;
  return `${tidy(String(page))}\n`;
}

function contents({ tags, operations }: Reference): Html {
  const link = (id: string, text: string): Html => html`<li><a href="#${id}">${text}</a></li>`;
  return html`<nav class="contents" aria-labelledby="contents">
    <h2 id="contents">Contents</h2>
    <ul>
      ${link('start', 'Start here')} ${link('reading', 'How to read an answer')} ${link('words', 'Words')}
      ${tags.map(
        ({ name }) =>
          html`<li>
            <a href="#${name}">${GROUPS[name] ?? name}</a>
            <ul>
              ${operations.filter(({ tag }) => tag === name).map(({ operationId, summary }) => link(operationId, summary))}
            </ul>
          </li>`,
      )}
      ${link('refusals', 'Refusals')} ${link('headers', 'Header fields')} ${link('limits', 'Limits')}
      ${link('data', 'Data')}
    </ul>
  </nav>`;
}

function group({ name, description }: Tag, shared: Shared): Html {
  const operations = shared.reference.operations.filter(({ tag }) => tag === name);
  return html`<section aria-labelledby="${name}">
    <h2 id="${name}"><a href="#${name}">${GROUPS[name] ?? name}</a></h2>
    <p>${prose(description)}</p>
    ${operations.map((operation) => operationSection(operation, shared))}
  </section>`;
}

/** What every operation behind a token can refuse with. */
function commonCodes(operations: readonly Operation[]): ReadonlySet<string> {
  const perOperation = operations
    .filter(({ scopes }) => scopes.length > 0)
    .map(({ answers }) => new Set(answers.flatMap(([, answer]) => codesOf(answer))));
  const [first = new Set<string>(), ...others] = perOperation;
  return new Set([...first].filter((code) => others.every((codes) => codes.has(code))));
}

/** Without the indentation and the empty lines of the templates. What stands in a `pre` stays as it is. */
function tidy(page: string): string {
  return page
    .split(/(<pre>[\s\S]*?<\/pre>)/)
    .map((part) => (part.startsWith('<pre>') ? part : part.replaceAll(/\s*\n\s*/g, '\n')))
    .join('')
    .trim();
}
