import { sha256Hex } from '../../lib/sha256.ts';
import type { AppendedRecords } from './appended-records.ts';
import type { ChainBreak, ChainHead } from '../chain.ts';
import { verifyChain } from '../chain.ts';
import { parseCheckpoint, verifySignature } from './checkpoint.ts';
import type { CheckpointSigner } from './checkpoint.ts';
import { readTrailItem } from '../verify/item.ts';
import type { Sha256 } from '../../ports/sha256.ts';

/**
 * Verifies the stored trail before a checkpoint is signed. Every record after the last checkpoint must continue it, up
 * to the head, and that checkpoint must be the last one that this process saw. After a restart the checkpoint only has
 * to agree with its record, and must not have an invalid signature of our key. It may be unsigned or signed with
 * another key, because the key may have been changed since. The guard remembers the hash of the last verified record:
 * each record is read once, and a record that does not continue the verified part is found. One check reads a small
 * slice, so that requests are served between two checks.
 */
export interface TrailGuard {
  /** Verifies the next records, at most RECORDS_PER_SLICE of them. Rejects when the ledger cannot be read. */
  check(chain: GuardedChain, signer: CheckpointSigner | null): Promise<TrailCheck>;
  /** Call after a checkpoint was stored. */
  made(line: string): void;
}

/** The part of the ledger that the guard needs. Answers may be synchronous. */
export interface GuardedLedger {
  records(after: number, limit: number): Eventual<readonly { readonly seq: number; readonly line: string }[]>;
  checkpoints(after: number, limit: number): Eventual<readonly { readonly count: number; readonly line: string }[]>;
  /** What this process appended; left out where another one appends. */
  readonly appended?: Pick<AppendedRecords, 'take'> | undefined;
}

type Eventual<T> = T | Promise<T>;

export interface GuardedChain {
  readonly base: ChainHead;
  readonly head: ChainHead;
  readonly checkpoint: { readonly count: number } | null;
}

export type TrailCheck =
  /**
   * `verified`: the last record that was verified; the head of the chain, or one before it when more remain. `previous`:
   * SHA-256 of the last checkpoint's line; null when there is none.
   */
  | { readonly kind: 'sound'; readonly verified: ChainHead; readonly previous: string | null }
  /** `isNews`: the check before did not find the same. */
  | ({ readonly kind: 'broken'; readonly isNews: boolean } & TrailFault);

/** Where the stored trail is not what the service wrote. */
export interface TrailFault {
  readonly seq: number;
  readonly reason: TrailBreak;
}

export type TrailBreak =
  | ChainBreak
  | 'missing'
  | 'truncated'
  | 'wrong_head'
  | 'base_unproven'
  | 'checkpoint_gone'
  | 'checkpoint_replaced'
  | 'checkpoint_edited'
  | 'checkpoint_disagrees'
  | 'checkpoint_beyond_head'
  | 'signature_invalid';

/** A few milliseconds of work on one core. */
export const RECORDS_PER_SLICE = 100;

type Broken = Omit<Extract<TrailCheck, { kind: 'broken' }>, 'isNews'>;
type Sound = Exclude<TrailCheck, { kind: 'broken' }>;
type Last = { readonly kind: 'last'; readonly digest: string | null; readonly head: ChainHead };

const broken = (seq: number, reason: TrailBreak): Broken => ({ kind: 'broken', seq, reason });

export function createTrailGuard(ledger: GuardedLedger, sha256: Sha256 = sha256Hex): TrailGuard {
  /** SHA-256 of the last checkpoint; null when there was none, or before the first check. */
  let knownDigest: string | null = null;
  /** Every record up to this one was verified. */
  let verified: ChainHead | null = null;
  /** The break that the last check found; null when it found none. */
  let lastFinding: string | null = null;

  async function lastCheckpoint(
    { base, head, checkpoint }: GuardedChain,
    signer: CheckpointSigner | null,
  ): Promise<Last | Broken> {
    if (checkpoint === null) {
      return knownDigest === null ? { kind: 'last', digest: null, head: base } : broken(head.seq, 'checkpoint_gone');
    }
    const { count } = checkpoint;
    if (count > head.seq) return broken(count, 'checkpoint_beyond_head');
    if (count < base.seq) return broken(base.seq, 'base_unproven');
    const [stored] = await ledger.checkpoints(count - 1, 1);
    if (stored?.count !== count) return broken(count, 'checkpoint_gone');
    const digest = sha256(stored.line);
    if (knownDigest !== null && knownDigest !== digest) return broken(count, 'checkpoint_replaced');
    const statement = parseCheckpoint(stored.line);
    if (statement?.count !== count) return broken(count, 'checkpoint_edited');
    if ((await hashOf(count, base)) !== statement.head) return broken(count, 'checkpoint_disagrees');
    // Last, because verifying yields to other tasks. None ran up to here, so retention dropped no record in between.
    const verdict = signer === null || digest === knownDigest ? null : await verifySignature(statement, signer);
    if (verdict === 'invalid') return broken(count, 'signature_invalid');
    return { kind: 'last', digest, head: { seq: count, hash: statement.head } };
  }

  async function hashOf(seq: number, base: ChainHead): Promise<string | null> {
    if (seq === base.seq) return base.hash;
    const [record] = await ledger.records(seq - 1, 1);
    const item = record === undefined ? null : readTrailItem(record.line);
    return item?.kind === 'record' && item.seq === seq ? item.hash : null;
  }

  function verifyNext(line: string, before: ChainHead): Broken | ChainHead {
    const verdict = verifyChain([line], before, sha256);
    return verdict.kind === 'broken' ? broken(verdict.seq, verdict.reason) : verdict.head;
  }

  /** Verifies the slice of records after `from`. Returns the last verified record. */
  async function walk(from: ChainHead, head: ChainHead): Promise<Broken | ChainHead> {
    let at = from;
    const end = Math.min(head.seq, from.seq + RECORDS_PER_SLICE);
    while (at.seq < end) {
      const page = await ledger.records(at.seq, end - at.seq);
      const last = page.at(-1);
      if (last === undefined) return broken(at.seq + 1, 'missing');
      let reached = at;
      for (const { line } of page) {
        const next = ledger.appended?.take(line, reached) ?? verifyNext(line, reached);
        if ('kind' in next) return next;
        reached = next;
      }
      if (reached.seq !== last.seq) return broken(at.seq + 1, 'out_of_sequence');
      at = reached;
      verified = at;
    }
    return at.seq === head.seq && at.hash !== head.hash ? broken(head.seq, 'wrong_head') : at;
  }

  async function attempt(chain: GuardedChain, signer: CheckpointSigner | null): Promise<Sound | Broken> {
    const last = await lastCheckpoint(chain, signer);
    if (last.kind === 'broken') return last;
    const { head } = chain;
    const from = verified !== null && verified.seq >= last.head.seq ? verified : last.head;
    if (from.seq > head.seq) return broken(head.seq + 1, 'truncated');
    const reached = await walk(from, head);
    if ('kind' in reached) return reached;
    knownDigest = last.digest;
    return { kind: 'sound', verified: reached, previous: last.digest };
  }

  return {
    async check(chain, signer) {
      const attempted = await attempt(chain, signer);
      const finding = attempted.kind === 'broken' ? `${attempted.seq} ${attempted.reason}` : null;
      const isNews = finding !== lastFinding;
      lastFinding = finding;
      return attempted.kind === 'broken' ? { ...attempted, isNews } : attempted;
    },
    made(line) {
      knownDigest = sha256(line);
    },
  };
}
