import { describe, expect, it } from 'vitest';
import {
  BATCH_LENGTH,
  FIRST_BACKOFF_MS,
  LONGEST_BACKOFF_MS,
  LONGEST_RETRY_AFTER_MS,
  LONGEST_WRITE_MS,
} from '../../../../src/audit/delivery/batch-delivery.ts';
import { createDelivery, DRAIN_MS, GATHER_MS } from '../../../../src/audit/delivery/delivery.ts';
import { SinkError } from '../../../../src/audit/delivery/sink.ts';
import type { OutboxItem, Sink } from '../../../../src/audit/delivery/sink.ts';
import type { LogFields } from '../../../../src/ports/logger.ts';
import { createFakeClock, promisesSettled } from '../../../support/clock.ts';
import { createTestOutbox } from './test-outbox.ts';

/** A sink whose every write waits for the test's word. */
function createScriptedSink() {
  const received: number[][] = [];
  const pending: { resolve: () => void; reject: (error: Error) => void }[] = [];
  let begun = Promise.withResolvers<void>();
  const sink: Sink = {
    name: 'scripted',
    write(items: readonly OutboxItem[]) {
      received.push(items.map(({ position }) => position));
      begun.resolve();
      begun = Promise.withResolvers();
      return new Promise<void>((resolve, reject) => pending.push({ resolve, reject }));
    },
  };
  return {
    sink,
    received,
    get open() {
      return pending.length;
    },
    /** Resolves when a write waits for an answer. */
    writing: () => (pending.length > 0 ? Promise.resolve() : begun.promise),
    accept: () => pending.shift()?.resolve(),
    refuse: (error: Error = new Error('Bearer s3cret was refused')) => pending.shift()?.reject(error),
  };
}

interface Changes {
  readonly batchSize?: number;
  /** What chance says every time. */
  readonly chance?: number;
  /** How long records are gathered; not at all, so that most tests see each run as it begins. */
  readonly gatherMs?: number;
}

/** By default chance gives the shortest of waits. */
function setup({ batchSize = 2, chance = 0, gatherMs = 0 }: Changes = {}) {
  const outbox = createTestOutbox();
  const clock = createFakeClock();
  const scripted = createScriptedSink();
  const log: (LogFields & { event: string })[] = [];
  const counted: string[] = [];
  const keep = (event: string, fields: LogFields = {}): void => void log.push({ event, ...fields });
  const delivery = createDelivery({
    outbox,
    sink: scripted.sink,
    schedule: clock,
    clock,
    random: { next: () => chance },
    logger: { debug: keep, info: keep, warn: keep, error: keep },
    metrics: { count: (name, labels) => void counted.push(`${name} ${labels?.['sink']} ${labels?.['result']}`) },
    batchSize,
    gatherMs,
  });
  /** Accepts or refuses what is being written, and lets time pass up to the next write. */
  async function answer(error?: Error, ms = 0): Promise<void> {
    if (error === undefined) scripted.accept();
    else scripted.refuse(error);
    await clock.pass(ms);
  }
  return { outbox, clock, schedule: clock, pass: clock.pass, scripted, log, counted, delivery, answer };
}

