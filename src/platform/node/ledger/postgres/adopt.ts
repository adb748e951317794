import type { ChainHead } from '../../../../audit/chain.ts';
import { parseObject } from '../../../../lib/parse-object.ts';
import type { ChangeReport } from '../../../../ledger/change-report.ts';
import { readServerClock } from '../../../../ledger/postgres/head.ts';
import { openPostgresLedger } from '../../../../ledger/postgres/postgres-ledger.ts';
import type { PostgresPort } from '../../../../ledger/postgres/postgres-port.ts';
import { reading } from '../../../../ledger/postgres/transaction.ts';
import type { MachineClock } from '../../../../ports/clock.ts';
import type { Ids } from '../../../../ports/ids.ts';
import type { Schedule } from '../../../../ports/schedule.ts';
import type { ServerLedger } from './access.ts';
import { refuseOtherSchema } from './side-writer.ts';
import { LedgerServerError, withServer } from './tool-connections.ts';

/**
 * Puts on record, behind the last record, that a ledger in PostgreSQL was restored from a backup. Only while no service
 * uses it: a service that has started has written other records behind the backup, and then this one would be wrong.
 */
export interface Adoption {
  /** The last record of the backup, as it was verified. */
  readonly head: ChainHead;
  readonly report: ChangeReport;
}

/** Returns the seq of the record. Rejects with a LedgerServerError. */
export function recordAdoption(
  ledger: ServerLedger,
  { head, report }: Adoption,
  deps: { readonly clock: MachineClock; readonly ids: Ids; readonly schedule: Schedule },
): Promise<number> {
  const { schema } = ledger.place;
  return withServer(ledger, async ({ connections: port }) => {
    await refuseOtherSchema(port, schema);
    await refuseInUse(port, schema, ledger.namedBy);
    const opened = await openPostgresLedger({ port, schema, ...deps });
    if ((await opened.chain()).head.hash !== head.hash) throw notAlone(ledger.namedBy);
    const [answer] = await opened.recordChanges([report]);
    const [written] = await opened.records(head.seq, 1);
    if (answer !== 'recorded' || parseObject(written?.line ?? '')?.['prev'] !== head.hash || !isOurs(written?.line))
      throw notAlone(ledger.namedBy);
    await opened.idle();
    await port.close();
    return head.seq + 1;
  });
}

function isOurs(line = ''): boolean {
  return line.includes('"what":"restored"');
}

/** A lease that runs shows a replica. It ends within seconds behind the last one. */
async function refuseInUse(port: PostgresPort, schema: string, namedBy: string): Promise<void> {
  const leases = await reading(port, schema, async (run) => {
    const nowMs = await readServerClock(run);
    return await run<{ until_ms: number }>(`SELECT until_ms FROM leases WHERE until_ms > $1`, nowMs);
  });
  if (leases.length > 0)
    throw new LedgerServerError(
      `${namedBy} names a ledger that a service uses, or used a few seconds ago: stop every container, wait half a minute, and try again`,
    );
}

function notAlone(namedBy: string): LedgerServerError {
  return new LedgerServerError(
    `${namedBy} names a ledger that a service has written to meanwhile: stop every container, restore again, and try again`,
  );
}
