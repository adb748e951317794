import type { ChainHead } from '../chain.ts';

/**
 * The records that this process appended and has not verified yet, so that the trail guard can compare a stored line
 * with the very text that was written: cheaper than parsing and hashing it, and no weaker. Bounded; a record that is not
 * here (after a restart, or when verification is far behind) is verified by its text. What a rolled-back transaction
 * appended stays until a record with the same seq replaces it.
 */
export interface AppendedRecords {
  note(line: string, place: ChainHead & { readonly prev: string }): void;
  /** Whether `line` is the record that was appended after `before`. Its place if so; null if not, or if it is not known. */
  take(line: string, before: ChainHead): ChainHead | null;
}

/** In characters: about 3,000 records of invites, three seconds at full rate. */
const MAX_LENGTH = 4 * 1024 * 1024;

export function createAppendedRecords(maxLength = MAX_LENGTH): AppendedRecords {
  const records = new Map<number, { readonly line: string; readonly hash: string; readonly prev: string }>();
  let length = 0;

  function drop(seq: number): void {
    length -= records.get(seq)?.line.length ?? 0;
    records.delete(seq);
  }

  return {
    note(line, { seq, hash, prev }) {
      drop(seq);
      records.set(seq, { line, hash, prev });
      length += line.length;
      for (const [oldest] of records) {
        if (length <= maxLength) break;
        drop(oldest);
      }
    },
    take(line, before) {
      const seq = before.seq + 1;
      const known = records.get(seq);
      drop(seq);
      return known?.line === line && known.prev === before.hash ? { seq, hash: known.hash } : null;
    },
  };
}
