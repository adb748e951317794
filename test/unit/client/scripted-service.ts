/**
 * A `fetch` that gives scripted answers, and a `delay` that takes no time, for tests of the client. It knows nothing of the
 * service's rules.
 */
import type { InviteClient, InviteClientOptions } from '../../../client/src/galileo-invite-client.ts';
import { createInviteClient } from '../../../client/src/galileo-invite-client.ts';

export interface Received {
  readonly url: string;
  readonly method: string;
  readonly headers: Headers;
  readonly body: string;
  readonly init: RequestInit;
}

/** An answer, a failure of the connection, or what happens when the request comes. */
export type Scripted = Response | Error | ((request: Received) => Response | Promise<Response>);

export interface ScriptedService {
  readonly client: InviteClient;
  readonly received: readonly Received[];
  /** Every wait of the client between attempts, in milliseconds. */
  readonly waits: readonly number[];
  /** For each question for a token, whether another one was asked for. */
  readonly renewals: readonly boolean[];
}

/** No wait of a script is as long. */
export const ATTEMPT_TIMEOUT_MS = 40_001;
export const ID = '0190a5d4-7c3a-7b1e-9f60-3f5d0c2b9e11';
export const FIRST_ID = '0190a5d4-7c3a-7b1e-9f60-3f5d0c2b9e00';

/** Answers in this order; a request beyond them fails the test. */
export function scriptedService(
  answers: readonly Scripted[],
  options: Partial<InviteClientOptions> = {},
): ScriptedService {
  const received: Received[] = [];
  const waits: number[] = [];
  const renewals: boolean[] = [];
  const client = createInviteClient({
    url: 'https://invites.example.com/',
    token: ({ renew }) => {
      renewals.push(renew);
      return `token-${renewals.length}`;
    },
    // The limit of an attempt never ends by itself here.
    delay: (ms) => {
      if (ms === ATTEMPT_TIMEOUT_MS) return new Promise(() => undefined);
      waits.push(ms);
      return Promise.resolve();
    },
    random: () => 0,
    attemptTimeoutMs: ATTEMPT_TIMEOUT_MS,
    async fetch(url, init) {
      const { method = 'GET', body } = init;
      const text = typeof body === 'string' ? body : '';
      const request = { url, method, headers: new Headers(init.headers), body: text, init };
      received.push(request);
      const answer = answers[received.length - 1];
      if (answer === undefined) throw new Error(`request ${received.length} is not in the script`);
      if (answer instanceof Error) throw answer;
      return answer instanceof Response ? answer : await answer(request);
    },
    ...options,
  });
  return { client, received, waits, renewals };
}

export const cut = (): Error => new TypeError('fetch failed');

export function success(body: unknown, headers: Record<string, string> = {}, status = 200): Response {
  return new Response(body === '' ? null : JSON.stringify(body), {
    status,
    headers: { ...(body === '' ? {} : { 'Content-Type': 'application/json' }), 'X-Request-Id': ID, ...headers },
  });
}

export function problem(
  status: number,
  code: string,
  { headers = {}, ...members }: { readonly headers?: Record<string, string>; readonly [member: string]: unknown } = {},
): Response {
  const body = { type: 'about:blank', title: code, status, detail: `Sentence of ${code}.`, code, origin: 'proxy' };
  return new Response(JSON.stringify({ ...body, request_id: ID, ...members }), {
    status,
    headers: { 'Content-Type': 'application/problem+json', 'X-Request-Id': ID, ...headers },
  });
}

/** What a gateway between says by itself. */
export function page(status: number, headers: Record<string, string> = {}): Response {
  return new Response('<h1>nginx</h1>', { status, headers: { 'Content-Type': 'text/html', ...headers } });
}

/** What the promise was rejected with. */
export async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => {
      throw new Error('it did not fail');
    },
    (error: unknown) => error,
  );
}
