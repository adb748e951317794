import type { ChainHead } from '../chain.ts';
import { GENESIS } from '../chain.ts';
import { createOpenSlots } from './gaps.ts';
import type { Slots } from './gaps.ts';
import type { FindingKind, Findings, Place } from './findings.ts';
import type { TrailHashes } from './hashes.ts';
import type { DamagedItem, RecordItem } from './item.ts';

/**
 * The order of records in a stream: one after the other, each continuing the one before. After a fault it finds its
 * footing again, so that one fault is one finding and the next one is still found: a record that leaps ahead is held
 * until the next one tells whether it is the one out of place or others are missing; a damaged line stands for the
 * record that is absent where it lies; a gap stays open, since what belongs there may yet come.
 */
export interface TrailOrder {
  /** False: it was not new, or not in its place (which is then a finding), or that is not known yet. */
  record(record: RecordItem, place: Place): boolean;
  damaged(item: DamagedItem, place: Place): void;
  /** The last record that stands in order. */
  last(): number;
  /** Each once. */
  records(): number;
  repeats(): number;
  /** `upTo`: the last record there should be by other evidence, `against`; 0 when there is none. */
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
  /** What the first record has to continue; null: it may be any, and so the trail begins where it begins. */
  readonly base: ChainHead | null;
  /** A record that comes again is a fault. */
  readonly once: boolean;
}

interface Leap {
  readonly seq: number;
  readonly place: Place;
  /** How many suspects came before it. */
  readonly suspects: number;
}

interface Gap extends Slots {
  readonly place: Place;
  /** What came before the beginning: nobody said that it should be here. */
  readonly before: boolean;
}

type Suspect = { readonly item: DamagedItem; readonly place: Place };

const DAMAGE = {
  record: 'edited',
  wrapper: 'disguised',
  checkpoint: 'edited',
  text: 'unreadable',
} as const satisfies Record<DamagedItem['what'], FindingKind>;

/** Beyond these the oldest is told, or forgotten, as it stands: such a trail is beyond being told record by record. */
const MAX_OPEN_GAPS = 1_000;
const MAX_SUSPECTS = 1_000;
const MAX_AHEAD = 100;

