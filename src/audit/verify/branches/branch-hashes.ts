import type { TrailHashes } from '../hashes.ts';
import { createTrailHashes } from '../hashes.ts';

/** The hashes of a branch: those of its parent up to record `after`, its own behind it. */
export function createBranchHashes(parent: TrailHashes, after: number): TrailHashes {
  const own = createTrailHashes();
  const of = (seq: number): TrailHashes => (seq > after ? own : parent);
  return {
    of: (seq) => of(seq).of(seq),
    isSeen: (seq) => of(seq).isSeen(seq),
    see(seq, hash) {
      if (seq > after) own.see(seq, hash);
      else parent.promise(seq, hash);
    },
    promise: (seq, hash) => of(seq).promise(seq, hash),
  };
}
