import { positionOf } from '../../../src/audit/delivery/outbox-position.ts';
import { chainRecord, draftOf, GENESIS } from '../../../src/audit/chain.ts';
import type { ChainHead } from '../../../src/audit/chain.ts';
import type { AnyDraft, AuditRecord, RecordDraft } from '../../../src/audit/record.ts';
import { matchesFilter } from '../../../src/audit/search.ts';
import type { OutboxItem } from '../../../src/audit/delivery/sink.ts';
import type { Clock } from '../../../src/ports/clock.ts';
import type { Ids } from '../../../src/ports/ids.ts';
import { rfc3339 } from '../../../src/lib/rfc3339.ts';
import { MAX_LEASE_LENGTH, MAX_PRUNED_RECORDS, MAX_SLICE_RECORDS, takeLines } from '../../../src/ledger/page.ts';
import type { Pruned, Retention } from '../../../src/ledger/background-steps.ts';
import type { ChainState } from '../../../src/ledger/chain-state.ts';
import type { SinkBacklog, StoredCheckpoint, StoredRecord } from '../../../src/ledger/port.ts';
import type { SearchQuery, SearchSlice } from '../../../src/ledger/search-slice.ts';

/**
 * The trail of the reference model: records, checkpoints and cursors in arrays and maps. It is a simple and slow
 * version of the port's contract.
 */
export interface MemoryTrail {
  append(draft: AnyDraft): number;
  draft(seq: number): RecordDraft;
  records(after: number, limit: number): readonly StoredRecord[];
  /** Every kept record. */
  all(): readonly StoredRecord[];
  search(query: SearchQuery): SearchSlice;
  lease(sink: string, limit: number): readonly OutboxItem[];
  ack(sink: string, position: number): void;
  backlog(sink: string): SinkBacklog;
  chain(): ChainState;
  addCheckpoint(checkpoint: StoredCheckpoint, storedAt: number): boolean;
  /** Corrects the times at which checkpoints were stored. */
  restamp(corrected: (storedAt: number) => number): void;
  checkpoints(after: number, limit: number): readonly StoredCheckpoint[];
  /** Never drops the record `firstNeeded` or a later one. */
  prune(retention: Retention, firstNeeded: number, at: number): Pruned;
}

export function createMemoryTrail({ clock, ids }: { clock: Clock; ids: Ids }): MemoryTrail {
  let base: ChainHead = GENESIS;
  let head: ChainHead = GENESIS;
  let records: (StoredRecord & { record: AuditRecord })[] = [];
  let checkpoints: (StoredCheckpoint & { position: number; storedAt: number })[] = [];
  const cursors = new Map<string, number>();
  const timeOf = (record: AuditRecord): number => Date.parse(record.time);
  const plain = ({ seq, line }: StoredRecord): StoredRecord => ({ seq, line });
  const cursor = (sink: string): number => cursors.get(sink) ?? 0;
  const kept = (seq: number) => records[seq - base.seq - 1];

  /** The outbox after a position. A checkpoint follows the item that was last. */
  function outbox(after: number): OutboxItem[] {
    const items: OutboxItem[] = [
      ...records.map(({ seq, line }) => ({ position: positionOf(seq), kind: 'record' as const, line })),
      ...checkpoints.map(({ position, line }) => ({ position, kind: 'checkpoint' as const, line })),
    ];
    return items.filter(({ position }) => position > after).toSorted((a, b) => a.position - b.position);
  }

  /** Checkpoints that may become the base: all records up to them are old, acknowledged and no longer needed. */
  function cuts({ sinks, keepRecordsMs }: Retention, firstNeeded: number, at: number) {
    if (keepRecordsMs === null) return [];
    return checkpoints.filter(
      ({ count, position, storedAt }) =>
        count > base.seq &&
        count < firstNeeded &&
        storedAt < at - keepRecordsMs &&
        sinks.every((sink) => cursor(sink) >= position),
    );
  }

  return {
    all: () => records.map(plain),
    append(draft) {
      const seq = head.seq + 1;
      const time = rfc3339(Math.trunc(clock.now()));
      const { line, hash } = chainRecord(draft, { seq, id: ids.uuid7(), time, prev: head.hash });
      records.push({ seq, line, record: JSON.parse(line) as AuditRecord });
      head = { seq, hash };
      return seq;
    },
    draft(seq) {
      const record = kept(seq);
      if (record === undefined || !('request_id' in record.record)) throw new Error(`record ${seq} is missing`);
      return draftOf(record.record);
    },
    records: (after, limit) => takeLines(records.filter(({ seq }) => seq > after).map(plain), limit),
    search({ filter, after, limit }) {
      const { toMs = Infinity } = filter;
      const withDeadline = records.filter(({ seq, record }) => seq > after && timeOf(record) < toMs);
      const rest = withDeadline.slice(0, MAX_SLICE_RECORDS);
      const matches = rest.filter(({ record }) => matchesFilter(record, filter)).map(plain);
      const page = takeLines(matches, limit);
      const cut = page.length < matches.length;
      const scannedTo = (cut ? page.at(-1)?.seq : rest.at(-1)?.seq) ?? Math.max(after, base.seq);
      return { records: page, scannedTo, done: scannedTo >= (withDeadline.at(-1)?.seq ?? 0), unreadable: [] };
    },
    lease: (sink, limit) => takeLines(outbox(cursor(sink)), limit, MAX_LEASE_LENGTH),
    ack(sink, position) {
      const end = Math.max(positionOf(head.seq), checkpoints.at(-1)?.position ?? 0);
      cursors.set(sink, Math.max(cursor(sink), Math.min(position, end)));
    },
    backlog(sink) {
      const waiting = records.filter(({ seq }) => positionOf(seq) > cursor(sink));
      const oldest = waiting[0];
      return { sink, records: waiting.length, oldestAt: oldest === undefined ? null : timeOf(oldest.record) };
    },
    chain() {
      const last = checkpoints.at(-1);
      return { base, head, checkpoint: last === undefined ? null : { count: last.count, madeAt: last.madeAt } };
    },
    addCheckpoint({ count, madeAt, line }, storedAt) {
      const last = checkpoints.at(-1);
      const position = Math.max(positionOf(head.seq), last?.position ?? 0) + 1;
      if (count > head.seq || count <= (last?.count ?? 0) || position >= positionOf(head.seq + 1)) return false;
      checkpoints.push({ count, madeAt, line, position, storedAt });
      return true;
    },
    checkpoints: (after, limit) =>
      checkpoints
        .filter(({ count }) => count > after)
        .slice(0, Math.max(0, limit))
        .map(({ count, madeAt, line }) => ({ count, madeAt, line })),
    restamp(corrected) {
      checkpoints = checkpoints.map((one) => ({ ...one, storedAt: corrected(one.storedAt) }));
    },
    prune(retention, firstNeeded, at) {
      const possible = cuts(retention, firstNeeded, at);
      const near = possible.filter(({ count }) => count <= base.seq + MAX_PRUNED_RECORDS);
      const cut = near.at(-1) ?? possible[0];
      const last = cut && kept(cut.count);
      if (cut === undefined || last === undefined) return { records: 0, more: false };
      const dropped = cut.count - base.seq;
      base = { seq: cut.count, hash: last.record.hash };
      records = records.filter(({ seq }) => seq > cut.count);
      checkpoints = checkpoints.filter(({ count }) => count >= cut.count);
      return { records: dropped, more: possible.at(-1) !== cut };
    },
  };
}
