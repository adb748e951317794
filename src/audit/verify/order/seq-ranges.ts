/**
 * Ranges of seqs, and the open seqs of a part of the chain: the seqs of records that were not read there. Pure
 * arithmetic, which does not know why a seq is open. A range is never empty.
 */
export interface SeqRange {
  readonly from: number;
  /** Inclusive. */
  readonly to: number;
}

export interface OpenSeqs {
  count(): number;
  /** False when `seq` is not open. */
  take(seq: number): boolean;
  /** Null when none is open any more. */
  takeNext(side: 'first' | 'last'): number | null;
  left(): readonly SeqRange[];
}

/** The seqs from `from` to `to`, without those in `filled`. */
export function createOpenSeqs(from: number, to: number, filled: ReadonlySet<number>): OpenSeqs {
  let ranges: SeqRange[] = from <= to ? [{ from, to }] : [];

  function take(seq: number): boolean {
    const index = ranges.findIndex((range) => isWithin(seq, range));
    const range = ranges[index];
    if (range === undefined) return false;
    ranges = ranges.toSpliced(index, 1, ...splitAt(range, seq));
    return true;
  }

  if (ranges.length > 0) for (const seq of filled) take(seq);
  return {
    take,
    count: () => ranges.reduce((sum, range) => sum + range.to - range.from + 1, 0),
    takeNext(side) {
      const seq = (side === 'first' ? ranges[0]?.from : ranges.at(-1)?.to) ?? null;
      if (seq !== null) take(seq);
      return seq;
    },
    left: () => ranges,
  };
}

export function isWithin(seq: number, { from, to }: SeqRange): boolean {
  return from <= seq && seq <= to;
}

/** The parts of the range before and after `seq`. */
export function splitAt({ from, to }: SeqRange, seq: number): readonly SeqRange[] {
  return [
    { from, to: seq - 1 },
    { from: seq + 1, to },
  ].filter((part) => part.from <= part.to);
}
