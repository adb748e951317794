import { Agent, request } from 'undici';
import type { Dispatcher } from 'undici';

import { answerWitness } from '../../../ledger/answer-witness.ts';
import type { Witness } from '../../../ledger/trusted-time.ts';
import { collectText } from '../../../lib/collect-text.ts';
import type { FetchDocument } from '../../../ports/fetch-document.ts';

/**
 * Fetches the metadata and key sets of issuers on Node, with undici. It is not the client for the upstream: it sends no
 * key and has no pool and no keep-alive, because a document is read every ten minutes. undici's `request` follows no
 * redirect by default and keeps no cookies. TLS certificates are always verified; NODE_TLS_REJECT_UNAUTHORIZED has no
 * effect.
 */
export interface FetchDocumentOptions {
  /** For tests; the default opens one connection per document. */
  readonly dispatcher?: Dispatcher;
  /** Called with what each complete answer says about the present. */
  readonly hear?: (witness: Witness) => void;
}

export function createFetchDocument(options: FetchDocumentOptions = {}): FetchDocument {
  const dispatcher =
    options.dispatcher ?? new Agent({ pipelining: 0, connect: { rejectUnauthorized: true, minVersion: 'TLSv1.2' } });
  return async ({ url, timeoutMs, maxBytes }) => {
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      const answer = await request(url, {
        dispatcher,
        signal,
        method: 'GET',
        headers: { accept: 'application/json', 'accept-encoding': 'identity' },
      });
      const { statusCode: status, headers, body } = answer;
      if (status !== 200) {
        await body.dump({ limit: 0 }).catch(() => undefined);
        return { kind: 'failed', reason: status >= 300 && status < 400 ? 'redirected' : 'bad_status', status };
      }
      const read = await collectText(body, maxBytes);
      if (read.kind === 'failed') return read;
      const contentType = headers['content-type'];
      const witness = answerWitness(url, singleFields(headers));
      if (witness !== null) options.hear?.(witness);
      return { kind: 'document', text: read.text, contentType: typeof contentType === 'string' ? contentType : null };
    } catch {
      return { kind: 'failed', reason: signal.aborted ? 'timeout' : 'unreachable' };
    }
  };
}

/** A field that came more than once is left out: its value is not clear. */
function singleFields(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value] as const] : [])),
  );
}
