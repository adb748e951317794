/** An example: curl and client code side by side, the answer below. */
import { STATUS_CODES } from 'node:http';
import { html } from 'hono/html';
import type { ExampleAnswer, ExampleExchange } from '../../../src/openapi/examples/exchange.ts';
import { clientCallOf } from './client-call.ts';
import { jsonText } from './code.ts';
import { curlOf } from './curl.ts';
import { fieldOf, isRefusal } from './exchange.ts';
import type { Html } from '../text.ts';

const LABELS = { client: 'Client (TypeScript)', fetch: 'fetch (JavaScript)' } as const;

/** Fields that nearly every answer has. An example is clearer without them. */
const LEFT_OUT = new Set(['vary', 'policy-digest', 'content-type', 'cache-control']);

/** The successes lie open, and each refusal unfolds: there are many, and their requests are alike. */
export function exampleList(exchanges: readonly ExampleExchange[], baseUrl: string): Html {
  const refused = exchanges.filter(isRefusal);
  const others = exchanges.filter((exchange) => !isRefusal(exchange));
  return html`${others.map(
    (exchange) =>
      html`<figure class="example">
        <figcaption>${exchange.summary}</figcaption>
        ${parts(exchange, baseUrl)}
      </figure> `,
  )}
  ${refused.length === 0 ? '' : html`<div class="refused">${refused.map((exchange) => unfolding(exchange, baseUrl))}</div>`}`;
}

function unfolding(exchange: ExampleExchange, baseUrl: string): Html {
  const { name, summary, answer } = exchange;
  return html`<details class="example">
    <summary>
      <span class="status">${answer.status}</span> <code>${name}</code> <span class="said">${summary}</span>
    </summary>
    ${parts(exchange, baseUrl)}
  </details> `;
}

/** A request that no example can show is described in words. */
function parts(exchange: ExampleExchange, baseUrl: string): Html {
  const { request, answer } = exchange;
  const { label, code } = clientCallOf(exchange, baseUrl);
  const asked =
    request.also === undefined
      ? html`<div class="sides">${pane('curl', curlOf(exchange, baseUrl))} ${pane(LABELS[label], code)}</div>`
      : html`<p>${request.method} ${request.path}. ${request.also}</p>`;
  return html`${asked} ${pane('Answer', answerText(answer))}`;
}

/** In a pre element every space counts, so nothing is laid out inside it. */
export function pane(label: string, code: string): Html {
  return html`<figure class="pane">
    <figcaption>${label}</figcaption>
    <pre><code>${code}</code></pre>
  </figure>`;
}

function answerText({ status, headers, body }: ExampleAnswer): string {
  const fields = Object.entries(headers)
    .filter(([name]) => !LEFT_OUT.has(name.toLowerCase()))
    .map(([name, value]) => `${name}: ${value}`);
  const head = [`${status} ${STATUS_CODES[status] ?? ''}`.trimEnd(), ...fields].join('\n');
  if (body === undefined) return head;
  const isLines = fieldOf(headers, 'Content-Type')?.startsWith('application/x-ndjson') === true && Array.isArray(body);
  return `${head}\n\n${isLines ? body.map((line) => JSON.stringify(line)).join('\n') : jsonText(body)}`;
}
