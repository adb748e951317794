import type { SignInClaim, SignInClaimed, SignInEnd, SignInHold, StoredHold } from '../sign-in-hold.ts';
import { FORGET_HOLD_AFTER_MS, holdOf, holdReasonOf, judgeClaim, judgeEnd, REFUSED_FOR_MS } from '../sign-in-hold.ts';
import type { SqlitePort } from './sqlite-port.ts';

/**
 * The sign-ins to Galileo (sign-in-hold.ts): a salt that is made once for each ledger and is in no record, and a row for
 * each secret that is being tried or was refused.
 */
export const SIGN_IN_SCHEMA: readonly string[] = [
  `CREATE TABLE sign_in_salt (id INTEGER PRIMARY KEY CHECK (id = 1), salt TEXT NOT NULL) STRICT`,
  `INSERT INTO sign_in_salt (id, salt) VALUES (1, lower(hex(randomblob(32))))`,
  // `fingerprint` is of the secret, under the salt. `until_ms`: by the ledger's clock.
  `CREATE TABLE sign_in_holds (
     fingerprint TEXT PRIMARY KEY, claim TEXT NOT NULL, reason TEXT NOT NULL, until_ms INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID`,
];

type Row = { claim: string; reason: string; until_ms: number };

export function readSignInSalt(sqlite: SqlitePort): string {
  const [row] = sqlite.run<{ salt: string }>(`SELECT salt FROM sign_in_salt`);
  if (row === undefined || !/^[0-9a-f]{64}$/.test(row.salt)) throw new Error('the ledger has no salt for sign-ins');
  return row.salt;
}

export function readSignInHold(sqlite: SqlitePort, fingerprint: string, nowMs: number): SignInHold | null {
  return holdOf(readStored(sqlite, fingerprint), nowMs);
}

export function claimSignIn(sqlite: SqlitePort, claim: SignInClaim, nowMs: number): SignInClaimed {
  sqlite.run(`DELETE FROM sign_in_holds WHERE until_ms < ?`, nowMs - FORGET_HOLD_AFTER_MS);
  const stored = readStored(sqlite, claim.fingerprint);
  const next = judgeClaim(claim, stored, nowMs);
  const hold = holdOf(stored, nowMs);
  if (next === null && hold !== null) return { kind: 'held', hold };
  if (next !== null) store(sqlite, claim.fingerprint, next);
  return { kind: 'granted' };
}

export function endSignIn(sqlite: SqlitePort, end: SignInEnd, nowMs: number): void {
  const next = judgeEnd(end, readStored(sqlite, end.fingerprint), nowMs);
  if (next === null) sqlite.run(`DELETE FROM sign_in_holds WHERE fingerprint = ?`, end.fingerprint);
  else if (next !== 'unchanged') store(sqlite, end.fingerprint, next);
}

/** After a correction of the ledger's clock (move-times.ts): no hold is longer or shorter than it was meant. */
export function moveSignInHolds(
  sqlite: SqlitePort,
  { byMs, sinceMs, nowMs }: { readonly byMs: number; readonly sinceMs: number; readonly nowMs: number },
): void {
  const latest = nowMs + REFUSED_FOR_MS;
  sqlite.run(`UPDATE sign_in_holds SET until_ms = min(until_ms + ?, ?) WHERE until_ms >= ?`, byMs, latest, sinceMs);
}

function store(sqlite: SqlitePort, fingerprint: string, { claim, reason, untilMs }: StoredHold): void {
  sqlite.run(
    `INSERT INTO sign_in_holds (fingerprint, claim, reason, until_ms) VALUES (?, ?, ?, ?)
     ON CONFLICT (fingerprint) DO UPDATE SET claim = excluded.claim, reason = excluded.reason, until_ms = excluded.until_ms`,
    fingerprint,
    claim,
    reason,
    untilMs,
  );
}

function readStored(sqlite: SqlitePort, fingerprint: string): StoredHold | null {
  const [row] = sqlite.run<Row>(`SELECT claim, reason, until_ms FROM sign_in_holds WHERE fingerprint = ?`, fingerprint);
  if (row === undefined) return null;
  return { claim: row.claim, reason: holdReasonOf(row.reason), untilMs: row.until_ms };
}
