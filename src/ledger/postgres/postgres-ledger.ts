import { createAppendedRecords } from '../../audit/checkpoint/appended-records.ts';
import type { AppendedRecords } from '../../audit/checkpoint/appended-records.ts';
import { createInFlight } from '../../lib/in-flight.ts';
import { sha256Hex } from '../../lib/sha256.ts';
import type { MachineClock } from '../../ports/clock.ts';
import type { Ids } from '../../ports/ids.ts';
import type { Schedule } from '../../ports/schedule.ts';
import type { Sha256 } from '../../ports/sha256.ts';
import { withDeadline } from '../../tasks/with-deadline.ts';
import type { BatchFailure } from '../batched-ledger.ts';
import type { Ledger } from '../port.ts';
import type { ReportUnreadable } from '../report-unreadable.ts';
import { createQuotaCounters } from '../sqlite/requests/quota.ts';
import { ANSWER_WITHIN_MS, createBatches } from './batch/batches.ts';
import type { BatchStep } from './batch/batches.ts';
import { createNeeds, needCounters } from './batch/needs.ts';
import { readRows } from './batch/read-rows.ts';
import { createSetCounters } from './batch/set-rows.ts';
import { STEP_NEEDS } from './batch/steps.ts';
import { settling, withdrawing } from './batch/withdrawals.ts';
import type { Withdrawals } from './batch/withdrawals.ts';
import { createWorkingSet } from './batch/working-set.ts';
import { createDatabaseClock } from './database-clock.ts';
import type { DatabaseClock } from './database-clock.ts';
import { readHead, readServerClock } from './head.ts';
import { acknowledge, addCheckpoint, leaseItems, readBacklog, readChain, readCheckpoints } from './outbox.ts';
import { createLeaseHolder } from './leases.ts';
import { refuseBroken, refuseUnfitServer } from './open-checks.ts';
import { LateLedgerError } from './postgres-port.ts';
import type { PostgresPort, Run } from './postgres-port.ts';
import { expiredIntents, findRequest, listRequests, unsettledRequests } from './reads/read-requests.ts';
import { readRecords } from './reads/read-trail.ts';
import { searchTrail } from './reads/search-trail.ts';
import { createRetry } from './retry.ts';
import { dropCounters, dropReplies, pruneRecords } from './retention.ts';
import { migrate } from './schema.ts';
import { claimSignIn, endSignIn, readSignInHold, readSignInSalt } from './sign-ins.ts';
import { beginWriting, MIGRATION_LIMITS, reading, withConnection } from './transaction.ts';
import { createWriteTransactions } from './write-transactions.ts';
import type { WriteTransaction } from './write-transactions.ts';

/**
 * The ledger in PostgreSQL, for several replicas: one chain for all of them, because every transaction that writes holds
 * the head row until it has committed. Admissions, settlements and what is recorded besides share batches
 * (batch/batches.ts); the other writing steps are transactions of their own. Reads are transactions of one moment. Every step
 * and every read ends within ANSWER_WITHIN_MS. The ledger's clock is the server's.
 */
export interface PostgresLedger extends Ledger, Pick<DatabaseClock, 'now'> {
  readonly clockState: DatabaseClock['state'];
  /** What was appended through this object. Records of other replicas are not among it. */
  readonly appended: AppendedRecords;
  /** Resolves when the steps that were called have ended. */
  idle(): Promise<void>;
  /** Shows other programs for LEASE_MS that this replica uses the ledger. */
  heartbeat(): Promise<void>;
  /** Leaves recurring work to other replicas at once. */
  retire(): Promise<void>;
}

export interface PostgresLedgerDeps {
  readonly port: PostgresPort;
  /** Where the tables are. */
  readonly schema: string;
  /** The machine's. It stamps records and measures waits. */
  readonly clock: MachineClock;
  readonly schedule: Schedule;
  readonly ids: Ids;
  readonly sha256?: Sha256;
  readonly reportUnreadable?: ReportUnreadable;
  readonly isSpaceLow?: () => boolean;
  /** Called for every batch and every read that failed, for logs and metrics. */
  readonly onFailure?: (failure: BatchFailure) => void;
  /** Left out: what it ends stays open until it expires. */
  readonly withdrawals?: Withdrawals;
  /** The ledger's clock; left out: the server's. */
  readonly readClock?: (run: Run) => Promise<number>;
}