describe('delivery to a sink', () => {
  it('hands over everything in order, batch by batch, and only then rests', async () => {
    const { outbox, schedule, scripted, delivery, answer, pass } = setup();
    for (let n = 0; n < 5; n += 1) outbox.append();
    delivery.wake();
    await pass(0);
    for (let batch = 0; batch < 3; batch += 1) await answer();
    expect(scripted.received).toEqual([[16, 32], [48, 64], [80]]);
    expect(schedule.waitingMs).toEqual([]);
    expect(outbox.positionsAfter('scripted')).toEqual([]);
  });

  it('hands over checkpoints among the records, each at its place', async () => {
    const { outbox, scripted, delivery, pass } = setup({ batchSize: 10 });
    outbox.append();
    await outbox.addCheckpoint({ count: 1, madeAt: 0, line: '{}' });
    outbox.append();
    delivery.wake();
    await pass(0);
    expect(scripted.received).toEqual([[16, 17, 32]]);
  });

  it('does nothing within the caller’s own turn', async () => {
    const { outbox, scripted, delivery, pass } = setup();
    outbox.append();
    delivery.wake();
    await promisesSettled();
    expect(scripted.received).toEqual([]);
    await pass(0);
    expect(scripted.received).toEqual([[16]]);
  });

  it('makes one run of many wakes, and one at a time', async () => {
    const { outbox, schedule, scripted, delivery, pass } = setup();
    outbox.append();
    delivery.wake();
    delivery.wake();
    expect(schedule.waitingMs).toEqual([0]);
    await pass(0);
    delivery.wake();
    await pass(0);
    expect(scripted.open).toBe(1);
    expect(schedule.waitingMs).toEqual([]);
  });

  it('gathers what is recorded within a tenth of a second, so that one commit moves the cursor past all of it', async () => {
    const { outbox, scripted, delivery, answer, pass } = setup({ batchSize: 100, gatherMs: GATHER_MS });
    outbox.append();
    delivery.wake();
    await pass(GATHER_MS - 1);
    outbox.append();
    delivery.wake();
    expect(scripted.received).toEqual([]);
    await pass(1);
    expect(scripted.received).toEqual([[16, 32]]);
    // What comes during the write is gathered, too.
    outbox.append();
    delivery.wake();
    await answer(undefined, GATHER_MS - 1);
    expect(scripted.received).toHaveLength(1);
    await pass(1);
    expect(scripted.received).toEqual([[16, 32], [48]]);
  });

  it('gathers nothing between the batches of a backlog', async () => {
    const { outbox, scripted, delivery, answer, pass } = setup({ gatherMs: GATHER_MS });
    for (let n = 0; n < 5; n += 1) outbox.append();
    delivery.wake();
    await pass(GATHER_MS);
    for (let batch = 0; batch < 2; batch += 1) await answer();
    expect(scripted.received).toEqual([[16, 32], [48, 64], [80]]);
  });

  it('takes up what was recorded while a run found nothing', async () => {
    const { outbox, schedule, scripted, delivery, pass } = setup();
    delivery.wake();
    schedule.advance(0);
    // The lease is under way and empty; this wake must not get lost.
    outbox.append();
    delivery.wake();
    await pass(0);
    expect(scripted.received).toEqual([[16]]);
  });

  it('acknowledges after the write, so a failed batch is offered again, whole and before anything else', async () => {
    const { outbox, scripted, delivery, answer, pass } = setup();
    for (let n = 0; n < 3; n += 1) outbox.append();
    delivery.wake();
    await pass(0);
    expect(outbox.positionsAfter('scripted')).toEqual([16, 32, 48]);
    await answer(new SinkError('server_error'), FIRST_BACKOFF_MS);
    expect(scripted.received).toEqual([
      [16, 32],
      [16, 32],
    ]);
  });

  it('calls a write that hangs failing, begins no other beside it, and takes its answer all the same', async () => {
    const { outbox, scripted, delivery, answer, pass, clock } = setup();
    outbox.append();
    delivery.wake();
    await pass(0);
    const sinceMs = clock.now();
    await pass(LONGEST_WRITE_MS - 1);
    expect(delivery.status().failing).toBeNull();
    await pass(1);
    delivery.wake();
    await pass(10 * LONGEST_WRITE_MS);
    expect(delivery.status().failing).toEqual({ reason: 'timeout', sinceMs, failures: 1 });
    expect(scripted.received).toEqual([[16]]);
    await answer();
    expect(delivery.status().failing).toBeNull();
    expect(outbox.positionsAfter('scripted')).toEqual([]);
  });

  it('stops after the write under way, and starts nothing more', async () => {
    const { outbox, scripted, delivery, pass } = setup();
    for (let n = 0; n < 3; n += 1) outbox.append();
    delivery.wake();
    await pass(0);
    let stopped = false;
    const stopping = delivery.stop().then(() => (stopped = true));
    await promisesSettled();
    expect(stopped).toBe(false);
    scripted.accept();
    await stopping;
    delivery.wake();
    await pass(60_000);
    expect(scripted.received).toEqual([[16, 32]]);
  });

  it('counts batches by their results', async () => {
    const { outbox, delivery, counted, answer, pass } = setup();
    outbox.append();
    delivery.wake();
    await pass(0);
    await answer(new SinkError('timeout'), LONGEST_BACKOFF_MS);
    await answer(new Error('?'), LONGEST_BACKOFF_MS);
    outbox.isFailing = true;
    await answer(undefined, LONGEST_BACKOFF_MS);
    outbox.isFailing = false;
    await pass(LONGEST_BACKOFF_MS);
    await answer();
    const results = counted.map((text) => text.replace('audit_deliveries scripted ', ''));
    // The cursor could not be moved, then the outbox could not be read, for as long as the ledger was gone.
    expect(results.filter((result, n) => result !== results[n - 1])).toEqual([
      'timeout',
      'unknown',
      'ledger_unavailable',
      'delivered',
    ]);
  });
});

