/**
 * Counts the records of a search by period of time and by result, for figures and charts over a trail that is too long to be
 * read. Pure. Counts what is on record: a request whose outcome was unknown and was settled later counts once as `unknown`
 * and once as what it was settled to, each in the period of its record. Records of changes and reads, and attempts to
 * settle that proved nothing, say nothing about the result of a request and are left out.
 */
import type { AuditRecord, RecordResult, RequestRecord } from './record.ts';

export const COUNT_STEPS = ['hour', 'day'] as const;
export type CountStep = (typeof COUNT_STEPS)[number];

const HOUR_MS = 3_600_000;
const STEP_MS = { hour: HOUR_MS, day: 24 * HOUR_MS } as const satisfies Record<CountStep, number>;

export const MAX_COUNT_STEPS = 1_000;

export interface ResultCount {
  /** Where the period begins, in milliseconds since the epoch, UTC. */
  readonly fromMs: number;
  readonly result: RecordResult;
  /** Of `suppressed`: the requests that were only counted, however they ended. */
  readonly requests: number;
  /** Of requests that were admitted: those that were sent, or were to be sent. 0 for `suppressed`, which has none. */
  readonly addresses: number;
}

export interface RecordCount {
  add(record: AuditRecord): void;
  /** In order of time, then of first appearance. */
  counts(): readonly ResultCount[];
}

/** How many periods these times touch. */
export function stepsBetween(fromMs: number, toMs: number, step: CountStep): number {
  const ms = STEP_MS[step];
  return Math.ceil(toMs / ms) - Math.floor(fromMs / ms);
}

export function createRecordCount(step: CountStep): RecordCount {
  const ms = STEP_MS[step];
  const rows = new Map<string, { fromMs: number; result: RecordResult; requests: number; addresses: number }>();
  return {
    add(record) {
      const counted = countOf(record);
      if (counted === null) return;
      const fromMs = Math.floor(Date.parse(record.time) / ms) * ms;
      const key = `${fromMs} ${counted.result}`;
      const row = rows.get(key) ?? { fromMs, result: counted.result, requests: 0, addresses: 0 };
      row.requests += counted.requests;
      row.addresses += counted.addresses;
      rows.set(key, row);
    },
    counts: () => [...rows.values()].toSorted((a, b) => a.fromMs - b.fromMs),
  };
}

/** Null: the record says nothing about the result of a request. */
function countOf(record: AuditRecord): Omit<ResultCount, 'fromMs'> | null {
  switch (record.kind) {
    case 'change':
    case 'read':
      return null;
    case 'suppressed':
      return { result: 'suppressed', requests: record.suppressed.count, addresses: 0 };
    case 'reconciliation':
      return record.outcome.settled_by === undefined ? null : ended(record, sentAddresses(record));
    case 'intent':
    case 'outcome':
      return ended(record, sentAddresses(record));
    case 'denial':
    case 'replay':
    case 'dry_run':
      return ended(record, record.request.email_count);
    default:
      return record satisfies never;
  }
}

function ended({ outcome: { result } }: RequestRecord, addresses: number): Omit<ResultCount, 'fromMs'> {
  return { result, requests: 1, addresses };
}

/** A lenient request leaves out what the policy denies. */
function sentAddresses({ policy: { decisions } }: RequestRecord): number {
  return decisions.reduce((sum, { decision, email_count }) => sum + (decision === 'allow' ? email_count : 0), 0);
}
