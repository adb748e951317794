import type { ChainHead } from '../../chain.ts';
import type { FindingBranch, Findings, Place } from '../findings.ts';
import type { TrailHashes } from '../hashes.ts';
import type { DamagedItem, RecordItem } from '../item.ts';
import type { TrailExtent, TrailOrder } from '../order/order.ts';
import { createTrailOrder } from '../order/order.ts';
import type { Branch } from './branch-tree.ts';
import { createBranchTree } from './branch-tree.ts';

/**
 * The order of the records of a trail that may have been restored: each branch is a chain of its own (order.ts), which
 * continues the last record of a backup. The main branch is that of the newest restore; what the others have behind their
 * last shared record is of the time before a restore. A finding about such records says so.
 */
export interface Branches extends Pick<TrailOrder, 'record' | 'damaged' | 'last' | 'records' | 'repeats'> {
  /** The hash of a record of the main branch; null when it is not known. */
  of(seq: number): string | null;
  /** A record of this number was read, in any branch. */
  isSeen(seq: number): boolean;
  /** Null when no branch has this record. */
  holding(seq: number, hash: string): Branch | null;
  sharedTo(branch: Branch): number;
  /** In order of seq. */
  restores(): readonly RecordItem[];
  /** `upTo`: as in TrailOrder, of the main branch. The extent is the main branch with all that it continues. */
  end(upTo: number, against: string): TrailExtent;
  /** The records of the time before a restore. Called after `end`. */
  former(): readonly FormerRecords[];
  /** The ends of all branches. Called after `end`. */
  ends(): readonly BranchEnd[];
}

export interface FormerRecords {
  readonly branch: Branch;
  readonly from: number;
  readonly to: number;
}

export interface BranchEnd {
  readonly hashes: TrailHashes;
  /** The first record of the branch, with what it continues; 0: it has none. */
  readonly first: number;
  readonly last: number;
  readonly isMain: boolean;
}

export interface BranchesDeps {
  readonly findings: Findings;
  /** As in TrailOrder. */
  readonly base: ChainHead | null;
  /** A repeated record is a fault, and so is a second branch: as in a ledger. */
  readonly once: boolean;
}

export function createBranches({ findings, base, once }: BranchesDeps): Branches {
  const orders = new Map<Branch, TrailOrder>();
  const tree = createBranchTree((branch) => {
    const { parent, after, hashes } = branch;
    if (parent !== null) orderOf(parent).forked(after);
    const hash = hashes.of(after);
    orders.set(branch, orderFrom(branch, hash === null ? null : { seq: after, hash }));
  });
  const [first] = tree.branches;
  if (first !== undefined) orders.set(first, orderFrom(first, base));
  let extents = new Map<Branch, TrailExtent>();
  let sorted: readonly RecordItem[] = [];

  function orderFrom(branch: Branch, from: ChainHead | null): TrailOrder {
    const named: FindingBranch = { note: (seq) => noteOf(branch, seq) };
    const tagged: Findings = { ...findings, add: (finding) => findings.add({ ...finding, branch: named }) };
    return createTrailOrder({ hashes: branch.hashes, findings: once ? findings : tagged, base: from, once });
  }

  function orderOf(branch: Branch): TrailOrder {
    const order = orders.get(branch);
    if (order === undefined) throw new Error('a branch without an order');
    return order;
  }

  function noteOf(branch: Branch, seq: number): string | null {
    const shared = tree.sharedTo(branch);
    return seq > shared ? `It is of the time before the restore that is record ${shared + 1}.` : null;
  }

  function firstOf(branch: Branch): number {
    const own = extents.get(branch)?.from ?? 0;
    const before = branch.parent === null ? 0 : firstOf(branch.parent);
    return before > 0 && before <= branch.after ? before : own;
  }

  const lastOf = (branch: Branch): number => orderOf(branch).last();
  const sum = (count: (order: TrailOrder) => number): number =>
    [...orders.values()].reduce((total, order) => total + count(order), 0);

  return {
    record(record, place) {
      const branch = once ? tree.current() : tree.branchOf(record, lastOf);
      if (once && record.restored?.continuesBackup === true) branch.restores.set(record.seq, record);
      return orderOf(branch).record(record, place);
    },
    damaged: (item: DamagedItem, place: Place) => orderOf(tree.current()).damaged(item, place),
    last: () => lastOf(tree.current()),
    records: () => sum((order) => order.records()),
    repeats: () => sum((order) => order.repeats()),
    of: (seq) => tree.main().hashes.of(seq),
    isSeen: (seq) => tree.branches.some(({ hashes }) => hashes.isSeen(seq)),
    holding: tree.holding,
    sharedTo: tree.sharedTo,
    restores() {
      const found = tree.branches.reduce((count, { restores }) => count + restores.size, 0);
      if (found !== sorted.length)
        sorted = tree.branches.flatMap(({ restores }) => [...restores.values()]).toSorted((a, b) => a.seq - b.seq);
      return sorted;
    },
    end(upTo, against) {
      const main = tree.main();
      extents = new Map(
        [...orders].map(([branch, order]) => [branch, branch === main ? order.end(upTo, against) : order.end(0, '')]),
      );
      const starts = [...extents.values()].flatMap(({ from }) => (from === null ? [] : [from]));
      const to = extents.get(main)?.to ?? null;
      return { from: to === null ? null : Math.min(...starts), to };
    },
    former: () =>
      tree.branches.flatMap((branch) => {
        const from = tree.sharedTo(branch) + 1;
        const to = extents.get(branch)?.to ?? 0;
        return from <= to ? [{ branch, from, to }] : [];
      }),
    ends: () =>
      tree.branches.map((branch) => ({
        hashes: branch.hashes,
        first: firstOf(branch),
        last: extents.get(branch)?.to ?? 0,
        isMain: branch === tree.main(),
      })),
  };
}
