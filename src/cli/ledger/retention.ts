/** From when on a ledger must have its records: retention may have dropped earlier ones. */
import { CommandError } from '../command-line/command-error.ts';
import type { Call, OptionRow } from '../command-line/command.ts';
import { readableConfig } from '../config/read-configuration.ts';
import type { CliDeps } from '../deps.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
/** Retention uses the time of the records. Their checkpoint may be made later, and clocks differ. */
const GRACE_DAYS = 1;

export const RETENTION_OPTION: OptionRow = {
  value: 'N',
  about:
    'For how many days the service keeps records in the ledger, or never when it drops none. ' +
    'AUDIT_RETENTION_DAYS when left out.',
};

/**
 * Milliseconds since the epoch: records that a checkpoint of before then covers may be gone. Null: none may. Throws a
 * CommandError when --retention-days is not understood.
 */
export async function droppedBefore(
  { options }: Call,
  deps: Pick<CliDeps, 'env' | 'readText' | 'clock'>,
): Promise<number | null> {
  const { 'retention-days': days, whole } = options;
  if (typeof days === 'string' && days !== 'never' && !/^[1-9]\d{0,4}$/.test(days))
    throw new CommandError('usage', '--retention-days is a whole number of days, or never');
  if (whole !== undefined || days === 'never') return null;
  const kept = typeof days === 'string' ? Number(days) : (await readableConfig(deps)).settings.AUDIT_RETENTION_DAYS;
  return kept === undefined || kept === null ? null : deps.clock.now() - (kept - GRACE_DAYS) * DAY_MS;
}
