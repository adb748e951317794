import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { describe, expect, it } from 'vitest';
import { verifyChain } from '../../../src/audit/chain.ts';
import { parseCheckpoint, verifySignature } from '../../../src/audit/checkpoint/checkpoint.ts';
import { sha256Hex } from '../../../src/lib/sha256.ts';
import { importSigningKey, importVerificationKeys } from '../../../src/audit/checkpoint/signing-key.ts';
import type { OutboxItem, Sink } from '../../../src/audit/delivery/sink.ts';
import { createQueueSink } from '../../../src/platform/workers/audit/queue.ts';
import { unpackMessage } from '../../../src/platform/workers/audit/message.ts';
import { createFakeClock, testUuid7 } from '../../support/clock.ts';
import { admission, MINUTE_MS, readTrail, settlement } from '../../support/ledger/ledger.ts';
import { createFakeQueue, createFakeSink, recordLines } from './delivery-harness.ts';
import type { FakeQueue } from './delivery-harness.ts';
import { openLedgerObject } from '../ledger/ledger-harness.ts';
import type { LedgerObjectHarness } from '../ledger/ledger-harness.ts';

/** From the object's outbox to whoever takes it, by alarm: late at worst, never lost, in order. */
const UNBOUNDED = { maxLengthPerRun: Infinity };

const alarmOf = (harness: LedgerObjectHarness) =>
  runInDurableObject(harness.stub, (_object, { storage }) => storage.getAlarm());

/** Lets the alarm ring when its time has come; false when none is set. */
async function ring(harness: LedgerObjectHarness): Promise<boolean> {
  const atMs = await alarmOf(harness);
  if (atMs === null) return false;
  harness.alarmClock.set(Math.max(harness.alarmClock.now(), atMs));
  return await runDurableObjectAlarm(harness.stub);
}

async function ringUntilQuiet(harness: LedgerObjectHarness): Promise<void> {
  // Uncovered records leave an alarm for their checkpoint, minutes from now: that is quiet, too.
  for (let times = 0; times < 50; times += 1) {
    const atMs = await alarmOf(harness);
    if (atMs === null || atMs > harness.alarmClock.now() + 2 * MINUTE_MS) return;
    await ring(harness);
  }
}

async function invite(harness: LedgerObjectHarness, n: number): Promise<void> {
  await harness.ledger.admit(admission(testUuid7(n)));
  await harness.ledger.settle(settlement(testUuid7(n), 'accepted'));
}

interface HangingSink {
  readonly sink: Sink;
  reached: boolean;
}

function createHangingSink(): HangingSink {
  const hanging: HangingSink = {
    reached: false,
    sink: {
      name: 'http',
      async write() {
        hanging.reached = true;
        await new Promise(() => undefined);
      },
    },
  };
  return hanging;
}

/** Asks the object until its alarm has got so far: a promise settled inside an object belongs to that object. */
async function reachedSink(harness: LedgerObjectHarness, hanging: HangingSink): Promise<void> {
  for (let asked = 0; asked < 1_000 && !hanging.reached; asked += 1) await harness.ledger.probe();
  expect(hanging.reached).toBe(true);
}

async function itemsIn({ bodies }: FakeQueue): Promise<OutboxItem[]> {
  const messages = await Promise.all(bodies.map((body) => unpackMessage(body)));
  return messages.flatMap(({ items }) =>
    items.map(({ position, kind, line }) => ({ position, kind, line: line ?? '' })),
  );
}

