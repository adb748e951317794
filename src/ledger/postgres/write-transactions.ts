import { GENESIS } from '../../audit/chain.ts';
import type { ChainHead } from '../../audit/chain.ts';
import { TOLERANCE_MS } from '../trusted-time.ts';
import { lockHead, readFitHead } from './head.ts';
import type { Head, LockedHead } from './head.ts';
import { moveBack } from './move-back.ts';
import { UnfitDatabaseError } from './postgres-port.ts';
import type { ConnectionWish, PostgresPort, Run } from './postgres-port.ts';
import { FOREIGN_OBJECTS, refuseForeign } from './schema.ts';
import type { ForeignRow } from './schema.ts';
import { beginWriting, withConnection, WRITE_ANSWER_MS } from './transaction.ts';

/**
 * The transactions that write. Each but `beside` locks the head row first and holds it until the commit. Before anything is written it
 * makes sure that this is the trail that the process has seen: a server that was restored from a backup, or a standby that
 * lacks the last commits, must not go on with another one. What was found unfit is found anew each time, so the ledger
 * works again as soon as the right server is back.
 */
export interface WriteTransactions {
  /** `work` returns the end of the trail that it leaves, and what writes it: that travels with the commit. */
  run(work: (transaction: WriteTransaction) => Promise<Outcome>): Promise<void>;
  /**
   * For what has no place in the order of the trail: it does not lock the head row, so no batch waits for it. Two round trips;
   * `write` travels with the commit.
   */
  beside(write: (run: Run) => Promise<unknown>): Promise<void>;
  /** Whether this transaction was committed. Waits for a commit that is under way. */
  isCommitted(lost: LostCommit): Promise<boolean>;
  /** The last end of the trail that was seen. */
  seen(): ChainHead;
}

export interface WriteTransaction extends LockedHead {
  readonly run: Run;
  /** The ledger's time. */
  readonly nowMs: number;
}

/**
 * A record of a transaction is proof on any server, also on a standby that was promoted meanwhile. Without one (`record` is
 * null: it has only counted), the server is asked by the id of the transaction. A promoted standby may have given that id to
 * another transaction: then a count is missing or is there twice, and nothing else depends on it.
 */
export interface LostCommit {
  readonly record: ChainHead | null;
  readonly transactionId: string;
}

export interface Outcome {
  readonly head: ChainHead;
  readonly write: () => Promise<unknown>;
}

export interface WriteTransactionsDeps {
  readonly port: PostgresPort;
  readonly schema: string;
  /** The ledger's clock, asked inside a transaction. */
  readonly readClock: (run: Run) => Promise<number>;
  /** Gets every reading. */
  readonly onClock: (nowMs: number) => void;
}

const WISH: ConnectionWish = { answerMs: WRITE_ANSWER_MS };

export function createWriteTransactions({
  port,
  schema,
  readClock,
  onClock,
}: WriteTransactionsDeps): WriteTransactions {
  let seen: ChainHead = GENESIS;

  async function begin(run: Run): Promise<LockedHead> {
    const [, locked] = await Promise.all([beginWriting(run, schema), lockHead(run)]);
    return locked;
  }

  return {
    run: (work) =>
      withConnection(
        port,
        async (connection) => {
          const { run } = connection;
          // The clock is asked behind the lock: the time of a batch is not before that of the one before.
          const [{ stored, transactionId }, nowMs] = await Promise.all([begin(run), readClock(run)]);
          onClock(nowMs);
          const checked = check(run, schema, seen, stored);
          if (stored.clockMs > nowMs + TOLERANCE_MS) await moveBack(run, { storedMs: stored.clockMs, nowMs });
          const [{ head, write }] = await Promise.all([work({ run, stored, transactionId, nowMs }), checked]);
          await Promise.all([write(), connection.commit()]);
          seen = head;
        },
        WISH,
      ),
    beside: (write) =>
      withConnection(
        port,
        async (connection) => {
          const { run } = connection;
          // A batch of this process may end meanwhile, and this transaction need not see it.
          const known = seen;
          const [, foreign, isThere, stored] = await Promise.all([
            beginWriting(run, schema),
            run<ForeignRow>(FOREIGN_OBJECTS, schema),
            isInTrail(run, known),
            // After the record: when that is dropped in between, this base is behind it.
            readFitHead(run),
          ]);
          refuseOther(foreign, known, isDropped(known, stored) || (known.seq <= stored.head.seq && isThere));
          await Promise.all([write(run), connection.commit()]);
        },
        WISH,
      ),
    isCommitted: ({ record, transactionId }) =>
      withConnection(
        port,
        async (connection) => {
          const { run } = connection;
          const [, found] = await Promise.all([
            begin(run),
            record === null ? hasCommitted(run, transactionId) : isInTrail(run, record),
          ]);
          // Waits for the standbys that the lost commit waited for.
          await connection.commit();
          return found;
        },
        WISH,
      ),
    seen: () => seen,
  };
}

/** A trail that does not hold what was seen is another one. Also refuses objects that act on what is written. */
function refuseOther(foreign: readonly ForeignRow[], seen: ChainHead, isSame: boolean): void {
  refuseForeign(foreign);
  if (!isSame)
    throw new UnfitDatabaseError(
      'diverged',
      `the ledger does not hold record ${seen.seq} as this process has seen it: the server was restored, or it lacks the ` +
        `last commits; nothing is written until the server of before is back, or the process is started again to go on with this one`,
    );
}

/** Behind the lock of the head row. */
async function check(run: Run, schema: string, seen: ChainHead, stored: Head): Promise<void> {
  const [foreign, isSame] = await Promise.all([
    run<ForeignRow>(FOREIGN_OBJECTS, schema),
    isDropped(seen, stored) || isEnd(seen, stored) || (seen.seq < stored.head.seq && isInTrail(run, seen)),
  ]);
  refuseOther(foreign, seen, isSame);
}

const isEnd = (seen: ChainHead, { head }: Head): boolean => head.seq === seen.seq && head.hash === seen.hash;

/** Retention has dropped it; the last dropped one is still known. */
function isDropped(seen: ChainHead, { base }: Head): boolean {
  return seen.seq < base.seq || (seen.seq === base.seq && seen.hash === base.hash);
}

async function isInTrail(run: Run, { seq, hash }: ChainHead): Promise<boolean> {
  const [row] = await run(`SELECT 1 FROM records WHERE seq = $1 AND strpos(line, $2) > 0`, seq, `"hash":"${hash}"`);
  return row !== undefined;
}

async function hasCommitted(run: Run, transactionId: string): Promise<boolean> {
  const [row] = await run<{ status: string | null }>(`SELECT pg_xact_status($1::xid8) AS status`, transactionId);
  if (row?.status === 'committed') return true;
  if (row?.status === 'aborted') return false;
  throw new Error('the server does not know what became of a transaction');
}
