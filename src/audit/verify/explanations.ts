import type { DamagedLines } from './order/damaged-lines.ts';
import type { Findings, Place } from './findings.ts';
import type { TrailHashes } from './hashes.ts';
import { createOpenGaps } from './order/open-gaps.ts';
import type { Arrival, Position } from './order/position.ts';
import { furthestOf, openUpTo } from './order/position.ts';
import type { SeqRange } from './order/seq-ranges.ts';

/**
 * Explaining: turns the placement of records into findings. Each seq without a record is explained by a damaged line,
 * by a record that comes late, or as missing. One fault is one finding. It does not decide the place of a record;
 * position.ts does.
 */
export interface Explanations {
  /** The record is the next one in order. Explains the open seqs between `position` and it. */
  inOrder(arrival: Arrival, position: Position): void;
  ahead(arrival: Arrival): void;
  /**
   * The record is not after the last one in order. True: it fills no gap, because a damaged copy of it was reported.
   */
  late(seq: number, place: Place): boolean;
  /** A record was repeated. `previous`: the record of the line before. */
  repeated(seq: number, previous: number): void;
  /** Another branch continues this record: after a restore a sink repeats the records before it. */
  forked(seq: number): void;
  end(position: Position, evidence: EndEvidence): void;
  /** The first record of the trail, once one is in order. */
  first(): number;
}

export interface EndEvidence {
  /** The last record that should exist according to other evidence; 0 when there is none. */
  readonly upTo: number;
  /** The source of `upTo`. */
  readonly against: string;
  /** The last line that was a new record or damaged. */
  readonly lastPlace: Place | string;
}

export interface ExplanationsDeps {
  readonly hashes: TrailHashes;
  readonly findings: Findings;
  readonly damagedLines: DamagedLines;
  /** The seq before the first record that may come. */
  readonly start: number;
  /** The trail may begin with any record: earlier ones are not missing. */
  readonly beginsAnywhere: boolean;
}

export function createExplanations(deps: ExplanationsDeps): Explanations {
  const { hashes, findings, damagedLines, start, beginsAnywhere } = deps;
  const gaps = createOpenGaps(findings);
  /** The first record in order, where it may be any. */
  let first: number | null = null;
  /**
   * Late records from before the first one. They are no fault if a batch is repeated that began before the first line.
   */
  const earlier: (SeqRange & { readonly place: Place })[] = [];

  function addEarlier(seq: number, place: Place): void {
    const run = earlier.at(-1);
    if (run?.to === seq - 1) earlier.splice(-1, 1, { ...run, to: seq });
    else earlier.push({ from: seq, to: seq, place });
  }

  return {
    inOrder({ seq, place, damagedBefore }, position) {
      const isFirst = beginsAnywhere && !position.begun;
      const open = openUpTo(position, seq - 1);
      damagedLines.assign(damagedBefore, open, isFirst ? 'last' : 'first');
      gaps.add(open.left(), place, isFirst);
      if (isFirst) first = seq;
    },
    ahead: ({ seq, place }) => findings.add({ kind: 'misplaced', seq, place }),
    late(seq, place) {
      const filled = gaps.fill(seq);
      if (!filled && seq > start) return true;
      if (first !== null && seq < first) addEarlier(seq, place);
      else findings.add({ kind: 'misplaced', seq, place });
      return false;
    },
    repeated(seq, previous) {
      if (seq === first && previous === seq - 1) earlier.length = 0;
    },
    forked(seq) {
      if (first === null || earlier.at(-1)?.to !== seq) return;
      earlier.length = 0;
      gaps.forgive({ from: seq + 1, to: first - 1 });
    },
    end(position, { upTo, against, lastPlace }) {
      const furthest = furthestOf(position);
      const end = Math.max(upTo, furthest, position.last + damagedLines.unassignedTo(hashes.isSeen));
      const open = openUpTo(position, end);
      damagedLines.assign(damagedLines.waiting(), open, 'first');
      for (const { from, to, place } of earlier) findings.add({ kind: 'misplaced', seq: from, to, place });
      gaps.report();
      for (const { from, to } of open.left()) {
        const finding = { seq: from, to, place: lastPlace };
        if (to < furthest) findings.add({ kind: 'missing', ...finding });
        // Seqs beyond `upTo` are open only for damaged lines, which take all of them, but for those beyond 2^53 - 1.
        else if (from <= upTo) findings.add({ kind: 'truncated', ...finding, against });
      }
    },
    first: () => (gaps.endBeforeFirst() ?? start) + 1,
  };
}
