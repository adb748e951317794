import type { AnyDraft } from '../../audit/record.ts';
import { sha256Hex } from '../../lib/sha256.ts';
import { isStorable } from '../../policy/document/document-size.ts';
import type { SqlitePort } from './sqlite-port.ts';
import { readEnds } from './trail/trail.ts';

/**
 * The policies that decided something, by digest: the text behind `policy.digest` of a record. A policy is dropped with
 * the last record that names it. `policy_uses` says which one that is: while records name one policy after another it
 * is not written at all, because the head row has the digest of the last record. It is written when the digest changes
 * from one record to the next, so records of two policies at once are counted rightly, too.
 */
export function findPolicy(sqlite: SqlitePort, digest: string): string | null {
  return (
    sqlite.run<{ document: string }>(`SELECT document FROM policies WHERE digest = ?`, digest)[0]?.document ?? null
  );
}

/** All digests under which a text is kept, in order. */
export function listPolicies(sqlite: SqlitePort): readonly string[] {
  return sqlite.run<{ digest: string }>(`SELECT digest FROM policies ORDER BY digest`).map(({ digest }) => digest);
}

export function keepsPolicy(sqlite: SqlitePort, digest: string): boolean {
  return sqlite.run(`SELECT 1 FROM policies WHERE digest = ?`, digest).length > 0;
}

/** Throws when the text has another digest, or is longer than a policy may be. */
export function assertKeepable(digest: string, document: string): void {
  if (sha256Hex(document) !== digest) throw new Error('the text of the policy has another digest');
  if (!isStorable(document)) throw new Error('the policy is too large to be kept');
}

export function keepPolicy(sqlite: SqlitePort, digest: string, document: string): void {
  sqlite.run(`INSERT INTO policies (digest, document) VALUES (?, ?)`, digest, document);
  sqlite.run(
    `INSERT INTO policy_uses (digest, last_seq) VALUES (?, ?) ON CONFLICT (digest) DO NOTHING`,
    digest,
    readEnds(sqlite).head.seq + 1,
  );
}

/**
 * Called for each record, before it becomes the last one. `policyDigest` is that of the record before; returns that of
 * the head row with this record. `usedUntil`: records name this policy up to this seq.
 */
export function notePolicies(
  usedUntil: (digest: string, seq: number) => void,
  { draft, seq, policyDigest }: { readonly draft: AnyDraft; readonly seq: number; readonly policyDigest: string },
): string {
  if (draft.kind === 'change') {
    for (const digest of digestsIn(draft.change)) usedUntil(digest, seq);
    return policyDigest;
  }
  if (draft.kind === 'read') return policyDigest;
  const { digest } = draft.policy;
  if (digest !== policyDigest) usedUntil(policyDigest, seq - 1);
  return digest;
}

/** Drops the policies that no record behind `seq` names and that are not in force. */
export function dropPolicies(sqlite: SqlitePort, seq: number): void {
  const inForce = sqlite.run<{ value: string | null }>(`SELECT value FROM last_changes WHERE subject = 'policy'`)[0]
    ?.value;
  const kept = [readEnds(sqlite).policyDigest, inForce ?? ''];
  const unused = `SELECT digest FROM policy_uses WHERE last_seq <= ? AND digest NOT IN (?, ?)`;
  sqlite.run(`DELETE FROM policies WHERE digest IN (${unused})`, seq, ...kept);
  sqlite.run(`DELETE FROM policy_uses WHERE digest IN (${unused})`, seq, ...kept);
}

/** Does nothing for a policy that is not kept. */
export function useUntil(sqlite: SqlitePort, digest: string, seq: number): void {
  sqlite.run(`UPDATE policy_uses SET last_seq = max(last_seq, ?) WHERE digest = ?`, seq, digest);
}

function digestsIn(change: Extract<AnyDraft, { readonly kind: 'change' }>['change']): readonly string[] {
  if (change.what === 'policy_taken') return change.from === null ? [change.to] : [change.from, change.to];
  return change.what === 'policy_refused' && change.kept !== null ? [change.kept] : [];
}
