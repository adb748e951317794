/** A stretch of seqs of which some are open: records that should be there and are not. Pure arithmetic on ranges. */
export interface Slots {
  readonly from: number;
  readonly to: number;
}

export interface OpenSlots {
  count(): number;
  /** False when it is not open. */
  take(seq: number): boolean;
  /** Null when none is open any more. */
  takeNext(side: 'first' | 'last'): number | null;
  left(): readonly Slots[];
}

/** From `from` to `to`, less those that are `filled`. */
export function createOpenSlots(from: number, to: number, filled: ReadonlySet<number>): OpenSlots {
  let ranges: Slots[] = from <= to ? [{ from, to }] : [];

  function take(seq: number): boolean {
    const index = ranges.findIndex((range) => range.from <= seq && seq <= range.to);
    const range = ranges[index];
    if (range === undefined) return false;
    const parts = [
      { from: range.from, to: seq - 1 },
      { from: seq + 1, to: range.to },
    ];
    ranges = ranges.toSpliced(index, 1, ...parts.filter((part) => part.from <= part.to));
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
