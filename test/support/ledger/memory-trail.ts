import { chainRecord, draftOf, GENESIS } from '../../../src/audit/chain.ts';
import type { ChainHead } from '../../../src/audit/chain.ts';
import type { AuditRecord, RecordDraft } from '../../../src/audit/record.ts';
import { matchesFilter } from '../../../src/audit/search.ts';
import type { OutboxItem } from '../../../src/audit/delivery/sink.ts';
import type { Clock } from '../../../src/ports/clock.ts';
import type { Ids } from '../../../src/ports/ids.ts';
import { rfc3339 } from '../../../src/lib/rfc3339.ts';
import { MAX_LEASE_LENGTH, MAX_PRUNED_RECORDS, MAX_SLICE_RECORDS, takeLines } from '../../../src/ledger/page.ts';
import type {
  ChainState,
  Pruned,
  Retention,
  SearchQuery,
  SearchSlice,
  SinkBacklog,
  StoredCheckpoint,
  StoredRecord,
} from '../../../src/ledger/port.ts';

/**
 * The trail of the reference model: records, checkpoints and cursors in arrays and maps, and the ledger's clock. It is
 * a simple and slow version of the port's contract.
 */
export interface MemoryTrail {
  now(): number;
  holdClock(): void;
  /** Null when retention may trust the machine's clock. `jumpedMs` is set when the doubt begins. */
  doubtClock(): { readonly jumpedMs?: number } | null;
  append(draft: RecordDraft): number;
  draft(seq: number): RecordDraft;
  records(after: number, limit: number): readonly StoredRecord[];
  search(query: SearchQuery): SearchSlice;
  lease(sink: string, limit: number): readonly OutboxItem[];
  ack(sink: string, position: number): void;
  backlog(sink: string): SinkBacklog;
  chain(): ChainState;
  addCheckpoint(checkpoint: StoredCheckpoint): boolean;
  checkpoints(after: number, limit: number): readonly StoredCheckpoint[];
  /** Never drops the record `firstNeeded` or a later one. */
  prune(retention: Retention, firstNeeded: number): Pruned;
}

const HOUR_MS = 60 * 60 * 1000;
const DAY_MS = 24 * HOUR_MS;

export function createMemoryTrail({ clock, ids }: { clock: Clock; ids: Ids }): MemoryTrail {
  let base: ChainHead = GENESIS;
  let head: ChainHead = GENESIS;
  let records: (StoredRecord & { record: AuditRecord })[] = [];
  let checkpoints: (StoredCheckpoint & { position: number })[] = [];
  const cursors = new Map<string, number>();
  let time = 0;
  /** The time of the last trusted check. */
  let trustedAt: number | null = null;
  let doubtedAt: number | null = null;

  const now = (): number => Math.max(time, Math.trunc(clock.now()));
  const timeOf = (record: AuditRecord): number => Date.parse(record.time);
  const plain = ({ seq, line }: StoredRecord): StoredRecord => ({ seq, line });
  const cursor = (sink: string): number => cursors.get(sink) ?? 0;
  const kept = (seq: number) => records[seq - base.seq - 1];

  /** The outbox after a position. A record has twice its seq; a checkpoint follows the record that was last. */
  function outbox(after: number): OutboxItem[] {
    const items: OutboxItem[] = [
      ...records.map(({ seq, line }) => ({ position: 2 * seq, kind: 'record' as const, line })),
      ...checkpoints.map(({ position, line }) => ({ position, kind: 'checkpoint' as const, line })),
    ];
    return items.filter(({ position }) => position > after).toSorted((a, b) => a.position - b.position);
  }

  /** Checkpoints that may become the base: all records up to them are old, acknowledged and no longer needed. */
  function cuts({ sinks, keepRecordsMs }: Retention, firstNeeded: number) {
    if (keepRecordsMs === null) return [];
    return checkpoints.filter(({ count, position }) => {
      if (count <= base.seq || count >= firstNeeded) return false;
      const before = Math.trunc(clock.now()) - keepRecordsMs;
      const old = records.every(({ seq, record }) => seq > count || timeOf(record) < before);
      return old && sinks.every((sink) => cursor(sink) >= position);
    });
  }

  return {
    now,
    holdClock() {
      time = now();
    },
    doubtClock() {
      const at = Math.trunc(clock.now());
      const stepMs = at - (trustedAt ?? at);
      const doubtedMs = doubtedAt === null ? null : at - doubtedAt;
      const goesOn = doubtedMs !== null && doubtedMs >= 0 && doubtedMs <= DAY_MS;
      if (stepMs > DAY_MS && !(goesOn && doubtedMs >= HOUR_MS)) {
        doubtedAt = goesOn ? doubtedAt : at;
        return goesOn ? {} : { jumpedMs: stepMs };
      }
      const isFirst = trustedAt === null;
      trustedAt = at;
      doubtedAt = null;
      return isFirst ? {} : null;
    },
    append(draft) {
      const seq = head.seq + 1;
      const at = now();
      const { line, hash } = chainRecord(draft, { seq, id: ids.uuid7(), time: rfc3339(at), prev: head.hash });
      records.push({ seq, line, record: JSON.parse(line) as AuditRecord });
      head = { seq, hash };
      time = at;
      return seq;
    },
    draft(seq) {
      const record = kept(seq);
      if (record === undefined) throw new Error(`record ${seq} is missing`);
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
      const end = Math.max(2 * head.seq, checkpoints.at(-1)?.position ?? 0);
      cursors.set(sink, Math.max(cursor(sink), Math.min(position, end)));
    },
    backlog(sink) {
      const waiting = records.filter(({ seq }) => 2 * seq > cursor(sink));
      const oldest = waiting[0];
      return { sink, records: waiting.length, oldestAt: oldest === undefined ? null : timeOf(oldest.record) };
    },
    chain() {
      const last = checkpoints.at(-1);
      return { base, head, checkpoint: last === undefined ? null : { count: last.count, madeAt: last.madeAt } };
    },
    addCheckpoint({ count, madeAt, line }) {
      const last = checkpoints.at(-1);
      const position = 2 * head.seq + 1;
      if (count > head.seq || count <= (last?.count ?? 0) || last?.position === position) return false;
      checkpoints.push({ count, madeAt, line, position });
      return true;
    },
    checkpoints: (after, limit) =>
      checkpoints
        .filter(({ count }) => count > after)
        .slice(0, Math.max(0, limit))
        .map(({ count, madeAt, line }) => ({ count, madeAt, line })),
    prune(retention, firstNeeded) {
      const possible = cuts(retention, firstNeeded);
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
