import type { Settings } from '../../../config/schema.ts';
import type { MachineClock } from '../../../ports/clock.ts';
import type { Ids } from '../../../ports/ids.ts';
import type { Logger } from '../../../ports/logger.ts';
import type { Schedule } from '../../../ports/schedule.ts';
import { runRecurring } from '../../../tasks/recurring.ts';
import type { ShutdownStep } from '../process/shutdown.ts';
import { exposeDiskSpace } from '../telemetry/ledger-metrics.ts';
import type { NodeMetrics } from '../telemetry/metrics.ts';
import { createDiskSpace } from './files/disk-space.ts';
import { otherLedgers, STARTS_EMPTY, startsEmpty } from './files/other-ledgers.ts';
import { FILES_INTERVAL_MS, openLedger } from './open-ledger.ts';
import type { ServiceLedger } from './open-ledger.ts';
import { openPostgres } from './postgres/open-postgres.ts';

/**
 * The ledger that LEDGER_URL names, with what surrounds it: a file has a disk that can fill up and files that can be moved
 * away; a database has neither here, and may have other replicas.
 */
export interface OpenedLedger {
  readonly ledger: Omit<ServiceLedger, 'inspectFiles'>;
  /** Other processes may use the ledger. */
  readonly isShared: boolean;
  /** In the order of opening: they are closed newest first. */
  readonly opened: readonly ShutdownStep[];
  expose(metrics: NodeMetrics): void;
}

export interface OpenLedgerDeps {
  readonly clock: MachineClock;
  readonly ids: Ids;
  readonly schedule: Schedule;
  readonly logger: Logger;
  readonly metrics: NodeMetrics;
}

/** Rejects with a sentence for the operator when the ledger cannot be used. */
export async function openServiceLedger(settings: Settings, deps: OpenLedgerDeps): Promise<OpenedLedger> {
  const place = settings.LEDGER_URL;
  if (place.kind === 'sqlite') return await openFile(place.path, settings.LEDGER_MIN_FREE_MB, deps);
  const access = { caFile: settings.LEDGER_CA_FILE, passwordFile: settings.LEDGER_PASSWORD_FILE };
  const ledger = await openPostgres({ ...deps, ...access, place });
  return {
    ledger,
    isShared: true,
    opened: [{ name: 'ledger', run: () => ledger.close() }],
    expose: () => undefined,
  };
}

async function openFile(
  path: string,
  minFreeMb: number,
  { clock, ids, schedule, logger, metrics }: OpenLedgerDeps,
): Promise<OpenedLedger> {
  const space = createDiskSpace({ path, minFreeMb, clock, logger });
  const { isLow: isSpaceLow } = space;
  const missed = (await startsEmpty(path)) ? await otherLedgers(path) : [];
  const ledger = await openLedger({ path, clock, ids, logger, metrics, isSpaceLow });
  if (missed.length > 0) logger.warn('ledger_starts_empty', { others: missed.length, problem: STARTS_EMPTY });
  return {
    ledger,
    isShared: false,
    opened: [
      { name: 'ledger', run: () => ledger.close() },
      {
        name: 'inspection of the ledger’s files',
        run: runRecurring(FILES_INTERVAL_MS, async () => ledger.inspectFiles(), { schedule, logger }),
      },
    ],
    expose: () => exposeDiskSpace(metrics, space),
  };
}
