import type { OutboxItem, Sink } from '../../../src/audit/delivery/sink.ts';
import { SinkError } from '../../../src/audit/delivery/sink.ts';

/** Doubles of the audit Queue, a sink and a message batch, for the tests of audit delivery on Workers. */
export interface FakeQueue {
  /** Bodies as a consumer receives them, in the order of sending, each once. */
  readonly bodies: ArrayBuffer[];
  /** The size of each call, failed calls included. */
  readonly calls: { readonly messages: number; readonly bytes: number }[];
  /** The number of following calls that fail. */
  failNext: number;
  readonly binding: Pick<Queue, 'send' | 'sendBatch'>;
}

export function createFakeQueue(): FakeQueue {
  const take = (messages: readonly MessageSendRequest[]): QueueSendBatchResponse => {
    const bodies = messages.map(({ body }) => copyOf(body as Uint8Array));
    queue.calls.push({ messages: bodies.length, bytes: bodies.reduce((sum, { byteLength }) => sum + byteLength, 0) });
    if (queue.failNext > 0) {
      queue.failNext -= 1;
      throw new Error('Queue sendBatch failed: Service Unavailable');
    }
    queue.bodies.push(...bodies);
    return { metadata: { metrics: { backlogCount: queue.bodies.length, backlogBytes: 0 } } };
  };
  const queue: FakeQueue = {
    bodies: [],
    calls: [],
    failNext: 0,
    binding: {
      send: async (body) => take([{ body }]),
      sendBatch: async (messages) => take([...messages]),
    },
  };
  return queue;
}

export interface FakeSink extends Sink {
  readonly items: OutboxItem[];
  failNext: number;
}

export function createFakeSink(name: string): FakeSink {
  const sink: FakeSink = {
    name,
    items: [],
    failNext: 0,
    async write(items) {
      if (sink.failNext > 0) {
        sink.failNext -= 1;
        throw new SinkError('server_error');
      }
      sink.items.push(...items);
    },
  };
  return sink;
}

/** Messages as a Queue delivers them, and the consumer's decision about each. */
export interface FakeBatch {
  readonly batch: MessageBatch;
  /** Indices of the acknowledged messages. */
  readonly acknowledged: number[];
  /** Delay in seconds by index, for the messages to be retried. */
  readonly delays: Record<number, number | undefined>;
}

export function createFakeBatch(bodies: readonly unknown[], attempts = 1): FakeBatch {
  const acknowledged: number[] = [];
  const delays: FakeBatch['delays'] = {};
  const messages = bodies.map((body, n) => ({
    id: `message-${n}`,
    timestamp: new Date(0),
    body,
    attempts,
    ack: () => void acknowledged.push(n),
    retry: (options?: QueueRetryOptions) => void (delays[n] = options?.delaySeconds),
  }));
  const batch: MessageBatch = {
    messages,
    queue: 'audit',
    metadata: { metrics: { backlogCount: 0, backlogBytes: 0 } },
    ackAll: () => undefined,
    retryAll: () => undefined,
  };
  return { batch, acknowledged, delays };
}

export function recordLines(items: readonly OutboxItem[]): string[] {
  return items.filter(({ kind }) => kind === 'record').map(({ line }) => line);
}

function copyOf(body: Uint8Array | ArrayBuffer): ArrayBuffer {
  return Uint8Array.from(body instanceof ArrayBuffer ? new Uint8Array(body) : body).buffer;
}
