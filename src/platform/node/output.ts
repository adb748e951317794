/**
 * One writer for one file descriptor (stdout), shared by everyone who writes there, so that lines never interleave.
 * Writes go through the thread pool: a consumer that reads slowly holds up what waits here, never the event loop.
 * A line that is merely useful may be dropped when too much waits; a write that matters reports its end.
 */
import { write } from 'node:fs';
import { promisify } from 'node:util';

export interface Output {
  /** Queues a line and returns. Dropped, and counted, when more than 1 MiB waits or the descriptor fails. */
  line(text: string): void;
  /** Resolves when the kernel has all of it; rejects when it cannot be written. */
  write(text: string): Promise<void>;
  /** Resolves when nothing waits any more. */
  flush(): Promise<void>;
}

interface Item {
  readonly bytes: Buffer;
  readonly done: (error: Error | null) => void;
}

/** Writes at most `length` bytes from `offset` and tells how many were taken. */
export type WriteSome = (bytes: Buffer, offset: number, length: number) => Promise<number>;

const MAX_WAITING_BYTES = 1024 * 1024;
/** A non-blocking descriptor whose reader is behind says EAGAIN; asking again at once would spin. */
const RETRY_DELAY_MS = 10;

const writeTo = promisify(write);

export function createOutput(
  fd: number,
  writeSome: WriteSome = async (bytes, offset, length) => (await writeTo(fd, bytes, offset, length, null)).bytesWritten,
): Output {
  const waiting: Item[] = [];
  let waitingBytes = 0;
  let dropped = 0;
  let running: Promise<void> | null = null;

  async function writeWhole(bytes: Buffer): Promise<void> {
    let offset = 0;
    while (offset < bytes.length) {
      try {
        offset += await writeSome(bytes, offset, bytes.length - offset);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
        await new Promise((resolve) => setTimeout(resolve, RETRY_DELAY_MS));
      }
    }
  }

  async function run(): Promise<void> {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) {
      const { bytes, done } = item;
      const error = await writeWhole(bytes).then(
        () => null,
        (reason: unknown) => (reason instanceof Error ? reason : new Error('write failed')),
      );
      waitingBytes -= bytes.length;
      done(error);
    }
    running = null;
  }

  function enqueue(text: string, done: Item['done']): void {
    const bytes = Buffer.from(text);
    waitingBytes += bytes.length;
    waiting.push({ bytes, done });
    running ??= run();
  }

  return {
    line(text) {
      if (waitingBytes > MAX_WAITING_BYTES) {
        dropped += 1;
        return;
      }
      const lost = dropped;
      dropped = 0;
      const notice =
        lost === 0
          ? ''
          : `${JSON.stringify({ level: 'warn', channel: 'ops', lines: lost, event: 'log_lines_dropped' })}\n`;
      enqueue(notice + text, (error) => {
        if (error !== null) dropped += lost + 1;
      });
    },
    write(text) {
      return new Promise((resolve, reject) => {
        enqueue(text, (error) => (error === null ? resolve() : reject(error)));
      });
    },
    async flush() {
      while (running !== null) await running;
    },
  };
}
