import type { ChainHead } from '../../../../audit/chain.ts';
import { parseObject } from '../../../../lib/parse-object.ts';
import type { ChangeReport } from '../../../../ledger/records/change-report.ts';
import { openPostgresLedger } from '../../../../ledger/postgres/postgres-ledger.ts';
import type { MachineClock } from '../../../../ports/clock.ts';
import type { Ids } from '../../../../ports/ids.ts';
import type { Schedule } from '../../../../ports/schedule.ts';
import type { ServerLedger } from './access.ts';
import { refuseInUse } from './in-use.ts';
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
    await refuseInUse(port, { schema, namedBy: ledger.namedBy, schedule: deps.schedule });
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

function notAlone(namedBy: string): LedgerServerError {
  return new LedgerServerError(
    `${namedBy} names a ledger that a service has written to meanwhile: stop every container, restore again, and try again`,
  );
}
