import type { Schedule } from '../../../ports/schedule.ts';
import type { Sha256 } from '../../../ports/sha256.ts';
import type { BatchFailure } from '../../batched-ledger.ts';
import type { Ledger } from '../../port.ts';
import { isFaultOfData, isTransient, LateLedgerError, PostgresError } from '../postgres-port.ts';
import { FIRST_PAUSE_MS, pause, RETRY_MS } from '../retry.ts';
import type { WriteTransactions } from '../write-transactions.ts';
import { decideBatch } from './decide-batch.ts';
import type { DecidedBatch } from './decide-batch.ts';
import { createNeeds } from './needs.ts';
import type { Needs } from './needs.ts';
import { readRows } from './read-rows.ts';
import type { BatchSteps, BatchStepsDeps } from './steps.ts';
import { writeChanges } from './write-changes.ts';

/**
 * Batches of writing steps: what arrives while one batch is under way is the next one. A batch is one transaction of three
 * round trips: it locks the head row, reads all rows that its steps need, decides in memory, and writes and commits. Each
 * step resolves only after the commit. A step that throws by itself is rejected alone. A step that has not ended after
 * ANSWER_WITHIN_MS is rejected, and is not tried from then on. Invariant: a batch is decided again only when it is certain
 * that it was not committed; where the answer to a commit was lost, the server is asked. A step that was rejected and may be
 * committed all the same is made up for in the next batch: by then it is certain, because a transaction holds the head row.
 */
export interface Batches {
  write<T>(step: BatchStep<T>): Promise<T>;
  /** Resolves when nothing is under way any more. */
  idle(): Promise<void>;
}

export interface BatchStep<T> {
  readonly name: keyof Ledger;
  readonly need: (needs: Needs, sha256: Sha256) => void;
  readonly decide: (steps: BatchSteps) => T;
  /** What makes up for this result, when it may be committed and the caller was rejected; null: it may stay. */
  makeUpFor?(result: T): BatchStep<unknown> | null;
  /** Called when it is committed. */
  committed?(result: T): void;
}

export interface BatchesDeps extends BatchStepsDeps {
  readonly transactions: WriteTransactions;
  readonly schedule: Schedule;
  /** Never steps. */
  readonly monotonic: () => number;
  readonly onFailure: (failure: BatchFailure) => void;
}

interface Member extends BatchStep<unknown> {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
  /** Nobody waits for it any more. */
  isLate: boolean;
  /** It makes up for another one, and no caller waits for it. */
  readonly isOwed: boolean;
}

interface Decided extends DecidedBatch<Member> {
  readonly transactionId: string;
}

const MAX_BATCH = 128;
/** Callers wait for a step at most this long (docs/operations.md, "Limits"). */
export const ANSWER_WITHIN_MS = 5_000;
const LONGEST_PAUSE_MS = 400;
/** What is owed waits for the next batch, or this long where none comes. */
const OWED_AFTER_MS = 1_000;

