import { Agent, request } from 'undici';
import type { Dispatcher } from 'undici';

import { answerWitness } from '../../../ledger/answer-witness.ts';
import type { Witness } from '../../../ledger/trusted-time.ts';
import { collectText } from '../../../lib/collect-text.ts';
import { DIRECT_EGRESS } from '../../../lib/egress/egress.ts';
import type { Egress } from '../../../lib/egress/egress.ts';
import type { FetchDocument } from '../../../ports/fetch-document.ts';
import { DOCUMENT_ACCEPT } from '../../../ports/fetch-document.ts';
import { TunnelError } from './connect-failure.ts';
import { createConnector } from './connector.ts';

/**
 * Fetches the metadata and key sets of issuers on Node, with undici. It is not the client for the upstream: it sends no
 * key and has no pool and no keep-alive, because a document is read every ten minutes. undici's `request` follows no
 * redirect by default and keeps no cookies. TLS certificates are always verified; NODE_TLS_REJECT_UNAUTHORIZED has no
 * effect.
 */
export interface FetchDocumentOptions {
  /** For tests; the default opens one connection per document. */
  readonly dispatcher?: Dispatcher;
  /** The way out for each document; by default always direct. */
  readonly egress?: Egress;
  /** PEM certificates to trust instead of the built-in ones. */
  readonly ca?: string;
  /** Called with what each complete answer says about the present. */
  readonly hear?: (witness: Witness) => void;
}

/** Ends a connection attempt that no document waits for any more; DOCUMENT_TIMEOUT_MS is shorter. */
const CONNECT_TIMEOUT_MS = 5_000;

export function createFetchDocument(options: FetchDocumentOptions = {}): FetchDocument {
  const { egress = DIRECT_EGRESS, ca } = options;
  const connector = createConnector({ egress, timeoutMs: CONNECT_TIMEOUT_MS, ...(ca === undefined ? {} : { ca }) });
  const dispatcher = options.dispatcher ?? new Agent({ pipelining: 0, connect: connector.connect });
  return async ({ url, timeoutMs, maxBytes }) => {
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      const asked = request(url, {
        dispatcher,
        signal,
        method: 'GET',
        headers: { accept: DOCUMENT_ACCEPT, 'accept-encoding': 'identity' },
      });
      // undici heeds the signal only once it has a connection.
      const answer = await Promise.race([asked, rejectsOn(signal)]);
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
    } catch (error) {
      if (signal.aborted) {
        return { kind: 'failed', reason: connector.awaitsProxy(new URL(url).origin) ? 'proxy_timeout' : 'timeout' };
      }
      return { kind: 'failed', reason: error instanceof TunnelError ? error.reason : 'unreachable' };
    }
  };
}

function rejectsOn(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(new Error('timeout')), { once: true });
  });
}

/** A field that came more than once is left out: its value is not clear. */
function singleFields(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value] as const] : [])),
  );
}
