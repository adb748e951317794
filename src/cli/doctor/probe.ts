import { answerDate } from '../../lib/http/answer-date.ts';
import type { Clock } from '../../ports/clock.ts';
import type {
  Deadlines,
  HttpExchange,
  HttpPort,
  HttpResult,
  MaybeSentReason,
  NotSentReason,
} from '../../ports/http.ts';
import { BEHIND_PROXY } from './advice/proxy-words.ts';
import type { Words } from './advice/proxy-words.ts';

/**
 * One request without credentials. It shows whether an address answers over a trusted connection, and the time of its
 * clock. The messages for a missing answer are here, too: they are the same for issuers and for Galileo.
 */
export interface Probe {
  readonly result: HttpResult;
  /** How far this machine's clock is ahead of the answer's `Date`, in milliseconds; null when that is not usable. */
  readonly aheadMs: number | null;
}

export const PROBE_DEADLINES: Deadlines = { connectMs: 3000, headersMs: 5000, bodyMs: 5000, totalMs: 5000 };

export async function probe(request: HttpExchange, { http, clock }: { http: HttpPort; clock: Clock }): Promise<Probe> {
  const startedAtMs = clock.now();
  const result = await http.exchange(request);
  return {
    result,
    aheadMs: result.kind === 'answered' ? clockAhead(result.headers, startedAtMs, clock.now()) : null,
  };
}

/**
 * Compares the answer's `Date` with this machine's time between request and answer. The result is 0 when the two can
 * agree.
 */
export function clockAhead(
  headers: Readonly<Record<string, string>>,
  startedAtMs: number,
  endedAtMs: number,
): number | null {
  const date = answerDate(headers);
  if (date === null) return null;
  const { earliestMs, latestMs } = date;
  if (endedAtMs < earliestMs) return endedAtMs - earliestMs;
  return startedAtMs > latestMs ? startedAtMs - latestMs : 0;
}

const NETWORK =
  'Check the address, and that a firewall lets this machine connect to it. If a proxy is the only way out, set HTTPS_PROXY.';

/** Why an address gave no complete answer. `message` follows the name of the address. */
export const UNANSWERED = {
  name_not_resolved: {
    message: 'has a name that does not resolve',
    remedy: 'Check the address for a typing error, and the DNS of this machine or container.',
  },
  connect_failed: { message: 'takes no connection', remedy: NETWORK },
  connect_timeout: { message: 'does not take a connection in time', remedy: NETWORK },
  tls_failed: {
    message: 'has a certificate that is not trusted, or speaks no TLS 1.2',
    remedy:
      'Check the address, and that its port speaks https. If your network inspects TLS or the server has a private ' +
      'authority, set NODE_EXTRA_CA_CERTS to a file with its certificate (PEM), for the service too.',
  },
  client_closed: { message: 'was not asked', remedy: 'Run doctor again.' },
  timeout: { message: 'does not answer in time', remedy: 'Try again; if it stays so, ask its operators.' },
  connection_lost: {
    message: 'ends the connection without an answer',
    remedy: 'Check the address and port: something else may be listening, or a proxy in between may be closing it.',
  },
  protocol_error: {
    message: 'does not answer in HTTP',
    remedy: 'Check the address and port, and whether it wants https instead of http.',
  },
  response_too_large: { message: 'answers with more than it should', remedy: 'Check the address.' },
  ...BEHIND_PROXY,
} as const satisfies Record<NotSentReason | MaybeSentReason, Words>;
