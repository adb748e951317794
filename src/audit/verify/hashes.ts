import { fromHex, toHex } from '../../lib/hex.ts';

/**
 * The hash of every record of a trail by its seq, packed: 33 bytes a record, so that a million of them are 33 MB and two
 * sources can be held against each other without holding either. A hash is `seen` when the record itself was, and
 * `promised` when so far only its successor's `prev` spoke of it. Knows nothing of order.
 */
export interface TrailHashes {
  /** Seen or promised; null when neither. */
  of(seq: number): string | null;
  isSeen(seq: number): boolean;
  see(seq: number, hash: string): void;
  /** Keeps what was seen. */
  promise(seq: number, hash: string): void;
}

/** Small, so that seqs far from each other (a damaged or hostile file) cost little more than their lines did. */
const SLOTS = 64;
const SLOT_BYTES = 33;
const EMPTY = 0;
const PROMISED = 1;
const SEEN = 2;

export function createTrailHashes(): TrailHashes {
  const blocks = new Map<number, Uint8Array>();
  /** What was written last is what is asked for next. */
  let latest = { seq: -1, hash: '' };

  function stateOf(seq: number): number {
    return blocks.get(Math.floor(seq / SLOTS))?.[(seq % SLOTS) * SLOT_BYTES] ?? EMPTY;
  }

  function write(seq: number, state: number, hash: string): void {
    const number = Math.floor(seq / SLOTS);
    let block = blocks.get(number);
    if (block === undefined) {
      block = new Uint8Array(SLOTS * SLOT_BYTES);
      blocks.set(number, block);
    }
    const at = (seq % SLOTS) * SLOT_BYTES;
    block[at] = state;
    block.set(fromHex(hash), at + 1);
    latest = { seq, hash };
  }

  return {
    of(seq) {
      if (seq === latest.seq) return latest.hash;
      if (stateOf(seq) === EMPTY) return null;
      const at = (seq % SLOTS) * SLOT_BYTES + 1;
      return toHex((blocks.get(Math.floor(seq / SLOTS)) ?? new Uint8Array()).subarray(at, at + SLOT_BYTES - 1));
    },
    isSeen: (seq) => stateOf(seq) === SEEN,
    see: (seq, hash) => write(seq, SEEN, hash),
    promise(seq, hash) {
      if (stateOf(seq) !== SEEN) write(seq, PROMISED, hash);
    },
  };
}
