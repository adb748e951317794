/** Sends the request of an example to the whole service, and reads the answer in the form of an example. */
import { readFileSync } from 'node:fs';
import type { ExampleAnswer, ExampleExchange } from '../../../src/openapi/examples/exchange.ts';
import { TOKEN } from '../../../src/openapi/examples/exchange.ts';
import { HEADERS } from '../../../src/openapi/header-fields.ts';
import { startTestService } from '../service.ts';
import { arrange } from './arrangements.ts';

const POLICY = readFileSync(new URL('policy.yaml', import.meta.url), 'utf8');

const SERVICE = { name: 'galileo-invite-proxy', version: '1.0.0', runtime: 'node', instance: 'proxy-1' };

export async function sendExample(exchange: ExampleExchange): Promise<ExampleAnswer> {
  const { options = {}, claims = {}, before, after, also } = arrange(exchange);
  const service = await startTestService({
    policy: POLICY,
    scheme: 'api_key',
    ...options,
    deps: { service: SERVICE, ...options.deps },
  });
  const real = { ...(await before?.(service)), [TOKEN]: await service.token({ jti: 'token-2', ...claims }) };
  const { method, path, headers, body } = replaceAll(exchange.request, real);
  const written: RequestInit = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
  const isWhole = exchange.request.also === undefined;
  const response = await service.request(path, isWhole ? written : also?.(written, path));
  const answered = await readAnswer(response);
  await after?.(service);
  return answered;
}

async function readAnswer(response: Response): Promise<ExampleAnswer> {
  const named = ['Content-Type', ...Object.keys(HEADERS)].flatMap((name) => {
    const value = response.headers.get(name);
    return value === null ? [] : [[name, value] as const];
  });
  const text = await response.text();
  const lines = response.headers.get('Content-Type') === 'application/x-ndjson';
  const body: unknown = lines
    ? text
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as unknown)
    : text === ''
      ? undefined
      : JSON.parse(text);
  return { status: response.status, headers: Object.fromEntries(named), ...(body === undefined ? {} : { body }) };
}

function replaceAll<T>(value: T, real: Readonly<Record<string, string>>): T {
  const text = Object.entries(real).reduce((all, [from, to]) => all.replaceAll(from, to), JSON.stringify(value));
  return JSON.parse(text) as T;
}
