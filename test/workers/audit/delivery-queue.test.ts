import { runDurableObjectAlarm } from 'cloudflare:test';
import { describe, expect, it } from 'vitest';
import { verifyChain } from '../../../src/audit/chain.ts';
import type { OutboxItem, Sink } from '../../../src/audit/delivery/sink.ts';
import { SinkError } from '../../../src/audit/delivery/sink.ts';
import { MAX_MESSAGE_BYTES, packMessages, unpackMessage } from '../../../src/platform/workers/audit/message.ts';
import { createQueueSink } from '../../../src/platform/workers/audit/queue.ts';
import { consumeAudit } from '../../../src/platform/workers/audit/consume-audit.ts';
import { testUuid7 } from '../../support/clock.ts';
import { admission, readTrail } from '../../support/ledger/ledger.ts';
import { createFakeBatch, createFakeQueue, createFakeSink, recordLines } from './delivery-harness.ts';
import type { FakeBatch } from './delivery-harness.ts';
import { collectInto, openLedgerObject } from '../ledger/ledger-harness.ts';
import type { LogLine } from '../ledger/ledger-harness.ts';

/** The producer and the consumer of the audit Queue, and the messages between them. */
const item = (n: number, length = 10): OutboxItem => ({
  position: 2 * n,
  kind: 'record',
  line: JSON.stringify({ seq: n, note: incompressible(length) }),
});

/** Random characters of the kind that addresses have, so gzip shortens them by a fifth at most. */
function incompressible(length: number): string {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-._';
  let text = '';
  while (text.length < length) {
    for (const byte of crypto.getRandomValues(new Uint8Array(4096))) text += letters[byte % letters.length];
  }
  return text.slice(0, length);
}

interface Given {
  readonly bodies: readonly unknown[];
  readonly attempts?: number;
  readonly sinks: readonly Sink[];
  readonly ledger?: Parameters<typeof consumeAudit>[1]['ledger'];
}

async function consume({
  bodies,
  attempts = 1,
  sinks,
  ledger,
}: Given): Promise<
  Omit<FakeBatch, 'batch'> & { readonly logs: readonly LogLine[]; readonly sentAnew: readonly ArrayBuffer[] }
> {
  const logs: LogLine[] = [];
  const queue = createFakeQueue();
  const { batch, acknowledged, delays } = createFakeBatch(bodies, attempts);
  await consumeAudit(batch, {
    sinks,
    ledger: ledger ?? { records: async () => [] },
    queue: queue.binding,
    random: { next: () => 0.5 },
    logger: collectInto(logs),
  });
  return { acknowledged: acknowledged.toSorted((a, b) => a - b), delays, logs, sentAnew: queue.bodies };
}

const packed = async (sink: string, ...items: OutboxItem[]) =>
  (await packMessages(sink, items)).map(({ buffer }) => buffer);

describe('a message of the audit Queue', () => {
  it('has the same content after it was packed and unpacked', async () => {
    const items = [item(1), { position: 3, kind: 'checkpoint' as const, line: '{"count":1}' }, item(2)];
    const [body, ...more] = await packed('http', ...items);
    expect(more).toEqual([]);
    expect(await unpackMessage(body)).toEqual({ sink: 'http', items });
  });

  it('is split so that no message and no call is too large for the Queue, in order', async () => {
    const queue = createFakeQueue();
    const items = Array.from({ length: 60 }, (_, n) => item(n + 1, 20_000));
    await createQueueSink({ name: 'http', queue: queue.binding }).write(items);
    const messages = await Promise.all(queue.bodies.map((body) => unpackMessage(body)));
    expect(messages.flatMap((message) => message.items)).toEqual(items);
    expect(Math.max(...queue.bodies.map(({ byteLength }) => byteLength))).toBeLessThanOrEqual(MAX_MESSAGE_BYTES);
    for (const call of queue.calls) {
      expect(call.messages).toBeLessThanOrEqual(100);
      expect(call.bytes).toBeLessThanOrEqual(256_000);
    }
    expect(queue.calls.length).toBeLessThan(messages.length);
  });

  it('holds the largest possible record, even when it hardly compresses', async () => {
    const [body] = await packed('http', item(1, 140_000));
    expect((await unpackMessage(body)).items[0]?.line).toHaveLength(140_000 + '{"seq":1,"note":""}'.length);
  });

  it('holds only the seq of a record that is larger still, and the consumer reads that from the ledger', async () => {
    const harness = openLedgerObject({ targets: [] });
    const given = admission(testUuid7(1));
    const base = { ...given.records.base, source: { address: incompressible(300_000) } };
    await harness.ledger.admit({ ...given, records: { ...given.records, base } });
    const sink = createFakeSink('http');
    const [whole] = await harness.ledger.lease('http', 1);
    const bodies = await packed('http', whole as OutboxItem);
    expect(bodies[0]?.byteLength).toBeLessThan(1_000);

    const reported = await consume({ bodies, sinks: [sink], ledger: harness.ledger });

    expect(reported.acknowledged).toEqual([0]);
    expect(sink.items).toEqual([whole]);
  });
});

