import type { SignInClaim, SignInClaimed, SignInEnd, SignInHold, StoredHold } from '../sign-in-hold.ts';
import { FORGET_HOLD_AFTER_MS, holdOf, holdReasonOf, judgeClaim, judgeEnd, REFUSED_FOR_MS } from '../sign-in-hold.ts';
import type { Run } from './postgres-port.ts';

/**
 * The sign-ins to Galileo (sign-in-hold.ts): a salt that is made once for each ledger and is in no record, and a row for
 * each secret that is being tried or was refused. Writing steps run under the lock of the head row, so one replica decides
 * at a time.
 */
export const SIGN_IN_SCHEMA: readonly string[] = [
  `CREATE TABLE sign_in_salt (id integer PRIMARY KEY CHECK (id = 1), salt text NOT NULL)`,
  // Two random UUIDs have 244 random bits.
  `INSERT INTO sign_in_salt VALUES (1, replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''))`,
  // `fingerprint` is of the secret, under the salt. `until_ms`: by the ledger's clock.
  `CREATE TABLE sign_in_holds (
     fingerprint text COLLATE "C" PRIMARY KEY, claim text NOT NULL, reason text NOT NULL, until_ms bigint NOT NULL
   )`,
];

export async function readSignInSalt(run: Run): Promise<string> {
  const [row] = await run<{ salt: string }>(`SELECT salt FROM sign_in_salt`);
  if (row === undefined || !/^[0-9a-f]{64}$/.test(row.salt)) throw new Error('the ledger has no salt for sign-ins');
  return row.salt;
}

export async function readSignInHold(run: Run, fingerprint: string, nowMs: number): Promise<SignInHold | null> {
  return holdOf(await readStored(run, fingerprint), nowMs);
}

/** Every hold, by fingerprint. There is one for each secret of a day. */
export async function readSignInHolds(run: Run, nowMs: number): Promise<ReadonlyMap<string, SignInHold>> {
  const rows = await run<HoldRow & { fingerprint: string }>(
    `SELECT fingerprint, claim, reason, until_ms FROM sign_in_holds`,
  );
  return new Map(
    rows.flatMap((row) => {
      const hold = holdOf(toStored(row), nowMs);
      return hold === null ? [] : [[row.fingerprint, hold]];
    }),
  );
}

export async function claimSignIn(run: Run, claim: SignInClaim, nowMs: number): Promise<SignInClaimed> {
  await run(`DELETE FROM sign_in_holds WHERE until_ms < $1`, nowMs - FORGET_HOLD_AFTER_MS);
  const stored = await readStored(run, claim.fingerprint);
  const next = judgeClaim(claim, stored, nowMs);
  const hold = holdOf(stored, nowMs);
  if (next === null && hold !== null) return { kind: 'held', hold };
  if (next !== null) await store(run, claim.fingerprint, next);
  return { kind: 'granted' };
}

export async function endSignIn(run: Run, end: SignInEnd, nowMs: number): Promise<void> {
  const next = judgeEnd(end, await readStored(run, end.fingerprint), nowMs);
  if (next === null) await run(`DELETE FROM sign_in_holds WHERE fingerprint = $1`, end.fingerprint);
  else if (next !== 'unchanged') await store(run, end.fingerprint, next);
}

/** After the server's clock was set back (move-back.ts): no hold is longer than it was meant. */
export function moveSignInHoldsBack(run: Run, nowMs: number): Promise<unknown> {
  return run(`UPDATE sign_in_holds SET until_ms = $1 WHERE until_ms > $1`, nowMs + REFUSED_FOR_MS);
}

async function store(run: Run, fingerprint: string, { claim, reason, untilMs }: StoredHold): Promise<void> {
  await run(
    `INSERT INTO sign_in_holds (fingerprint, claim, reason, until_ms) VALUES ($1, $2, $3, $4)
     ON CONFLICT (fingerprint) DO UPDATE SET claim = excluded.claim, reason = excluded.reason, until_ms = excluded.until_ms`,
    fingerprint,
    claim,
    reason,
    untilMs,
  );
}

async function readStored(run: Run, fingerprint: string): Promise<StoredHold | null> {
  const [row] = await run<HoldRow>(
    `SELECT claim, reason, until_ms FROM sign_in_holds WHERE fingerprint = $1`,
    fingerprint,
  );
  return row === undefined ? null : toStored(row);
}

type HoldRow = { claim: string; reason: string; until_ms: number };

function toStored({ claim, reason, until_ms: untilMs }: HoldRow): StoredHold {
  return { claim, reason: holdReasonOf(reason), untilMs };
}
