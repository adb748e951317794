import type { AuditFormat } from '../format/formats.ts';
import { deliveredLine } from '../format/formats.ts';
import { itemFacts } from '../format/item-facts.ts';
import type { PostDeps } from './post-batch.ts';
import { postBatch } from './post-batch.ts';
import type { OutboxItem, Sink } from './sink.ts';
import { SinkError } from './sink.ts';

/**
 * The http sink sends a batch as one POST of NDJSON with gzip. CloudEvents 1.0 header fields in binary mode describe
 * it; one batch is one event. The event depends only on the items. A batch that is sent again therefore has the same
 * bytes and the same `ce-id`, and a receiver may drop the repeat as a whole.
 */
export interface HttpSinkDeps extends PostDeps {
  readonly url: string;
  readonly format: AuditFormat;
  /** A URI reference that names this deployment (CloudEvents `source`); the same for all its processes. */
  readonly source: string;
  readonly userAgent: string;
  /** Called for every batch, so a rotated token needs no restart. Null: no Authorization field. */
  readonly token: () => Promise<string | null>;
  readonly timeoutMs?: number;
}

const EVENT_TYPE = 'galileo-invite-proxy.audit.batch.v1';
const TIMEOUT_MS = 10_000;

export function createHttpSink(deps: HttpSinkDeps): Sink {
  const { url, format, source, userAgent, token, timeoutMs = TIMEOUT_MS } = deps;

  async function authorization(): Promise<Record<string, string>> {
    try {
      const bearer = await token();
      return bearer === null ? {} : { Authorization: `Bearer ${bearer}` };
    } catch {
      // Not passed on: the message of that error may contain more than a SinkError should.
      throw new SinkError('token_unavailable');
    }
  }

  return {
    name: 'http',
    async write(items) {
      const [first] = items;
      const last = items.at(-1);
      if (first === undefined || last === undefined) return;
      await postBatch(deps, {
        url,
        headers: {
          'Content-Type': 'application/x-ndjson',
          'User-Agent': userAgent,
          ...describeBatch(first, last, { format, source }),
          ...(await authorization()),
        },
        body: items.map((item) => `${deliveredLine(format, item)}\n`).join(''),
        compression: 'gzip',
        timeoutMs,
      });
    },
  };
}

/**
 * CloudEvents HTTP binding §3.1; extension names are lower-case letters and digits (CloudEvents 1.0, Naming
 * Conventions).
 */
function describeBatch(
  first: OutboxItem,
  last: OutboxItem,
  { format, source }: Pick<HttpSinkDeps, 'format' | 'source'>,
): Record<string, string> {
  const [from, to] = [itemFacts(first), itemFacts(last)];
  return {
    'ce-specversion': '1.0',
    'ce-type': EVENT_TYPE,
    'ce-source': source,
    'ce-id': `${from.id}.${to.id}`,
    ...(to.time === null ? {} : { 'ce-time': to.time }),
    'ce-auditformat': format,
    'ce-firstseq': String(from.seq),
    'ce-lastseq': String(to.seq),
  };
}
