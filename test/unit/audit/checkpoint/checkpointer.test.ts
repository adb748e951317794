import { describe, expect, it } from 'vitest';
import type { CheckpointSigner } from '../../../../src/audit/checkpoint/checkpoint.ts';
import { parseCheckpoint } from '../../../../src/audit/checkpoint/checkpoint.ts';
import {
  CHECKPOINT_EVERY_MS,
  CHECKPOINT_EVERY_RECORDS,
  RETRY_AFTER_MS,
} from '../../../../src/audit/checkpoint/checkpoint-maker.ts';
import { CHECK_AFTER_MS, createCheckpointer } from '../../../../src/audit/checkpoint/checkpointer.ts';
import { createFakeClock, createFakeIds, TEST_TIME_MS } from '../../../support/clock.ts';
import { createTestOutbox } from '../delivery/test-outbox.ts';

const NO_KEY = {
  keyId: '0123456789abcdef',
  sign: async () => await Promise.reject(new Error('no key')),
  verify: async () => 'valid' as const,
};

function setup(signer: CheckpointSigner | null = null, ledger = createTestOutbox()) {
  const clock = createFakeClock();
  const log: object[] = [];
  const keep = (event: string, fields: object = {}): void => void log.push({ event, ...fields });
  let deliveryWakes = 0;
  const checkpoints = createCheckpointer({
    ledger,
    ids: createFakeIds(),
    clock,
    schedule: clock,
    logger: { debug: keep, info: keep, warn: keep, error: keep },
    signer: async () => signer,
    recordKey: async () => undefined,
    delivery: { wake: () => (deliveryWakes += 1) },
  });
  return {
    ledger,
    clock,
    schedule: clock,
    pass: clock.pass,
    log,
    checkpoints,
    counts: () => ledger.made.map(({ count }) => count),
    deliveryWakes: () => deliveryWakes,
    /** So many records at once, and word of it. */
    record(records = 1) {
      for (let n = 0; n < records; n += 1) ledger.append();
      checkpoints.wake();
    },
  };
}

describe('checkpoints', () => {
  it('begin with the first record of a ledger, and go out with the trail', async () => {
    const { ledger, record, pass, deliveryWakes } = setup();
    record();
    expect(ledger.calls.chain).toBe(0);
    await pass(CHECK_AFTER_MS);
    expect(parseCheckpoint(ledger.made[0]?.line ?? '')).toEqual({
      kind: 'checkpoint',
      id: expect.any(String) as string,
      time: new Date(TEST_TIME_MS + CHECK_AFTER_MS).toISOString(),
      count: 1,
      head: ledger.head.hash,
      previous: null,
    });
    expect(ledger.made[0]?.madeAt).toBe(TEST_TIME_MS + CHECK_AFTER_MS);
    expect(ledger.positionsAfter('any')).toEqual([16, 17]);
    expect(deliveryWakes()).toBe(1);
  });

  it('are not made of nothing', async () => {
    const { checkpoints, counts, pass, schedule } = setup();
    checkpoints.wake();
    await pass(CHECKPOINT_EVERY_MS);
    await checkpoints.finish();
    expect(counts()).toEqual([]);
    expect(schedule.waitingMs).toEqual([]);
  });

  it('cover what came since, when the last one is five minutes old', async () => {
    const { record, counts, pass, schedule } = setup();
    record();
    await pass(CHECK_AFTER_MS);
    await pass(60_000);
    record(5);
    await pass(CHECKPOINT_EVERY_MS - 60_000 - 1);
    expect(counts()).toEqual([1]);
    await pass(1);
    expect(counts()).toEqual([1, 6]);
    // Nothing is uncovered, so nothing is waited for.
    expect(schedule.waitingMs).toEqual([]);
    await pass(3 * CHECKPOINT_EVERY_MS);
    record();
    await pass(CHECK_AFTER_MS);
    expect(counts()).toEqual([1, 6, 7]);
  });

  it('cover a thousand records when there are so many, without waiting', async () => {
    const { record, counts, pass } = setup();
    record();
    await pass(CHECK_AFTER_MS);
    record(CHECKPOINT_EVERY_RECORDS - 1);
    await pass(CHECK_AFTER_MS);
    expect(counts()).toEqual([1]);
    record();
    await pass(CHECK_AFTER_MS);
    expect(counts()).toEqual([1, 1 + CHECKPOINT_EVERY_RECORDS]);
  });

  it('leave at most a thousand records and a second’s worth, or five minutes’, uncovered under traffic', async () => {
    const { record, ledger, counts, pass } = setup();
    let widest = 0;
    for (let second = 0; second < 900; second += 1) {
      for (let n = 0; n < 4; n += 1) {
        record(second < 450 ? 12 : 1);
        await pass(250);
      }
      const { head } = await ledger.chain();
      widest = Math.max(widest, head.seq - (counts().at(-1) ?? 0));
    }
    expect(widest).toBeLessThanOrEqual(CHECKPOINT_EVERY_RECORDS + 48 * 2);
    const gaps = ledger.made.map(({ madeAt }, n) => madeAt - (ledger.made[n - 1]?.madeAt ?? madeAt));
    expect(Math.max(...gaps)).toBeLessThanOrEqual(CHECKPOINT_EVERY_MS + 2 * CHECK_AFTER_MS);
    expect(counts().length).toBeGreaterThan(21);
  });

  it('cost four looks a second at most, and two more for each that is made, however often they are woken', async () => {
    const { checkpoints, record, ledger, counts, pass } = setup();
    record();
    await pass(CHECK_AFTER_MS);
    for (let n = 0; n < 1_000; n += 1) {
      for (let wakes = 0; wakes < 10; wakes += 1) checkpoints.wake();
      await pass(10);
    }
    expect(ledger.calls.chain).toBeLessThanOrEqual(1 + 10_000 / CHECK_AFTER_MS + 2 * counts().length);
  });

  it('go on from what the ledger knows after a restart', async () => {
    const before = setup();
    before.record();
    await before.pass(CHECK_AFTER_MS);
    before.record(3);
    await before.checkpoints.stop();
    const after = setup(null, before.ledger);
    after.checkpoints.wake();
    await after.pass(CHECKPOINT_EVERY_MS - 1);
    expect(after.counts()).toEqual([1]);
    await after.pass(CHECK_AFTER_MS + 1);
    expect(after.counts()).toEqual([1, 4]);
  });

  it('are made after the clock was set back, once and not with every record', async () => {
    const { record, counts, clock, pass } = setup();
    record();
    await pass(CHECK_AFTER_MS);
    clock.advance(-86_400_000);
    for (let n = 0; n < 5; n += 1) {
      record();
      await pass(CHECK_AFTER_MS);
    }
    expect(counts()).toEqual([1, 2]);
  });

  it('look again when another replica’s came first, because it may cover less', async () => {
    const { record, ledger, checkpoints, counts, pass } = setup();
    const add = ledger.addCheckpoint;
    ledger.addCheckpoint = async () => false;
    record();
    await pass(CHECK_AFTER_MS);
    expect(counts()).toEqual([]);
    ledger.addCheckpoint = add;
    await pass(CHECKPOINT_EVERY_MS);
    expect(counts()).toEqual([1]);
    await checkpoints.stop();
  });

  it('are signed where there is a key', async () => {
    const { record, ledger, pass } = setup({ ...NO_KEY, sign: async () => new Uint8Array(64).fill(7) });
    record();
    await pass(CHECK_AFTER_MS);
    expect(parseCheckpoint(ledger.made[0]?.line ?? '')?.signature).toEqual({
      algorithm: 'Ed25519',
      key_id: '0123456789abcdef',
      value: '07'.repeat(64),
    });
  });
});