describe('a batch', () => {
  it('weighs at most a mebibyte of text, or is a single item', async () => {
    const { outbox, scripted, delivery, answer, pass } = setup({ batchSize: 100 });
    for (const length of [600_000, 400_000, 48_576, 1, BATCH_LENGTH + 5, 7]) outbox.append(Math.max(length, 12));
    delivery.wake();
    await pass(0);
    for (let batch = 0; batch < 4; batch += 1) await answer();
    expect(scripted.received).toEqual([[16, 32, 48], [64], [80], [96]]);
  });

  it('is halved down to one item while the far end finds it too large, without waiting', async () => {
    const { outbox, scripted, delivery, answer, pass } = setup({ batchSize: 100 });
    for (let n = 0; n < 9; n += 1) outbox.append();
    delivery.wake();
    await pass(0);
    for (let n = 0; n < 3; n += 1) await answer(new SinkError('too_large'));
    expect(scripted.received.map((batch) => batch.length)).toEqual([9, 4, 2, 1]);
    await answer(new SinkError('too_large'));
    // Nothing is left to halve, and nothing may be left out: now it waits like any other failure.
    expect(scripted.open).toBe(0);
    await pass(LONGEST_BACKOFF_MS);
    expect(scripted.received.slice(4)).toEqual([[16]]);
  });

  it('stays small for a while and grows back to its full count', async () => {
    const { outbox, scripted, delivery, answer, pass } = setup({ batchSize: 8 });
    for (let n = 0; n < 108; n += 1) outbox.append();
    delivery.wake();
    await pass(0);
    await answer(new SinkError('too_large'));
    await answer(new SinkError('too_large'));
    for (let n = 0; n < 22; n += 1) await answer();
    const sizes = scripted.received.map((batch) => batch.length);
    expect(sizes).toEqual([8, 4, ...Array<number>(10).fill(2), ...Array<number>(10).fill(4), 8, 8, 8]);
  });

  it('is as patient as the far end asks when that finds it too large for now', async () => {
    const { outbox, scripted, delivery, answer, pass } = setup();
    outbox.append();
    outbox.append();
    delivery.wake();
    await pass(0);
    await answer(new SinkError('too_large', 7_000), 6_999);
    expect(scripted.received).toHaveLength(1);
    await pass(1);
    expect(scripted.received).toEqual([[16, 32], [16]]);
  });
});

