import type { ChainHead } from '../chain.ts';

/**
 * The records that this process appended and has not verified yet, so that the trail guard can compare a stored line
 * with the very text that was written: cheaper than parsing and hashing it, and no weaker. Bounded; a record that is not
 * here (after a restart, or when verification is far behind) is verified by its text. What a rolled-back transaction
 * appended stays until a record with the same seq replaces it.
 *
 * The texts lie in one ring of bytes: as strings they would live for a second, and a generational garbage collector
 * copies what lives that long twice.
 */
export interface AppendedRecords {
  note(line: string, place: ChainHead & { readonly prev: string }): void;
  /** Whether `line` is the record that was appended after `before`. Its place if so; null if not, or if it is not known. */
  take(line: string, before: ChainHead): ChainHead | null;
}

/** About 3,000 records of invites, half a second at full rate. */
const MAX_BYTES = 4 * 1024 * 1024;
const MAX_RECORDS = 8_192;

interface Noted {
  readonly seq: number;
  readonly hash: string;
  readonly prev: string;
  /** Counted from the first byte that the ring ever held, so it says whether the bytes are still there. */
  readonly from: number;
  readonly bytes: number;
}

export function createAppendedRecords({ maxBytes = MAX_BYTES, maxRecords = MAX_RECORDS } = {}): AppendedRecords {
  const ring = new Uint8Array(maxBytes);
  const noted = Array.from<Noted | undefined>({ length: maxRecords });
  const encoder = new TextEncoder();
  // A byte order mark belongs to a text like any other character.
  const decoder = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true });
  let end = 0;

  /** Writes the text behind the last one, or from the start of the ring. Null when it is longer than the ring. */
  function keep(line: string): Pick<Noted, 'from' | 'bytes'> | null {
    for (const at of [end % maxBytes, 0]) {
      const { read, written } = encoder.encodeInto(line, ring.subarray(at));
      const from = end;
      if (read === line.length) {
        end += written;
        return { from, bytes: written };
      }
      // What was written has replaced older texts.
      end += maxBytes - at;
    }
    return null;
  }

  return {
    note(line, { seq, hash, prev }) {
      const kept = keep(line);
      noted[seq % maxRecords] = kept === null ? undefined : { seq, hash, prev, from: kept.from, bytes: kept.bytes };
    },
    take(line, before) {
      const seq = before.seq + 1;
      const known = noted[seq % maxRecords];
      if (known?.seq !== seq) return null;
      noted[seq % maxRecords] = undefined;
      if (known.from < end - maxBytes || known.prev !== before.hash) return null;
      const at = known.from % maxBytes;
      return decoder.decode(ring.subarray(at, at + known.bytes)) === line ? { seq, hash: known.hash } : null;
    },
  };
}
