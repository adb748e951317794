import * as z from 'zod';
import { canonicalJson } from '../../../lib/canonical-json.ts';
import { parseObject } from '../../../lib/parse-object.ts';
import { sha256Hex } from '../../../lib/sha256.ts';
import type { Sha256 } from '../../../ports/sha256.ts';
import { REPLY_RETENTION_MS } from '../../trusted-time.ts';
import type { Admission, Ending, StoredReply } from '../../port.ts';
import type { ReportUnreadable } from '../../report-unreadable.ts';
import type { SqlitePort } from '../sqlite-port.ts';

/**
 * Idempotency keys and their stored replies. A key is scoped to issuer, client, subject and route; only the hash of
 * these four and the key is stored. A key is bound when a request is admitted and gets its reply when the request is
 * settled. It is freed at once by the ending `not_sent`, else when its retention is over. While the outcome is unknown
 * the key is held, because a freed key would let the same invite be sent again.
 */
export interface IdempotencyKeys {
  lookup(scope: string, fingerprint: string, now: number): KeyLookup | null;
  /** `seq`: of the record that admitted the request. */
  bind(scope: string, bound: { requestId: string; fingerprint: string; seq: number }): void;
  settle(
    scope: string,
    settled: { requestId: string; seq: number; ending: Ending; reply: StoredReply; now: number },
  ): void;
  /** Deletes keys and answers whose retention is over, in a part of the table: the next call continues. */
  prune(now: number): void;
}

export type KeyLookup =
  | { readonly kind: 'replay'; readonly firstRequestId: string; readonly reply: StoredReply }
  | { readonly kind: 'in_flight'; readonly firstRequestId: string }
  | { readonly kind: 'reply_unreadable'; readonly firstRequestId: string }
  | { readonly kind: 'key_reused'; readonly firstRequestId: string };

export type KeyRow = { request_id: string; fingerprint: string; keep_until: number | null; reply: string | null };

/** The effect of each ending on its key. */
export const KEY_AFTER = {
  accepted: 'kept',
  refused: 'kept',
  not_sent: 'freed',
  unknown: 'held',
} as const satisfies Record<Ending, 'kept' | 'freed' | 'held'>;

/** Of 500,000 answers, each is looked at within a quarter of an hour. No index is written for it. */
const REPLIES_PER_PRUNE = 5_000;
const [BEFORE_ALL, BEHIND_ALL] = [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER];

/** The scope stands in both, so that no key gets the answer of another one. */
export const KEYS_WITH_REPLIES = `keys LEFT JOIN replies ON replies.seq = keys.seq AND replies.scope = keys.scope`;

/** Null for a request without a key. */
export function keyScope({ owner, idempotency }: Admission, sha256: Sha256 = sha256Hex): string | null {
  if (idempotency === null) return null;
  return sha256(canonicalJson([owner.issuer, owner.clientId, owner.subject, idempotency.route, idempotency.key]));
}

const storedReply = z.strictObject({
  status: z.int(),
  contentType: z.string().nullable(),
  body: z.string(),
  headers: z.record(z.string(), z.string()),
});

/** Null when the stored text is damaged. */
export function readReply(text: string): StoredReply | null {
  const reply = storedReply.safeParse(parseObject(text));
  return reply.success ? reply.data : null;
}

/** What a stored key says to a request with this fingerprint. Null: nothing, the key is free. */
export function judgeKey(
  row: KeyRow | undefined,
  {
    fingerprint,
    now,
    reportUnreadable,
  }: { readonly fingerprint: string; readonly now: number; readonly reportUnreadable: ReportUnreadable },
): KeyLookup | null {
  if (row === undefined || (row.keep_until !== null && row.keep_until <= now)) return null;
  const firstRequestId = row.request_id;
  if (row.fingerprint !== fingerprint) return { kind: 'key_reused', firstRequestId };
  if (row.reply === null) return { kind: 'in_flight', firstRequestId };
  const reply = readReply(row.reply);
  if (reply !== null) return { kind: 'replay', firstRequestId, reply };
  reportUnreadable({ part: 'reply', reason: 'other_shape', requestId: firstRequestId });
  return { kind: 'reply_unreadable', firstRequestId };
}

export function createIdempotencyKeys(sqlite: SqlitePort, reportUnreadable: ReportUnreadable): IdempotencyKeys {
  /** The last `seq` that was looked at; `BEFORE_ALL` at the beginning of the table. */
  let prunedTo = BEFORE_ALL;
  return {
    lookup(scope, fingerprint, now) {
      const row = sqlite.run<KeyRow>(
        `SELECT request_id, fingerprint, keep_until, reply FROM ${KEYS_WITH_REPLIES} WHERE keys.scope = ?`,
        scope,
      )[0];
      return judgeKey(row, { fingerprint, now, reportUnreadable });
    },
    bind(scope, { requestId, fingerprint, seq }) {
      // Replaces an expired key that is not pruned yet.
      sqlite.run(
        `INSERT OR REPLACE INTO keys (scope, request_id, fingerprint, seq) VALUES (?, ?, ?, ?)`,
        scope,
        requestId,
        fingerprint,
        seq,
      );
    },
    settle(scope, { requestId, seq, ending, reply, now }) {
      const after = KEY_AFTER[ending];
      if (after === 'freed') {
        sqlite.run(`DELETE FROM replies WHERE seq = ?`, seq);
        sqlite.run(`DELETE FROM keys WHERE scope = ? AND request_id = ?`, scope, requestId);
        return;
      }
      const keepUntil = after === 'kept' ? now + REPLY_RETENTION_MS : null;
      sqlite.run(
        `INSERT INTO replies (seq, scope, keep_until, reply) VALUES (?, ?, ?, ?)
         ON CONFLICT (seq) DO UPDATE SET keep_until = excluded.keep_until, reply = excluded.reply`,
        seq,
        scope,
        keepUntil,
        JSON.stringify(reply),
      );
    },
    prune(now) {
      const last = sqlite.run<{ seq: number }>(
        `SELECT seq FROM replies WHERE seq > ? ORDER BY seq LIMIT 1 OFFSET ?`,
        prunedTo,
        REPLIES_PER_PRUNE - 1,
      )[0]?.seq;
      const over = sqlite.run<{ seq: number; scope: string }>(
        `DELETE FROM replies WHERE seq > ? AND seq <= ? AND keep_until <= ? RETURNING seq, scope`,
        ...[prunedTo, last ?? BEHIND_ALL, now],
      );
      // A key may have been bound anew in the meantime.
      for (const { seq, scope } of over) sqlite.run(`DELETE FROM keys WHERE scope = ? AND seq = ?`, scope, seq);
      prunedTo = last ?? BEFORE_ALL;
    },
  };
}
