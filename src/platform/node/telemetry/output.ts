/**
 * One writer for one file descriptor (stdout), shared by everyone who writes there, so that lines never interleave.
 * Writes go through the thread pool: a consumer that reads slowly holds up what waits here, never the event loop.
 * Lines (operational) have a budget of their own, so that no backlog of audit batches pushes them out; beyond it they are
 * dropped and counted. Lines and audit batches take turns, so that no flood of either holds up the other. Invariant: every
 * block begins at the start of a line, also behind one that a full disk cut short, so what is written again is whole.
 */
import { write } from 'node:fs';
import { promisify } from 'node:util';

export interface Output {
  /**
   * Queues a line and returns. Dropped, and counted, when 1 MiB of lines waits (2 MiB for urgent ones, so that the
   * lines of many requests cannot push out a warning) or the descriptor fails.
   */
  line(text: string, urgent?: boolean): void;
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

const MAX_LINE_BYTES = 1024 * 1024;
const LINE_FEED = 0x0a;
const LINE_END = Buffer.of(LINE_FEED);
/** A non-blocking descriptor whose reader is behind says EAGAIN; asking again at once would spin. */
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
  /** What the descriptor took last ended within a line. */
  let isTorn = false;

  async function writeWhole(bytes: Buffer): Promise<void> {
    let offset = 0;
    while (offset < bytes.length) {
      try {
        offset += await writeSome(bytes, offset, bytes.length - offset);
        if (offset > 0) isTorn = bytes[offset - 1] !== LINE_FEED;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
        await new Promise((resolve) => setTimeout(resolve, RETRY_DELAY_MS));
      }
    }
  }

  /** All lines that wait go as one block, then one write has its turn: neither can keep the other from its own. */
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
    // Not at once: a writer that queues more while it writes must meet the run that is under way.
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
  const time = new Date().toISOString();
  return `${JSON.stringify({ level: 'warn', time, channel: 'ops', lines, event: 'log_lines_dropped' })}\n`;
}
