import type { Ledger } from './port.ts';
import type { SqliteLedger } from './sqlite/sqlite-ledger.ts';
import { SqlError } from './sqlite/sqlite-port.ts';
import type { SqlitePort } from './sqlite/sqlite-port.ts';

/**
 * The asynchronous ledger over the synchronous SQLite ledger, with group commit. Writes that arrive in consecutive turns of
 * the event loop share one transaction; each write resolves only after that commit. Later members of a batch see the
 * debits and keys of earlier ones. When the database fails, every member of the batch is rejected and nothing is stored. A
 * member that throws by itself (a record that has no canonical form) is rejected alone, and the others are retried.
 */
export interface BatchedLedger extends Ledger {
  /** Commits all waiting writes now. */
  flush(): void;
}

export interface BatchedLedgerDeps {
  readonly core: SqliteLedger;
  readonly sqlite: SqlitePort;
  /** Runs last in each transaction. If it throws, the whole batch is rolled back. */
  readonly check: () => void;
  /** Watches what the commits are written to. Absent: a commit that returned is durable. */
  readonly storage?: StorageGuard;
  /** Calls back after the current turn of the event loop. */
  readonly defer: (next: () => void) => void;
  /** Milliseconds of a clock that is never set. */
  readonly monotonic: () => number;
  /** Called for every batch and every read that failed, for logs and metrics. */
  readonly onFailure: (failure: BatchFailure) => void;
}

export interface StorageGuard {
  /** Runs before each transaction. If it throws, the batch is rejected and nothing is written. */
  ready(): void;
  /** Runs after each commit. If it throws, the commit may not survive a restart, and the batch is rejected. */
  confirm(): void;
}

export interface BatchFailure {
  /** `read`: a single read, outside any batch. */
  readonly kind: 'batch' | 'read';
  readonly error: unknown;
  readonly steps: readonly (keyof Ledger)[];
}

interface Member {
  readonly step: keyof Ledger;
  readonly execute: () => unknown;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** Bounds how long one commit holds the event loop. */
const MAX_BATCH = 128;
/**
 * A batch waits for as long as each turn of the event loop brings it another step, and never longer than this. A turn accepts
 * one connection and reads what has arrived, so under load each brings a few steps; without load the first one brings none,
 * and the commit comes a fraction of a millisecond later.
 */
const MAX_WAIT_MS = 5;

export function createBatchedLedger({
  core,
  sqlite,
  check,
  storage,
  defer,
  monotonic,
  onFailure,
}: BatchedLedgerDeps): BatchedLedger {
  let waiting: Member[] = [];

  function write<T>(step: keyof Ledger, execute: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      waiting.push({ step, execute, resolve: resolve as (result: unknown) => void, reject });
      if (waiting.length === 1) gather();
    });
  }

  /** `before`: how many steps were waiting a turn ago. */
  function gather(before = 0, sinceMs = monotonic()): void {
    defer(() => {
      const mayWait = waiting.length > before && waiting.length < MAX_BATCH && monotonic() - sinceMs < MAX_WAIT_MS;
      if (mayWait) gather(waiting.length, sinceMs);
      else flushOne();
    });
  }

  function flushOne(): void {
    const batch = waiting.slice(0, MAX_BATCH);
    waiting = waiting.slice(MAX_BATCH);
    commit(batch);
    if (waiting.length > 0) gather(waiting.length);
  }

  function commit(batch: readonly Member[]): void {
    if (batch.length === 0) return;
    const progress: { at: Member | null } = { at: null };
    let results: readonly unknown[];
    try {
      storage?.ready();
      results = sqlite.transaction(() => {
        const done = core.batch(() => {
          const returned = batch.map((member) => {
            progress.at = member;
            return member.execute();
          });
          // What fails from here on fails for all.
          progress.at = null;
          return returned;
        });
        check();
        return done;
      });
      storage?.confirm();
    } catch (error) {
      const failed = progress.at === null || error instanceof SqlError ? batch : [progress.at];
      onFailure({ kind: 'batch', error, steps: failed.map((member) => member.step) });
      for (const member of failed) member.reject(error);
      // The whole batch was rolled back. The other members are retried without the failed one.
      commit(batch.filter((member) => !failed.includes(member)));
      return;
    }
    batch.forEach((member, index) => member.resolve(results[index]));
  }

  /** Reads see committed data only: no transaction is open between two turns. */
  async function read<T>(step: keyof Ledger, execute: () => T): Promise<T> {
    try {
      return execute();
    } catch (error) {
      onFailure({ kind: 'read', error, steps: [step] });
      throw error;
    }
  }

  return {
    admit: (admission) => write('admit', () => core.admit(admission)),
    settle: (settlement) => write('settle', () => core.settle(settlement)),
    ack: (sink, position) => write('ack', () => core.ack(sink, position)),
    addCheckpoint: (checkpoint) => write('addCheckpoint', () => core.addCheckpoint(checkpoint)),
    recordAttempt: (attempt) => write('recordAttempt', () => core.recordAttempt(attempt)),
    prune: (retention) => write('prune', () => core.prune(retention)),
    countRead: (report) => write('countRead', () => core.countRead(report)),
    recordReads: (limit) => write('recordReads', () => core.recordReads(limit)),
    recordSuppressed: (limit) => write('recordSuppressed', () => core.recordSuppressed(limit)),
    recordChanges: (reports) => write('recordChanges', () => core.recordChanges(reports)),
    claimSignIn: (claim) => write('claimSignIn', () => core.claimSignIn(claim)),
    endSignIn: (end) => write('endSignIn', () => core.endSignIn(end)),
    probe: () => write('probe', () => core.probe()),
    find: (requestId, owner) => read('find', () => core.find(requestId, owner)),
    list: (query) => read('list', () => core.list(query)),
    findPolicy: (digest) => read('findPolicy', () => core.findPolicy(digest)),
    signInSalt: () => read('signInSalt', () => core.signInSalt()),
    signInHold: (fingerprint) => read('signInHold', () => core.signInHold(fingerprint)),
    usage: (charges) => read('usage', () => core.usage(charges)),
    records: (after, limit) => read('records', () => core.records(after, limit)),
    search: (query) => read('search', () => core.search(query)),
    lease: (sink, limit) => read('lease', () => core.lease(sink, limit)),
    backlog: (sinks) => read('backlog', () => core.backlog(sinks)),
    chain: () => read('chain', () => core.chain()),
    checkpoints: (after, limit) => read('checkpoints', () => core.checkpoints(after, limit)),
    expired: (limit) => read('expired', () => core.expired(limit)),
    unsettled: (limit) => read('unsettled', () => core.unsettled(limit)),
    countUnknown: () => read('countUnknown', () => core.countUnknown()),
    witness: (witness) => read('witness', () => core.witness(witness)),
    flush() {
      while (waiting.length > 0) flushOne();
    },
  };
}
