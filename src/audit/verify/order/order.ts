import type { ChainHead } from '../../chain.ts';
import { GENESIS } from '../../chain.ts';
import { createDamagedLines } from './damaged-lines.ts';
import { createExplanations } from '../explanations.ts';
import type { Findings, Place } from '../findings.ts';
import type { TrailHashes } from '../hashes.ts';
import type { DamagedItem, RecordItem } from '../item.ts';
import type { Arrival } from './position.ts';
import {
  advanceTo,
  followsDirectly,
  furthestOf,
  hold,
  leavesGap,
  linkOf,
  positionAt,
  setHeldAhead,
} from './position.ts';

/**
 * The order of the records of a stream: each must continue the one before. Works in two phases: position.ts places a
 * record, and explanations.ts turns the placement into findings. One fault is one finding, and the faults after it are
 * still found. Memory is bounded: of each record only its hash is kept, and of open faults a limited number.
 */
export interface TrailOrder {
  /** False: the record is not new, or not in its place (then there is a finding), or its place is not known yet. */
  record(record: RecordItem, place: Place): boolean;
  damaged(item: DamagedItem, place: Place): void;
  /** The last record in order, or the one that waits for the next. */
  last(): number;
  /** Each once. */
  records(): number;
  repeats(): number;
  /** Another branch continues this record. */
  forked(seq: number): void;
  /** `upTo`: the last record that should exist according to other evidence, `against`; 0 when there is none. */
  end(upTo: number, against: string): TrailExtent;
}

/** First and last record; both are null when there was none. */
export interface TrailExtent {
  readonly from: number | null;
  readonly to: number | null;
}

export interface TrailOrderDeps {
  readonly hashes: TrailHashes;
  readonly findings: Findings;
  /** The first record must continue this one. Null: it may be any record, and the trail begins with it. */
  readonly base: ChainHead | null;
  /** A repeated record is a fault. */
  readonly once: boolean;
}

export function createTrailOrder({ hashes, findings, base, once }: TrailOrderDeps): TrailOrder {
  const start = base ?? GENESIS;
  hashes.see(start.seq, start.hash);
  const damagedLines = createDamagedLines(findings);
  const explanations = createExplanations({
    hashes,
    findings,
    damagedLines,
    start: start.seq,
    beginsAnywhere: base === null,
  });
  let position = positionAt(start.seq);
  let lastPlace: Place | string = 'the beginning';
  /** The record of the line before. */
  let previous = 0;
  let records = 0;
  let repeats = 0;

  /** Whether the record is new. Reports one that is not, and a broken link. */
  function isNew(record: RecordItem, place: Place): boolean {
    const { seq, prev, hash } = record;
    const link = linkOf(record, hashes);
    if (link === 'repeated') {
      repeats += 1;
      if (once) findings.add({ kind: link, seq, place });
      explanations.repeated(seq, previous);
      return false;
    }
    if (link !== 'linked') findings.add({ kind: link, seq, place });
    if (link === 'conflicting') return false;
    hashes.promise(seq - 1, prev);
    hashes.see(seq, hash);
    return true;
  }

  function advance(arrival: Arrival): void {
    explanations.inOrder(arrival, position);
    position = advanceTo(position, arrival.seq);
  }

  /** `seq`: the record after the held one. */
  function placeHeld(held: Arrival, seq: number): void {
    if (seq > held.seq) return advance(held);
    explanations.ahead(held);
    position = setHeldAhead(position, held);
  }

  return {
    record(record, place) {
      const { seq } = record;
      const isRepeat = !isNew(record, place);
      previous = seq;
      if (isRepeat) return false;
      records += 1;
      lastPlace = place;
      if (seq <= position.last) return explanations.late(seq, place);
      if (followsDirectly(position, seq) && damagedLines.unassigned() === 0) {
        // There is nothing to explain.
        position = advanceTo(position, seq);
        return true;
      }
      if (position.held !== null) placeHeld(position.held, seq);
      const arrival = { seq, place, damagedBefore: damagedLines.waiting() };
      if (leavesGap(position, seq, damagedLines.unassigned())) {
        position = hold(position, arrival);
        return false;
      }
      advance(arrival);
      return true;
    },
    damaged(item, place) {
      lastPlace = place;
      damagedLines.add(item, place);
    },
    last: () => position.held?.seq ?? position.last,
    records: () => records,
    repeats: () => repeats,
    forked: (seq) => explanations.forked(seq),
    end(upTo, against) {
      if (position.held !== null) advance(position.held);
      explanations.end(position, { upTo, against, lastPlace });
      return position.begun ? { from: explanations.first(), to: furthestOf(position) } : { from: null, to: null };
    },
  };
}
