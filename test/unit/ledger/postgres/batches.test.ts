import { describe, expect, it } from 'vitest';
import { GENESIS } from '../../../../src/audit/chain.ts';
import { createAppendedRecords } from '../../../../src/audit/checkpoint/appended-records.ts';
import type { BatchFailure } from '../../../../src/ledger/batched-ledger.ts';
import { createBatches } from '../../../../src/ledger/postgres/batch/batches.ts';
import { LateLedgerError, PostgresError } from '../../../../src/ledger/postgres/postgres-port.ts';
import type {
  LostCommit,
  WriteTransaction,
  WriteTransactions,
} from '../../../../src/ledger/postgres/write-transactions.ts';
import { sha256Hex } from '../../../../src/lib/sha256.ts';
import { createFakeClock, createFakeIds, promisesSettled } from '../../../support/clock.ts';

/** Batches over a database that answers as each test says. Their steps neither read nor change anything. */
const LOST = new PostgresError(null, 'unknown');

function setup(database: Partial<WriteTransactions>) {
  const clock = createFakeClock();
  const failures: BatchFailure[] = [];
  const ended: string[] = [];
  const batches = createBatches({
    transactions: {
      run: () => Promise.reject(new Error('not scripted')),
      beside: () => Promise.reject(new Error('not scripted')),
      isCommitted: () => Promise.reject(new Error('not scripted')),
      seen: () => GENESIS,
      ...database,
    },
    ...{ schedule: clock, clock, ids: createFakeIds(), sha256: sha256Hex, appended: createAppendedRecords() },
    monotonic: () => clock.monotonic(),
    reportUnreadable: () => undefined,
    isSpaceLow: () => false,
    onFailure: (failure) => failures.push(failure),
  });
  const decided: string[] = [];
  const write = (name: string): void =>
    void batches.write({ name: 'countRead', need: () => undefined, decide: () => decided.push(name) }).then(
      () => ended.push(`${name} done`),
      (error: unknown) => ended.push(`${name} ${error instanceof LateLedgerError ? 'late' : 'failed'}`),
    );
  const makesUp = (name: string) => ({
    ...({ name: 'settle', need: () => undefined, decide: () => decided.push(name) } as const),
    committed: () => void ended.push(`${name} committed`),
  });
  /** A step with another one that makes up for it. */
  const admit = (name: string): void =>
    void batches
      .write({
        ...({ name: 'admit', need: () => undefined, decide: () => decided.push(name) } as const),
        makeUpFor: () => makesUp(`${name} withdrawn`),
      })
      .catch(() => ended.push(`${name} rejected`));
  return { clock, write, admit, ended, decided, failures, idle: batches.idle };
}

const HEAD = { head: GENESIS, base: GENESIS, clockMs: 0, recordedMs: 0, policyDigest: '', lastOwner: 0 };
const carryOut: WriteTransactions['run'] = async (work) => {
  const transaction: WriteTransaction = { run: async () => [], stored: HEAD, transactionId: '4711', nowMs: 1 };
  await work(transaction);
};

it('a step ends after 5 s when the database does not answer, also behind a batch that hangs', async () => {
  let attempts = 0;
  const hanging = Promise.withResolvers<void>();
  const { clock, write, ended, failures, idle } = setup({
    async run(work) {
      attempts += 1;
      if (attempts === 1) await hanging.promise;
      await carryOut(work);
    },
  });
  write('first');
  await clock.pass(3_000);
  write('second');
  await clock.pass(1_999);
  expect(ended).toEqual([]);
  await clock.pass(1);
  expect(ended).toEqual(['first late']);
  await clock.pass(3_000);
  expect(ended).toEqual(['first late', 'second late']);
  write('third');
  hanging.reject(new PostgresError(null, 'rolled_back'));
  await clock.pass(100);
  await idle();
  expect(ended).toEqual(['first late', 'second late', 'third done']);
  // Neither of the late ones was tried again.
  expect(attempts).toBe(2);
  expect(failures.map(({ steps }) => steps.length)).toEqual([1, 1]);
  expect(clock.waitingMs).toEqual([]);
});

it('a step whose caller has left before anything was written is not carried out', async () => {
  const hanging = Promise.withResolvers<void>();
  const { clock, write, ended, decided, idle } = setup({
    async run(work) {
      await hanging.promise;
      await carryOut(work);
    },
  });
  write('step');
  await clock.pass(5_000);
  hanging.resolve();
  await idle();
  expect(ended).toEqual(['step late']);
  expect(decided).toEqual([]);
});

it.each([
  [true, 1],
  [false, 2],
])('a lost commit without a record that was carried out (%s) is attempted %s times', async (isCommitted, expected) => {
  let attempts = 0;
  const asked: LostCommit[] = [];
  const { clock, write, ended, failures, idle } = setup({
    async run(work) {
      attempts += 1;
      await carryOut(work);
      if (attempts === 1) throw LOST;
    },
    async isCommitted(lost) {
      asked.push(lost);
      return isCommitted;
    },
  });
  write('step');
  await clock.pass(100);
  await idle();
  expect(asked).toEqual([{ record: null, transactionId: '4711' }]);
  expect(ended).toEqual(['step done']);
  expect(attempts).toBe(expected);
  expect(failures).toEqual([]);
});

