import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { describe, expect, it } from 'vitest';
import { verifyChain } from '../../../src/audit/chain.ts';
import type { RequestRecordKind } from '../../../src/audit/record.ts';
import { sweep } from '../../../src/invite/settle/sweep.ts';
import { LedgerStepError } from '../../../src/platform/workers/ledger/client.ts';
import type { LedgerNamespace } from '../../../src/platform/workers/ledger/client.ts';
import { TEST_TIME_MS, testUuid7 } from '../../support/clock.ts';
import {
  admission,
  DAY_MS,
  KEEP_ALL,
  MINUTE_MS,
  quotaCharge,
  readRecords,
  readTrail,
  recordDraft,
  settlement,
} from '../../support/ledger/ledger.ts';
import { answering, collectInto, openLedgerObject } from './ledger-harness.ts';
import type { LedgerObjectHarness, Step } from './ledger-harness.ts';

/** Faults that only the platform can cause: a restart, a refused write, a cut call, an answer of another release. */
const R1 = testUuid7(1);
const R2 = testUuid7(2);
const SECRET_WORDS = 'nobody.else@acme.com';

async function rejectionOf(promise: Promise<unknown>): Promise<unknown> {
  return await promise.then(
    () => null,
    (error: unknown) => error,
  );
}

async function sweepOnce({ ledger }: LedgerObjectHarness): Promise<number> {
  return await sweep({
    ledger,
    retention: KEEP_ALL,
    delivery: { wake: () => undefined },
    logger: collectInto([]),
    metrics: { count: () => undefined, observe: () => undefined },
  });
}

describe('the time of the platform', () => {
  it('is trusted as it is: it needs no witness, and a witness changes nothing', async () => {
    let nowMs = TEST_TIME_MS;
    const { ledger } = openLedgerObject({ clock: { now: () => nowMs } });
    const remaining = async () => (await ledger.usage([quotaCharge()]))[0]?.remaining;
    await ledger.admit(admission(R1, { charges: [quotaCharge({ amount: 4 })] }));
    await ledger.witness({ atMs: TEST_TIME_MS + DAY_MS, kind: 'now' });
    expect(await remaining()).toBe(6);
    nowMs += DAY_MS;
    expect(await remaining()).toBe(10);
    expect(await ledger.expired(10)).toMatchObject([{ requestId: R1 }]);
  });

  it('that goes back takes along what was stored ahead of it', async () => {
    let nowMs = TEST_TIME_MS + 8 * DAY_MS;
    const { ledger } = openLedgerObject({ clock: { now: () => nowMs } });
    await ledger.admit(admission(R1, { key: 'order-66-attempt-1', charges: [quotaCharge({ amount: 4 })] }));
    nowMs = TEST_TIME_MS;
    expect(await ledger.admit(admission(R2, { key: 'order-66-attempt-1' }))).toMatchObject({ kind: 'in_flight' });
    expect(await ledger.usage([quotaCharge()])).toMatchObject([{ remaining: 6 }]);
    nowMs += MINUTE_MS;
    expect(await ledger.expired(10)).toMatchObject([{ requestId: R1 }]);
  });
});

describe('many Workers and one ledger object', () => {
  it('give the last 10 units to exactly 10 of 40 parallel requests', async () => {
    const harness = openLedgerObject();
    const workers = Array.from({ length: 8 }, () => harness.client());
    const all = await Promise.all(
      Array.from({ length: 40 }, (_, n) =>
        (workers[n % 8] ?? harness.ledger).admit(admission(testUuid7(n), { charges: [quotaCharge({ limit: 10 })] })),
      ),
    );
    expect(all.filter((one) => one.kind === 'admitted')).toHaveLength(10);
    expect(all.filter((one) => one.kind === 'exhausted')).toHaveLength(30);
    // All that were admitted, and the first 20 refusals.
    expect(verifyChain(await readTrail(harness.ledger))).toMatchObject({ kind: 'intact', head: { seq: 30 } });
  });

  it('admit one of 40 parallel requests with one key, and answer in_flight to the others', async () => {
    const harness = openLedgerObject();
    const all = await Promise.all(
      Array.from({ length: 40 }, (_, n) =>
        harness.client().admit(admission(testUuid7(n), { key: 'the-same-key-0001' })),
      ),
    );
    expect(all.filter((one) => one.kind === 'admitted')).toHaveLength(1);
    expect(all.filter((one) => one.kind === 'in_flight')).toHaveLength(39);
  });
});

