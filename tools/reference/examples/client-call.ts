/**
 * The request as a call of the client package, and what the client does where the answer is a refusal. What no function
 * of the client sends, such as the requests of the audit team, is a call of plain fetch.
 */
import type { ExampleExchange } from '../../../src/openapi/examples/exchange.ts';
import { TOKEN } from '../../../src/openapi/examples/exchange.ts';
import { codeText } from './code.ts';
import { fieldOf } from './exchange.ts';

export interface ClientCall {
  readonly label: 'client' | 'fetch';
  readonly code: string;
}

/** The functions of the client, by the operation that they call. */
const CALLS: Readonly<Record<string, (exchange: ExampleExchange, url: URL) => string>> = {
  inviteUsers({ request: { headers, body } }, url) {
    const key = fieldOf(headers, 'Idempotency-Key');
    const options = {
      ...(fieldOf(headers, 'Prefer') === 'handling=lenient' ? { lenient: true } : {}),
      ...(key === undefined ? {} : { idempotencyKey: key.replace(/^"(.*)"$/, '$1') }),
    };
    const values = Object.keys(options).length === 0 ? [body] : [body, options];
    const isDryRun = url.searchParams.get('dry_run') === 'true';
    return isDryRun ? callOf('verdict', 'dryRun', values) : callOf('sent', 'inviteUsers', values);
  },
  getInvitePolicy: () => callOf('policy', 'whatMayIInvite', []),
  getInviteRequest: (_, url) => callOf('request', 'inviteRequest', [url.pathname.split('/').at(-1)]),
};

/** A single object begins on the line of the call; several values have a line each. */
function callOf(result: string, name: string, values: readonly unknown[]): string {
  const call = `const ${result} = await invites.${name}(`;
  const [first] = values;
  if (first === undefined) return `${call});`;
  if (values.length === 1 && typeof first === 'object') return `${call}${codeText(first, { before: call.length })});`;
  return `${call}\n${values.map((value) => `  ${codeText(value, { indent: '  ' })},\n`).join('')});`;
}

/** What the client throws, by the code of the refusal, with the member that says the most. */
const THROWN: Readonly<Record<string, readonly [type: string, member: string]>> = {
  policy_denied: ['PolicyDenied', 'decisions'],
  quota_exhausted: ['QuotaExhausted', 'retryAt'],
  outcome_unknown: ['OutcomeUnknown', 'requestId'],
  upstream_error: ['OutcomeUnknown', 'requestId'],
  invalid_request: ['InvalidRequest', 'places'],
};

export function clientCallOf(exchange: ExampleExchange, baseUrl: string): ClientCall {
  const call = CALLS[exchange.operationId];
  // The client sends no other method than that of the operation, and no invitation without a body.
  const isMistaken =
    exchange.name === 'method_not_allowed' ||
    (exchange.operationId === 'inviteUsers' && exchange.request.body === undefined);
  if (call === undefined || isMistaken) return { label: 'fetch', code: fetchOf(exchange, baseUrl) };
  const code = call(exchange, new URL(exchange.request.path, baseUrl));
  return { label: 'client', code: withEnding(code, exchange) };
}

/** The call, and what becomes of it. */
function withEnding(code: string, { name, answer }: ExampleExchange): string {
  if (answer.status < 400) return code;
  if (answer.status === 401) return `// The client asks for a fresh token once.\n${code}`;
  if (name === 'invalid_request')
    return `// TypeScript refuses what its types know to be wrong.\n${thrown(code, name)}`;
  const repeats = name === 'idempotency_in_flight' || answer.status === 503;
  if (repeats && fieldOf(answer.headers, 'Retry-After') !== undefined)
    return `// The client repeats it by itself, as Retry-After says.\n${code}`;
  return thrown(code, name);
}

function thrown(code: string, name: string): string {
  const [type, member] = THROWN[name] ?? ['InviteProblem', 'message'];
  const call = code.replaceAll('\n', '\n  ');
  return `try {\n  ${call}\n} catch (problem) {\n  if (!(problem instanceof ${type})) throw problem;\n  show(problem.${member});\n}`;
}

function fetchOf({ request: { method, path, headers, body } }: ExampleExchange, baseUrl: string): string {
  const fields = Object.entries(headers).map(([name, value]) => {
    const key = /^[A-Za-z]+$/.test(name) ? name : codeText(name);
    return `${key}: ${value === `Bearer ${TOKEN}` ? '`Bearer ${token}`' : codeText(value)}`;
  });
  const members = [
    ...(method === 'GET' ? [] : [`  method: '${method}',`]),
    ...(fields.length === 0 ? [] : [`  headers: ${fieldList(fields)},`]),
    ...(body === undefined ? [] : [`  body: JSON.stringify(${codeText(body, { indent: '  ', before: 23 })}),`]),
  ];
  const options = members.length === 0 ? '' : `, {\n${members.join('\n')}\n}`;
  return `const url = ${codeText(`${baseUrl}${path}`)};\nconst answer = await fetch(url${options});`;
}

function fieldList(fields: readonly string[]): string {
  return fields.length === 1
    ? `{ ${fields.join('')} }`
    : `{\n${fields.map((field) => `    ${field},`).join('\n')}\n  }`;
}