export function createTrailOrder({ hashes, findings, base, once }: TrailOrderDeps): TrailOrder {
  const start = base ?? GENESIS;
  hashes.see(start.seq, start.hash);
  let last = start.seq;
  let lastPlace: Place | string = 'the beginning';
  let begun = false;
  let leap: Leap | null = null;
  const gaps: Gap[] = [];
  const suspects: Suspect[] = [];
  /** Suspects that were told before it was known which record each stands for. */
  let reported = 0;
  let records = 0;
  let repeats = 0;
  /** Records that stand ahead of their place. */
  const ahead = new Set<number>();
  /** The first record in order, where it may be any. */
  let first: number | null = null;
  /** The seq of the line before. */
  let previous = 0;
  /** Records from before the first one, of which nobody knows yet why they come so late. */
  const rewound: (Slots & { readonly place: Place })[] = [];

  /** Whether the record is new; tells of one that is not, and of a link that does not hold. */
  function isNew({ seq, prev, hash }: RecordItem, place: Place): boolean {
    if (hashes.isSeen(seq)) {
      if (hashes.of(seq) !== hash) findings.add({ kind: 'conflicting', seq, place });
      else {
        repeats += 1;
        if (once) findings.add({ kind: 'repeated', seq, place });
        // A batch that began before this stream does was sent again: what it brings from before is no fault.
        if (seq === first && previous === seq - 1) rewound.length = 0;
      }
      return false;
    }
    const before = hashes.of(seq - 1);
    const promised = hashes.of(seq);
    if ((before !== null && before !== prev) || (promised !== null && promised !== hash)) {
      findings.add({ kind: 'broken_link', seq, place });
    }
    if (before === null) hashes.promise(seq - 1, prev);
    hashes.see(seq, hash);
    return true;
  }

  function late(seq: number, place: Place): boolean {
    const index = gaps.findIndex(({ from, to }) => from <= seq && seq <= to);
    const gap = gaps[index];
    // In no gap: a damaged copy of it stands where it belongs, and has been told.
    if (gap === undefined && seq > start.seq) return true;
    if (first !== null && seq < first) rewind(seq, place);
    else findings.add({ kind: 'misplaced', seq, place });
    if (gap === undefined) return false;
    const parts = [
      { ...gap, to: seq - 1, before: gap.before && gap.from === 1 },
      { ...gap, from: seq + 1, before: false },
    ];
    gaps.splice(index, 1, ...parts.filter(({ from, to }) => from <= to));
    return false;
  }

  function rewind(seq: number, place: Place): void {
    const run = rewound.at(-1);
    if (run?.to === seq - 1) rewound.splice(-1, 1, { ...run, to: seq });
    else rewound.push({ from: seq, to: seq, place });
  }

  function accept({ seq, place, suspects: count }: Leap): void {
    const open = createOpenSlots(last + 1, seq - 1, ahead);
    const beforeAll = !begun && base === null;
    fill(open, suspects.splice(0, count), beforeAll ? 'last' : 'first');
    for (const { from, to } of open.left()) gaps.push({ from, to, place, before: beforeAll && from === 1 });
    for (const one of ahead) if (one < seq) ahead.delete(one);
    last = seq;
    if (beforeAll) first = seq;
    begun = true;
    while (ahead.delete(last + 1)) last += 1;
    while (gaps.length > MAX_OPEN_GAPS) reportGaps(gaps.splice(gaps[0]?.before === true ? 1 : 0, 1));
  }

  /** Each suspect stands for the slot it claims, else for the nearest one that is open, else for none. */
  function fill(open: ReturnType<typeof createOpenSlots>, some: readonly Suspect[], side: 'first' | 'last'): void {
    const slots = some.map(({ item }) =>
      item.claimedSeq !== null && open.take(item.claimedSeq) ? item.claimedSeq : null,
    );
    for (const [index, { item, place }] of some.entries()) {
      const seq = slots[index] ?? open.takeNext(side);
      findings.add({ kind: DAMAGE[item.what], seq: seq ?? item.claimedSeq, place });
    }
    for (; reported > 0; reported -= 1) open.takeNext(side);
  }

  function standsAhead({ seq, place }: Leap): void {
    findings.add({ kind: 'misplaced', seq, place });
    ahead.add(seq);
    const [oldest] = ahead;
    if (ahead.size > MAX_AHEAD && oldest !== undefined) ahead.delete(oldest);
  }

  function reportGaps(some: readonly Gap[]): void {
    for (const { from, to, place, before } of some) {
      if (!before) findings.add({ kind: 'missing', seq: from, to, place });
    }
  }

  return {
    record(record, place) {
      const { seq } = record;
      const known = !isNew(record, place);
      previous = seq;
      if (known) return false;
      records += 1;
      lastPlace = place;
      if (seq <= last) return late(seq, place);
      if (seq === last + 1 && leap === null && ahead.size + suspects.length + reported === 0) {
        last = seq;
        begun = true;
        return true;
      }
      if (leap !== null && seq < leap.seq) standsAhead(leap);
      else if (leap !== null) accept(leap);
      leap = null;
      const step = { seq, place, suspects: suspects.length };
      const open = createOpenSlots(last + 1, seq - 1, ahead).count();
      if (open > suspects.length + reported) {
        leap = step;
        return false;
      }
      accept(step);
      return true;
    },
    damaged(item, place) {
      lastPlace = place;
      suspects.push({ item, place });
      if (suspects.length <= MAX_SUSPECTS) return;
      const [oldest] = suspects.splice(0, 1);
      if (oldest !== undefined) findings.add({ kind: 'unreadable', seq: oldest.item.claimedSeq, place: oldest.place });
      reported += 1;
    },
    last: () => leap?.seq ?? last,
    records: () => records,
    repeats: () => repeats,
    end(upTo, against) {
      if (leap !== null) accept(leap);
      const furthest = Math.max(last, ...ahead);
      // What claims a record that was met is a damaged copy of it, and stands for no further one.
      const further =
        suspects.filter(({ item: { claimedSeq } }) => claimedSeq === null || !hashes.isSeen(claimedSeq)).length +
        reported;
      const open = createOpenSlots(last + 1, Math.max(upTo, furthest, last + further), ahead);
      fill(open, suspects, 'first');
      for (const { from, to, place } of rewound) findings.add({ kind: 'misplaced', seq: from, to, place });
      reportGaps(gaps);
      for (const { from, to } of open.left()) {
        if (to > furthest && from <= upTo) {
          const cutFrom = Math.max(from, furthest + 1);
          findings.add({ kind: 'truncated', seq: cutFrom, to: Math.min(to, upTo), place: lastPlace, against });
        } else if (to < furthest) findings.add({ kind: 'missing', seq: from, to, place: lastPlace });
      }
      if (!begun) return { from: null, to: null };
      const gapBefore = gaps.find(({ before }) => before);
      return { from: (gapBefore?.to ?? start.seq) + 1, to: furthest };
    },
  };
}