describe('the consumer', () => {
  it('writes every message to the sink it names, in order of position, and acknowledges it', async () => {
    const http = createFakeSink('http');
    const otlp = createFakeSink('otlp');
    const bodies = [
      ...(await packed('http', item(5), item(6))),
      ...(await packed('otlp', item(1))),
      ...(await packed('http', item(1), item(2))),
      ...(await packed('http', item(3), item(4))),
    ];
    const reported = await consume({ bodies, sinks: [http, otlp] });
    expect(http.items.map(({ position }) => position)).toEqual([2, 4, 6, 8, 10, 12]);
    expect(otlp.items.map(({ position }) => position)).toEqual([2]);
    expect(reported.acknowledged).toEqual([0, 1, 2, 3]);
  });

  it('retries a message that its sink refused, and that sink’s later ones, without delaying another sink', async () => {
    const http = createFakeSink('http');
    const otlp = createFakeSink('otlp');
    const first = http.write;
    let writes = 0;
    const failing: Sink = {
      name: 'http',
      async write(items) {
        if ((writes += 1) === 2) throw new SinkError('server_error');
        await first(items);
      },
    };
    const bodies = [
      ...(await packed('http', item(1))),
      ...(await packed('http', item(2))),
      ...(await packed('http', item(3))),
      ...(await packed('otlp', item(1), item(2), item(3))),
    ];
    const reported = await consume({ bodies, sinks: [failing, otlp] });
    expect(reported.acknowledged).toEqual([0, 3]);
    expect(reported.delays).toEqual({ 1: 12, 2: 12 });
    expect(http.items.map(({ position }) => position)).toEqual([2]);
    expect(otlp.items).toHaveLength(3);
  });

  it.each([
    [1, 12],
    [2, 23],
    [5, 180],
    [20, 2_700],
  ])('waits longer after each attempt: after %i, %i s', async (attempts, delayS) => {
    const http = createFakeSink('http');
    http.failNext = 1;
    const reported = await consume({ bodies: await packed('http', item(1)), attempts, sinks: [http] });
    expect(reported.delays).toEqual({ 0: delayS });
  });

  it('waits as long as the receiver asks, an hour at most', async () => {
    const delayFor = async (retryAfterMs: number): Promise<unknown> => {
      const sink: Sink = {
        name: 'http',
        write: () => Promise.reject(new SinkError('rate_limited', retryAfterMs)),
      };
      return (await consume({ bodies: await packed('http', item(1)), sinks: [sink] })).delays[0];
    };
    expect(await delayFor(90_000)).toBe(90);
    expect(await delayFor(86_400_000)).toBe(3_600);
  });

  it('writes a message that is too large for the receiver in halves, in order', async () => {
    const taken: OutboxItem[][] = [];
    const sink: Sink = {
      name: 'http',
      async write(items) {
        if (items.length > 2) throw new SinkError('too_large');
        taken.push([...items]);
      },
    };
    const items = [1, 2, 3, 4, 5].map((n) => item(n));
    const reported = await consume({ bodies: await packed('http', ...items), sinks: [sink] });
    expect(reported.acknowledged).toEqual([0]);
    expect(taken.flat()).toEqual(items);
    expect(taken.map(({ length }) => length)).toEqual([2, 1, 2]);
  });

  it('sends a message to the Queue again before the Queue would drop it', async () => {
    const http = createFakeSink('http');
    http.failNext = 1;
    const bodies = await packed('http', item(1));
    const reported = await consume({ bodies, attempts: 48, sinks: [http] });
    expect(reported.acknowledged).toEqual([0]);
    expect(reported.sentAnew.map((body) => new Uint8Array(body))).toEqual(bodies.map((body) => new Uint8Array(body)));
  });

  it.each([
    ['a message that it cannot read', async () => [new Uint8Array([1, 2, 3]).buffer]],
    ['a message for a sink that is not configured', async () => await packed('splunk', item(1))],
  ])('also sends %s to the Queue again, at the last attempt that the Queue grants', async (_what, make) => {
    const bodies = await make();
    const reported = await consume({ bodies, attempts: 100, sinks: [] });
    expect([reported.acknowledged, reported.delays]).toEqual([[0], {}]);
    expect(reported.sentAnew.map((body) => new Uint8Array(body))).toEqual(bodies.map((body) => new Uint8Array(body)));
  });

  it('retries a message that the Queue does not accept again', async () => {
    const queue = createFakeQueue();
    queue.failNext = 1;
    const { batch, acknowledged, delays } = createFakeBatch(await packed('splunk', item(1)), 48);
    await consumeAudit(batch, {
      sinks: [],
      ledger: { records: async () => [] },
      queue: queue.binding,
      random: { next: () => 0.5 },
      logger: collectInto([]),
    });
    expect([acknowledged, delays]).toEqual([[], { 0: 2_700 }]);
  });

  it.each([
    ['no gzip', new Uint8Array([1, 2, 3]).buffer],
    ['no bytes', { items: [] }],
  ])('drops no message that it cannot read: %s', async (_what, body) => {
    const reported = await consume({ bodies: [body], sinks: [createFakeSink('http')] });
    expect(reported.acknowledged).toEqual([]);
    expect(reported.delays).toEqual({ 0: 12 });
    expect(reported.logs).toEqual([{ level: 'error', event: 'audit_message_unreadable', fields: { attempts: 1 } }]);
  });

  it('drops no message for a sink that is no longer configured', async () => {
    const reported = await consume({ bodies: await packed('splunk', item(1)), sinks: [createFakeSink('http')] });
    expect(reported.acknowledged).toEqual([]);
    expect(reported.logs).toMatchObject([{ event: 'audit_sink_unknown', fields: { sink: 'splunk', messages: 1 } }]);
  });

  it('logs the reason of a failure, and never its text', async () => {
    const sink: Sink = {
      name: 'http',
      write: () => Promise.reject(new Error('cannot post ann@acme.com with Bearer s3cret')),
    };
    const reported = await consume({ bodies: await packed('http', item(1)), sinks: [sink] });
    expect(reported.logs).toEqual([
      { level: 'warn', event: 'audit_delivery_failed', fields: { sink: 'http', reason: 'unknown' } },
    ]);
  });
});

