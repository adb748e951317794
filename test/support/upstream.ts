import { createBreaker, type Breaker } from '../../src/upstream/breaker.ts';
import { deadlinesOf } from '../../src/upstream/deadline.ts';
import type { HttpExchange, HttpPort, HttpResult } from '../../src/ports/http.ts';
import { createSend, type Send, type SendDeps, type SentFor } from '../../src/upstream/send.ts';
import type { Credentials } from '../../src/upstream/credentials.ts';
import { createApiKeyCredentials } from '../../src/upstream/sign-in/api-key.ts';
import { Secret } from '../../src/lib/secret.ts';
import type { Logger } from '../../src/ports/logger.ts';
import type { Metrics } from '../../src/ports/metrics.ts';
import type { Secrets } from '../../src/ports/secrets.ts';
import { createFakeClock, testUuid7, type FakeClock } from './clock.ts';

/** Doubles of the upstream's ports, and answers to script them with. */
export const CURRENT_KEY = 'cur-K3y/with+odd=chars%20and"quotes\\1234';
export const NEXT_KEY = 'nxt-9f8e7d6c5b4a39281706-zyxwvutsrqponm';

export interface ScriptedHttp extends HttpPort {
  /** All exchanges, in order. */
  readonly exchanges: readonly HttpExchange[];
}

export type ScriptStep = HttpResult | Error | ((exchange: HttpExchange) => HttpResult | Promise<HttpResult>);

/** Plays the steps in order. Throws when there are more exchanges than steps. */
export function scriptHttp(...steps: readonly ScriptStep[]): ScriptedHttp {
  const exchanges: HttpExchange[] = [];
  return {
    exchanges,
    async exchange(request) {
      const step = steps[exchanges.length];
      exchanges.push(request);
      if (step === undefined) throw new Error(`exchange ${exchanges.length} was not expected`);
      if (step instanceof Error) throw step;
      return typeof step === 'function' ? step(request) : step;
    },
  };
}

export function answered(status: number, body: unknown = {}, headers: Record<string, string> = {}): HttpResult {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const type: Record<string, string> = { 'content-type': 'application/json' };
  return { kind: 'answered', status, headers: { ...type, ...headers }, body: new TextEncoder().encode(text) };
}

export interface LogLine {
  readonly level: string;
  readonly event: string;
  readonly fields: unknown;
}

export function recordLogs(): Logger & { readonly lines: readonly LogLine[] } {
  const lines: LogLine[] = [];
  const at = (level: string) => (event: string, fields?: unknown) => void lines.push({ level, event, fields });
  return { lines, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

export function recordMetrics(): Metrics & { readonly samples: readonly unknown[] } {
  const samples: unknown[] = [];
  return {
    samples,
    count: (name, labels) => void samples.push({ name, labels }),
    observe: (name, seconds, labels) => void samples.push({ name, seconds, labels }),
  };
}

export function fixedSecrets(current: string = CURRENT_KEY, next: string | null = null): Secrets {
  const keys = { current: new Secret(current), next: next === null ? null : new Secret(next) };
  return { galileoKeys: () => Promise.resolve(keys) };
}

/** A request whose trace goes no further. */
export const SENT_FOR: SentFor = { requestId: testUuid7(1), traceId: 'ab'.repeat(16), traceFields: null };

export function apiKeyCredentials(secrets: Secrets = fixedSecrets(), keyHeader = 'Galileo-API-Key'): Credentials {
  return createApiKeyCredentials({ secrets, keyHeader });
}

export interface SendHarness {
  /** Left out: for SENT_FOR. */
  readonly send: (body: string, sentFor?: SentFor) => ReturnType<Send>;
  readonly http: ScriptedHttp;
  readonly clock: FakeClock;
  readonly breaker: Breaker;
  readonly logger: ReturnType<typeof recordLogs>;
  readonly metrics: ReturnType<typeof recordMetrics>;
}

/** A `send` with doubles for all its ports. `steps` script the HTTP port. */
export function createSendHarness(
  steps: readonly ScriptStep[],
  { secrets, keyHeader, ...overrides }: Partial<SendDeps> & { secrets?: Secrets; keyHeader?: string } = {},
): SendHarness {
  const http = scriptHttp(...steps);
  const clock = createFakeClock();
  const breaker = createBreaker({ clock });
  const logger = recordLogs();
  const metrics = recordMetrics();
  const send = createSend({
    ...{ http, clock, breaker, logger, metrics, version: '0.0.0-test' },
    credentials: apiKeyCredentials(secrets, keyHeader),
    ...{ baseUrl: 'https://galileo.example', deadlines: deadlinesOf(15_000) },
    ...overrides,
  });
  return { send: (body, sentFor = SENT_FOR) => send(body, sentFor), http, clock, breaker, logger, metrics };
}
