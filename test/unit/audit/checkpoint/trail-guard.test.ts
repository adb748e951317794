/** The service signs only a trail that it has verified, whatever was changed in the ledger and whenever. */
import { beforeAll, describe, expect, it } from 'vitest';
import { chainRecord, GENESIS, GENESIS_HASH } from '../../../../src/audit/chain.ts';
import { parseCheckpoint, verifySignature } from '../../../../src/audit/checkpoint/checkpoint.ts';
import type { CheckpointSigner } from '../../../../src/audit/checkpoint/checkpoint.ts';
import { CHECKPOINT_EVERY_MS, RETRY_AFTER_MS } from '../../../../src/audit/checkpoint/checkpoint-maker.ts';
import { CHECK_AFTER_MS, createCheckpointer } from '../../../../src/audit/checkpoint/checkpointer.ts';
import type { RecordDraft } from '../../../../src/audit/record.ts';
import { createTrailGuard, RECORDS_PER_SLICE } from '../../../../src/audit/checkpoint/trail-guard.ts';
import { sha256Hex } from '../../../../src/lib/sha256.ts';
import { createFakeClock, createFakeIds } from '../../../support/clock.ts';
import { createTestOutbox } from '../delivery/test-outbox.ts';
import type { TestOutbox } from '../delivery/test-outbox.ts';
import type { TestKey } from '../verify/trail-harness.ts';
import { testKey } from '../verify/trail-harness.ts';

let key: TestKey;

beforeAll(async () => {
  key = await testKey(7);
});

const RECORDS = 20;

const recordKey = async (): Promise<void> => undefined;

/** A service that made one checkpoint over 20 records, and then wrote 20 more. It has a key by default. */
async function setup(signer: CheckpointSigner | null = key.signer, remembers = false) {
  const ledger = createTestOutbox({ remembers });
  const clock = createFakeClock();
  const log: object[] = [];
  const keep = (event: string, fields: object = {}): void => void log.push({ event, ...fields });
  const logger = { debug: keep, info: keep, warn: keep, error: keep };
  const ids = createFakeIds();
  const delivery = { wake: () => undefined };
  const start = () =>
    createCheckpointer({
      ledger,
      ids,
      clock,
      schedule: clock,
      logger,
      signer: async () => signer,
      recordKey,
      delivery,
    });
  const append = (): void => {
    for (let n = 0; n < RECORDS; n += 1) ledger.append();
  };
  const checkpoints = start();
  append();
  await checkpoints.finish();
  append();
  return { ledger, log, pass: clock.pass, start, append, again: () => checkpoints.finish() };
}

const countsOf = ({ made }: TestOutbox): number[] => made.map(({ count }) => count);

/** Chains the records again from `from` on, as an attacker can who knows the format. */
function rechain(ledger: TestOutbox, from: number, count: number): void {
  const before = ledger.chained[from - 2];
  let prev = before === undefined ? GENESIS_HASH : (JSON.parse(before.line) as { hash: string }).hash;
  ledger.chained.splice(from - 1);
  for (let seq = from; seq < from + count; seq += 1) {
    const place = { seq, id: `forged ${seq}`, time: '', prev };
    const { line, hash } = chainRecord({} as RecordDraft, place);
    ledger.chained.push({ seq, line });
    prev = hash;
  }
  ledger.head = { seq: from + count - 1, hash: prev };
}

const edit = (line: string): string => line.replace('"time":""', '"time":"x"');

const CHANGES: Readonly<Record<string, readonly [(ledger: TestOutbox) => void, object]>> = {
  'a record behind the last checkpoint edited': [
    ({ chained }) => (chained[30]!.line = edit(chained[30]!.line)),
    { seq: 31, reason: 'edited' },
  ],
  'one taken out': [({ chained }) => chained.splice(30, 1), { seq: 31, reason: 'out_of_sequence' }],
  'the last ones taken away': [({ chained }) => chained.splice(35), { seq: 36, reason: 'missing' }],
  'a head that no record has': [
    (ledger) => (ledger.head = { ...ledger.head, hash: 'a'.repeat(64) }),
    { seq: 40, reason: 'wrong_head' },
  ],
  'all records written anew': [(ledger) => rechain(ledger, 1, 40), { seq: 20, reason: 'checkpoint_disagrees' }],
  'all records written anew, and no checkpoint': [
    (ledger) => {
      rechain(ledger, 1, 40);
      ledger.made.splice(0);
    },
    { seq: 40, reason: 'checkpoint_gone' },
  ],
  'the last checkpoint another one': [
    ({ made }) => (made[0]!.line = made[0]!.line.replace('"time":"2026', '"time":"2025')),
    { seq: 20, reason: 'checkpoint_replaced' },
  ],
  'the trail cut to less than was verified': [
    (ledger) => rechain(ledger, 15, 1),
    { seq: 20, reason: 'checkpoint_beyond_head' },
  ],
};

