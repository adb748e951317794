import type { MachineClock } from '../../ports/clock.ts';
import type { PostgresPort, Run } from './postgres-port.ts';
import type { Retry } from './retry.ts';
import { beginWriting, withConnection } from './transaction.ts';

/**
 * Which replica does a piece of recurring work: delivers to a sink, makes checkpoints. A lease is a row with a holder and a
 * time, by the clock of the server. Its holder renews it while it works; when it dies, another replica takes over after
 * LEASE_MS. A lease only keeps replicas from doing the same twice. Nothing relies on it for correctness: a holder that was
 * stopped and goes on after LEASE_MS delivers an item again, which is allowed.
 */
export const LEASE_MS = 20_000;

/** Asks at most so often whether it is still the holder. */
const RENEW_AFTER_MS = LEASE_MS / 4;
/** Each replica shows so often that it runs, whatever work it has. */
export const HEARTBEAT_MS = LEASE_MS / 4;

export interface LeaseHolder {
  /** Takes or renews the lease. False: another replica holds it. */
  hold(name: string): Promise<boolean>;
  /** Shows for LEASE_MS that this replica runs. The leases of its work do not: it may have none, or wait in a back-off. */
  heartbeat(): Promise<void>;
  /** Leaves the work to other replicas at once. */
  dropAll(): Promise<void>;
}

export interface LeaseHolderDeps {
  readonly port: PostgresPort;
  readonly schema: string;
  /** Tells this process from other replicas. */
  readonly holder: string;
  readonly clock: Pick<MachineClock, 'monotonic'>;
  readonly retry: Retry;
}

export function createLeaseHolder({ port, schema, holder, clock, retry }: LeaseHolderDeps): LeaseHolder {
  /** When each lease was last renewed, on the monotonic clock. */
  const renewed = new Map<string, number>();

  const transaction = (work: (run: Run) => Promise<boolean>): Promise<boolean> =>
    retry(() =>
      withConnection(port, async (connection) => {
        const [, result] = await Promise.all([beginWriting(connection.run, schema), work(connection.run)]);
        await connection.commit();
        return result;
      }),
    );

  return {
    async hold(name) {
      const atMs = clock.monotonic();
      if (atMs - (renewed.get(name) ?? -Infinity) < RENEW_AFTER_MS) return true;
      const isTaken = await transaction((run) => take(run, name, holder));
      if (isTaken) renewed.set(name, atMs);
      else renewed.delete(name);
      return isTaken;
    },
    async heartbeat() {
      await transaction(async (run) => {
        await take(run, `replica ${holder}`, holder);
        // Of replicas that died: their names do not come again. One that shows itself at this moment has its row locked, and
        // two that waited for each other's would be a deadlock.
        await run(
          `DELETE FROM leases WHERE name IN (SELECT name FROM leases WHERE name LIKE 'replica %'
             AND NOT ${runsAt(SERVER_NOW, '$1')} FOR UPDATE SKIP LOCKED)`,
          LEASE_MS,
        );
        return true;
      });
    },
    async dropAll() {
      renewed.clear();
      await transaction(async (run) => {
        await run(`DELETE FROM leases WHERE holder = $1`, holder);
        return true;
      });
    },
  };
}

const SERVER_NOW = `floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint`;

/** Whether a row of leases runs. One that ends later than it can was taken under a clock that was corrected since. */
export function runsAt(now: string, leaseMs: string): string {
  return `(leases.until_ms > ${now} AND leases.until_ms <= ${now} + ${leaseMs})`;
}

async function take(run: Run, name: string, holder: string): Promise<boolean> {
  const taken = await run(
    `INSERT INTO leases (name, holder, until_ms) VALUES ($1, $2, ${SERVER_NOW} + $3)
     ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until_ms = excluded.until_ms
       WHERE leases.holder = excluded.holder OR NOT ${runsAt(SERVER_NOW, '$3')}
     RETURNING name`,
    ...[name, holder, LEASE_MS],
  );
  return taken.length > 0;
}