describe('the alarm', () => {
  it('is set by the write, a second away, and is gone when everything is delivered and covered', async () => {
    const sink = createFakeSink('http');
    const harness = openLedgerObject({ targets: [{ sink, ...UNBOUNDED }] });
    expect(await alarmOf(harness)).toBeNull();
    await harness.ledger.admit(admission(testUuid7(1)));
    expect(await alarmOf(harness)).toBe(harness.alarmClock.now() + 1_000);
    expect(await ring(harness)).toBe(true);
    expect(sink.items.map(({ kind }) => kind)).toEqual(['record', 'checkpoint']);
    expect(await alarmOf(harness)).toBeNull();
  });

  it('is rung by the platform itself', async () => {
    const sink = createFakeSink('http');
    // By a clock that is far behind, every alarm is due at once.
    const harness = openLedgerObject({ targets: [{ sink, ...UNBOUNDED }], alarmClock: createFakeClock(0) });
    await harness.ledger.admit(admission(testUuid7(1)));
    await expect.poll(() => sink.items.length, { timeout: 30_000 }).toBe(2);
    expect(recordLines(sink.items)).toEqual(await readTrail(harness.ledger));
  });

  it('is not moved by further writes, nor set by a step that wrote nothing to deliver', async () => {
    const harness = openLedgerObject({ targets: [{ sink: createFakeSink('http'), ...UNBOUNDED }] });
    await harness.ledger.probe();
    expect(await alarmOf(harness)).toBeNull();
    await harness.ledger.admit(admission(testUuid7(1)));
    const atMs = await alarmOf(harness);
    harness.alarmClock.advance(900);
    await harness.ledger.admit(admission(testUuid7(2)));
    expect(await alarmOf(harness)).toBe(atMs);
  });

  it('is brought forward from a distant checkpoint when something new is to be delivered', async () => {
    const harness = openLedgerObject({ targets: [{ sink: createFakeSink('http'), ...UNBOUNDED }] });
    await invite(harness, 1);
    await ring(harness);
    await invite(harness, 2);
    await ring(harness);
    expect(await alarmOf(harness)).toBe(harness.alarmClock.now() + 5 * MINUTE_MS);
    await invite(harness, 3);
    expect(await alarmOf(harness)).toBe(harness.alarmClock.now() + 1_000);
  });

  it('is not set for a write that was undone', async () => {
    const harness = openLedgerObject({ targets: [{ sink: createFakeSink('http'), ...UNBOUNDED }] });
    await harness.ledger.probe();
    await runInDurableObject(harness.stub, (_object, { storage }) => {
      storage.sql.exec(`CREATE TRIGGER no_room BEFORE INSERT ON requests BEGIN SELECT RAISE(ABORT, 'full'); END`);
    });
    await expect(harness.ledger.admit(admission(testUuid7(1)))).rejects.toThrow();
    expect(await alarmOf(harness)).toBeNull();
  });

  it('is set again by the next write when the platform lost it', async () => {
    const sink = createFakeSink('http');
    const harness = openLedgerObject({ targets: [{ sink, ...UNBOUNDED }] });
    await invite(harness, 1);
    await runInDurableObject(harness.stub, (_object, { storage }) => storage.deleteAlarm());
    harness.alarmClock.advance(10 * MINUTE_MS);
    await invite(harness, 2);
    await ringUntilQuiet(harness);
    expect(recordLines(sink.items)).toEqual(await readTrail(harness.ledger));
  });

  it('is set again when the object starts and finds work without one', async () => {
    const sink = createFakeSink('http');
    const harness = openLedgerObject({ targets: [{ sink, ...UNBOUNDED }] });
    await invite(harness, 1);
    await runInDurableObject(harness.stub, (_object, { storage }) => storage.deleteAlarm());
    await evictDurableObject(harness.stub);
    await ringUntilQuiet(harness);
    expect(recordLines(sink.items)).toEqual(await readTrail(harness.ledger));
  });

  it('rings again after a run that did not live to its end', async () => {
    const hanging = createHangingSink();
    const harness = openLedgerObject({ targets: [{ sink: hanging.sink, ...UNBOUNDED }] });
    await invite(harness, 1);
    // The one who rang hears nothing of the end.
    void runDurableObjectAlarm(harness.stub).catch(() => undefined);
    await reachedSink(harness, hanging);
    // Also if nobody calls: the next one is set before this one begins.
    expect(await alarmOf(harness)).not.toBeNull();
    await runInDurableObject(harness.stub, (_object, state) => state.abort('cut')).catch(() => undefined);

    const sink = createFakeSink('http');
    harness.restartWith({ targets: [{ sink, ...UNBOUNDED }] });
    await ringUntilQuiet(harness);

    expect(recordLines(sink.items)).toEqual(await readTrail(harness.ledger));
  });
});

