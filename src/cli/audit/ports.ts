import { open, rm } from 'node:fs/promises';
import { createReadStream } from 'node:fs';
import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { isatty } from 'node:tty';

/**
 * The ports of the audit commands, with their Node adapters: a ledger to read, files of lines (plain or gzip), a new
 * file to write, a write to stdout that can be awaited, and Ctrl-C. A ledger is read through the platform's own reader.
 * The only file that is written is one that did not exist.
 */
export interface AuditPorts {
  /** The content of a file, decompressed when it is gzip (RFC 1952), regardless of its name. `-` is stdin. */
  readonly readBytes: (path: string) => AsyncIterable<Uint8Array>;
  /** Rejects when the path exists. Only the owner may read the new file. */
  readonly createFile: (path: string) => Promise<NewFile>;

  /** Whether stdout is a terminal, which interprets control characters. */
  readonly isTerminal: () => boolean;
  /** On an interrupt (SIGINT), calls `task` instead of ending the process. The returned function undoes that. */
  readonly onInterrupt: (task: () => void) => () => void;
}

export interface NewFile {
  write(text: string): Promise<void>;
  /** Resolves when the whole file is on disk. */
  finish(): Promise<void>;
  /** Removes the unfinished file. */
  abandon(): Promise<void>;
}

export const auditPorts: AuditPorts = {
  readBytes,
  async createFile(path) {
    const file = await open(path, 'wx', 0o600);
    return {
      write: (text) => file.writeFile(text),
      async finish() {
        await file.sync();
        await file.close();
      },
      async abandon() {
        // The system closes the file even when it reports an error of an earlier write (close(2)).
        await file.close().catch(() => undefined);
        await rm(path);
      },
    };
  },
  isTerminal: () => isatty(STDOUT_FD),
  onInterrupt(task) {
    process.once('SIGINT', task);
    return () => void process.removeListener('SIGINT', task);
  },
};

const STDOUT_FD = 1;
const GZIP_MAGIC = Buffer.from([0x1f, 0x8b]);

async function* readBytes(path: string): AsyncGenerator<Uint8Array> {
  const source: Readable = path === '-' ? process.stdin : createReadStream(path);
  const chunks = source[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let begin = Buffer.alloc(0);
  for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) {
    begin = Buffer.concat([begin, next.value]);
    if (begin.length >= GZIP_MAGIC.length) break;
  }
  const whole = putBack(begin, chunks);
  if (begin.subarray(0, GZIP_MAGIC.length).equals(GZIP_MAGIC)) yield* unpacked(whole);
  else yield* whole;
}

async function* putBack(begin: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  yield begin;
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
}

/** Several gzip members in one file (concatenated rotated logs) are one text. */
function unpacked(packed: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  // pipeline destroys the last stream on every error, so that its reader gets the error, too.
  return pipeline(Readable.from(packed), createGunzip(), () => undefined);
}