/** Creates or migrates the schema. Rejects with a sentence for the operator when the database cannot be the ledger. */
export async function openPostgresLedger({
  port,
  schema,
  clock,
  schedule,
  ids,
  sha256 = sha256Hex,
  reportUnreadable = () => undefined,
  isSpaceLow = () => false,
  onFailure = () => undefined,
  withdrawals,
  readClock = readServerClock,
}: PostgresLedgerDeps): Promise<PostgresLedger> {
  await withConnection(
    port,
    async (connection) => {
      // Before the transaction sets its own.
      await refuseUnfitServer(connection.run);
      await beginWriting(connection.run, schema, MIGRATION_LIMITS);
      await migrate(connection.run, schema);
      await connection.commit();
    },
    { answerMs: MIGRATION_LIMITS.statementMs },
  );
  const appended = createAppendedRecords();
  const time = createDatabaseClock(clock);
  const transactions = createWriteTransactions({ port, schema, readClock, onClock: time.note });
  const batches = createBatches({
    ...{ transactions, schedule, clock, ids, sha256, appended, reportUnreadable, isSpaceLow, onFailure },
    monotonic: () => clock.monotonic(),
  });
  const retry = createRetry({ schedule, monotonic: () => clock.monotonic() });
  /** What is under way outside of batches. */
  const alone = createInFlight<Promise<unknown>>();
  let prunedTo: number | null = null;

  const write = <T>(name: keyof Ledger, step: Omit<BatchStep<T>, 'name'>): Promise<T> =>
    batches.write({ name, ...step });

  /** A writing step in a transaction of its own, in the order of the batches. */
  function writeAlone<T>(name: keyof Ledger, step: (transaction: WriteTransaction) => Promise<T>): Promise<T> {
    return outsideBatches({ kind: 'batch', name }, async (refuseLate) => {
      const { promise, resolve } = Promise.withResolvers<T>();
      await transactions.run(async (transaction) => {
        refuseLate();
        resolve(await step(transaction));
        return { head: transaction.stored.head, write: async () => undefined };
      });
      return await promise;
    });
  }

  function read<T>(name: keyof Ledger, work: (run: Run) => Promise<T>): Promise<T> {
    return outsideBatches({ kind: 'read', name }, () => reading(port, schema, work));
  }

  /** Its caller waits no longer than for a batch. What goes on behind that ends by the limits of its transaction. */
  async function outsideBatches<T>(
    { kind, name }: { readonly kind: BatchFailure['kind']; readonly name: keyof Ledger },
    attempt: (refuseLate: () => void) => Promise<T>,
  ): Promise<T> {
    let isLate = false;
    const running = retry(() =>
      attempt(() => {
        if (isLate) throw new LateLedgerError();
      }),
    );
    const forget = alone.add(running);
    running.then(forget, forget);
    const onTimeout = (): Error => {
      isLate = true;
      return new LateLedgerError();
    };
    try {
      return await withDeadline(running, { schedule, deadlineMs: ANSWER_WITHIN_MS, onTimeout });
    } catch (error) {
      onFailure({ kind, error, steps: [name] });
      throw error;
    }
  }

  const readTime = async (run: Run): Promise<number> => {
    const nowMs = await readClock(run);
    time.note(nowMs);
    return nowMs;
  };

  const leases = createLeaseHolder({ port, schema, holder: ids.uuid7(), clock, retry });

  await transactions.run(async ({ run, stored }) => {
    await refuseBroken(run, stored);
    return { head: stored.head, write: async () => undefined };
  });

  return {
    admit: (admission) =>
      write('admit', {
        need: (needs, hash) => STEP_NEEDS.admit(needs, admission, hash),
        decide: (steps) => steps.admit(admission),
        makeUpFor: ({ kind }) => (kind === 'admitted' ? withdrawing(admission, withdrawals) : null),
      }),
    settle: (settlement) => batches.write(settling(settlement)),
    recordAttempt: (attempt) =>
      write('recordAttempt', {
        need: (needs) => STEP_NEEDS.recordAttempt(needs, attempt),
        decide: (steps) => steps.recordAttempt(attempt),
      }),
    recordSuppressed: (limit) =>
      write('recordSuppressed', {
        need: (needs) => STEP_NEEDS.recordSuppressed(needs, limit),
        decide: (steps) => steps.recordSuppressed(limit),
      }),
    countRead: (report) =>
      write('countRead', { need: STEP_NEEDS.countRead, decide: (steps) => steps.countRead(report) }),
    recordReads: (limit) =>
      write('recordReads', {
        need: (needs) => STEP_NEEDS.recordReads(needs, limit),
        decide: (steps) => steps.recordReads(limit),
      }),
    recordChanges: (reports) =>
      write('recordChanges', {
        need: (needs) => STEP_NEEDS.recordChanges(needs, reports),
        decide: (steps) => steps.recordChanges(reports),
      }),
    ack: (sink, position) =>
      outsideBatches({ kind: 'batch', name: 'ack' }, () =>
        transactions.beside((run) => acknowledge(run, sink, position)),
      ),
    addCheckpoint: (checkpoint) =>
      writeAlone('addCheckpoint', ({ run, stored, nowMs }) =>
        addCheckpoint(run, checkpoint, { head: stored.head, storedAt: nowMs }),
      ),
    prune: (retention) =>
      writeAlone('prune', async ({ run, stored, nowMs }) => {
        await dropCounters(run, nowMs);
        prunedTo = await dropReplies(run, nowMs, prunedTo);
        return await pruneRecords(run, retention, { stored, nowMs });
      }),
    probe: () =>
      writeAlone('probe', async ({ run }) => void (await run(`UPDATE probe SET writes = writes + 1 WHERE id = 1`))),
    find: (requestId, owner) => read('find', (run) => findRequest(run, requestId, owner, reportUnreadable)),
    list: (query) => read('list', (run) => listRequests(run, query, reportUnreadable)),
    usage: (charges) =>
      read('usage', async (run) => {
        const [nowMs, stored] = await Promise.all([readTime(run), readHead(run)]);
        const needs = createNeeds();
        needCounters(needs, charges);
        const rows = await readRows(run, needs, { nowMs, headSeq: stored.head.seq });
        const counters = createQuotaCounters(createSetCounters(createWorkingSet(stored, nowMs, rows)));
        return counters.tally(charges, nowMs).states();
      }),
    records: (after, limit) => read('records', (run) => readRecords(run, after, limit)),
    search: (query) => read('search', (run) => searchTrail(run, query, reportUnreadable)),
    async lease(sink, limit) {
      const isHeld = await leases.hold(`sink ${sink}`);
      return isHeld ? await read('lease', (run) => leaseItems(run, sink, limit)) : [];
    },
    backlog: (sinks) => read('backlog', (run) => readBacklog(run, sinks)),
    chain: () => read('chain', readChain),
    checkpoints: (after, limit) => read('checkpoints', (run) => readCheckpoints(run, after, limit)),
    expired: (limit) =>
      read(
        'expired',
        async (run) => await expiredIntents(run, { nowMs: await readTime(run), limit }, reportUnreadable),
      ),
    unsettled: (limit) =>
      read(
        'unsettled',
        async (run) => await unsettledRequests(run, { nowMs: await readTime(run), limit }, reportUnreadable),
      ),
    countUnknown: () =>
      read('countUnknown', async (run) => {
        const [row] = await run<{ unknown: number }>(
          `SELECT count(*) AS unknown FROM requests WHERE state = 'unknown'`,
        );
        return row?.unknown ?? 0;
      }),
    findPolicy: (digest) =>
      read('findPolicy', async (run) => {
        const [row] = await run<{ document: string }>(`SELECT document FROM policies WHERE digest = $1`, digest);
        return row?.document ?? null;
      }),
    signInSalt: () => read('signInSalt', readSignInSalt),
    signInHold: (fingerprint) =>
      read('signInHold', async (run) => await readSignInHold(run, fingerprint, await readTime(run))),
    claimSignIn: (claim) => writeAlone('claimSignIn', ({ run, nowMs }) => claimSignIn(run, claim, nowMs)),
    endSignIn: (end) => writeAlone('endSignIn', ({ run, nowMs }) => endSignIn(run, end, nowMs)),
    // The server's clock is trusted as it is.
    witness: async () => undefined,
    now: time.now,
    clockState: time.state,
    appended,
    heartbeat: leases.heartbeat,
    retire: leases.dropAll,
    async idle() {
      await batches.idle();
      await Promise.allSettled(alone);
    },
  };
}
