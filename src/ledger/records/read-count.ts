import type { ReadDraft, ReadKind, Reader, RecordService, SearchFilterName } from '../../audit/record.ts';
import { rfc3339 } from '../../lib/rfc3339.ts';

/**
 * What is counted when someone reads the trail, and the record of it: one a minute and reader, so that a reader who
 * polls adds a bounded number of records. Pure. Every ledger uses these functions, so all ledgers write identical
 * records.
 */
export interface ReadReport {
  /** The X-Request-Id of the read. A report that comes again with the same id is counted once. */
  readonly requestId: string;
  readonly reader: Reader;
  readonly what: ReadKind;
  /** How many records or requests the answer holds. */
  readonly records: number;
  /** The lowest and the highest `seq` of the records in the answer; null when it holds none. */
  readonly seqs: { readonly first: number; readonly last: number } | null;
  readonly filters: readonly SearchFilterName[];
  readonly service: RecordService;
}

/**
 * Each reader of a minute has a record of its own up to this many. The reads of all others are counted in one record
 * without an actor, so that many tokens do not add many records.
 */
export const MAX_READERS = 100;
/** A call that is repeated because its answer was lost comes within the next few. */
const MAX_RECENT = 32;

/** What one reader read in one minute. */
export interface ReaderMinute {
  readonly draft: ReadDraft;
  /** The ids of the last reads. */
  readonly recent: readonly string[];
}

/** `minute` is null for the first read of this reader; `isNamed` is false for readers beyond MAX_READERS. */
export function countRead(
  minute: ReaderMinute | null,
  report: ReadReport,
  { machineMs, isNamed }: { readonly machineMs: number; readonly isNamed: boolean },
): ReaderMinute {
  const at = rfc3339(machineMs);
  const { draft, recent } = minute ?? { draft: newDraft(report, at, isNamed), recent: [] };
  if (recent.includes(report.requestId)) return { draft, recent };
  return { draft: add(draft, report, at), recent: [...recent, report.requestId].slice(-MAX_RECENT) };
}

function newDraft({ reader, service }: ReadReport, at: string, isNamed: boolean): ReadDraft {
  return {
    kind: 'read',
    ...(isNamed ? { actor: reader } : {}),
    read: { count: 0, counts: [], records: 0, filters: [], from: at, to: at },
    service,
  };
}

function add(draft: ReadDraft, { what, records, seqs, filters }: ReadReport, at: string): ReadDraft {
  const { read } = draft;
  const known = read.counts.findIndex((one) => one.what === what);
  const firsts = [read.first_seq, seqs?.first].filter((seq) => seq !== undefined);
  const lasts = [read.last_seq, seqs?.last].filter((seq) => seq !== undefined);
  return {
    ...draft,
    read: {
      ...read,
      count: read.count + 1,
      counts:
        known < 0
          ? [...read.counts, { what, count: 1 }]
          : read.counts.with(known, { what, count: (read.counts[known]?.count ?? 0) + 1 }),
      records: read.records + records,
      ...(firsts.length === 0 ? {} : { first_seq: Math.min(...firsts) }),
      ...(lasts.length === 0 ? {} : { last_seq: Math.max(...lasts) }),
      filters: [...new Set([...read.filters, ...filters])],
      to: at,
    },
  };
}
