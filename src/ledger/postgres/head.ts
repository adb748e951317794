import type { ChainHead } from '../../audit/chain.ts';
import { UnfitDatabaseError } from './postgres-port.ts';
import type { Run } from './postgres-port.ts';

/**
 * The head row: both ends of the chain and the ledger's time at the last write. A transaction that writes locks it first
 * and holds it until it has committed. So the batches of all replicas follow one another: what a batch reads after the
 * lock is what all batches before it have left, and the order of `seq` is the order of commits.
 */
export interface Head {
  readonly head: ChainHead;
  /** The last dropped record; the first kept one continues it. */
  readonly base: ChainHead;
  readonly clockMs: number;
  /** The `time` of the last record. */
  readonly recordedMs: number;
  readonly policyDigest: string;
  /** The highest number that an owner has. */
  readonly lastOwner: number;
}

type HeadRow = {
  seq: number;
  hash: string;
  base_seq: number;
  base_hash: string;
  clock_ms: number;
  recorded_ms: number;
  policy_digest: string;
  last_owner: number;
};
type ServerRow = { fsync: string; standby: boolean };

const HEAD = `SELECT * FROM head WHERE id = 1`;

export async function readHead(run: Run): Promise<Head> {
  return headOf(await run<HeadRow>(HEAD));
}

/** The head row, locked by the transaction that this id is of. */
export interface LockedHead {
  readonly stored: Head;
  readonly transactionId: string;
}

/** Also refuses a server that would lose what it has acknowledged: through a pooler, each transaction may meet another one. */
export async function lockHead(run: Run): Promise<LockedHead> {
  const rows = await readFit<HeadRow & { transaction_id: string }>(
    run,
    `SELECT head.*, pg_current_xact_id()::text AS transaction_id FROM head WHERE id = 1 FOR UPDATE`,
  );
  return { stored: headOf(rows), transactionId: rows[0]?.transaction_id ?? '' };
}

/** The same without the lock: other transactions write meanwhile. */
export async function readFitHead(run: Run): Promise<Head> {
  return headOf(await readFit<HeadRow>(run, HEAD));
}

async function readFit<R extends HeadRow>(run: Run, sql: string): Promise<readonly R[]> {
  const [server, rows] = await Promise.all([
    run<ServerRow>(`SELECT current_setting('fsync') AS fsync, pg_is_in_recovery() AS standby`),
    run<R>(sql),
  ]);
  refuseUnfit(server[0]);
  return rows;
}

function refuseUnfit(server: ServerRow | undefined): void {
  if (server?.fsync === 'off')
    throw new UnfitDatabaseError('fsync_off', 'the server runs with fsync=off: it loses commits at a crash');
  if (server?.standby === true) throw new UnfitDatabaseError('read_only', 'the server is a standby');
}

function headOf(rows: readonly HeadRow[]): Head {
  const [row] = rows;
  if (row === undefined) throw new Error('the ledger has no head row');
  return {
    head: { seq: row.seq, hash: row.hash },
    base: { seq: row.base_seq, hash: row.base_hash },
    clockMs: row.clock_ms,
    recordedMs: row.recorded_ms,
    policyDigest: row.policy_digest,
    lastOwner: row.last_owner,
  };
}

/** Milliseconds since the epoch, by the clock of the server. */
export async function readServerClock(run: Run): Promise<number> {
  const [row] = await run<{ now: number }>(`SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now`);
  if (row === undefined) throw new Error('the server has no clock');
  return row.now;
}