describe('an object that is evicted between admission and outcome', () => {
  it('accepts the late outcome as usual', async () => {
    const harness = openLedgerObject();
    await harness.ledger.admit(admission(R1, { key: 'key-before-eviction', charges: [quotaCharge()] }));
    await evictDurableObject(harness.stub);

    expect(await harness.ledger.settle(settlement(R1, 'accepted'))).toEqual({ kind: 'settled' });

    expect(await harness.ledger.find(R1, null)).toMatchObject({ state: 'accepted' });
    expect(await harness.ledger.admit(admission(R2, { key: 'key-before-eviction' }))).toMatchObject({
      kind: 'replay',
      firstRequestId: R1,
    });
    expect(verifyChain(await readTrail(harness.ledger))).toMatchObject({ kind: 'intact', head: { seq: 3 } });
  });

  it('is settled as unknown by the sweep when no outcome comes, and nothing is sent again', async () => {
    const harness = openLedgerObject();
    await harness.ledger.admit(admission(R1, { key: 'key-before-eviction', charges: [quotaCharge()] }));
    await evictDurableObject(harness.stub);
    harness.clock.advance(45_000);

    expect(await sweepOnce(harness)).toBe(1);

    expect(await harness.ledger.find(R1, null)).toMatchObject({ state: 'unknown' });
    expect(await harness.ledger.admit(admission(R2, { key: 'key-before-eviction' }))).toMatchObject({
      kind: 'replay',
      reply: { status: 504 },
    });
    expect(await harness.ledger.usage([quotaCharge()])).toMatchObject([{ remaining: 9 }]);
    await evictDurableObject(harness.stub);
    expect(await harness.ledger.settle(settlement(R1, 'accepted'))).toEqual({ kind: 'settled' });
  });

  it('delivers by alarm the records that were written before', async () => {
    const lines: string[] = [];
    const sink = {
      name: 'http',
      write: async (items: readonly { line: string }[]) => void lines.push(...items.map((i) => i.line)),
    };
    const harness = openLedgerObject({ targets: [{ sink, maxLengthPerRun: 100_000 }] });
    await harness.ledger.admit(admission(R1));
    await evictDurableObject(harness.stub);
    expect(await runDurableObjectAlarm(harness.stub)).toBe(true);
    expect(lines.slice(0, 1)).toEqual(await readTrail(harness.ledger));
  });
});

describe('a storage that fails', () => {
  const breakStorage = (harness: LedgerObjectHarness) =>
    runInDurableObject(harness.stub, (_object, { storage }) => {
      storage.sql.exec(
        `CREATE TRIGGER no_room BEFORE INSERT ON requests BEGIN SELECT RAISE(ABORT, '${SECRET_WORDS}'); END`,
      );
    });
  const repairStorage = (harness: LedgerObjectHarness) =>
    runInDurableObject(harness.stub, (_object, { storage }) => void storage.sql.exec(`DROP TRIGGER no_room`));

  it('rejects the admission and keeps nothing of it: no record, no debit, no key', async () => {
    const harness = openLedgerObject();
    await harness.ledger.admit(admission(R1));
    await breakStorage(harness);

    const asked = admission(R2, { key: 'key-that-is-not-bound', charges: [quotaCharge()] });
    expect(await rejectionOf(harness.ledger.admit(asked))).toMatchObject({ reason: 'storage_failed' });

    expect((await readRecords(harness.ledger)).map((record) => record.request_id)).toEqual([R1]);
    expect(await harness.ledger.usage([quotaCharge()])).toMatchObject([{ remaining: 10 }]);
    await repairStorage(harness);
    expect(await harness.ledger.admit(asked)).toMatchObject({ kind: 'admitted' });
    expect(verifyChain(await readTrail(harness.ledger))).toMatchObject({ kind: 'intact', head: { seq: 2 } });
  });

  it('reports nothing of the arguments or of the message of the database', async () => {
    const harness = openLedgerObject();
    await harness.ledger.probe();
    await breakStorage(harness);
    const error = await rejectionOf(harness.ledger.admit(admission(R1)));
    expect(error).toBeInstanceOf(LedgerStepError);
    expect(`${String(error)} ${JSON.stringify(harness.logs)}`).not.toContain(SECRET_WORDS);
    expect(harness.logs.map(({ event }) => event)).toEqual(['ledger_object_step_failed', 'ledger_step_failed']);
  });

  it('answers no step of an object whose trail was tampered with', async () => {
    const harness = openLedgerObject();
    await harness.ledger.admit(admission(R1));
    await runInDurableObject(harness.stub, (_object, { storage }) => {
      storage.sql.exec(`UPDATE records SET line = replace(line, 'ann', 'eve')`);
    });
    await evictDurableObject(harness.stub);
    expect(await rejectionOf(harness.ledger.probe())).toMatchObject({ reason: 'unreachable' });
  });
});

