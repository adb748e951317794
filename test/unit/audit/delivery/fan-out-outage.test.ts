/**
 * Two simulated hours of a collector's bad day, over the ledger's reference model: down, slow, failing every third
 * time, cut off half way, and the service restarted in the middle of it, beside a sink that works and one that never
 * answers.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { BATCH_LENGTH, BATCH_SIZE } from '../../../../src/audit/delivery/batch-delivery.ts';
import { createFanOut } from '../../../../src/audit/delivery/fan-out.ts';
import { createCheckpointer } from '../../../../src/audit/checkpoint/checkpointer.ts';
import type { Outbox, OutboxItem, Sink } from '../../../../src/audit/delivery/sink.ts';
import { SinkError } from '../../../../src/audit/delivery/sink.ts';
import { createMemoryLedger } from '../../../support/ledger/memory-ledger.ts';
import type { Ledger } from '../../../../src/ledger/port.ts';
import type { Logger } from '../../../../src/ports/logger.ts';
import type { Clock } from '../../../../src/ports/clock.ts';
import type { Schedule } from '../../../../src/ports/schedule.ts';
import type { FakeClock } from '../../../support/clock.ts';
import { createFakeClock, createFakeIds, testUuid7, TEST_TIME_MS } from '../../../support/clock.ts';
import { admission, ANN, onlyRecord, recordDraft } from '../../../support/ledger/ledger.ts';

const MINUTE_MS = 60_000;

interface Arrival {
  readonly id: string;
  readonly atMs: number;
}

/** What a far end has, in the order of its coming; the items themselves are let go. */
interface FarEnd {
  readonly sink: Sink;
  readonly arrived: Arrival[];
}

type Conduct = (items: readonly OutboxItem[], take: (items: readonly OutboxItem[]) => void) => Promise<void>;

function createFarEnd(name: string, clock: Clock, conduct: Conduct): FarEnd {
  const arrived: Arrival[] = [];
  const take = (items: readonly OutboxItem[]): void => {
    for (const { line } of items) arrived.push({ id: idOf(line), atMs: clock.now() });
  };
  return { sink: { name, write: (items) => conduct(items, take) }, arrived };
}

const idOf = (line: string): string => (JSON.parse(line) as { id: string }).id;

/** The collector's day. */
function collectorConduct(clock: FakeClock): Conduct {
  let writes = 0;
  const wait = (ms: number): Promise<void> => new Promise((resolve) => clock.after(ms, resolve));
  return async (items, take) => {
    const minute = (clock.now() - TEST_TIME_MS) / MINUTE_MS;
    writes += 1;
    if (minute < 60) throw new SinkError('unreachable');
    if (minute < 80) {
      await wait(20_000);
      return take(items);
    }
    if (minute < 95) {
      if (writes % 3 === 0) throw new SinkError('server_error');
      return take(items);
    }
    if (minute < 110 && writes % 2 === 0) {
      take(items.slice(0, Math.ceil(items.length / 2)));
      throw new SinkError('connection_lost');
    }
    return take(items);
  };
}

/** Takes nothing, and takes half a minute for it, every time. */
function silentConduct(schedule: Schedule): Conduct {
  return async () => {
    await new Promise<void>((resolve) => schedule.after(30_000, resolve));
    throw new SinkError('timeout');
  };
}

/** Which of the items that were leased are still held by anybody. */
function watchLeases(ledger: Ledger) {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  let leased: { readonly sink: string; readonly length: number; readonly item: WeakRef<OutboxItem> }[] = [];
  const outbox: Outbox = {
    async lease(sink, limit) {
      const items = (await ledger.lease(sink, limit)).map((item) => ({ ...item }));
      leased.push(...items.map((item) => ({ sink, length: item.line.length, item: new WeakRef(item) })));
      return items;
    },
    ack: (sink, position) => ledger.ack(sink, position),
  };
  return {
    outbox,
    /** By sink: items, and characters of their text. */
    async held(): Promise<(sink: string) => { items: number; length: number }> {
      // A WeakRef holds what it was asked for until the turn is over.
      await new Promise((resolve) => setImmediate(resolve));
      collectGarbage();
      leased = leased.filter(({ item }) => item.deref() !== undefined);
      return (sink) => {
        const ofSink = leased.filter((one) => one.sink === sink);
        return { items: ofSink.length, length: ofSink.reduce((sum, { length }) => sum + length, 0) };
      };
    },
  };
}

