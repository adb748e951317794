import type { FindingKind, Findings, Place } from '../findings.ts';
import type { DamagedItem } from '../item.ts';
import type { OpenSeqs } from './seq-ranges.ts';

/**
 * Damaged lines that wait for an explanation. A damaged line stands for a record that is missing around it: the one it
 * claims to be, if that one is missing, else the nearest one. Each line is one finding, reported when the line is
 * assigned. At most MAX_WAITING lines wait. The oldest beyond that is reported at once, and only counted for later.
 */
export interface DamagedLines {
  add(item: DamagedItem, place: Place): void;
  waiting(): number;
  /** How many records the lines can stand for. Includes the lines that were reported early. */
  unassigned(): number;
  /** The same, without the lines that claim a record that was read: such a line is a damaged copy of it. */
  unassignedTo(isSeen: (seq: number) => boolean): number;
  /**
   * Assigns the oldest `count` lines to `open` seqs, and all lines that were reported early. `side`: which seq is next.
   */
  assign(count: number, open: OpenSeqs, side: 'first' | 'last'): void;
}

const DAMAGE = {
  record: 'edited',
  wrapper: 'disguised',
  form: 'unread_form',
  checkpoint: 'edited',
  text: 'unreadable',
} as const satisfies Record<DamagedItem['what'], FindingKind>;

const MAX_WAITING = 1_000;

export function createDamagedLines(findings: Findings): DamagedLines {
  const lines: { readonly item: DamagedItem; readonly place: Place }[] = [];
  let reportedEarly = 0;

  return {
    add(item, place) {
      lines.push({ item, place });
      const oldest = lines.length > MAX_WAITING ? lines.shift() : undefined;
      if (oldest === undefined) return;
      findings.add({ kind: 'unreadable', seq: oldest.item.claimedSeq, place: oldest.place });
      reportedEarly += 1;
    },
    waiting: () => lines.length,
    unassigned: () => lines.length + reportedEarly,
    unassignedTo(isSeen) {
      const others = lines.filter(({ item: { claimedSeq } }) => claimedSeq === null || !isSeen(claimedSeq));
      return others.length + reportedEarly;
    },
    assign(count, open, side) {
      const assigned = lines.splice(0, count);
      // All claims first, so that no line takes the seq that a later line claims.
      const claimed = assigned.map(({ item: { claimedSeq } }) => claimedSeq !== null && open.take(claimedSeq));
      for (const [index, { item, place }] of assigned.entries()) {
        const nearest = claimed[index] === true ? null : open.takeNext(side);
        findings.add({ kind: DAMAGE[item.what], seq: nearest ?? item.claimedSeq, place });
      }
      for (; reportedEarly > 0; reportedEarly -= 1) open.takeNext(side);
    },
  };
}
