import { gunzipSync } from 'node:zlib';
import { createHttpSink } from '../../../src/audit/delivery/http-sink.ts';
import { createOtlpSink } from '../../../src/audit/delivery/otlp-sink.ts';
import type { Sink } from '../../../src/audit/delivery/sink.ts';
import type { OnRefused } from '../../../src/audit/delivery/write-around.ts';
import type { AuditFormat } from '../../../src/audit/format/formats.ts';
import type { HttpExchange, HttpPort, HttpResult } from '../../../src/ports/http.ts';
import type { FakeClock } from '../clock.ts';
import type { Answer, Outcome, Parsed, Vendor } from './vendor.ts';

/**
 * Plays an intake: keeps what it takes, and misbehaves as the test says. It takes the place of the HTTP client, so time
 * passes only when the test moves the clock.
 */
export interface StandIn {
  readonly http: HttpPort;
  /** Everything that it took, in the order of arrival, repeats included. */
  readonly stored: readonly Parsed[];
  readonly requests: readonly HttpExchange[];
  /** May be changed while it runs. */
  readonly conduct: Conduct;
  /** The lines of a file that it exports. `by seq`: a search that sorts. */
  exported(order?: 'as it arrived' | 'by seq'): readonly string[];
}

export interface Conduct {
  token: string;
  mostEntries: number;
  refuses: (entry: Parsed) => boolean;
  throttles: (entry: Parsed) => boolean;
  /** What happens to the request with this number, from 1; `works` by default. */
  at: (request: number) => Misconduct;
}

export type Misconduct =
  | 'works'
  | 'unreachable'
  | 'unauthorized'
  | 'forbidden'
  | 'throttled'
  | 'busy'
  | 'error'
  | 'page'
  | 'redirect'
  | 'not_found'
  /** Takes 20 s for it; the sink gives up before. What came is stored. */
  | 'silent'
  /** Stores the first half, and the connection is cut. */
  | 'cut half way'
  /** Stores everything, and the connection is cut. */
  | 'answer lost';

const PAGE: Answer = { status: 200, headers: { 'content-type': 'text/html' }, body: '<!doctype html><p>Sign in</p>' };
const SIMPLE: Partial<Readonly<Record<Misconduct, Answer>>> = {
  error: { status: 500, body: 'oops' },
  page: PAGE,
  redirect: { status: 302, headers: { location: 'https://elsewhere.example.com/' } },
  not_found: { status: 404, body: 'not found' },
};

export function createStandIn(vendor: Vendor, clock: FakeClock, token: string): StandIn {
  const stored: Parsed[] = [];
  const requests: HttpExchange[] = [];
  const conduct: Conduct = {
    token,
    mostEntries: Infinity,
    refuses: () => false,
    throttles: () => false,
    at: () => 'works',
  };

  function take(entries: readonly Parsed[]): void {
    for (const entry of entries) {
      const kept = vendor.keep === undefined ? entry : vendor.keep(entry, clock.now());
      if (kept !== null) stored.push(kept);
    }
  }

  function outcomeOf(entry: Parsed): Outcome {
    if (vendor.isIdUnique && stored.some(({ id }) => id === entry.id)) return 'there';
    if (conduct.refuses(entry)) return 'refused';
    return conduct.throttles(entry) ? 'throttled' : 'new';
  }

  function answerTo(entries: readonly Parsed[], url: URL): Answer {
    const outcomes = entries.map(outcomeOf);
    const answer = vendor.answer(outcomes, url);
    if (answer === null) {
      if (vendor.keepsBeforeRefused === true) take(entries.slice(0, outcomes.indexOf('refused')));
      return vendor.badRequest;
    }
    take(entries.filter((_entry, index) => outcomes[index] === 'new'));
    return answer;
  }

  async function exchange(request: HttpExchange): Promise<HttpResult> {
    requests.push(request);
    const misconduct = conduct.at(requests.length);
    if (misconduct === 'unreachable') return { kind: 'not_sent', reason: 'connect_failed' };
    const simple = SIMPLE[misconduct];
    if (simple !== undefined) return answered(simple);
    if (
      misconduct === 'unauthorized' ||
      misconduct === 'forbidden' ||
      misconduct === 'throttled' ||
      misconduct === 'busy'
    )
      return answered(vendor[misconduct]);
    const headers = Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [name.toLowerCase(), value]),
    );
    if (!vendor.isAuthorized(headers, conduct.token)) return answered(vendor.forbidden);
    const isPacked = headers['content-encoding'] === 'gzip';
    if (isPacked && !vendor.isGzipTaken) return answered(vendor.badRequest);
    const url = new URL(request.url);
    const bytes = Buffer.from(request.body ?? '');
    const body = (isPacked ? gunzipSync(bytes) : bytes).toString();
    const entries = vendor.parse(body, headers, url);
    if (entries === null) return answered(vendor.badRequest);
    if (entries.length > conduct.mostEntries) return answered(vendor.tooLarge);
    switch (misconduct) {
      case 'cut half way':
        take(entries.slice(0, Math.ceil(entries.length / 2)).filter((entry) => outcomeOf(entry) === 'new'));
        return { kind: 'maybe_sent', reason: 'connection_lost', status: null };
      case 'answer lost':
        answerTo(entries, url);
        return { kind: 'maybe_sent', reason: 'connection_lost', status: null };
      case 'silent':
        await new Promise<void>((resolve) => clock.after(request.deadlines.totalMs, resolve));
        answerTo(entries, url);
        return { kind: 'maybe_sent', reason: 'timeout', status: null };
      default:
        return answered(answerTo(entries, url));
    }
  }

  return {
    http: { exchange },
    stored,
    requests,
    conduct,
    exported: (order) => vendor.exported(order === 'by seq' ? stored.toSorted((a, b) => seqOf(a) - seqOf(b)) : stored),
  };
}

/** A checkpoint follows the last record that it covers. */
function seqOf({ line }: Parsed): number {
  const value = JSON.parse(line) as { seq?: number; audit_seq?: number; count?: number };
  return value.seq ?? value.audit_seq ?? (value.count ?? 0) + 0.5;
}

function answered({ status, headers = {}, body = '' }: Answer): HttpResult {
  return { kind: 'answered', status, headers, body: new TextEncoder().encode(body) };
}

export interface SinkOptions {
  readonly token: () => Promise<string>;
  readonly format?: AuditFormat;
  readonly onRefused?: OnRefused;
}

/** The sink of the service that writes to this intake. */
export function sinkTo(vendor: Vendor, { http }: Pick<StandIn, 'http'>, clock: FakeClock, options: SinkOptions): Sink {
  const { token, format = 'native', onRefused = () => undefined } = options;
  const shared = {
    http,
    clock,
    schedule: clock,
    url: vendor.url,
    format,
    userAgent: 'galileo-invite-proxy/0.0.0',
    onRefused,
  };
  if (vendor.intake === 'otlp') {
    return createOtlpSink({
      ...shared,
      resource: { 'service.name': 'invites' },
      scope: { name: 'galileo-invite-proxy', version: '0.0.0' },
      compression: 'gzip',
      timeoutMs: 10_000,
      headers: async () => ({ authorization: `Bearer ${await token()}` }),
    });
  }
  const source = 'https://invites.example.com';
  return createHttpSink({ ...shared, intake: vendor.intake, source, token, headers: async () => ({}) });
}