describe('delivery', () => {
  it('loses nothing when ten runs in a row fail under traffic, across a restart: all of it, once, in order', async () => {
    const queue = createFakeQueue();
    const sink = createQueueSink({ name: 'http', queue: queue.binding });
    const harness = openLedgerObject({ targets: [{ sink, ...UNBOUNDED }] });
    queue.failNext = 10;
    for (let n = 0; n < 10; n += 1) {
      await invite(harness, n);
      expect(await ring(harness)).toBe(true);
      if (n === 5) await evictDurableObject(harness.stub);
    }
    expect(queue.calls).toHaveLength(10);
    expect(queue.bodies).toEqual([]);

    await ringUntilQuiet(harness);

    const items = await itemsIn(queue);
    const trail = await readTrail(harness.ledger);
    expect(trail).toHaveLength(20);
    expect(recordLines(items)).toEqual(trail);
    expect(verifyChain(recordLines(items))).toMatchObject({ kind: 'intact', head: { seq: 20 } });
    expect(items.map(({ position }) => position)).toEqual(
      items.map(({ position }) => position).toSorted((a, b) => a - b),
    );
    expect(await harness.ledger.backlog(['http'])).toEqual([{ sink: 'http', records: 0, oldestAt: null }]);
  });

  it('waits longer after each failure, from half a second up to a minute, and writes cut no wait short', async () => {
    const queue = createFakeQueue();
    queue.failNext = Infinity;
    const sink = createQueueSink({ name: 'http', queue: queue.binding });
    const harness = openLedgerObject({ targets: [{ sink, ...UNBOUNDED }] });
    await invite(harness, 1);
    await ring(harness);
    const waits: number[] = [];
    for (let n = 2; n < 12; n += 1) {
      await invite(harness, n);
      waits.push(((await alarmOf(harness)) ?? 0) - harness.alarmClock.now());
      await ring(harness);
    }
    // Three quarters of the longest, with chance at a half.
    expect(waits).toEqual([1_000, 1_500, 3_000, 6_000, 12_000, 24_000, 45_000, 45_000, 45_000, 45_000]);
    expect(queue.calls).toHaveLength(11);
  });

  it('tells a failure by its reason, the 1st, 2nd, 4th and 8th time, and the recovery', async () => {
    const sink = createFakeSink('http');
    sink.failNext = 9;
    const harness = openLedgerObject({ targets: [{ sink, ...UNBOUNDED }] });
    await invite(harness, 1);
    for (let n = 0; n < 10; n += 1) await ring(harness);
    expect(harness.logs.map(({ event, fields }) => [event, fields['reason'], fields['failures']])).toEqual([
      ['audit_delivery_failed', 'server_error', 1],
      ['audit_delivery_failed', 'server_error', 2],
      ['audit_delivery_failed', 'server_error', 4],
      ['audit_delivery_failed', 'server_error', 8],
      ['audit_delivery_recovered', undefined, 9],
    ]);
  });

  it('keeps a target that fails from no other, nor from the answers', async () => {
    const dead = createFakeSink('http');
    const well = createFakeSink('otlp');
    dead.failNext = Infinity;
    const harness = openLedgerObject({
      targets: [
        { sink: dead, ...UNBOUNDED },
        { sink: well, ...UNBOUNDED },
      ],
    });
    for (let n = 0; n < 5; n += 1) {
      await invite(harness, n);
      await ring(harness);
    }
    await ringUntilQuiet(harness);
    expect(recordLines(well.items)).toEqual(await readTrail(harness.ledger));
    expect(await harness.ledger.backlog(['http', 'otlp'])).toMatchObject([{ records: 10 }, { records: 0 }]);
  });

  it('answers while a target hangs', async () => {
    const hanging = createHangingSink();
    const harness = openLedgerObject({ targets: [{ sink: hanging.sink, ...UNBOUNDED }] });
    await invite(harness, 1);
    void runDurableObjectAlarm(harness.stub).catch(() => undefined);
    await reachedSink(harness, hanging);
    await invite(harness, 2);
    expect(await harness.ledger.find(testUuid7(2), null)).toMatchObject({ state: 'accepted' });
  });

  it('hands over no more in one run than the target may get, and goes on in the next', async () => {
    const sink = createFakeSink('stdout');
    const harness = openLedgerObject({ targets: [{ sink, maxLengthPerRun: 2_000 }] });
    for (let n = 0; n < 5; n += 1) await invite(harness, n);
    const sizes: number[] = [];
    for (let before = -1; before < sink.items.length;) {
      before = sink.items.length;
      await ring(harness);
      sizes.push(sink.items.slice(before).reduce((sum, { line }) => sum + line.length, 0));
    }
    expect(recordLines(sink.items)).toEqual(await readTrail(harness.ledger));
    expect(sizes.length).toBeGreaterThan(3);
    expect(Math.max(...sizes)).toBeLessThan(4_000);
  });
});

