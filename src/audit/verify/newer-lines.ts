import type { TrailItem } from './item.ts';

/** Counts the lines that are newer than this program knows, and their range. */
export interface NewerLines {
  add(item: TrailItem): void;
  /** Null when there is none. */
  range(): { readonly lines: number; readonly from: number; readonly to: number } | null;
}

export function createNewerLines(): NewerLines {
  let lines = 0;
  let from = Infinity;
  let to = 0;
  return {
    add(item) {
      if (item.kind === 'damaged') return;
      const seq = item.kind === 'record' ? item.seq : item.checkpoint.count;
      lines += 1;
      from = Math.min(from, seq);
      to = Math.max(to, seq);
    },
    range: () => (lines === 0 ? null : { lines, from, to }),
  };
}
