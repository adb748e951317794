import type { Settings } from '../../../config/schema.ts';
import { readPostgresSignIns } from './postgres/sign-ins.ts';
import type { SignIns } from './sign-ins.ts';
import { readSignIns } from './sign-ins.ts';

/** What the ledger of these settings knows of sign-ins to Galileo; null when it cannot be read. Never writes, never rejects. */
export async function readSignInsOf(settings: Partial<Settings>, nowMs: number): Promise<SignIns | null> {
  const { LEDGER_URL: place, LEDGER_CA_FILE: caFile = null, LEDGER_PASSWORD_FILE: passwordFile = null } = settings;
  if (place === undefined) return null;
  return place.kind === 'sqlite'
    ? await readSignIns(place.path, nowMs)
    : await readPostgresSignIns(place, { caFile, passwordFile });
}