describe('checkpoints', () => {
  const PAIR = { name: 'Ed25519' };

  async function signing(): Promise<{ privatePem: string; publicPem: string }> {
    const pair = (await crypto.subtle.generateKey(PAIR, true, ['sign', 'verify'])) as CryptoKeyPair;
    const pem = async (label: string, format: 'pkcs8' | 'spki', key: CryptoKey): Promise<string> => {
      const der = new Uint8Array((await crypto.subtle.exportKey(format, key)) as ArrayBuffer);
      return `-----BEGIN ${label}-----\n${btoa(String.fromCharCode(...der))}\n-----END ${label}-----\n`;
    };
    return {
      privatePem: await pem('PRIVATE KEY', 'pkcs8', pair.privateKey),
      publicPem: await pem('PUBLIC KEY', 'spki', pair.publicKey),
    };
  }

  it('go out signed behind the records they cover, at once and then when five minutes are over', async () => {
    const { privatePem, publicPem } = await signing();
    const sink = createFakeSink('http');
    const signer = await importSigningKey(privatePem);
    const harness = openLedgerObject({ targets: [{ sink, ...UNBOUNDED }], signer: async () => signer });
    await invite(harness, 1);
    await ring(harness);
    await invite(harness, 2);
    await ring(harness);
    harness.clock.advance(5 * MINUTE_MS);
    await ring(harness);

    const checkpoints = sink.items.filter(({ kind }) => kind === 'checkpoint').map(({ line }) => parseCheckpoint(line));
    // The key is on record before its first checkpoint.
    expect(checkpoints).toMatchObject([{ count: 3 }, { count: 5 }]);
    expect(JSON.parse(recordLines(sink.items)[2] ?? '')).toMatchObject({
      change: { what: 'checkpoint_key_changed', from: null, to: signer.keyId },
      service: { instance: 'ledger' },
    });
    const verifier = await importVerificationKeys([publicPem]);
    for (const one of checkpoints) {
      if (one !== null) expect(await verifySignature(one, verifier)).toBe('valid');
      const last = JSON.parse(recordLines(sink.items)[(one?.count ?? 0) - 1] ?? '{}') as { hash?: string };
      expect(one?.head).toBe(last.hash);
    }
  });

  it('are not made of a trail that somebody changed, until it is as it was', async () => {
    const { privatePem } = await signing();
    const signer = await importSigningKey(privatePem);
    const sink = createFakeSink('http');
    const log: object[] = [];
    const keep = (event: string, fields: object = {}): void => void log.push({ event, ...fields });
    const logger = { debug: keep, info: keep, warn: keep, error: keep };
    const harness = openLedgerObject({ targets: [{ sink, ...UNBOUNDED }], signer: async () => signer, logger });
    await invite(harness, 1);
    await ring(harness);
    await invite(harness, 2);
    const change = (from: string, to: string) =>
      runInDurableObject(harness.stub, (_object, { storage }) => {
        storage.sql.exec('UPDATE records SET line = replace(line, ?, ?) WHERE seq = 4', from, to);
      });
    await change('"ann"', '"eve"');
    harness.clock.advance(5 * MINUTE_MS);
    for (let times = 0; times < 3; times += 1) await ring(harness);
    expect(await harness.ledger.checkpoints(0, 10)).toHaveLength(1);
    expect(log).toEqual([{ event: 'audit_trail_broken', seq: 4, reason: 'edited' }]);
    await change('"eve"', '"ann"');
    for (let times = 0; times < 3; times += 1) await ring(harness);
    const lines = (await harness.ledger.checkpoints(0, 10)).map(({ line }) => line);
    expect(lines).toHaveLength(2);
    expect(parseCheckpoint(lines[1] ?? '')?.previous).toBe(sha256Hex(lines[0] ?? ''));
  });

  it('are tried again when the key cannot be read, and hold up no record', async () => {
    const sink = createFakeSink('http');
    let readable = false;
    const harness = openLedgerObject({
      targets: [{ sink, ...UNBOUNDED }],
      signer: async () => {
        if (!readable) throw new Error('Secrets Store: unavailable');
        return null;
      },
    });
    await invite(harness, 1);
    await ring(harness);
    expect(sink.items.map(({ kind }) => kind)).toEqual(['record', 'record']);
    readable = true;
    await ring(harness);
    expect(sink.items.map(({ kind }) => kind)).toEqual(['record', 'record', 'checkpoint']);
  });
});
