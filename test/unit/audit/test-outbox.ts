import type { ChainCoverage, CheckpointLedger } from '../../../src/audit/keep-checkpoints.ts';
import { GENESIS } from '../../../src/audit/chain.ts';
import type { Outbox, OutboxItem } from '../../../src/audit/sink.ts';

/**
 * A ledger as delivery and checkpoints see it, in a few lines: items at odd distances, one cursor a sink, and a switch
 * that makes it fail.
 */
export interface TestOutbox extends Outbox, CheckpointLedger {
  isFailing: boolean;
  readonly calls: { chain: number };
  /** Stores a record of so many characters; returns its position. */
  append(length?: number): number;
  positionsAfter(sink: string): number[];
  readonly checkpoints: readonly { count: number; madeAt: number; line: string }[];
}

export function createTestOutbox(): TestOutbox {
  const items: OutboxItem[] = [];
  const cursors = new Map<string, number>();
  const checkpoints: { count: number; madeAt: number; line: string }[] = [];
  const calls = { chain: 0 };
  let records = 0;
  const after = (sink: string): OutboxItem[] => items.filter(({ position }) => position > (cursors.get(sink) ?? 0));
  const orFail = (): void => {
    if (outbox.isFailing) throw new Error('disk full, and this text names ann@acme.com');
  };
  const outbox: TestOutbox = {
    isFailing: false,
    calls,
    checkpoints,
    append(length = 10) {
      records += 1;
      const line = `{"seq":${String(records)}`.padEnd(length - 1) + '}';
      items.push({ position: records * 2, kind: 'record', line });
      return records * 2;
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
        head: records === 0 ? GENESIS : { seq: records, hash: String(records).padStart(64, '0') },
        checkpoint: checkpoints.at(-1) ?? null,
      };
    },
    async addCheckpoint(checkpoint) {
      orFail();
      if (checkpoint.count <= (checkpoints.at(-1)?.count ?? 0)) return false;
      checkpoints.push(checkpoint);
      items.push({ position: records * 2 + 1, kind: 'checkpoint', line: checkpoint.line });
      return true;
    },
  };
  return outbox;
}
