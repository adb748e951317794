import type { Findings, Place } from '../findings.ts';
import { isWithin, splitAt } from './seq-ranges.ts';
import type { SeqRange } from './seq-ranges.ts';

/**
 * The gaps of a stream: records that were missing where they belong. A gap stays open until the end, because a late
 * record may still fill it; what is left then is reported as missing. At most MAX_OPEN_GAPS stay open: a trail with
 * more is too damaged to wait for late records, so the oldest gap is reported at once.
 */
export interface OpenGaps {
  /** `place`: that of the record after the gaps. `beforeFirst`: that record is the first, and may be any. */
  add(gaps: readonly SeqRange[], place: Place, beforeFirst: boolean): void;
  /** Closes the gap at this seq. False when no gap is open there. */
  fill(seq: number): boolean;
  /** Another branch of the trail explains exactly this gap. */
  forgive(range: SeqRange): void;
  /** Reports all that are still open. */
  report(): void;
  /** The end of the gap before the first record, where the first may be any; null when there is no such gap. */
  endBeforeFirst(): number | null;
}

interface Gap extends SeqRange {
  readonly place: Place;
  /** It begins with record 1 and ends before the first record of a stream that may begin anywhere: no fault. */
  readonly beforeFirst: boolean;
}

const MAX_OPEN_GAPS = 1_000;

export function createOpenGaps(findings: Findings): OpenGaps {
  /** In order of seq. */
  const gaps: Gap[] = [];

  function reportMissing({ from, to, place, beforeFirst }: Gap): void {
    if (!beforeFirst) findings.add({ kind: 'missing', seq: from, to, place });
  }

  return {
    add(ranges, place, beforeFirst) {
      for (const range of ranges) gaps.push({ ...range, place, beforeFirst: beforeFirst && range.from === 1 });
      while (gaps.length > MAX_OPEN_GAPS) {
        gaps.splice(gaps[0]?.beforeFirst === true ? 1 : 0, 1).forEach(reportMissing);
      }
    },
    fill(seq) {
      const index = gaps.findIndex((gap) => isWithin(seq, gap));
      const gap = gaps[index];
      if (gap === undefined) return false;
      const { place, beforeFirst } = gap;
      const parts = splitAt(gap, seq).map((part) => ({ ...part, place, beforeFirst: beforeFirst && part.to < seq }));
      gaps.splice(index, 1, ...parts);
      return true;
    },
    forgive({ from, to }) {
      const index = gaps.findIndex((gap) => gap.from === from && gap.to === to);
      if (index >= 0) gaps.splice(index, 1);
    },
    report: () => gaps.forEach(reportMissing),
    endBeforeFirst: () => gaps.find(({ beforeFirst }) => beforeFirst)?.to ?? null,
  };
}
