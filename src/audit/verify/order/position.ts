import type { Place } from '../findings.ts';
import type { TrailHashes } from '../hashes.ts';
import type { RecordItem } from '../item.ts';
import type { OpenSeqs } from './seq-ranges.ts';
import { createOpenSeqs } from './seq-ranges.ts';

/**
 * Placing: the position of a stream of records in its chain, and pure functions that decide where the next record
 * belongs. A position is plain data, and is never changed: the functions return a new one. They report nothing;
 * explanations.ts does. A record that leaves a gap is held. The next record shows whether the held one is ahead of its
 * place, or whether records are missing before it.
 */
export interface Position {
  /** The last record in order. A missing record before it has a finding, or is in an open gap. */
  readonly last: number;
  /** Whether a record is in order yet. */
  readonly begun: boolean;
  /** The record that waits for the next one; null when none does. */
  readonly held: Arrival | null;
  /** Records after `last` that came ahead of their place, the oldest first. */
  readonly ahead: ReadonlySet<number>;
}

/** A new record after `last`. */
export interface Arrival {
  readonly seq: number;
  readonly place: Place;
  /** The number of damaged lines that were waiting for an explanation when it came. */
  readonly damagedBefore: number;
}

/** Beyond this number the oldest record ahead is forgotten, and its place is open again. */
const MAX_AHEAD = 100;

export function positionAt(seq: number): Position {
  return { last: seq, begun: false, held: null, ahead: new Set() };
}

/** The seqs after the last record in order, up to `to`, that no record has filled. */
export function openUpTo({ last, ahead }: Position, to: number): OpenSeqs {
  return createOpenSeqs(last + 1, to, ahead);
}

/** The usual case: the record follows the last one, and no other record waits. */
export function followsDirectly({ last, held, ahead }: Position, seq: number): boolean {
  return seq === last + 1 && held === null && ahead.size === 0;
}

/** Whether more records are missing before this one than damaged lines can stand for. */
export function leavesGap(position: Position, seq: number, damaged: number): boolean {
  return openUpTo(position, seq - 1).count() > damaged;
}

export function hold(position: Position, held: Arrival): Position {
  return { ...position, held };
}

/** The held record came ahead of its place: the record after it has a lower seq. */
export function setHeldAhead(position: Position, held: Arrival): Position {
  const ahead = [...position.ahead, held.seq].slice(-MAX_AHEAD);
  return { ...position, held: null, ahead: new Set(ahead) };
}

/** This record is in order, and so are the records ahead that follow it without a gap. */
export function advanceTo({ ahead }: Position, seq: number): Position {
  if (ahead.size === 0) return { last: seq, begun: true, held: null, ahead };
  const stillAhead = new Set([...ahead].filter((one) => one > seq));
  let last = seq;
  while (stillAhead.delete(last + 1)) last += 1;
  return { last, begun: true, held: null, ahead: stillAhead };
}

/** The highest record that was placed. */
export function furthestOf({ last, ahead }: Position): number {
  return Math.max(last, ...ahead);
}

/** `linked` and `broken_link` are new records. A conflicting record has the seq of another one that was read. */
export type RecordLink = 'linked' | 'broken_link' | 'repeated' | 'conflicting';

/** Compares a record with the hashes of its seq and of the one before, as far as they are known. */
export function linkOf({ seq, prev, hash }: RecordItem, hashes: TrailHashes): RecordLink {
  if (hashes.isSeen(seq)) return hashes.of(seq) === hash ? 'repeated' : 'conflicting';
  const before = hashes.of(seq - 1);
  const promised = hashes.of(seq);
  const isLinked = (before === null || before === prev) && (promised === null || promised === hash);
  return isLinked ? 'linked' : 'broken_link';
}
