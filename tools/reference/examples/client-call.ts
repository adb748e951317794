/**
 * The request as a call of the client package, and what the client does where the answer is a refusal. An operation
 * without a function of the client, such as those of the audit team, is called with plain fetch.
 */
import { codeText } from './code.ts';
import type { Exchange } from './exchange.ts';
import { fieldOf } from './exchange.ts';

export interface ClientCall {
  readonly label: 'client' | 'fetch';
  readonly code: string;
}

/** The functions of the client, by the operation that they call. */
const CALLS: Readonly<Record<string, (exchange: Exchange, url: URL) => string>> = {
  inviteUsers({ request: { headers, body } }, url) {
    if (url.searchParams.get('dry_run') === 'true') return `const verdict = await invites.dryRun(${codeText(body)});`;
    const key = fieldOf(headers, 'Idempotency-Key');
    const options = {
      ...(fieldOf(headers, 'Prefer') === 'handling=lenient' ? { lenient: true } : {}),
      ...(key === undefined ? {} : { idempotencyKey: key.replace(/^"(.*)"$/, '$1') }),
    };
    const further = Object.keys(options).length === 0 ? '' : `, ${codeText(options)}`;
    return `const sent = await invites.inviteUsers(${codeText(body)}${further});`;
  },
  getInvitePolicy: () => 'const policy = await invites.whatMayIInvite();',
  getInviteRequest: (_, url) =>
    `const request = await invites.inviteRequest(\n  ${codeText(url.pathname.split('/').at(-1))},\n);`,
};

/** What the client throws, by the code of the refusal, with the member that says the most. */
const THROWN: Readonly<Record<string, readonly [type: string, member: string]>> = {
  policy_denied: ['PolicyDenied', 'decisions'],
  quota_exhausted: ['QuotaExhausted', 'retryAt'],
  outcome_unknown: ['OutcomeUnknown', 'requestId'],
  upstream_error: ['OutcomeUnknown', 'requestId'],
  invalid_request: ['InvalidRequest', 'places'],
};

export function clientCallOf(exchange: Exchange, baseUrl: string): ClientCall {
  const call = CALLS[exchange.operationId];
  if (call === undefined) return { label: 'fetch', code: fetchOf(exchange, baseUrl) };
  const code = call(exchange, new URL(exchange.request.path, baseUrl));
  return { label: 'client', code: withEnding(code, exchange) };
}

/** The call, and what becomes of it. */
function withEnding(code: string, { name, answer }: Exchange): string {
  if (answer === undefined || answer.status < 400) return code;
  if (answer.status === 401) return `// The client asks for a fresh token once.\n${code}`;
  const repeats = name === 'idempotency_in_flight' || answer.status === 503;
  if (repeats && fieldOf(answer.headers, 'Retry-After') !== undefined)
    return `// The client repeats it by itself, as Retry-After says.\n${code}`;
  const [type, member] = THROWN[name] ?? ['InviteProblem', 'message'];
  const call = code.replaceAll('\n', '\n  ');
  return `try {\n  ${call}\n} catch (problem) {\n  if (!(problem instanceof ${type})) throw problem;\n  show(problem.${member});\n}`;
}

function fetchOf({ request: { method, path, headers, body } }: Exchange, baseUrl: string): string {
  const fields = Object.entries(headers).map(([name, value]) => {
    const key = /^[A-Za-z]+$/.test(name) ? name : codeText(name);
    return `    ${key}: ${value === 'Bearer TOKEN' ? '`Bearer ${token}`' : codeText(value)},`;
  });
  const members = [
    ...(method === 'GET' ? [] : [`  method: '${method}',`]),
    ...(fields.length === 0 ? [] : ['  headers: {', ...fields, '  },']),
    ...(body === undefined ? [] : [`  body: JSON.stringify(${codeText(body, '  ')}),`]),
  ];
  const options = members.length === 0 ? '' : `, {\n${members.join('\n')}\n}`;
  return `const answer = await fetch(${codeText(`${baseUrl}${path}`)}${options});`;
}
