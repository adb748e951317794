import { sha256Hex } from '../../lib/sha256.ts';
import type { ChainBreak, ChainHead } from '../chain.ts';
import { verifyChain } from '../chain.ts';
import { parseCheckpoint, verifySignature } from './checkpoint.ts';
import type { CheckpointSigner } from './checkpoint.ts';
import { readTrailItem } from '../verify/item.ts';

/**
 * Asked before anything is signed: does the trail still say what this service wrote? Every record behind the last checkpoint
 * continues it, up to the head, and that checkpoint is the one this process saw last. After a start it need only agree with
 * its record and have no wrong signature of ours: one that is unsigned, or of another key, may be from before the key was
 * changed. What was verified is remembered by its hash, so each record is read once and a change behind it shows.
 */
export interface TrailGuard {
  /** Rejects when the ledger cannot be read. */
  check(chain: GuardedChain, signer: CheckpointSigner | null): Promise<TrailCheck>;
  /** A checkpoint was stored. */
  made(line: string): void;
}

/** What this needs of a ledger, whose answers may be there at once. */
export interface GuardedLedger {
  records(after: number, limit: number): Eventual<readonly { readonly seq: number; readonly line: string }[]>;
  checkpoints(after: number, limit: number): Eventual<readonly { readonly count: number; readonly line: string }[]>;
}

type Eventual<T> = T | Promise<T>;

export interface GuardedChain {
  readonly base: ChainHead;
  readonly head: ChainHead;
  readonly checkpoint: { readonly count: number } | null;
}

export type TrailCheck =
  /** `previous`: SHA-256 of the last checkpoint's line; null when there is none. */
  | { readonly kind: 'sound'; readonly previous: string | null }
  /** So far, but there is more than one look may read: ask again. */
  | { readonly kind: 'unfinished' }
  /** `isNews`: the look before did not find the same. */
  | { readonly kind: 'broken'; readonly seq: number; readonly reason: TrailBreak; readonly isNews: boolean };

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

/** Some 60 ms of work on one core: several times what comes between two looks. */
export const RECORDS_PER_LOOK = 2_000;
const RECORDS_PER_PAGE = 200;

type Broken = Omit<Extract<TrailCheck, { kind: 'broken' }>, 'isNews'>;
type Sound = Exclude<TrailCheck, { kind: 'broken' }>;
type Last = { readonly kind: 'last'; readonly digest: string | null; readonly head: ChainHead };

const broken = (seq: number, reason: TrailBreak): Broken => ({ kind: 'broken', seq, reason });

export function createTrailGuard(ledger: GuardedLedger): TrailGuard {
  /** Of the last checkpoint; null when there was none, or before the first look. */
  let known: string | null = null;
  /** Every record up to this one was verified. */
  let verified: ChainHead | null = null;
  /** What the last look found broken. */
  let found: string | null = null;

  async function lastCheckpoint(
    { base, head, checkpoint }: GuardedChain,
    signer: CheckpointSigner | null,
  ): Promise<Last | Broken> {
    if (checkpoint === null) {
      return known === null ? { kind: 'last', digest: null, head: base } : broken(head.seq, 'checkpoint_gone');
    }
    const { count } = checkpoint;
    if (count > head.seq) return broken(count, 'checkpoint_beyond_head');
    if (count < base.seq) return broken(base.seq, 'base_unproven');
    const [stored] = await ledger.checkpoints(count - 1, 1);
    if (stored?.count !== count) return broken(count, 'checkpoint_gone');
    const digest = sha256Hex(stored.line);
    if (known !== null && known !== digest) return broken(count, 'checkpoint_replaced');
    const said = parseCheckpoint(stored.line);
    if (said?.count !== count) return broken(count, 'checkpoint_edited');
    if ((await hashOf(count, base)) !== said.head) return broken(count, 'checkpoint_disagrees');
    // Last: until here no other turn came between, so nothing was dropped for its age meanwhile.
    const verdict = signer === null ? null : await verifySignature(said, signer);
    if (verdict === 'invalid') return broken(count, 'signature_invalid');
    return { kind: 'last', digest, head: { seq: count, hash: said.head } };
  }

  async function hashOf(seq: number, base: ChainHead): Promise<string | null> {
    if (seq === base.seq) return base.hash;
    const [record] = await ledger.records(seq - 1, 1);
    const item = record === undefined ? null : readTrailItem(record.line);
    return item?.kind === 'record' && item.seq === seq ? item.hash : null;
  }

  /** On from there; returns whether the head was reached. */
  async function walk(from: ChainHead, head: ChainHead): Promise<Broken | { readonly kind: 'walked'; whole: boolean }> {
    let at = from;
    for (let left = RECORDS_PER_LOOK; left > 0 && at.seq < head.seq;) {
      const limit = Math.min(RECORDS_PER_PAGE, left, head.seq - at.seq);
      const page = await ledger.records(at.seq, limit);
      const last = page.at(-1);
      if (last === undefined) return broken(at.seq + 1, 'missing');
      const lines = page.map(({ line }) => line);
      const verdict = verifyChain(lines, at);
      if (verdict.kind === 'broken') return broken(verdict.seq, verdict.reason);
      if (verdict.head.seq !== last.seq) return broken(at.seq + 1, 'out_of_sequence');
      at = verdict.head;
      verified = at;
      left -= page.length;
    }
    const whole = at.seq === head.seq;
    return whole && at.hash !== head.hash ? broken(head.seq, 'wrong_head') : { kind: 'walked', whole };
  }

  async function attempt(chain: GuardedChain, signer: CheckpointSigner | null): Promise<Sound | Broken> {
    const last = await lastCheckpoint(chain, signer);
    if (last.kind === 'broken') return last;
    const { head } = chain;
    const from = verified !== null && verified.seq >= last.head.seq ? verified : last.head;
    if (from.seq > head.seq) return broken(head.seq + 1, 'truncated');
    const walked = await walk(from, head);
    if (walked.kind === 'broken') return walked;
    known = last.digest;
    return walked.whole ? { kind: 'sound', previous: last.digest } : { kind: 'unfinished' };
  }

  return {
    async check(chain, signer) {
      const attempted = await attempt(chain, signer);
      const finding = attempted.kind === 'broken' ? `${attempted.seq} ${attempted.reason}` : null;
      const isNews = finding !== found;
      found = finding;
      return attempted.kind === 'broken' ? { ...attempted, isNews } : attempted;
    },
    made(line) {
      known = sha256Hex(line);
    },
  };
}