describe('a call that does not fit the table of steps', () => {
  const misfits: readonly [what: string, step: string, args: readonly unknown[]][] = [
    ['a member that is no part of an admission', 'admit', [{ ...admission(R1), force: true }]],
    ['an admission without its record', 'admit', [{ ...admission(R1), records: {} }]],
    ['an admission of an earlier release, with whole records', 'admit', [withWholeRecords()]],
    ['a draft that is not JSON', 'admit', [withBase({ request_id: R1, at: 1n })]],
    ['a draft beyond all bounds', 'admit', [withBase({ note: 'x'.repeat(4_200_000) })]],
    ['a claim of half a unit', 'usage', [[quotaCharge({ amount: 0.5 })]]],
    ['an unknown ending', 'settle', [{ ...settlement(R1, 'accepted'), ending: 'open' }]],
    ['an argument too many', 'probe', ['now']],
    ['an argument too few', 'ack', ['http']],
    ['arguments that are no list', 'probe', { length: 0 } as unknown as unknown[]],
  ];

  it.each(misfits)('is refused by the object: %s', async (_what, step, args) => {
    const harness = openLedgerObject();
    expect(await harness.stub.step(step, args)).toEqual({ kind: 'failed', reason: 'invalid_arguments' });
    expect(await readTrail(harness.ledger)).toEqual([]);
  });

  it.each(misfits.filter(([, , args]) => Array.isArray(args)))('rejects the step: %s', async (_what, step, args) => {
    const harness = openLedgerObject();
    const call = harness.ledger[step as 'admit'] as (...all: readonly unknown[]) => Promise<unknown>;
    expect(await rejectionOf(call(...args))).toMatchObject({ reason: 'invalid_arguments' });
    expect(await readTrail(harness.ledger)).toEqual([]);
  });

  it.each(['toString', '__proto__', 'constructor', 'alarm', ''])(
    'is refused by the object: the step "%s"',
    async (step) => {
      expect(await openLedgerObject().stub.step(step, [])).toEqual({ kind: 'failed', reason: 'unknown_step' });
    },
  );

  it.each([
    ['nothing at all', undefined],
    ['another union', { kind: 'ok', result: null }],
    ['a result of another step', { kind: 'done', result: { kind: 'settled' } }],
    ['a result with a member more', { kind: 'done', result: { kind: 'previewed', at: 1 } }],
  ])('is not believed when the object answers with %s', async (_what, answer) => {
    const client = openLedgerObject().client(answering(async () => answer));
    expect(await rejectionOf(client.admit(admission(R1)))).toMatchObject({ reason: 'invalid_answer' });
  });

  it('undoes a step whose result does not fit, because the caller could not read it', async () => {
    const harness = openLedgerObject();
    await harness.ledger.admit(admission(R1, { key: 'key-of-a-bent-request' }));
    await harness.ledger.settle(settlement(R1, 'accepted'));
    await runInDurableObject(harness.stub, (_object, { storage }) => {
      storage.sql.exec(`UPDATE keys SET request_id = 'bent'`);
    });

    const replay = admission(R2, { key: 'key-of-a-bent-request' });
    expect(await rejectionOf(harness.ledger.admit(replay))).toMatchObject({ reason: 'step_failed' });

    expect((await readRecords(harness.ledger)).map(({ kind }) => kind)).toEqual(['intent', 'outcome']);
  });
});

describe('a call that the platform cuts', () => {
  it('is retried once where the platform says that this helps, through a new stub', async () => {
    const harness = openLedgerObject();
    let stubs = 0;
    const client = harness.client(failingFirst(1, { retryable: true }, harness, () => (stubs += 1)));
    expect(await client.admit(admission(R1))).toMatchObject({ kind: 'admitted' });
    expect(stubs).toBeGreaterThan(1);
    expect(await readTrail(harness.ledger)).toHaveLength(1);
  });

  it('is not retried a second time', async () => {
    const harness = openLedgerObject();
    const client = harness.client(failingFirst(2, { retryable: true }, harness));
    expect(await rejectionOf(client.probe())).toMatchObject({ reason: 'unreachable' });
  });

  it.each([
    ['the object is overloaded', { retryable: true, overloaded: true }, 'overloaded'],
    ['the platform does not mark the error as retryable', {}, 'unreachable'],
  ])('is not retried at all when %s', async (_what, flags, reason) => {
    const harness = openLedgerObject();
    const client = harness.client(failingFirst(1, flags, harness));
    expect(await rejectionOf(client.settle(settlement(R1, 'accepted')))).toMatchObject({ reason });
    expect(await client.probe()).toBeUndefined();
  });
});

function withWholeRecords(): unknown {
  const given = admission(R1);
  const whole = (kind: RequestRecordKind) => recordDraft(kind, R1);
  return { ...given, records: { decided: whole('intent'), exhausted: whole('denial'), replay: whole('replay') } };
}

function withBase(changes: object): unknown {
  const given = admission(R1);
  return { ...given, records: { ...given.records, base: { ...given.records.base, ...changes } } };
}

/** A platform that cuts the first `times` calls before they reach the object. */
function failingFirst(
  times: number,
  flags: object,
  harness: LedgerObjectHarness,
  onStub = (): unknown => null,
): LedgerNamespace {
  let calls = 0;
  return {
    idFromName: () => ({}) as DurableObjectId,
    get() {
      onStub();
      return {
        step: async (...call: Parameters<Step>) => {
          if ((calls += 1) <= times) throw Object.assign(new Error(SECRET_WORDS), flags);
          return await harness.stub.step(...call);
        },
      };
    },
  };
}
