import { collectText } from '../../../lib/collect-text.ts';
import type { FetchDocument } from '../../../ports/fetch-document.ts';
import { DOCUMENT_ACCEPT } from '../../../ports/fetch-document.ts';
import type { HttpClientOptions } from './http-client.ts';

/**
 * Reads issuers' metadata and key sets on Workers, over `fetch`. It is not the client for the upstream. With
 * `redirect: 'manual'`, fetch returns a redirect as the response, and this counts as a failure. workerd decodes the
 * body before its bytes are counted.
 */
export function createFetchDocument(options: HttpClientOptions = {}): FetchDocument {
  // Called as a plain function, as in http-client.
  const doFetch = options.fetch ?? ((input: RequestInfo, init?: RequestInit) => fetch(input, init));
  return async ({ url, timeoutMs, maxBytes }) => {
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      const answer = await doFetch(url, {
        method: 'GET',
        redirect: 'manual',
        signal,
        headers: { accept: DOCUMENT_ACCEPT },
      });
      const { status } = answer;
      if (status !== 200 || answer.body === null) {
        await answer.body?.cancel().catch(() => undefined);
        return { kind: 'failed', reason: status >= 300 && status < 400 ? 'redirected' : 'bad_status', status };
      }
      const read = await collectText(answer.body as ReadableStream<Uint8Array>, maxBytes);
      return read.kind === 'failed'
        ? read
        : { kind: 'document', text: read.text, contentType: answer.headers.get('content-type') };
    } catch {
      return { kind: 'failed', reason: signal.aborted ? 'timeout' : 'unreachable' };
    }
  };
}
