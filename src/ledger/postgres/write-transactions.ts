import { GENESIS } from '../../audit/chain.ts';
import type { ChainHead } from '../../audit/chain.ts';
import { TOLERANCE_MS } from '../trusted-time.ts';
import { lockHead } from './head.ts';
import type { Head } from './head.ts';
import { moveBack } from './move-back.ts';
import { UnfitDatabaseError } from './postgres-port.ts';
import type { PostgresPort, Run } from './postgres-port.ts';
import { FOREIGN_OBJECTS, foreignObjects } from './schema.ts';
import { beginWriting, withConnection } from './transaction.ts';
import type { TransactionLimits } from './transaction.ts';

/**
 * The transactions that write. Each locks the head row first and holds it until the commit. Before anything is written it
 * makes sure that this is the trail that the process has seen: a server that was restored from a backup, or a standby that
 * lacks the last commits, must not go on with another one. What was found unfit is found anew each time, so the ledger
 * works again as soon as the right server is back.
 */
export interface WriteTransactions {
  /** `work` returns the end of the trail that it leaves, and what writes it: that travels with the commit. */
  run(work: (transaction: WriteTransaction) => Promise<Outcome>): Promise<void>;
  /** Whether this record is in the trail. Waits for a commit that is under way. */
  isCommitted(record: ChainHead): Promise<boolean>;
  /** The last end of the trail that was seen. */
  seen(): ChainHead;
}

export interface WriteTransaction {
  readonly run: Run;
  readonly stored: Head;
  /** The ledger's time. */
  readonly nowMs: number;
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
  readonly limits?: TransactionLimits;
}

export function createWriteTransactions({
  port,
  schema,
  readClock,
  onClock,
  limits,
}: WriteTransactionsDeps): WriteTransactions {
  let seen: ChainHead = GENESIS;

  async function begin(run: Run): Promise<Head> {
    const [, stored] = await Promise.all([beginWriting(run, schema, limits), lockHead(run)]);
    return stored;
  }

  return {
    run: (work) =>
      withConnection(port, async (connection) => {
        const { run } = connection;
        // The clock is asked behind the lock: the time of a batch is not before that of the one before.
        const [stored, nowMs] = await Promise.all([begin(run), readClock(run)]);
        onClock(nowMs);
        const checked = refuseOther(run, schema, seen, stored);
        if (stored.clockMs > nowMs + TOLERANCE_MS) await moveBack(run, { storedMs: stored.clockMs, nowMs });
        const [{ head, write }] = await Promise.all([work({ run, stored, nowMs }), checked]);
        await Promise.all([write(), connection.commit()]);
        seen = head;
      }),
    isCommitted: (record) =>
      withConnection(port, async (connection) => {
        const { run } = connection;
        const [, found] = await Promise.all([begin(run), isInTrail(run, record)]);
        // Waits for the standbys that the lost commit waited for.
        await connection.commit();
        return found;
      }),
    seen: () => seen,
  };
}

/** A trail that does not hold what was seen is another one. Also refuses objects that act on what is written. */
async function refuseOther(run: Run, schema: string, seen: ChainHead, { head, base }: Head): Promise<void> {
  const [foreign, isSame] = await Promise.all([
    run(FOREIGN_OBJECTS, schema),
    seen.seq <= base.seq
      ? seen.seq < base.seq || seen.hash === base.hash
      : head.seq >= seen.seq && (head.seq === seen.seq ? head.hash === seen.hash : isInTrail(run, seen)),
  ]);
  if (foreign.length > 0) throw foreignObjects();
  if (!isSame)
    throw new UnfitDatabaseError(
      'diverged',
      `the ledger does not hold record ${seen.seq} as this process has seen it: the server was restored, or it lacks the ` +
        `last commits; nothing is written until the server of before is back, or the process is started again to go on with this one`,
    );
}

async function isInTrail(run: Run, { seq, hash }: ChainHead): Promise<boolean> {
  const [row] = await run(`SELECT 1 FROM records WHERE seq = $1 AND strpos(line, $2) > 0`, seq, `"hash":"${hash}"`);
  return row !== undefined;
}
