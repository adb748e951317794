/**
 * One attempt: one request, and its answer read to the end. It tells an answer of the service from everything else that
 * may come from the address: a cut connection, a page of a gateway or of a captive portal, a redirect. It decides
 * nothing about repeating. Invariant: the token goes to one address only, because no redirect is followed.
 */
import type { Delay } from './waiting.ts';
import { untilAborted } from './waiting.ts';

export interface Outgoing {
  readonly method: 'GET' | 'POST';
  /** From the address of the service, with the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON. */
  readonly body?: string;
  /** How a success is read; `undefined` for one that is not of the service. Default: as JSON. */
  readonly read?: (text: string, headers: Headers) => unknown;
}

export interface Answered {
  readonly kind: 'answered';
  readonly status: number;
  readonly headers: Headers;
  /** Parsed JSON, or what `read` made of it; null when the answer was empty. */
  readonly body: unknown;
}

/** No answer of the service. */
export interface Lost {
  readonly kind: 'lost';
  /** 0: no answer at all. */
  readonly status: number;
  /** A later attempt may succeed. */
  readonly isTemporary: boolean;
  /** False: the gateway refused the request by itself. */
  readonly mayHaveArrived: boolean;
  readonly tookMs: number;
  readonly cause?: unknown;
}

export interface AttemptDeps {
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  readonly delay: Delay;
  /** Without a slash at its end. */
  readonly url: string;
  readonly attemptTimeoutMs: number;
}

/** Galileo's answers are at most 512 KiB, those of the service are not much longer. */
const MAX_BODY_BYTES = 4 * 1024 * 1024;

export async function attempt(
  deps: AttemptDeps,
  { method, path, headers, body, read }: Outgoing,
  signal: AbortSignal | undefined,
): Promise<Answered | Lost> {
  let isLate = false;
  try {
    return await untilAborted(signal, async (ended) => {
      const late = deps.delay(deps.attemptTimeoutMs, ended.signal).then(() => {
        isLate = !ended.signal.aborted;
        throw new Error('no answer in time');
      });
      const exchange = deps
        .fetch(deps.url + path, {
          ...{ method, headers, redirect: 'manual', signal: ended.signal },
          ...(body === undefined ? {} : { body }),
        })
        .then((response) => readAnswer(response, read));
      return await Promise.race([exchange, late]);
    });
  } catch (cause) {
    signal?.throwIfAborted();
    const tookMs = isLate ? deps.attemptTimeoutMs : 0;
    return { kind: 'lost', status: 0, isTemporary: true, mayHaveArrived: true, tookMs, cause };
  }
}

async function readAnswer(response: Response, read = parseJson): Promise<Answered | Lost> {
  const { status, headers } = response;
  const text = await readText(response);
  const body = text === null ? undefined : (status < 400 ? read : parseJson)(text, headers);
  const isOurs =
    status >= 400
      ? isRefusal(body)
      : // 0 is a redirect in a browser.
        status >= 200 && status < 300 && body !== undefined && (text !== '' || headers.has('X-Request-Id'));
  if (isOurs) return { kind: 'answered', status, headers, body };
  return {
    ...{ kind: 'lost', status, tookMs: 0 },
    isTemporary: status >= 502 && status <= 504,
    // A gateway may put a page of its own in place of a 408 or 409 of the service, or of anything above.
    mayHaveArrived: !(status >= 400 && status < 500 && status !== 408 && status !== 409),
  };
}

/** What every refusal of the service has. A gateway's error may have a `code`, too, and says nothing of the invitation. */
function isRefusal(body: unknown): boolean {
  const { code, origin, request_id, detail } = (body ?? {}) as Readonly<Record<string, unknown>>;
  return (
    [code, origin, request_id].every((text) => typeof text === 'string') &&
    (typeof detail === 'string' || Array.isArray(detail))
  );
}

/** Null when it is too long. Throws when the connection is cut. */
async function readText({ body }: Response): Promise<string | null> {
  const reader = body?.getReader();
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for (;;) {
    const chunk = await reader?.read();
    if (chunk?.value === undefined) return text + decoder.decode();
    bytes += chunk.value.byteLength;
    if (bytes > MAX_BODY_BYTES) {
      await reader?.cancel();
      return null;
    }
    text += decoder.decode(chunk.value, { stream: true });
  }
}

/** `undefined`: it is not JSON. */
function parseJson(text: string, headers: Headers): unknown {
  if (text === '') return null;
  if (!/^application\/([\w.-]+\+)?json\b/i.test(headers.get('Content-Type') ?? '')) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