describe('a checkpoint that cannot be made', () => {
  it('is tried again in a while, not with every wake, and told in few lines without the error’s words', async () => {
    const { record, ledger, log, counts, pass } = setup();
    ledger.isFailing = true;
    record();
    await pass(CHECK_AFTER_MS);
    record();
    await pass(RETRY_AFTER_MS - 1);
    expect(ledger.calls.chain).toBe(1);
    await pass(1 + 8 * RETRY_AFTER_MS);
    expect(ledger.calls.chain).toBe(10);
    ledger.isFailing = false;
    await pass(RETRY_AFTER_MS);
    expect(counts()).toEqual([2]);
    const failed = (failures: number) => ({ event: 'audit_checkpoint_failed', reason: 'ledger_unavailable', failures });
    expect(log).toEqual([
      ...[1, 2, 4, 8].map(failed),
      { event: 'audit_checkpoint_recovered', failures: 10, failing_ms: 10 * RETRY_AFTER_MS },
    ]);
  });

  it('is told apart when it is the key that fails', async () => {
    const { record, log, counts, pass } = setup({
      ...NO_KEY,
      sign: async () => await Promise.reject(new Error('key material')),
    });
    record();
    await pass(CHECK_AFTER_MS);
    expect(log).toEqual([{ event: 'audit_checkpoint_failed', reason: 'signing_failed', failures: 1 }]);
    expect(counts()).toEqual([]);
  });
});

describe('the end', () => {
  it('covers what is uncovered, due or not, and only that', async () => {
    const { record, checkpoints, counts, pass, schedule, deliveryWakes } = setup();
    record();
    await pass(CHECK_AFTER_MS);
    record(2);
    await checkpoints.finish();
    expect(counts()).toEqual([1, 3]);
    expect(deliveryWakes()).toBe(2);
    await checkpoints.finish();
    expect(counts()).toEqual([1, 3]);
    record();
    await pass(CHECKPOINT_EVERY_MS);
    expect(counts()).toEqual([1, 3]);
    expect(schedule.waitingMs).toEqual([]);
  });

  it('does not fail where the ledger does', async () => {
    const { record, ledger, checkpoints, log } = setup();
    record();
    ledger.isFailing = true;
    await checkpoints.finish();
    expect(log).toHaveLength(1);
  });

  it('waits for the checkpoint under way, and lets no second one begin', async () => {
    const { record, ledger, checkpoints, counts, pass } = setup();
    const gate = Promise.withResolvers<undefined>();
    const add = ledger.addCheckpoint;
    ledger.addCheckpoint = async (checkpoint) => {
      await gate.promise;
      return await add(checkpoint);
    };
    record();
    await pass(CHECK_AFTER_MS);
    let finished = false;
    const finishing = checkpoints.finish().then(() => (finished = true));
    await pass(0);
    expect(finished).toBe(false);
    gate.resolve(undefined);
    await finishing;
    expect(counts()).toEqual([1]);
  });
});