describe('backing off', () => {
  const waitsOf = async (chance: number): Promise<(number | undefined)[]> => {
    const { outbox, schedule, delivery, answer, pass } = setup({ chance });
    outbox.append();
    delivery.wake();
    await pass(0);
    const waits: (number | undefined)[] = [];
    for (let n = 0; n < 9; n += 1) {
      await answer(new SinkError('unreachable'));
      waits.push(schedule.waitingMs[0]);
      await pass(LONGEST_BACKOFF_MS);
    }
    return waits;
  };

  it('takes longer and longer, from half a second to a minute, spread by chance over its upper half', async () => {
    expect(await waitsOf(0)).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
    expect(await waitsOf(1 - 2 ** -53)).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]);
    expect((await waitsOf(0.5))[1]).toBe(1500);
  });

  it('begins anew after a success', async () => {
    const { outbox, schedule, delivery, answer, pass } = setup();
    outbox.append();
    delivery.wake();
    await pass(0);
    for (let n = 0; n < 5; n += 1) await answer(new SinkError('unreachable'), LONGEST_BACKOFF_MS);
    await answer();
    outbox.append();
    delivery.wake();
    await pass(0);
    await answer(new SinkError('unreachable'));
    expect(schedule.waitingMs).toEqual([500]);
  });

  it('is cut short by no wake', async () => {
    const { outbox, scripted, delivery, answer, pass } = setup();
    outbox.append();
    delivery.wake();
    await pass(0);
    await answer(new SinkError('unreachable'));
    delivery.wake();
    await pass(499);
    expect(scripted.received).toHaveLength(1);
    await pass(1);
    expect(scripted.received).toHaveLength(2);
  });

  it.each([
    ['longer than its own wait', 90_000, 90_000],
    ['shorter than its own wait', 100, 500],
    ['nonsensically long', 3_600_000, LONGEST_RETRY_AFTER_MS],
  ])('waits as the far end asks, when that is %s', async (_what, retryAfterMs, queueTimeoutMs) => {
    const { outbox, schedule, delivery, answer, pass } = setup();
    outbox.append();
    delivery.wake();
    await pass(0);
    await answer(new SinkError('rate_limited', retryAfterMs));
    expect(schedule.waitingMs).toEqual([queueTimeoutMs]);
  });
});

describe('what is told of a failing sink', () => {
  it('says why, how often, when it is tried again, and nothing that the sink’s error says', async () => {
    const { outbox, delivery, log, answer, pass } = setup();
    outbox.append();
    delivery.wake();
    await pass(0);
    await answer(undefined);
    expect(log).toEqual([]);
    outbox.append();
    delivery.wake();
    await pass(0);
    await answer(new SinkError('credentials_rejected'), 500);
    await answer(new Error('Bearer s3cret was refused'));
    expect(log).toEqual([
      {
        event: 'audit_delivery_failed',
        sink: 'scripted',
        reason: 'credentials_rejected',
        failures: 1,
        next_try_ms: 500,
      },
      { event: 'audit_delivery_failed', sink: 'scripted', reason: 'unknown', failures: 2, next_try_ms: 1000 },
    ]);
  });

  it('is said again at the second, fourth, eighth … failure for one reason, and how long it took once it works', async () => {
    const { outbox, delivery, log, answer, pass } = setup();
    outbox.append();
    delivery.wake();
    await pass(0);
    for (let n = 0; n < 100; n += 1) await answer(new SinkError('unreachable'), 30_000);
    expect(log.map(({ failures }) => failures)).toEqual([1, 2, 4, 8, 16, 32, 64]);
    await answer();
    expect(log.at(-1)).toEqual({
      event: 'audit_delivery_recovered',
      sink: 'scripted',
      failures: 100,
      failing_ms: 100 * 30_000,
    });
    expect(log).toHaveLength(8);
  });

  it('is no line per failure either where every third write fails', async () => {
    const { outbox, delivery, log, answer, pass } = setup();
    for (let n = 0; n < 600; n += 1) outbox.append();
    delivery.wake();
    await pass(0);
    for (let n = 0; n < 450; n += 1) await answer(n % 3 === 2 ? new SinkError('server_error') : undefined, 500);
    expect(outbox.positionsAfter('scripted')).toEqual([]);
    expect(log.filter(({ event }) => event === 'audit_delivery_failed')).toHaveLength(8);
    expect(log.filter(({ event }) => event === 'audit_delivery_recovered')).toHaveLength(8);
  });

  it('is news again when it was well for ten minutes', async () => {
    const { outbox, delivery, log, answer, pass } = setup();
    for (let n = 0; n < 3; n += 1) {
      outbox.append();
      delivery.wake();
      await pass(0);
      await answer(new SinkError('timeout'), 500);
      await answer(undefined, 10 * 60_000);
    }
    expect(log.map(({ event }) => event.slice(-9))).toEqual(
      Array.from({ length: 6 }, (_, n) => (n % 2 === 0 ? 'ry_failed' : 'recovered')),
    );
  });

  it('stands in its status for as long as it lasts', async () => {
    const { outbox, delivery, answer, pass } = setup();
    outbox.append();
    expect(delivery.status()).toEqual({ sink: 'scripted', failing: null });
    delivery.wake();
    await pass(1_000);
    await answer(new SinkError('unreachable'), 500);
    await answer(new SinkError('timeout'));
    expect(delivery.status()).toEqual({
      sink: 'scripted',
      failing: { reason: 'timeout', sinceMs: Date.UTC(2026, 2, 2, 10, 0, 1), failures: 2 },
    });
    await pass(1_000);
    await answer();
    expect(delivery.status()).toEqual({ sink: 'scripted', failing: null });
  });

  it('names the ledger where that is what fails, and recovers although nothing was waiting', async () => {
    const { outbox, delivery, log, pass } = setup();
    outbox.isFailing = true;
    delivery.wake();
    await pass(0);
    expect(delivery.status().failing).toMatchObject({ reason: 'ledger_unavailable' });
    outbox.isFailing = false;
    await pass(500);
    expect(delivery.status().failing).toBeNull();
    expect(log.map(({ event }) => event)).toEqual(['audit_delivery_failed', 'audit_delivery_recovered']);
    expect(JSON.stringify(log)).not.toContain('acme');
  });
});