export function createBatches(deps: BatchesDeps): Batches {
  const { transactions, schedule, monotonic, sha256, onFailure } = deps;
  let waiting: Member[] = [];
  /** Goes along with the next batch. */
  let owed: BatchStep<unknown>[] = [];
  let cancelPayment: (() => void) | null = null;
  let pumping: Promise<void> | null = null;

  async function pump(): Promise<void> {
    // The rest of this turn of the event loop joins the first batch.
    await Promise.resolve();
    do {
      // First: a repeat that comes with them finds its key free.
      const batch = [...owed.map(owedMember), ...waiting.slice(0, MAX_BATCH)];
      owed = [];
      cancelPayment?.();
      cancelPayment = null;
      waiting = waiting.slice(MAX_BATCH);
      await commit(batch);
    } while (waiting.length > 0);
    pumping = null;
    if (owed.length > 0) payLater();
  }

  function payLater(): void {
    cancelPayment ??= schedule.after(OWED_AFTER_MS, () => {
      cancelPayment = null;
      pumping ??= pump();
    });
  }

  /** Never rejects. */
  async function commit(batch: readonly Member[]): Promise<void> {
    const startedMs = monotonic();
    let lastError: unknown = new LateLedgerError();
    let tried = batch;
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs *= 2) {
      const members = tried.filter(({ isLate }) => !isLate);
      if (members.length === 0) return fail(batch, lastError);
      let decided: Decided | null = null;
      try {
        await attempt(members, (made) => (decided = made));
        break;
      } catch (error) {
        lastError = error;
        const fate = await fateOf(error, members, decided);
        if (fate === 'committed' && decided !== null) {
          answer(decided);
          break;
        }
        if (fate === 'unknown') {
          fail(batch, error);
          for (const [member, result] of resultsOf(decided)) makeUpFor(member, result);
          return;
        }
        if (isFaultOfData(error) && batch.length > 1) {
          for (const member of batch) await commit([member]);
          return;
        }
        const others = tried.filter(({ isOwed }) => !isOwed);
        // No caller waits for what is owed, and a stop must not wait for it either.
        const mayWait = isTransient(error) && !members.every(({ isOwed }) => isOwed);
        const isLast = !mayWait || monotonic() - startedMs + pauseMs > RETRY_MS;
        // What makes up for others may be what fails: a row that is damaged or locked must not fail every batch.
        if (others.length > 0 && others.length < tried.length) tried = others;
        else if (isLast) return fail(batch, error);
        await pause(schedule, pauseMs);
      }
    }
    failLate(batch);
    await makeUpApart(batch.filter((member) => !tried.includes(member)));
  }

  function fail(batch: readonly Member[], error: unknown): void {
    const steps = batch.filter(({ isOwed }) => !isOwed).map(({ name }) => name);
    if (steps.length > 0) onFailure({ kind: 'batch', error, steps });
    for (const member of batch) member.reject(error);
  }

  function makeUpFor(member: Member, result: unknown): void {
    const step = member.makeUpFor?.(result) ?? null;
    if (step !== null) owe(step);
  }

  /** The database has just taken the others, so what fails now fails by itself: it gets no other try. */
  async function makeUpApart(members: readonly Member[]): Promise<void> {
    for (const [at, member] of members.entries()) {
      try {
        await attempt([member], () => undefined);
      } catch {
        for (const next of members.slice(at + 1)) owe(next);
        return;
      }
    }
  }

  /** Bounded: what it leaves out ends as it would without being made up for. */
  function owe(step: BatchStep<unknown>): void {
    owed = [...owed, step].slice(-MAX_BATCH);
  }

  function owedMember(step: BatchStep<unknown>): Member {
    return {
      ...step,
      resolve: () => undefined,
      reject(error) {
        if (error instanceof PostgresError && !isFaultOfData(error)) owe(step);
      },
      isLate: false,
      isOwed: true,
    };
  }

  /** Reports those who were not waited for, although the others have ended well. */
  function failLate(batch: readonly Member[]): void {
    const late = batch.filter(({ isLate }) => isLate);
    if (late.length > 0) fail(late, new LateLedgerError());
  }

  async function attempt(batch: readonly Member[], onDecided: (decided: Decided) => void): Promise<void> {
    const needs = createNeeds();
    for (const { need } of batch) need(needs, sha256);
    let decided: Decided | null = null;
    await transactions.run(async ({ run, stored, transactionId, nowMs }) => {
      const rows = await readRows(run, needs, { nowMs, headSeq: stored.head.seq });
      // Of those who have left meanwhile, nothing is written.
      const present = batch.filter(({ isLate }) => !isLate);
      decided = { ...decideBatch(present, { stored, nowMs, rows }, deps), transactionId };
      onDecided(decided);
      const { changes } = decided;
      return { head: changes.head.head, write: () => writeChanges(run, changes, nowMs) };
    });
    if (decided !== null) answer(decided);
  }

  function answer({ results, failures }: Decided): void {
    for (const [member, error] of failures) {
      onFailure({ kind: 'batch', error, steps: [member.name] });
      member.reject(error);
    }
    for (const [member, result] of results) member.resolve(result);
    // Behind all answers, so that nothing that fails here takes one away.
    for (const [member, result] of results) {
      if (member.isLate) makeUpFor(member, result);
      member.committed?.(result);
    }
  }

  /** `unknown`: it could not be found out in time. */
  async function fateOf(
    error: unknown,
    members: readonly Member[],
    decided: Decided | null,
  ): Promise<'committed' | 'rolled_back' | 'unknown'> {
    if (!(error instanceof PostgresError) || error.fate === 'rolled_back') return 'rolled_back';
    if (decided === null) return 'unknown';
    const { changes, transactionId } = decided;
    // The last record of the batch is looked for, behind the lock: a commit that is still under way holds it.
    const lost = { record: changes.records.length === 0 ? null : changes.head.head, transactionId };
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
      try {
        return (await transactions.isCommitted(lost)) ? 'committed' : 'rolled_back';
      } catch {
        await pause(schedule, pauseMs);
        if (members.every(({ isLate, isOwed }) => isLate || isOwed)) return 'unknown';
      }
    }
  }

  return {
    write<T>(step: BatchStep<T>): Promise<T> {
      const { promise, resolve, reject } = Promise.withResolvers<T>();
      const cancel = schedule.after(ANSWER_WITHIN_MS, () => {
        member.isLate = true;
        reject(new LateLedgerError());
      });
      const member: Member = {
        ...step,
        resolve(result) {
          cancel();
          resolve(result as T);
        },
        reject(error) {
          cancel();
          reject(error);
        },
        isLate: false,
        isOwed: false,
      };
      waiting.push(member);
      pumping ??= pump();
      return promise;
    },
    async idle() {
      while (pumping !== null) await pumping;
    },
  };
}

function resultsOf(decided: Decided | null): Decided['results'] {
  return decided?.results ?? [];
}
