import type { Head } from './head.ts';
import { reachesAhead } from './outbox.ts';
import { UnfitDatabaseError } from './postgres-port.ts';
import type { Run } from './postgres-port.ts';
import { verifyTail } from './verify-tail.ts';

/** What a start refuses by name. Each function throws UnfitDatabaseError with a sentence for the operator. */

/** Nothing is appended to a trail whose end does not verify, or that a cursor or a checkpoint is ahead of. */
export async function refuseBroken(run: Run, stored: Head): Promise<void> {
  if (await reachesAhead(run))
    throw new UnfitDatabaseError(
      'diverged',
      'the ledger has a cursor or a checkpoint ahead of the end of its trail: restore it from a backup',
    );
  const fault = await verifyTail(run, stored);
  if (fault !== null)
    throw new UnfitDatabaseError(
      'diverged',
      `the audit trail is broken at seq ${fault.seq} (${fault.reason}): nothing is appended to it`,
    );
}

const FIRST_VERSION = 130_000;

/** What a start refuses by name, before it writes anything. The transactions refuse it, too, where it can change later. */
export async function refuseUnfitServer(run: Run): Promise<void> {
  const [server] = await run<{ version: number; encoding: string; fsync: string; durability: string }>(
    `SELECT current_setting('server_version_num')::int AS version, current_setting('server_encoding') AS encoding,
       current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS durability`,
  );
  if (server === undefined || server.version < FIRST_VERSION)
    throw new UnfitDatabaseError('too_old', 'the server is older than PostgreSQL 13');
  if (server.encoding !== 'UTF8')
    throw new UnfitDatabaseError('not_utf8', `the database has the encoding ${server.encoding}, and not UTF8`);
  if (server.fsync === 'off')
    throw new UnfitDatabaseError('fsync_off', 'the server runs with fsync=off: it loses commits at a crash');
  if (server.durability === 'off')
    throw new UnfitDatabaseError(
      'synchronous_commit_off',
      'synchronous_commit is off, for the server, the database or the user: it loses commits at a crash',
    );
}