describe('draining', () => {
  it('delivers the outbox to its end, also out of a back-off', async () => {
    const { outbox, schedule, scripted, delivery, answer, pass } = setup();
    for (let n = 0; n < 3; n += 1) outbox.append();
    delivery.wake();
    await pass(0);
    await answer(new SinkError('unreachable'));
    const drained = delivery.drain();
    await scripted.writing();
    scripted.accept();
    await scripted.writing();
    scripted.accept();
    expect(await drained).toBe(true);
    expect(scripted.received).toEqual([[16, 32], [16, 32], [48]]);
    expect(schedule.waitingMs).toEqual([]);
  });

  it('gives up at the first failure, and says so', async () => {
    const { outbox, scripted, schedule, delivery } = setup();
    for (let n = 0; n < 3; n += 1) outbox.append();
    const drained = delivery.drain();
    await scripted.writing();
    scripted.refuse(new SinkError('unreachable'));
    expect(await drained).toBe(false);
    expect(scripted.received).toHaveLength(1);
    expect(schedule.waitingMs).toEqual([]);
  });

  it('goes on with smaller batches where only the size was wrong', async () => {
    const { outbox, scripted, delivery } = setup();
    for (let n = 0; n < 2; n += 1) outbox.append();
    const drained = delivery.drain();
    await scripted.writing();
    scripted.refuse(new SinkError('too_large'));
    for (let n = 0; n < 2; n += 1) {
      await scripted.writing();
      scripted.accept();
    }
    expect(await drained).toBe(true);
    expect(scripted.received).toEqual([[16, 32], [16], [32]]);
  });

  it('ends in time when the sink neither takes nor refuses, also a write that was under way before', async () => {
    for (const wokenBefore of [false, true]) {
      const { outbox, scripted, delivery, pass } = setup();
      outbox.append();
      if (wokenBefore) delivery.wake();
      await pass(0);
      const drained = delivery.drain();
      await pass(DRAIN_MS);
      expect(await drained).toBe(false);
      expect(scripted.received).toHaveLength(1);
    }
  });

  it('begins no further batch when its time is over', async () => {
    const { outbox, scripted, delivery, pass } = setup();
    for (let n = 0; n < 4; n += 1) outbox.append();
    const drained = delivery.drain();
    await pass(DRAIN_MS);
    scripted.accept();
    await pass(60_000);
    expect(await drained).toBe(false);
    expect(scripted.received).toEqual([[16, 32]]);
    // What was taken late still counts.
    expect(outbox.positionsAfter('scripted')).toEqual([48, 64]);
  });
});
