import { describe, expect, it } from 'vitest';
import { DRAIN_MS } from '../../../../src/audit/delivery/delivery.ts';
import { createFanOut } from '../../../../src/audit/delivery/fan-out.ts';
import type { Sink } from '../../../../src/audit/delivery/sink.ts';
import { SinkError } from '../../../../src/audit/delivery/sink.ts';
import { createFakeClock } from '../../../support/clock.ts';
import { createTestOutbox } from './test-outbox.ts';

const ignore = (): void => undefined;

function setup(sinks: readonly Sink[]) {
  const outbox = createTestOutbox();
  const clock = createFakeClock();
  const deliveries = createFanOut({
    outbox,
    sinks,
    schedule: clock,
    clock,
    gatherMs: 0,
    random: { next: () => 0 },
    logger: { debug: ignore, info: ignore, warn: ignore, error: ignore },
    metrics: { count: ignore },
  });
  return { outbox, schedule: clock, pass: clock.pass, deliveries };
}

const taking = (name: string): Sink => ({ name, write: async () => undefined });
const refusing = (name: string): Sink => ({ name, write: () => Promise.reject(new SinkError('refused')) });
const silent = (name: string): Sink => ({ name, write: () => new Promise<void>(ignore) });

describe('deliveries to several sinks', () => {
  it('go on for each, whatever the others do', async () => {
    const { outbox, pass, deliveries } = setup([silent('otlp'), refusing('http'), taking('stdout')]);
    for (let n = 0; n < 3; n += 1) {
      outbox.append();
      deliveries.wake();
      await pass(0);
      expect(outbox.positionsAfter('stdout')).toEqual([]);
    }
    expect(outbox.positionsAfter('http')).toEqual([16, 32, 48]);
    expect(deliveries.status()).toEqual([
      { sink: 'otlp', failing: null },
      { sink: 'http', failing: expect.objectContaining({ reason: 'refused' }) as unknown },
      { sink: 'stdout', failing: null },
    ]);
  });

  it('drain side by side, and say whether all are empty', async () => {
    const { outbox, pass, deliveries } = setup([silent('otlp'), taking('stdout')]);
    outbox.append();
    const drained = deliveries.drain();
    await pass(0);
    expect(outbox.positionsAfter('stdout')).toEqual([]);
    await pass(DRAIN_MS);
    expect(await drained).toBe(false);
    expect(await setup([taking('stdout'), taking('http')]).deliveries.drain()).toBe(true);
    expect(await setup([]).deliveries.drain()).toBe(true);
  });

  it('stop together', async () => {
    const { outbox, schedule, pass, deliveries } = setup([taking('stdout'), refusing('http')]);
    outbox.append();
    deliveries.wake();
    await pass(0);
    await deliveries.stop();
    outbox.append();
    deliveries.wake();
    await pass(3_600_000);
    expect(schedule.waitingMs).toEqual([]);
    expect(outbox.positionsAfter('stdout')).toEqual([32]);
  });

  it('refuse to let two sinks share a cursor', () => {
    expect(() => setup([taking('http'), refusing('http')])).toThrow('same name');
  });
});
