import type { SignInHold } from '../../../ledger/sign-in-hold.ts';
import { FIRST_VERSION_WITH_SIGN_INS, SCHEMA_VERSION } from '../../../ledger/sqlite/schema.ts';
import { readSignInHold, readSignInSalt } from '../../../ledger/sqlite/sign-ins.ts';
import { locateLedger, openReadOnly, readSchemaVersion } from './files/locate.ts';

/** What a ledger file knows of sign-ins to Galileo, read beside a running service. Never writes. */
export interface SignIns {
  /** Fingerprints of passwords are made under it. Not to be shown. */
  readonly salt: string;
  /** As `Ledger.signInHold`, by the time of reading. */
  holdOf(fingerprint: string): SignInHold | null;
}

/** Null when there is no ledger, or none that can be read. */
export async function readSignIns(path: string, nowMs: number): Promise<SignIns | null> {
  const place = await locateLedger(path).catch(() => null);
  if (place === null) return null;
  try {
    const { database, sqlite } = openReadOnly(place);
    try {
      const version = readSchemaVersion(sqlite);
      if (version < FIRST_VERSION_WITH_SIGN_INS || version > SCHEMA_VERSION) return null;
      const found = sqlite.run<{ fingerprint: string }>(`SELECT fingerprint FROM sign_in_holds`);
      const holds = new Map(
        found.map(({ fingerprint }) => [fingerprint, readSignInHold(sqlite, fingerprint, nowMs)] as const),
      );
      return { salt: readSignInSalt(sqlite), holdOf: (fingerprint) => holds.get(fingerprint) ?? null };
    } finally {
      database.close();
    }
  } catch {
    return null;
  }
}
