import type { ExampleExchange } from '../../../src/openapi/examples/exchange.ts';
import { TOKEN } from '../../../src/openapi/examples/exchange.ts';
import { jsonText, shellWord } from './code.ts';

/** The request as a curl command that can be pasted; TOKEN is a variable of the shell. */
export function curlOf({ request: { method, path, headers, body } }: ExampleExchange, baseUrl: string): string {
  const words = [
    shellWord(`${baseUrl}${path}`),
    ...(method === 'GET' || (method === 'POST' && body !== undefined) ? [] : [`-X ${method}`]),
    ...Object.entries(headers).map(([name, value]) => `-H ${fieldWord(name, value)}`),
    ...(body === undefined ? [] : [`-d ${shellWord(jsonText(body, { indent: '  ', before: 6 }))}`]),
  ];
  return `curl -i ${words.join(' \\\n  ')}`;
}

/** The token is the only part that the shell fills in, so that field alone is in double quotes. */
function fieldWord(name: string, value: string): string {
  return value === `Bearer ${TOKEN}` ? `"${name}: Bearer $TOKEN"` : shellWord(`${name}: ${value}`);
}
