/**
 * The stand-in Galileo behind the HTTP port, without a socket: an exchange is one call of the stand-in's app. It gives
 * the results that the real client gives over a connection: a cut connection, a timeout and a response that is too
 * large are `maybe_sent`, and an exchange with any other origin is a refused connection.
 * test/http/galileo-in-process.test.ts compares the two. Tests of connections and of the bytes on the wire use
 * `serveGalileo` and the real client.
 */
import type { AccountOptions } from '../../../dev/galileo-account.ts';
import type { Galileo } from '../../../dev/galileo.ts';
import { createGalileo } from '../../../dev/galileo.ts';
import type { HttpPort, HttpResult, MaybeSentReason } from '../../../src/ports/http.ts';
import type { Schedule } from '../../../src/ports/schedule.ts';

export interface GalileoInProcess extends Galileo {
  /** The only origin that `http` reaches. */
  readonly url: string;
  readonly http: HttpPort;
}

const URL_IN_PROCESS = 'https://galileo.example';

export function createGalileoInProcess(options: {
  readonly apiKeys: readonly string[];
  readonly account?: AccountOptions;
  /** For the timeout of an exchange. */
  readonly schedule: Schedule;
}): GalileoInProcess {
  const { schedule, ...accepts } = options;
  const galileo = createGalileo(accepts);
  return {
    ...galileo,
    url: URL_IN_PROCESS,
    http: {
      async exchange({ method, url, headers, body, deadlines, maxResponseBytes }) {
        if (new URL(url).origin !== URL_IN_PROCESS) return { kind: 'not_sent', reason: 'connect_failed' };
        const ended = Promise.withResolvers<HttpResult>();
        const gone = new AbortController();
        let status: number | null = null;
        const fail = (reason: MaybeSentReason): void => ended.resolve({ kind: 'maybe_sent', reason, status });
        // The part of Node's ServerResponse that the stand-in uses to cut a connection.
        const outgoing = {
          writeHead: (code: number) => void (status = code),
          write: (_text: string, written: () => void) => written(),
          socket: { destroy: () => fail('connection_lost') },
        };
        const answer = async (): Promise<void> => {
          const request = new Request(url, { method, headers, body, signal: gone.signal });
          const response = await galileo.app.fetch(request, { outgoing });
          ({ status } = response);
          const bytes = new Uint8Array(await response.arrayBuffer());
          if (bytes.byteLength > maxResponseBytes) return fail('response_too_large');
          ended.resolve({ kind: 'answered', status, headers: Object.fromEntries(response.headers), body: bytes });
        };
        const cancel = schedule.after(deadlines.totalMs, () => {
          fail('timeout');
          gone.abort();
        });
        void answer().catch(ended.reject);
        try {
          return await ended.promise;
        } finally {
          cancel();
        }
      },
    },
  };
}
