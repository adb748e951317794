import { open, rm } from 'node:fs/promises';
import { createReadStream } from 'node:fs';
import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { readLedgerFile } from '../../platform/node/ledger/reader.ts';
import type { LedgerReader } from '../../platform/node/ledger/reader.ts';

/**
 * What the audit commands need of the machine: a ledger to read, files of lines (plain or gzip), a new file to write, a
 * stdout that says when it has taken what it was given, and Ctrl-C. Reads through the service's own reader; the one thing
 * written is a file that was not there.
 */
export interface AuditPorts {
  /** Rejects with a LedgerFileError, whose message is for the operator. */
  readonly openLedger: (path: string) => Promise<LedgerReader>;
  /** What a file holds, unpacked when it is gzip (RFC 1952, whatever its name); `-` is stdin. */
  readonly readBytes: (path: string) => AsyncIterable<Uint8Array>;
  /** Rejects when something is there already. Only its owner may read it. */
  readonly createFile: (path: string) => Promise<NewFile>;
  /** To stdout; resolves when it has been taken over. */
  readonly write: (text: string) => Promise<void>;
  /** Stdout is one, and obeys what it is sent. */
  readonly isTerminal: () => boolean;
  /** Calls `task` instead of ending at once when somebody interrupts; the returned function takes that back. */
  readonly onInterrupt: (task: () => void) => () => void;
}

export interface NewFile {
  write(text: string): Promise<void>;
  /** Resolves when all of it is on disk. */
  finish(): Promise<void>;
  /** Removes what there is of it. */
  abandon(): Promise<void>;
}

export const auditPorts: AuditPorts = {
  openLedger: readLedgerFile,
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
        await file.close();
        await rm(path);
      },
    };
  },
  write: (text) =>
    new Promise((resolve) => {
      // A failure ends the process where stdout's errors are heard.
      process.stdout.write(text, () => resolve());
    }),
  isTerminal: () => process.stdout.isTTY,
  onInterrupt(task) {
    process.once('SIGINT', task);
    return () => void process.removeListener('SIGINT', task);
  },
};

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

/** Several members one after the other (rotated logs, joined) are one text. */
function unpacked(packed: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  // Whatever goes wrong destroys the last stream of the line too, so that who reads it hears of it.
  return pipeline(Readable.from(packed), createGunzip(), () => undefined);
}
