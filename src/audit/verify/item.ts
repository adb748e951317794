import { isObject, parseObject } from '../../lib/parse-object.ts';
import { sha256Hex } from '../../lib/sha256.ts';
import { verifyChain } from '../chain.ts';
import { parseAnyCheckpoint } from '../checkpoint/checkpoint.ts';
import type { Checkpoint } from '../checkpoint/checkpoint.ts';

/**
 * Reads one native line of a trail: a record whose text and hash agree, a checkpoint, or a damaged line. Pure, and
 * independent of other lines: the same text is always the same item. From a damaged line only the seq that it claims is
 * used, never its text.
 */
export type TrailItem = RecordItem | CheckpointItem | DamagedItem;

export interface RecordItem {
  readonly kind: 'record';
  readonly seq: number;
  readonly prev: string;
  readonly hash: string;
  /** Milliseconds since the epoch; NaN when the record has no readable `time`. */
  readonly timeMs: number;
  /** Null for a record that is not about one request. */
  readonly request: RequestFacts | null;
  /** Not null in a record that says that the ledger was restored from a backup. */
  readonly restored: RestoredFacts | null;
  /** Not null in a record that says that something of which there is one at a time was exchanged. */
  readonly exchanged: ExchangedFacts | null;
}

/** What a record says about the policy or a key in force, as text. */
export interface ExchangedFacts {
  /** What was exchanged, as the ledger names it in its list of last changes. */
  readonly subject: string;
  readonly from: string | null;
  readonly to: string | null;
}

/** What a record says about a restore of the ledger. */
export interface RestoredFacts {
  /** The record before this one is the last one of the backup that it names. */
  readonly continuesBackup: boolean;
  /** `time` of that record, as text; null when it names none. */
  readonly backupTime: string | null;
}

/** What a record says about its request, as text. The kind and the result may be newer than this program knows. */
export interface RequestFacts {
  readonly kind: string;
  readonly id: string;
  /** `issuer`: the token's `iss`. */
  readonly owner: { readonly issuer: string; readonly clientId: string; readonly subject: string };
  readonly result: string;
  readonly hasKey: boolean;
  /** Null where the record has none. */
  readonly status: number | null;
  readonly settledBy: string | null;
  readonly expiresAtMs: number | null;
  readonly requestSha256: string | null;
  /** Of a replay: the request whose answer it got. */
  readonly firstRequestId: string | null;
}

export interface CheckpointItem {
  readonly kind: 'checkpoint';
  readonly checkpoint: Checkpoint;
  /** SHA-256 of its text. A repeat has the same digest; another checkpoint of the same count has not. */
  readonly digest: string;
}

export interface DamagedItem {
  readonly kind: 'damaged';
  /**
   * `wrapper`: the record is sound, but the line around it is not. `form`: the line has a form that is not read.
   * `text`: unreadable; a record or a checkpoint.
   */
  readonly what: 'record' | 'wrapper' | 'form' | 'checkpoint' | 'text';
  /** The seq (for a checkpoint: the count) that it claims; null when it claims none. */
  readonly claimedSeq: number | null;
}

const HASH = /^[0-9a-f]{64}$/;

/** `line` is the native text, without a line end. */
export function readTrailItem(line: string): TrailItem {
  const value = parseObject(line);
  if (value === null) return { kind: 'damaged', what: 'text', claimedSeq: null };
  if (value['kind'] === 'checkpoint' || ('head' in value && !('seq' in value))) {
    const checkpoint = parseAnyCheckpoint(line);
    return checkpoint === null
      ? { kind: 'damaged', what: 'checkpoint', claimedSeq: seqIn(value['count']) }
      : { kind: 'checkpoint', checkpoint, digest: sha256Hex(line) };
  }
  const { prev, hash } = value;
  const seq = seqIn(value['seq']);
  const isRecord =
    seq !== null &&
    isHash(prev) &&
    isHash(hash) &&
    // Verified as a chain of this record alone, so only its own text and hash are checked.
    verifyChain([line], { seq: seq - 1, hash: prev }).kind === 'intact';
  const timeMs = Date.parse(String(value['time']));
  return isRecord
    ? {
        kind: 'record',
        seq,
        prev,
        hash,
        timeMs,
        request: requestIn(value),
        restored: restoredIn(value, { seq, prev }),
        exchanged: exchangedIn(value),
      }
    : { kind: 'damaged', what: 'record', claimedSeq: seq };
}

function requestIn(record: Record<string, unknown>): RequestFacts | null {
  const { kind, request_id: id, request_sha256: sha256, actor, outcome, request } = record;
  if (typeof kind !== 'string' || typeof id !== 'string') return null;
  const { issuer_url: issuer, client_id: clientId, subject } = objectOf(actor);
  const { result, status, settled_by: settledBy, expires_at: expiresAt, first_request_id: first } = objectOf(outcome);
  const expiresAtMs = Date.parse(String(expiresAt));
  return {
    kind,
    id,
    owner: { issuer: String(issuer), clientId: String(clientId), subject: String(subject) },
    result: String(result),
    hasKey: Object.hasOwn(objectOf(request), 'idempotency_key_sha256'),
    status: typeof status === 'number' ? status : null,
    settledBy: typeof settledBy === 'string' ? settledBy : null,
    expiresAtMs: Number.isNaN(expiresAtMs) ? null : expiresAtMs,
    requestSha256: typeof sha256 === 'string' ? sha256 : null,
    firstRequestId: typeof first === 'string' ? first : null,
  };
}

function restoredIn(
  { kind, change }: Record<string, unknown>,
  { seq, prev }: { readonly seq: number; readonly prev: string },
): RestoredFacts | null {
  const { what, head, records, backup_time: time } = objectOf(change);
  if (kind !== 'change' || what !== 'restored') return null;
  // Retention may have dropped records before the backup was made.
  const continuesBackup = head === prev && typeof records === 'number' && records >= 0 && records < seq;
  return { continuesBackup, backupTime: typeof time === 'string' ? time : null };
}

function exchangedIn({ kind, change }: Record<string, unknown>): ExchangedFacts | null {
  if (kind !== 'change') return null;
  const { what, slot, from, to } = objectOf(change);
  const subject = what === 'key_slot_changed' ? `key ${String(slot)}` : EXCHANGED.get(what);
  return subject === undefined ? null : { subject, from: textOrNull(from), to: textOrNull(to) };
}

const EXCHANGED: ReadonlyMap<unknown, string> = new Map([
  ['policy_taken', 'policy'],
  ['checkpoint_key_changed', 'checkpoint key'],
]);

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function objectOf(value: unknown): Record<string, unknown> {
  return isObject(value) ? value : {};
}

function isHash(value: unknown): value is string {
  return typeof value === 'string' && HASH.test(value);
}

function seqIn(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : null;
}