function createHarness() {
  const clock = createFakeClock();
  const ids = createFakeIds(1_000_000);
  const ledger = createMemoryLedger({ clock, ids });
  const log: string[] = [];
  const keep = (event: string): void => void log.push(event);
  const logger: Logger = { debug: keep, info: keep, warn: keep, error: keep };
  const { outbox, held } = watchLeases(ledger);
  const collector = createFarEnd('http', clock, collectorConduct(clock));
  const steady = createFarEnd('stdout', clock, async (items, take) => take(items));
  const silent = createFarEnd('otlp', clock, silentConduct(clock));
  let chance = 0;
  let failedWrites = 0;
  const start = () => {
    const deliveries = createFanOut({
      outbox,
      sinks: [collector.sink, steady.sink, silent.sink],
      schedule: clock,
      clock,
      gatherMs: 0,
      random: { next: () => (chance = (chance + 0.37) % 1) },
      logger,
      metrics: { count: (_name, labels) => void (failedWrites += Number(labels?.['result'] !== 'delivered')) },
    });
    const checkpoints = createCheckpointer({
      ledger,
      ids,
      clock,
      schedule: clock,
      logger,
      signer: async () => null,
      recordKey: async () => undefined,
      delivery: deliveries,
    });
    return { deliveries, checkpoints };
  };
  let running = start();
  running.deliveries.wake();
  running.checkpoints.wake();
  let requests = 0;
  return {
    ledger,
    clock,
    log,
    pass: clock.pass,
    held,
    collector,
    steady,
    silent,
    failedWrites: () => failedWrites,
    status: () => running.deliveries.status(),
    /** One denial; every fourth with five hundred addresses. */
    async record() {
      const requestId = testUuid7((requests += 1));
      const decided = recordDraft('denial', requestId);
      const emails = Array.from(
        { length: 500 },
        (_, n) => `${'a'.repeat(60)}${String(n)}@${'b'.repeat(50)}.example.com`,
      );
      const request = requests % 4 === 0 ? { ...decided.request, emails, email_count: 500 } : decided.request;
      const records = onlyRecord({ ...decided, request });
      await ledger.admit(admission(requestId, { plan: 'deny', owner: { ...ANN, subject: requestId }, records }));
      running.deliveries.wake();
      running.checkpoints.wake();
    },
    /** As after a crash: nothing is drained, a batch under way stays unacknowledged or not. */
    restart() {
      void running.deliveries.stop();
      void running.checkpoints.stop();
      running = start();
      running.deliveries.wake();
      running.checkpoints.wake();
    },
  };
}

const distinct = (arrivals: readonly Arrival[]): string[] => [...new Set(arrivals.map(({ id }) => id))];

async function wholeTrail(ledger: Ledger): Promise<{ ids: string[]; writtenAt: Map<string, number> }> {
  const ids: string[] = [];
  const writtenAt = new Map<string, number>();
  for (let items = await ledger.lease('reader', 1000); items.length > 0; items = await ledger.lease('reader', 1000)) {
    for (const { line } of items) {
      ids.push(idOf(line));
      writtenAt.set(idOf(line), Date.parse((JSON.parse(line) as { time: string }).time));
    }
    await ledger.ack('reader', items.at(-1)?.position ?? 0);
  }
  return { ids, writtenAt };
}

describe('delivery through two bad hours', () => {
  it('loses nothing, keeps the order, holds one batch a sink at most and lets no sink wait for another', async () => {
    const harness = createHarness();
    let most = { items: 0, length: 0 };
    let sawFailing = false;
    for (let minute = 0; minute < 120; minute += 1) {
      for (let second = 0; second < 60; second += 4) {
        await harness.record();
        await harness.pass(4_000);
      }
      // In the middle of a slow write: what is under way then may be taken twice.
      if (minute === 70) harness.restart();
      if (minute % 10 === 4 || minute === 69) {
        const held = await harness.held();
        const { items, length } = held('http');
        most = { items: Math.max(most.items, items), length: Math.max(most.length, length) };
        expect(held('stdout').items).toBe(0);
      }
      sawFailing ||= harness.status()[0]?.failing?.reason === 'unreachable';
    }
    await harness.pass(30 * MINUTE_MS);

    const { ids, writtenAt } = await wholeTrail(harness.ledger);
    expect(ids.length).toBeGreaterThan(120 * 15);
    expect(sawFailing).toBe(true);
    // Nothing lost, order kept, repeats removable by id; and the collector did see repeats.
    expect(distinct(harness.collector.arrived)).toEqual(ids);
    expect(harness.collector.arrived.length).toBeGreaterThan(ids.length);
    // The sink that works got each item once, in order, at once, whatever the others did.
    expect(harness.steady.arrived.map(({ id }) => id)).toEqual(ids);
    const lateness = harness.steady.arrived.map(({ id, atMs }) => atMs - (writtenAt.get(id) ?? 0));
    expect(Math.max(...lateness)).toBe(0);
    expect(harness.silent.arrived).toEqual([]);
    expect((await harness.ledger.backlog(['http', 'stdout', 'otlp'])).map(({ records }) => records)).toEqual([
      0,
      0,
      120 * 15,
    ]);
    // What a dead hour costs in memory: never more than the batch that is under way.
    expect(most.items).toBeGreaterThan(0);
    expect(most.items).toBeLessThanOrEqual(BATCH_SIZE);
    expect(most.length).toBeLessThanOrEqual(BATCH_LENGTH);
    // And in the log: far from a line per failed write.
    expect(harness.failedWrites()).toBeGreaterThan(200);
    expect(harness.log.length).toBeLessThan(60);
  });
});
