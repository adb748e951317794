import { createAppendedRecords } from '../../../../src/audit/checkpoint/appended-records.ts';
import type { ChainCoverage, CheckpointLedger } from '../../../../src/audit/checkpoint/checkpoint-maker.ts';
import { chainRecord, GENESIS } from '../../../../src/audit/chain.ts';
import { positionOf } from '../../../../src/audit/delivery/outbox-position.ts';
import type { RecordDraft } from '../../../../src/audit/record.ts';
import type { Outbox, OutboxItem } from '../../../../src/audit/delivery/sink.ts';

/**
 * A small in-memory ledger for tests of delivery and checkpoints. Positions have gaps, each sink has a cursor, and
 * `isFailing` makes every call fail.
 */
export interface TestOutbox extends Outbox, CheckpointLedger {
  isFailing: boolean;
  readonly calls: { chain: number };
  /** Stores a record of `length` characters; returns its position. */
  append(length?: number): number;
  positionsAfter(sink: string): number[];
  /** The stored checkpoints and records. A test reads them, or changes them as an attacker would. */
  readonly made: { count: number; madeAt: number; line: string }[];
  readonly chained: { seq: number; line: string }[];
  head: ChainCoverage['head'];
}

/** `remembers`: the ledger of a process that keeps what it appended until it is verified. */
export function createTestOutbox({ remembers = false } = {}): TestOutbox {
  const items: OutboxItem[] = [];
  const cursors = new Map<string, number>();
  const made: { count: number; madeAt: number; line: string }[] = [];
  const chained: { seq: number; line: string }[] = [];
  const calls = { chain: 0 };
  const appended = remembers ? createAppendedRecords() : undefined;
  let records = 0;
  const after = (sink: string): OutboxItem[] => items.filter(({ position }) => position > (cursors.get(sink) ?? 0));
  const orFail = (): void => {
    if (outbox.isFailing) throw new Error('disk full, and this text names ann@acme.com');
  };
  const outbox: TestOutbox = {
    isFailing: false,
    calls,
    made,
    chained,
    appended,
    head: GENESIS,
    append(length = 10) {
      records += 1;
      const line = `{"seq":${String(records)}`.padEnd(length - 1) + '}';
      items.push({ position: positionOf(records), kind: 'record', line });
      // The delivered line has the length that the test asks for. The chain contains a real record.
      const place = { seq: records, id: String(records), time: '', prev: outbox.head.hash };
      const next = chainRecord({} as RecordDraft, place);
      chained.push({ seq: records, line: next.line });
      appended?.note(next.line, { seq: records, hash: next.hash, prev: place.prev });
      outbox.head = { seq: records, hash: next.hash };
      return positionOf(records);
    },
    positionsAfter: (sink) => after(sink).map(({ position }) => position),
    async lease(sink, limit) {
      orFail();
      return after(sink).slice(0, limit);
    },
    async ack(sink, position) {
      orFail();
      cursors.set(sink, Math.max(position, cursors.get(sink) ?? 0));
    },
    async chain(): Promise<ChainCoverage> {
      calls.chain += 1;
      orFail();
      return {
        base: GENESIS,
        head: outbox.head,
        checkpoint: made.at(-1) ?? null,
      };
    },
    records: (cursor, limit) => chained.filter(({ seq }) => seq > cursor).slice(0, limit),
    checkpoints: (cursor, limit) => made.filter(({ count }) => count > cursor).slice(0, limit),
    async addCheckpoint(checkpoint) {
      orFail();
      if (checkpoint.count <= (made.at(-1)?.count ?? 0)) return false;
      made.push(checkpoint);
      items.push({
        position: Math.max(positionOf(records), items.at(-1)?.position ?? 0) + 1,
        kind: 'checkpoint',
        line: checkpoint.line,
      });
      return true;
    },
  };
  return outbox;
}
