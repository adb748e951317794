import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import type { BigIntStats } from 'node:fs';
import type { SqlitePort } from '../../../../ledger/sqlite/sqlite-port.ts';

/**
 * Watches the content of the write-ahead log that this process has open. SQLite writes the next commit behind the last
 * one without looking back: after a log is truncated or overwritten in place, commits still succeed, and the next start
 * drops them. The witness remembers the header and the last frame of each commit. Invariant: both stay as they are
 * until SQLite starts the log again from its beginning, which increases the first salt of the header
 * (https://sqlite.org/walformat.html). It reads through its own descriptor; SQLite holds no lock on this file.
 */
export interface WalWitness {
  /** The file that is open, whatever its path names now. */
  readonly opened: BigIntStats;
  /** Whether all that was committed is still in the file. Call it outside transactions. */
  isWhole(): boolean;
  /** Remembers the last commit. False when the log does not hold it. Call it outside transactions. */
  remember(): boolean;
  close(): void;
}

const HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
/** Where the two salts are. */
const HEADER_SALTS = { from: 16, to: 24 };
const FRAME_SALTS = { from: 8, to: 16 };

interface Memory {
  /** The last frame; the first one is 1. */
  readonly frame: number;
  readonly header: Buffer;
  readonly content: Buffer;
}

/** `path` must exist: it does once a connection has read the database. */
export function createWalWitness(path: string, sqlite: SqlitePort): WalWitness {
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  const opened = fstatSync(descriptor, { bigint: true });
  const pageBytes = sqlite.run<{ page_size: number }>('PRAGMA page_size')[0]?.page_size ?? 0;
  const frameBytes = FRAME_HEADER_BYTES + pageBytes;
  let memory: Memory | null = null;

  function read(position: number, bytes: number): Buffer {
    const buffer = Buffer.alloc(bytes);
    return buffer.subarray(0, readSync(descriptor, buffer, 0, bytes, position));
  }

  const readHeader = (): Buffer => read(0, HEADER_BYTES);
  const readFrame = (frame: number): Buffer => read(HEADER_BYTES + (frame - 1) * frameBytes, frameBytes);

  /** How many frames up to the last commit. NOOP writes nothing. 0: all that was committed is in the database file. */
  const lastFrame = (): number => sqlite.run<{ log: number }>('PRAGMA wal_checkpoint(NOOP)')[0]?.log ?? 0;

  function isWhole(): boolean {
    if (memory === null) return true;
    const header = readHeader();
    const isUnchanged = header.equals(memory.header)
      ? readFrame(memory.frame).equals(memory.content)
      : isLater(header, memory.header);
    if (isUnchanged) return true;
    // A tool may have moved everything into the database file and emptied the log (TRUNCATE). The next salts are random.
    if (lastFrame() !== 0) return false;
    memory = null;
    return true;
  }

  return {
    opened,
    isWhole,
    remember() {
      if (!isWhole()) return false;
      const frame = lastFrame();
      if (frame < 1) {
        memory = null;
        return true;
      }
      const next = { frame, header: readHeader(), content: readFrame(frame) };
      memory = next;
      const { from, to } = HEADER_SALTS;
      return (
        next.content.byteLength === frameBytes &&
        next.content.subarray(FRAME_SALTS.from, FRAME_SALTS.to).equals(next.header.subarray(from, to))
      );
    },
    close: () => closeSync(descriptor),
  };
}

/** The header of the same log after at least one new beginning: SQLite counts the first salt up, modulo 2^32. */
function isLater(header: Buffer, before: Buffer): boolean {
  if (header.byteLength < HEADER_BYTES || !header.subarray(0, 12).equals(before.subarray(0, 12))) return false;
  const steps = (header.readUInt32BE(HEADER_SALTS.from) - before.readUInt32BE(HEADER_SALTS.from)) >>> 0;
  return steps > 0 && steps < 2 ** 31;
}