it('a lost commit is looked for until its callers have left, and not longer', async () => {
  let looks = 0;
  const { clock, write, ended, failures, idle } = setup({
    async run(work) {
      await carryOut(work);
      throw LOST;
    },
    isCommitted() {
      looks += 1;
      return Promise.reject(new PostgresError(null, 'rolled_back'));
    },
  });
  write('step');
  await clock.pass(4_999);
  expect(ended).toEqual([]);
  await clock.pass(1);
  expect(ended).toEqual(['step late']);
  await clock.pass(1_000);
  await idle();
  const { length } = failures;
  expect(length).toBe(1);
  const before = looks;
  await clock.pass(10_000);
  await promisesSettled();
  expect(looks).toBe(before);
});

describe('a step whose caller was rejected', () => {
  const cannotBeAsked = (): Promise<never> => Promise.reject(new PostgresError(null, 'rolled_back'));

  it('and whose commit was lost is made up for by the next batch, before the others', async () => {
    let attempts = 0;
    const { clock, write, admit, ended, decided, failures, idle } = setup({
      async run(work) {
        attempts += 1;
        await carryOut(work);
        if (attempts === 1) throw LOST;
      },
      isCommitted: cannotBeAsked,
    });
    admit('step');
    await clock.pass(6_000);
    await idle();
    expect(ended).toEqual(['step rejected']);
    write('next');
    await idle();
    expect(decided).toEqual(['step', 'step withdrawn', 'next']);
    expect(ended).toEqual(['step rejected', 'step withdrawn committed', 'next done']);
    write('last');
    await idle();
    expect(decided.slice(3)).toEqual(['last']);
    expect(failures.map(({ steps }) => steps)).toEqual([['admit']]);
  });

  it('and which was committed late is made up for', async () => {
    const hanging = Promise.withResolvers<void>();
    let attempts = 0;
    const { clock, write, admit, ended, idle } = setup({
      async run(work) {
        attempts += 1;
        await carryOut(work);
        if (attempts === 1) await hanging.promise;
      },
    });
    admit('step');
    await clock.pass(5_000);
    hanging.resolve();
    await idle();
    write('next');
    await idle();
    expect(ended).toEqual(['step rejected', 'step withdrawn committed', 'next done']);
  });

  it('and which was rolled back is not made up for', async () => {
    const hanging = Promise.withResolvers<void>();
    let attempts = 0;
    const { clock, write, admit, decided, idle } = setup({
      async run(work) {
        attempts += 1;
        await carryOut(work);
        if (attempts > 1) return;
        await hanging.promise;
        throw new PostgresError(null, 'rolled_back');
      },
    });
    admit('step');
    await clock.pass(5_000);
    hanging.resolve();
    await idle();
    write('next');
    await idle();
    expect(decided).toEqual(['step', 'next']);
  });

  it('fails no other one when what makes up for it cannot be written', async () => {
    const { clock, admit, write, ended, decided, failures, idle } = setup({
      async run(work) {
        const before = decided.length;
        await carryOut(work);
        if (decided.length === 1) throw LOST;
        // A row of that request is damaged: the server refuses whatever reads it.
        if (decided.slice(before).includes('step withdrawn')) throw new PostgresError('XX001', 'rolled_back');
      },
      isCommitted: cannotBeAsked,
    });
    admit('step');
    await clock.pass(6_000);
    await idle();
    for (const name of ['second', 'third']) {
      write(name);
      await clock.pass(100);
      await idle();
    }
    expect(ended).toEqual(['step rejected', 'second done', 'third done']);
    // It is tried with the others, then by itself, and given up.
    expect(decided.filter((name) => name === 'step withdrawn')).toHaveLength(2);
    expect(failures.map(({ steps }) => steps)).toEqual([['admit']]);
  });

  it('is made up for when the database takes it again, and not waited for', async () => {
    let isBack = false;
    const { clock, write, admit, ended, decided, failures, idle } = setup({
      async run(work) {
        if (isBack) return await carryOut(work);
        if (decided.length > 0) throw new PostgresError('57P03', 'rolled_back');
        await carryOut(work);
        throw LOST;
      },
      isCommitted: cannotBeAsked,
    });
    admit('step');
    await clock.pass(6_000);
    write('second');
    await clock.pass(6_000);
    await idle();
    expect(ended).toEqual(['step rejected', 'second failed']);
    isBack = true;
    write('third');
    await idle();
    expect(ended.slice(2)).toEqual(['step withdrawn committed', 'third done']);
    // What makes up has no caller, so it is in no report.
    expect(failures.map(({ steps }) => steps)).toEqual([['admit'], ['countRead']]);
    expect(clock.waitingMs).toEqual([]);
  });
});
