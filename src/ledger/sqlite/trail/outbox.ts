import type { OutboxItem } from '../../../audit/delivery/sink.ts';
import { positionOf, seqAt } from '../../../audit/delivery/outbox-position.ts';
import { lastCheckpoint } from './checkpoints.ts';
import { MAX_LEASE_LENGTH, takeLines } from '../../page.ts';
import type { SinkBacklog } from '../../port.ts';
import type { SqlitePort } from '../sqlite-port.ts';
import { readEnds, readTime, recordsAfter } from './trail.ts';

/**
 * The outbox: records and checkpoints that sinks have not acknowledged, with one cursor per sink. Every item has a
 * final position (outbox-position). New items are only added at the end, so a cursor skips nothing. No acknowledgement
 * moves a cursor past the end; a stored cursor past the end is ignored and the sink gets everything again, because
 * duplicates are better than lost items.
 */
export interface SqliteOutbox {
  lease(sink: string, limit: number): readonly OutboxItem[];
  ack(sink: string, position: number): void;
  backlog(sinks: readonly string[]): readonly SinkBacklog[];
  /** The highest position up to which all of these sinks have acknowledged everything. */
  acknowledgedByAll(sinks: readonly string[]): number;
}

const CHECKPOINTS_AT_A_TIME = 64;

export function createSqliteOutbox(sqlite: SqlitePort): SqliteOutbox {
  /** The position of the last item. */
  function endOf(headSeq: number): number {
    return Math.max(positionOf(headSeq), lastCheckpoint(sqlite, headSeq)?.position ?? 0);
  }

  /** 0 for an unknown sink: it gets everything. */
  function cursorOf(sink: string, end: number): number {
    const stored = sqlite.run<{ position: number }>(`SELECT position FROM cursors WHERE sink = ?`, sink)[0]?.position;
    return stored === undefined || stored > end ? 0 : stored;
  }

  function* checkpointsAfter(position: number, end: number): Generator<OutboxItem> {
    for (let cursor = position; ;) {
      const rows = sqlite.run<{ position: number; line: string }>(
        `SELECT position, line FROM checkpoints WHERE position > ? AND position <= ? ORDER BY position LIMIT ?`,
        cursor,
        end,
        CHECKPOINTS_AT_A_TIME,
      );
      for (const row of rows) yield { position: row.position, kind: 'checkpoint', line: row.line };
      const last = rows.at(-1);
      if (last === undefined || rows.length < CHECKPOINTS_AT_A_TIME) return;
      cursor = last.position;
    }
  }

  function* itemsAfter(position: number, end: number, most: number): Generator<OutboxItem> {
    const checkpoints = checkpointsAfter(position, end);
    let checkpoint = checkpoints.next();
    for (const { seq, line } of recordsAfter(sqlite, seqAt(position), most)) {
      for (; !checkpoint.done && checkpoint.value.position < positionOf(seq); checkpoint = checkpoints.next()) {
        yield checkpoint.value;
      }
      yield { position: positionOf(seq), kind: 'record', line };
    }
    for (; !checkpoint.done; checkpoint = checkpoints.next()) yield checkpoint.value;
  }

  return {
    lease(sink, limit) {
      const end = endOf(readEnds(sqlite).head.seq);
      return takeLines(itemsAfter(cursorOf(sink, end), end, limit), limit, MAX_LEASE_LENGTH);
    },
    ack(sink, position) {
      const end = endOf(readEnds(sqlite).head.seq);
      sqlite.run(
        `INSERT INTO cursors (sink, position) VALUES (?, ?) ON CONFLICT (sink) DO UPDATE SET position = excluded.position`,
        sink,
        // Never past the last item: such a cursor would skip items that are not written yet.
        Math.max(cursorOf(sink, end), Math.min(position, end)),
      );
    },
    backlog(sinks) {
      const { base, head } = readEnds(sqlite);
      const end = endOf(head.seq);
      return sinks.map((sink) => {
        const taken = Math.max(base.seq, seqAt(cursorOf(sink, end)));
        const waiting = { nearest: 'later', after: taken, upTo: head.seq } as const;
        const oldestAt = readTime(sqlite, taken + 1, waiting);
        return { sink, records: head.seq - taken, oldestAt: oldestAt === Infinity ? null : oldestAt };
      });
    },
    acknowledgedByAll(sinks) {
      const end = endOf(readEnds(sqlite).head.seq);
      return Math.min(end, ...sinks.map((sink) => cursorOf(sink, end)));
    },
  };
}
