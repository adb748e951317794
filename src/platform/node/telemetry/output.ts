/**
 * The one writer of one file descriptor (stdout), shared by the logger and the stdout sink, so that lines never
 * interleave. Writes use the thread pool: a slow reader delays the queues here and never blocks the event loop.
 * Operational lines have their own memory budget, so audit batches cannot displace them; lines beyond it are dropped
 * and counted. Lines and audit batches alternate, so a flood of one cannot delay the other. Invariant: every block
 * starts at the start of a line, also after a block that a full disk cut short, so a retried block is whole.
 */
import { write } from 'node:fs';
import { promisify } from 'node:util';
import { rfc3339 } from '../../../lib/rfc3339.ts';
import { thrownCode } from '../../../lib/thrown.ts';

export interface Output {
  /**
   * Queues a line and returns. The line is dropped and counted when 1 MiB of lines is waiting or when the descriptor
   * fails. The limit is 2 MiB for urgent lines, so that the lines of many requests cannot displace a warning.
   */
  line(text: string, urgent?: boolean): void;
  /** Resolves when the kernel has taken the whole text. Rejects when it cannot be written. */
  write(text: string): Promise<void>;
  /** Resolves when both queues are empty. */
  flush(): Promise<void>;
}

interface Item {
  readonly bytes: Buffer;
  readonly done: (error: Error | null) => void;
}

/** Writes at most `length` bytes from `offset` and returns how many were written. */
export type WriteSome = (bytes: Buffer, offset: number, length: number) => Promise<number>;

const MAX_LINE_BYTES = 1024 * 1024;
const LINE_FEED = 0x0a;
const LINE_END = Buffer.of(LINE_FEED);
/** A non-blocking descriptor fails with EAGAIN while its reader is behind; an immediate retry would spin. */
const RETRY_DELAY_MS = 10;

const writeTo = promisify(write);

export function createOutput(
  fd: number,
  writeSome: WriteSome = async (bytes, offset, length) => (await writeTo(fd, bytes, offset, length, null)).bytesWritten,
): Output {
  const lines: Item[] = [];
  const writes: Item[] = [];
  let lineBytes = 0;
  let dropped = 0;
  let running: Promise<void> | null = null;
  /** The last write ended within a line. */
  let isTorn = false;

  async function writeWhole(bytes: Buffer): Promise<void> {
    let offset = 0;
    while (offset < bytes.length) {
      try {
        offset += await writeSome(bytes, offset, bytes.length - offset);
        if (offset > 0) isTorn = bytes[offset - 1] !== LINE_FEED;
      } catch (error) {
        if (thrownCode(error) !== 'EAGAIN') throw error;
        await new Promise((resolve) => setTimeout(resolve, RETRY_DELAY_MS));
      }
    }
  }

  /** Alternates: all waiting lines as one block, then one audit batch. */
  async function run(): Promise<void> {
    while (lines.length > 0 || writes.length > 0) {
      await settle(lines.splice(0));
      await settle(writes.splice(0, 1));
    }
    running = null;
  }

  async function settle(items: readonly Item[]): Promise<void> {
    if (items.length === 0) return;
    const block = items.map(({ bytes }) => bytes);
    const error = await writeWhole(Buffer.concat(isTorn ? [LINE_END, ...block] : block)).then(
      () => null,
      (reason: unknown) => (reason instanceof Error ? reason : new Error('write failed')),
    );
    for (const { done } of items) done(error);
  }

  function enqueue(queue: Item[], bytes: Buffer, done: Item['done']): void {
    queue.push({ bytes, done });
    // `run` starts in a microtask, so that `running` is set before anything that `run` calls can queue more.
    running ??= Promise.resolve().then(run);
  }

  return {
    line(text, urgent = false) {
      if (lineBytes > (urgent ? 2 * MAX_LINE_BYTES : MAX_LINE_BYTES)) {
        dropped += 1;
        return;
      }
      const lost = dropped;
      dropped = 0;
      const bytes = Buffer.from(lost === 0 ? text : noticeOf(lost) + text);
      lineBytes += bytes.length;
      enqueue(lines, bytes, (error) => {
        lineBytes -= bytes.length;
        if (error !== null) dropped += lost + 1;
      });
    },
    write(text) {
      return new Promise((resolve, reject) => {
        enqueue(writes, Buffer.from(text), (error) => (error === null ? resolve() : reject(error)));
      });
    },
    async flush() {
      while (running !== null) await running;
    },
  };
}

function noticeOf(lines: number): string {
  const time = rfc3339(Date.now());
  return `${JSON.stringify({ level: 'warn', time, channel: 'ops', lines, event: 'log_lines_dropped' })}\n`;
}
