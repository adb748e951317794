import { describe, expect, it } from 'vitest';
import { createDelivery } from '../../../src/audit/deliver.ts';
import type { OutboxRecord, Sink } from '../../../src/audit/sink.ts';
import type { LogFields, Logger } from '../../../src/ports/logger.ts';
import { createMemoryLedger } from '../../../src/ledger/memory-ledger.ts';
import { createFakeClock, createFakeIds, createFakeSchedule, testUuid7 } from '../../support/clock.ts';
import { admission } from '../../support/ledger.ts';

/** A sink whose every write waits for the test's word. */
function createScriptedSink() {
  const received: number[][] = [];
  const pending: { resolve: () => void; reject: (error: Error) => void }[] = [];
  const sink: Sink = {
    name: 'scripted',
    write(records: readonly OutboxRecord[]) {
      received.push(records.map((record) => record.seq));
      return new Promise<void>((resolve, reject) => pending.push({ resolve, reject }));
    },
  };
  return {
    sink,
    received,
    get open() {
      return pending.length;
    },
    accept: () => pending.shift()?.resolve(),
    refuse: () => pending.shift()?.reject(new Error('Bearer s3cret was refused')),
  };
}

function setup(batchSize = 2) {
  const ledger = createMemoryLedger({ clock: createFakeClock(), ids: createFakeIds(1000) });
  const schedule = createFakeSchedule();
  const scripted = createScriptedSink();
  const warnings: LogFields[] = [];
  const logger: Logger = {
    debug() {},
    info() {},
    error() {},
    warn: (_event, fields = {}) => void warnings.push(fields),
  };
  const delivery = createDelivery({ outbox: ledger, sink: scripted.sink, schedule, logger, batchSize });
  let next = 0;
  const record = () => ledger.admit(admission(testUuid7(next++)));
  return { ledger, schedule, scripted, warnings, delivery, record };
}

/** Lets every promise that can move, move: none of them waits for anything but others. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}

describe('delivery to a sink', () => {
  it('hands over everything in order, batch by batch, and only then rests', async () => {
    const { schedule, scripted, delivery, record, ledger } = setup();
    for (let n = 0; n < 5; n += 1) await record();
    delivery.wake();
    for (let batch = 0; batch < 3; batch += 1) {
      schedule.advance(0);
      await settled();
      scripted.accept();
      await settled();
    }
    schedule.advance(0);
    await settled();
    expect(scripted.received).toEqual([[1, 2], [3, 4], [5]]);
    expect(schedule.waitingMs).toEqual([]);
    expect(await ledger.lease('scripted', 10)).toEqual([]);
  });

  it('does nothing within the caller’s own turn', async () => {
    const { scripted, delivery, record, schedule } = setup();
    await record();
    delivery.wake();
    await settled();
    expect(scripted.received).toEqual([]);
    schedule.advance(0);
    await settled();
    expect(scripted.received).toEqual([[1]]);
  });

  it('makes one run of many wakes, and one at a time', async () => {
    const { schedule, scripted, delivery, record } = setup();
    await record();
    delivery.wake();
    delivery.wake();
    expect(schedule.waitingMs).toEqual([0]);
    schedule.advance(0);
    await settled();
    delivery.wake();
    schedule.advance(0);
    await settled();
    expect(scripted.open).toBe(1);
    expect(schedule.waitingMs).toEqual([]);
  });

  it('takes up what was recorded while a run found nothing', async () => {
    const { schedule, scripted, delivery, record } = setup();
    delivery.wake();
    schedule.advance(0);
    // The lease is under way and empty; this wake must not get lost.
    await record();
    delivery.wake();
    await settled();
    schedule.advance(0);
    await settled();
    expect(scripted.received).toEqual([[1]]);
  });

  it('acknowledges after the write, so a failed batch is offered again, whole and before anything else', async () => {
    const { schedule, scripted, delivery, record, ledger } = setup();
    for (let n = 0; n < 3; n += 1) await record();
    delivery.wake();
    schedule.advance(0);
    await settled();
    expect(await ledger.lease('scripted', 10)).toHaveLength(3);
    scripted.refuse();
    await settled();
    schedule.advance(500);
    await settled();
    expect(scripted.received).toEqual([
      [1, 2],
      [1, 2],
    ]);
  });

  it('backs off for longer and longer, at most a minute, and begins anew after a success', async () => {
    const { schedule, scripted, delivery, record } = setup();
    await record();
    delivery.wake();
    schedule.advance(0);
    await settled();
    const waits: (number | undefined)[] = [];
    for (let n = 0; n < 9; n += 1) {
      scripted.refuse();
      await settled();
      waits.push(schedule.waitingMs[0]);
      schedule.advance(60_000);
      await settled();
    }
    expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
    scripted.accept();
    await settled();
    await record();
    schedule.advance(0);
    await settled();
    scripted.refuse();
    await settled();
    expect(schedule.waitingMs).toEqual([500]);
  });

  it('lets no wake cut a back-off short', async () => {
    const { schedule, scripted, delivery, record } = setup();
    await record();
    delivery.wake();
    schedule.advance(0);
    await settled();
    scripted.refuse();
    await settled();
    delivery.wake();
    schedule.advance(499);
    await settled();
    expect(scripted.received).toHaveLength(1);
  });

  it('keeps what the sink’s error says out of the log', async () => {
    const { schedule, scripted, delivery, record, warnings } = setup();
    await record();
    delivery.wake();
    schedule.advance(0);
    await settled();
    scripted.refuse();
    await settled();
    expect(warnings).toEqual([{ sink: 'scripted', failures: 1, next_try_ms: 500 }]);
  });

  it('stops after the write under way, and starts nothing more', async () => {
    const { schedule, scripted, delivery, record } = setup();
    for (let n = 0; n < 3; n += 1) await record();
    delivery.wake();
    schedule.advance(0);
    await settled();
    let stopped = false;
    const stopping = delivery.stop().then(() => (stopped = true));
    await settled();
    expect(stopped).toBe(false);
    scripted.accept();
    await stopping;
    delivery.wake();
    schedule.advance(60_000);
    await settled();
    expect(scripted.received).toEqual([[1, 2]]);
  });

  it('drains the outbox to its end, also out of a back-off', async () => {
    const { schedule, scripted, delivery, record } = setup();
    for (let n = 0; n < 3; n += 1) await record();
    delivery.wake();
    schedule.advance(0);
    await settled();
    scripted.refuse();
    await settled();
    const drained = delivery.drain();
    await settled();
    scripted.accept();
    await settled();
    scripted.accept();
    expect(await drained).toBe(true);
    expect(scripted.received).toEqual([[1, 2], [1, 2], [3]]);
    expect(schedule.waitingMs).toEqual([]);
  });

  it('says so when it could not drain', async () => {
    const { scripted, delivery, record } = setup();
    await record();
    const drained = delivery.drain();
    await settled();
    scripted.refuse();
    expect(await drained).toBe(false);
  });
});
