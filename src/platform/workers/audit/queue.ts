import { SinkError } from '../../../audit/delivery/sink.ts';
import type { Sink } from '../../../audit/delivery/sink.ts';
import { packMessages } from './message.ts';

/**
 * The producer of the audit Queue, as a sink. It has the name of the final sink. The Queue keeps what it has accepted
 * until its consumer (consume-audit) has written it to that sink.
 */
export interface QueueSinkDeps {
  /** The name of the final sink, and so of the ledger's cursor for it. */
  readonly name: string;
  readonly queue: Pick<Queue, 'sendBatch'>;
}

/** The platform's limits for one call: 100 messages and 256 KB. */
const MAX_CALL_MESSAGES = 100;
const MAX_CALL_BYTES = 240_000;

export function createQueueSink({ name, queue }: QueueSinkDeps): Sink {
  return {
    name,
    async write(items) {
      const calls = groupByCall(await packMessages(name, items));
      try {
        // One after the other: the Queue keeps no order between concurrent calls.
        for (const bodies of calls) await queue.sendBatch(bodies.map((body) => ({ body, contentType: 'bytes' })));
      } catch {
        throw new SinkError('write_failed');
      }
    },
  };
}

function groupByCall(bodies: readonly Uint8Array<ArrayBuffer>[]): Uint8Array<ArrayBuffer>[][] {
  const calls: Uint8Array<ArrayBuffer>[][] = [];
  let bytes = Infinity;
  for (const body of bodies) {
    const call = calls.at(-1);
    if (call === undefined || call.length >= MAX_CALL_MESSAGES || bytes + body.byteLength > MAX_CALL_BYTES) {
      calls.push([body]);
      bytes = body.byteLength;
    } else {
      call.push(body);
      bytes += body.byteLength;
    }
  }
  return calls;
}
