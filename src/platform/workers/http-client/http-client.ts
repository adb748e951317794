import { collectBytes } from '../../../lib/collect-bytes.ts';
import type { HttpExchange, HttpPort, HttpResult, MaybeSentReason } from '../../../ports/http.ts';

/**
 * The client for outgoing HTTP (ports/http) on Workers, over `fetch`. In workerd a refused connection and a connection
 * that breaks after the request was sent look the same, so no result is ever `not_sent`: every rejected fetch is
 * `maybe_sent`. Redirects are returned and not followed, because fetch would send the key to another origin.
 */
export interface HttpClientOptions {
  readonly fetch?: typeof fetch;
}

export function createHttpClient(options: HttpClientOptions = {}): HttpPort {
  // Called as a plain function: workerd refuses a `fetch` that is called as a method of something else.
  const doFetch = options.fetch ?? ((input: RequestInfo, init?: RequestInit) => fetch(input, init));

  return {
    async exchange(request) {
      const { connectMs, headersMs, bodyMs, totalMs } = request.deadlines;
      const endsAtMs = Date.now() + totalMs;
      const deadline = createDeadline(Math.min(connectMs + headersMs, totalMs));
      let status: number | null = null;
      try {
        const { method, url, headers, body } = request;
        const response = await doFetch(url, {
          method,
          headers: { ...headers },
          body,
          redirect: 'manual',
          signal: deadline.signal,
        });
        status = response.status;
        deadline.move(Math.min(bodyMs, endsAtMs - Date.now()));
        return await readAnswer(response, request);
      } catch {
        // The error that fetch throws may quote the request, so only the fact that it threw is kept.
        return maybeSent(deadline.signal.aborted ? 'timeout' : 'connection_lost', status);
      } finally {
        deadline.clear();
      }
    },
  };
}

/** workerd decodes gzip and br itself. It leaves a body in any other coding encoded. */
const READABLE_CODINGS: ReadonlySet<string> = new Set(['', 'identity', 'gzip', 'br']);

async function readAnswer(response: Response, { maxResponseBytes }: HttpExchange): Promise<HttpResult> {
  const { status } = response;
  // workerd returns a protocol switch as if it were a final response (RFC 9110 §15.2.2).
  if (status < 200) return maybeSent('protocol_error', status);
  const coding = response.headers.get('content-encoding')?.trim().toLowerCase() ?? '';
  const reader = response.body?.getReader() as ReadableStreamDefaultReader<Uint8Array> | undefined;
  const body = reader === undefined ? new Uint8Array() : await collectBytes(reader, maxResponseBytes);
  if (body === null) return maybeSent('response_too_large', status);
  if (body.byteLength > 0 && !READABLE_CODINGS.has(coding)) return maybeSent('protocol_error', status);
  return { kind: 'answered', status, headers: Object.fromEntries(response.headers), body };
}

function maybeSent(reason: MaybeSentReason, status: number | null): HttpResult {
  return { kind: 'maybe_sent', reason, status };
}

/** A signal that aborts after `ms`. `move` replaces the time that is left, once the response has begun. */
function createDeadline(ms: number) {
  const controller = new AbortController();
  let timer = setTimeout(() => controller.abort(), ms);
  return {
    signal: controller.signal,
    move(toMs: number) {
      clearTimeout(timer);
      timer = setTimeout(() => controller.abort(), Math.max(0, toMs));
    },
    clear: () => clearTimeout(timer),
  };
}
