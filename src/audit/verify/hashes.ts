import { fromHex, toHex } from '../../lib/hex.ts';

/**
 * The hash of every record of a trail, by seq. Packed into 33 bytes a record: one million records take 33 MB, and two
 * sources can be compared without keeping the lines of either. A hash is `seen` when the record itself was read. It is
 * `promised` when so far only the `prev` of the next record gave it. This file knows nothing of the order of lines.
 */
export interface TrailHashes {
  /** Seen or promised; null when neither. */
  of(seq: number): string | null;
  isSeen(seq: number): boolean;
  see(seq: number, hash: string): void;
  /** Does not replace a hash that was seen. */
  promise(seq: number, hash: string): void;
}

/** Blocks are small: in a damaged or hostile file with seqs far apart, a block costs little more than its lines. */
const RECORDS_PER_BLOCK = 64;
/** One byte of state and the SHA-256. */
const BYTES_PER_RECORD = 33;
const EMPTY = 0;
const PROMISED = 1;
const SEEN = 2;

export function createTrailHashes(): TrailHashes {
  const blocks = new Map<number, Uint8Array>();
  /** The last write. The next read usually asks for it. */
  let latest = { seq: -1, hash: '' };

  function stateOf(seq: number): number {
    return blocks.get(Math.floor(seq / RECORDS_PER_BLOCK))?.[(seq % RECORDS_PER_BLOCK) * BYTES_PER_RECORD] ?? EMPTY;
  }

  function write(seq: number, state: number, hash: string): void {
    const number = Math.floor(seq / RECORDS_PER_BLOCK);
    let block = blocks.get(number);
    if (block === undefined) {
      block = new Uint8Array(RECORDS_PER_BLOCK * BYTES_PER_RECORD);
      blocks.set(number, block);
    }
    const at = (seq % RECORDS_PER_BLOCK) * BYTES_PER_RECORD;
    block[at] = state;
    block.set(fromHex(hash), at + 1);
    latest = { seq, hash };
  }

  return {
    of(seq) {
      if (seq === latest.seq) return latest.hash;
      if (stateOf(seq) === EMPTY) return null;
      const at = (seq % RECORDS_PER_BLOCK) * BYTES_PER_RECORD + 1;
      return toHex(
        (blocks.get(Math.floor(seq / RECORDS_PER_BLOCK)) ?? new Uint8Array()).subarray(at, at + BYTES_PER_RECORD - 1),
      );
    },
    isSeen: (seq) => stateOf(seq) === SEEN,
    see: (seq, hash) => write(seq, SEEN, hash),
    promise(seq, hash) {
      if (stateOf(seq) !== SEEN) write(seq, PROMISED, hash);
    },
  };
}
