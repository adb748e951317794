import type { OutboxItem, Sink } from '../../../src/audit/delivery/sink.ts';
import { SinkError } from '../../../src/audit/delivery/sink.ts';

/** A Queue and a collector that a test holds in its hands. */
export interface FakeQueue {
  /** Bodies as a consumer gets them, in the order of sending, each once. */
  readonly bodies: ArrayBuffer[];
  /** How many messages each call had, failed ones included. */
  readonly calls: { readonly messages: number; readonly bytes: number }[];
  /** How many of the next calls fail. */
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

/** Messages as a Queue hands them over, and what the consumer decided about each. */
export interface FakeBatch {
  readonly batch: MessageBatch;
  /** Indices of those acknowledged. */
  readonly acknowledged: number[];
  /** Index to seconds, of those to be tried again. */
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
