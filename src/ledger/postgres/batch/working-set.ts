import type { ChangeRow } from '../../sqlite/changes.ts';
import type { FurtherRecord } from '../../sqlite/requests/further-records.ts';
import type { CounterWindow } from '../../sqlite/requests/quota.ts';
import type { Head } from '../head.ts';
import { counterName } from './needs.ts';

/**
 * What a batch has read, and what it changes. The steps of the batch decide on these rows, in memory and one after the
 * other, so later ones see what earlier ones have changed. Invariant: a row that was not read is not taken for one that
 * is not there: asking for it throws.
 */
export interface WorkingSet {
  /** The ledger's time in this batch. */
  readonly nowMs: number;
  readonly stored: Head;
  readonly rows: SetRows;
  readonly changes: SetChanges;
}

/** By name; a value that is undefined was read and is not there. */
export interface SetRows {
  readonly owners: Map<string, number | undefined>;
  readonly requests: Map<string, SettlingRow | undefined>;
  readonly keys: Map<string, SetKey | undefined>;
  /** Used units by counterName; with the end of their window. */
  readonly counters: Map<string, SetCounter>;
  /** The current minute of subjects, by scope. */
  readonly suppressions: Map<string, string | undefined>;
  /** All readers of the current minute; null: not read. */
  readonly readers: Map<string, string | undefined> | null;
  /** Minutes that are over, the oldest first. */
  readonly overs: Readonly<Record<MinuteTable, readonly MinuteRow[]>>;
  /** The newest lines that hold the id of a repeated admission. */
  readonly repeated: ReadonlyMap<string, readonly string[]>;
  readonly changes: Map<string, ChangeRow | undefined>;
  readonly policies: Map<string, true | undefined>;
}

export type MinuteTable = 'suppressions' | 'reads';
export type MinuteRow = { readonly window_end: number; readonly scope: string; readonly minute: string };

export type SettlingRow = {
  owner: number;
  request_id: string;
  state: string;
  expires_at: number | null;
  settled_by: string | null;
  key_scope: string | null;
  look_at: number | null;
  looks: number;
  decided_seq: number;
  outcome_seq: number | null;
  debits: string;
};

export type SetKey = {
  scope: string;
  request_id: string;
  fingerprint: string;
  seq: number;
  keep_until: number | null;
  reply: string | null;
};

export interface SetCounter extends CounterWindow {
  readonly counter: string;
  /** Null: not stored. */
  used: number | null;
}

export interface NewRequestRow {
  readonly row: SettlingRow;
  readonly admittedAt: number;
  settledAt: number | null;
  body: string | null;
}

export interface SetChanges {
  readonly records: { seq: number; line: string; owner: number | null; requestId: string | null }[];
  readonly clockSteps: number[];
  readonly owners: { owner: number; issuer: string; clientId: string; subject: string }[];
  readonly newRequests: Map<string, NewRequestRow>;
  /** Rows of `rows.requests` that have changed; those that have ended, with the time. */
  readonly requests: Map<string, { readonly row: SettlingRow; settledAt: number | null }>;
  readonly freedKeys: { scope: string; requestId: string }[];
  readonly keys: Map<string, { scope: string; requestId: string; fingerprint: string; seq: number }>;
  readonly droppedReplies: Set<number>;
  readonly replies: Map<number, { seq: number; scope: string; keepUntil: number | null; reply: string }>;
  readonly counters: Set<SetCounter>;
  /** Units that return to counters that were not read. */
  readonly refunds: Map<string, CounterWindow & { readonly counter: string; amount: number }>;
  readonly minutes: Readonly<Record<MinuteTable, Map<string, MinuteRow>>>;
  readonly takenMinutes: Readonly<Record<MinuteTable, MinuteRow[]>>;
  readonly further: { requestId: string; seq: number; kind: FurtherRecord }[];
  readonly policies: { digest: string; document: string; seq: number }[];
  readonly policyUses: Map<string, number>;
  readonly lastChanges: Map<string, ChangeRow>;
  /** The head row as the batch leaves it. */
  head: Head;
}

export function createChanges(head: Head): SetChanges {
  return {
    records: [],
    clockSteps: [],
    owners: [],
    newRequests: new Map(),
    requests: new Map(),
    freedKeys: [],
    keys: new Map(),
    droppedReplies: new Set(),
    replies: new Map(),
    counters: new Set(),
    refunds: new Map(),
    minutes: { suppressions: new Map(), reads: new Map() },
    takenMinutes: { suppressions: [], reads: [] },
    further: [],
    policies: [],
    policyUses: new Map(),
    lastChanges: new Map(),
    head,
  };
}

/** A fresh set over the same rows: what was decided on an earlier one leaves no trace in it. */
export function createWorkingSet(stored: Head, nowMs: number, read: SetRows): WorkingSet {
  const copied = <T extends object>(map: Map<string, T | undefined>): Map<string, T | undefined> =>
    new Map([...map].map(([name, row]) => [name, row === undefined ? undefined : { ...row }]));
  return {
    nowMs,
    stored,
    changes: createChanges(stored),
    rows: {
      ...read,
      owners: new Map(read.owners),
      requests: copied(read.requests),
      keys: copied(read.keys),
      counters: new Map([...read.counters].map(([name, counter]) => [name, { ...counter }])),
      suppressions: new Map(read.suppressions),
      readers: read.readers === null ? null : new Map(read.readers),
      changes: new Map(read.changes),
      policies: new Map(read.policies),
    },
  };
}

/** The row, or undefined when there is none. Throws when it was not read. */
export function readRow<T>(rows: ReadonlyMap<string, T>, name: string): T {
  if (!rows.has(name)) throw new Error('a step asks for a row that its batch has not read');
  return rows.get(name) as T;
}

/** Throws when the counter was not read for this window. */
export function readCounter({ rows }: WorkingSet, counter: CounterWindow & { readonly counter: string }): SetCounter {
  const found = rows.counters.get(counterName(counter));
  if (found?.windowEnd !== counter.windowEnd) throw new Error('a step asks for a counter that its batch has not read');
  return found;
}