describe('object, Queue, consumer and a collector that fails every third time', () => {
  it('deliver the whole trail to the collector: repeats are removable by id, and the chain is intact', async () => {
    const queue = createFakeQueue();
    const harness = openLedgerObject({
      targets: [{ sink: createQueueSink({ name: 'http', queue: queue.binding }), maxLengthPerRun: Infinity }],
    });
    const collected: string[] = [];
    let writes = 0;
    const collector: Sink = {
      name: 'http',
      async write(items) {
        collected.push(...recordLines(items));
        // The collector has stored the items, and its answer is lost.
        if ((writes += 1) % 3 === 0) throw new SinkError('connection_lost');
      },
    };
    for (let n = 0; n < 30; n += 1) {
      await harness.ledger.admit(admission(testUuid7(n)));
      harness.alarmClock.advance(60_000);
      await runDurableObjectAlarm(harness.stub);
    }
    let waiting: unknown[] = queue.bodies;
    for (let batches = 0; batches < 100 && waiting.length > 0; batches += 1) {
      const bodies = waiting.slice(0, 10);
      const reported = await consume({ bodies, sinks: [collector] });
      waiting = [...waiting.slice(10), ...bodies.filter((_, n) => !reported.acknowledged.includes(n))];
    }
    expect(waiting).toEqual([]);
    const trail = await readTrail(harness.ledger);
    const byId = new Map(collected.map((line) => [(JSON.parse(line) as { id: string }).id, line]));
    const inOrder = [...byId.values()].toSorted((a, b) => seqOf(a) - seqOf(b));
    expect(collected.length).toBeGreaterThan(trail.length);
    expect(inOrder).toEqual(trail);
    expect(verifyChain(inOrder)).toMatchObject({ kind: 'intact', head: { seq: 30 } });
  });
});

function seqOf(line: string): number {
  return (JSON.parse(line) as { seq: number }).seq;
}