describe.each([
  ['that reads what it verifies', false],
  ['that remembers what it appended', true],
])('a service %s', (_, remembers) => {
  it.each(Object.entries(CHANGES))('signs nothing, and logs its finding: %s', async (_change, [change, found]) => {
    const { ledger, log, again } = await setup(key.signer, remembers);
    change(ledger);
    const before = countsOf(ledger);
    await again();
    expect(countsOf(ledger)).toEqual(before);
    expect(log).toEqual([{ event: 'audit_trail_broken', ...found }]);
  });
});

describe('a service whose ledger somebody changed', () => {
  it('signs nothing after a restart either, where the checkpoint shows it', async () => {
    for (const [change, found] of [
      CHANGES['all records written anew']!,
      CHANGES['a record behind the last checkpoint edited']!,
      [
        ({ made }: TestOutbox) => (made[0]!.line = made[0]!.line.replace('"time":"2026', '"time":"2025')),
        { seq: 20, reason: 'signature_invalid' },
      ] as const,
      [({ made }: TestOutbox) => (made[0]!.line = '{}'), { seq: 20, reason: 'checkpoint_edited' }] as const,
    ]) {
      const { ledger, log, start } = await setup();
      change(ledger);
      await start().finish();
      expect(countsOf(ledger)).toEqual([RECORDS]);
      expect(log).toEqual([{ event: 'audit_trail_broken', ...found }]);
    }
  });

  it('checks again later, logs each finding once, and continues when the ledger is as it was', async () => {
    // Without a key: simulated time does not wait for WebCrypto.
    const { ledger, log, pass, start } = await setup(null);
    const honest = ledger.chained[30]!.line;
    ledger.chained[30]!.line = edit(honest);
    const checkpoints = start();
    checkpoints.wake();
    await pass(CHECKPOINT_EVERY_MS + 5 * RETRY_AFTER_MS);
    expect(log).toEqual([{ event: 'audit_trail_broken', seq: 31, reason: 'edited' }]);
    expect(checkpoints.fault()).toEqual({ seq: 31, reason: 'edited' });
    ledger.chained[30]!.line = honest;
    await pass(RETRY_AFTER_MS);
    expect(countsOf(ledger)).toEqual([20, 40]);
    expect(checkpoints.fault()).toBeNull();
    await checkpoints.stop();
  });
});

describe('a service that remembers what it appended', () => {
  it('compares texts, and hashes a record only when it is not the one that was appended', async () => {
    const ledger = createTestOutbox({ remembers: true });
    for (let n = 0; n < RECORDS; n += 1) ledger.append();
    // The white space changes the text alone: the record is edited, although it parses to the same value.
    ledger.chained[12]!.line = ledger.chained[12]!.line.replace('{', '{ ');
    const hashed: unknown[] = [];
    const guard = createTrailGuard(ledger, (data) => {
      hashed.push(data);
      return sha256Hex(data);
    });
    const { base, head } = await ledger.chain();
    expect(await guard.check({ base, head, checkpoint: null }, null)).toMatchObject({ seq: 13, reason: 'edited' });
    ledger.chained[12]!.line = ledger.chained[12]!.line.replace('{ ', '{');
    expect(await guard.check({ base, head, checkpoint: null }, null)).toMatchObject({ kind: 'sound', verified: head });
    // The first twelve and the thirteenth are no longer remembered: they were compared before.
    expect(hashed).toHaveLength(13);
  });
});

describe('a service that starts with an existing ledger', () => {
  it('continues after a checkpoint without a signature, or of the key before', async () => {
    for (const signer of [null, (await testKey(9)).signer]) {
      const ledger = createTestOutbox();
      const clock = createFakeClock();
      const silent = (): void => undefined;
      const logger = { debug: silent, info: silent, warn: silent, error: silent };
      const deps = { ledger, ids: createFakeIds(), clock, schedule: clock, logger, delivery: { wake: silent } };
      ledger.append();
      await createCheckpointer({ ...deps, signer: async () => signer, recordKey }).finish();
      ledger.append();
      await createCheckpointer({ ...deps, signer: async () => key.signer, recordKey }).finish();
      const [first, second] = ledger.made.map(({ line }) => ({ line, said: parseCheckpoint(line)! }));
      expect(second?.said.previous).toBe(sha256Hex(first!.line));
      expect(await verifySignature(second!.said, key.signer)).toBe('valid');
    }
  });

  it('verifies at most a slice of records between two turns, and signs each thousand that it has verified', async () => {
    const ledger = createTestOutbox();
    for (let n = 0; n < 2_350; n += 1) ledger.append();
    const slices: number[] = [];
    const clock = createFakeClock();
    const counting = {
      ...ledger,
      async records(after: number, limit: number) {
        const slice = await ledger.records(after, limit);
        if (limit > 1) slices.push(slice.length);
        return slice;
      },
    };
    const turns: number[] = [];
    const schedule = {
      after(delayMs: number, task: () => void) {
        turns.push(slices.reduce((sum, length) => sum + length, 0));
        return clock.after(delayMs, task);
      },
    };
    const silent = (): void => undefined;
    const logger = { debug: silent, info: silent, warn: silent, error: silent };
    const deps = {
      ids: createFakeIds(),
      clock,
      logger,
      delivery: { wake: silent },
      signer: async () => null,
      recordKey,
    };
    createCheckpointer({ ...deps, ledger: counting, schedule }).wake();
    await clock.pass(CHECK_AFTER_MS);
    // The last 350 are no thousand, and the last checkpoint is not five minutes old.
    expect(countsOf(ledger)).toEqual([1_000, 2_000]);
    expect(Math.max(...slices)).toBe(RECORDS_PER_SLICE);
    // Every slice has a turn of its own.
    expect(turns.slice(0, 21)).toEqual(Array.from({ length: 21 }, (_, turn) => turn * RECORDS_PER_SLICE));
    await clock.pass(CHECKPOINT_EVERY_MS);
    expect(countsOf(ledger)).toEqual([1_000, 2_000, 2_350]);
  });

  it('reads and hashes each record once, whatever was verified before', async () => {
    const ledger = createTestOutbox();
    const counted = { read: 0, hashes: 0 };
    const counting = {
      ...ledger,
      records(after: number, limit: number) {
        const slice = ledger.records(after, limit) as { seq: number; line: string }[];
        counted.read += slice.length;
        return slice;
      },
    };
    const guard = createTrailGuard(counting, (data) => {
      counted.hashes += 1;
      return sha256Hex(data);
    });
    let records = 0;
    for (const added of [RECORDS_PER_SLICE, 1, 250]) {
      for (let n = 0; n < added; n += 1) ledger.append();
      const chain = { base: GENESIS, head: ledger.head, checkpoint: null };
      for (let slice = 1; slice < Math.ceil(added / RECORDS_PER_SLICE); slice += 1) await guard.check(chain, null);
      expect(await guard.check(chain, null)).toMatchObject({ kind: 'sound', verified: ledger.head });
      records += added;
      expect(counted).toEqual({ read: records, hashes: records });
    }
  });

  it('covers what it has verified while records keep coming faster than it can reach the head', async () => {
    const ledger = createTestOutbox();
    const clock = createFakeClock();
    const silent = (): void => undefined;
    const logger = { debug: silent, info: silent, warn: silent, error: silent };
    const racing = {
      ...ledger,
      records(after: number, limit: number) {
        for (let n = 0; n < 2 * RECORDS_PER_SLICE && ledger.chained.length < 6_000; n += 1) ledger.append();
        return ledger.records(after, limit);
      },
    };
    for (let n = 0; n < 1_000; n += 1) ledger.append();
    const deps = { ids: createFakeIds(), clock, schedule: clock, logger, delivery: { wake: silent } };
    const checkpoints = createCheckpointer({ ...deps, ledger: racing, signer: async () => null, recordKey });
    checkpoints.wake();
    await clock.pass(CHECK_AFTER_MS);
    expect(countsOf(ledger)).toEqual([1_000, 2_000, 3_000, 4_000, 5_000, 6_000]);
  });

  it('begins where retention has left the chain', async () => {
    const ledger = createTestOutbox();
    for (let n = 0; n < RECORDS; n += 1) ledger.append();
    const guard = createTrailGuard(ledger);
    const { head } = await ledger.chain();
    const hash = (JSON.parse(ledger.chained[9]!.line) as { hash: string }).hash;
    ledger.chained.splice(0, 10);
    const base = { seq: 10, hash };
    expect(await guard.check({ base, head, checkpoint: null }, null)).toEqual({
      kind: 'sound',
      verified: head,
      previous: null,
    });
    const unproven = await createTrailGuard(ledger).check({ base, head, checkpoint: { count: 5 } }, null);
    expect(unproven).toMatchObject({ kind: 'broken', seq: 10, reason: 'base_unproven' });
    expect(await guard.check({ base, head: GENESIS, checkpoint: null }, null)).toMatchObject({ reason: 'truncated' });
  });
});
