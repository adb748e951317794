import type { TrailHashes } from '../hashes.ts';
import { createTrailHashes } from '../hashes.ts';
import type { RecordItem } from '../item.ts';
import { createBranchHashes } from './branch-hashes.ts';

/**
 * The branches of a trail. A restore of the ledger from a backup makes a fork: records of before the restore and of after
 * it have the same numbers, and both continue the last record of the backup. Decides to which branch a record belongs, by
 * the hashes that it continues and not by its place in the input, because lines of several files may be mixed.
 * Invariant: of the records that continue one record, at most one is not a restore. Only a record that says `restored`, and
 * names the record that it continues, explains a fork. A trail without one has one branch.
 */
export interface Branch {
  /** Null for the first one. */
  readonly parent: Branch | null;
  /** The last record that it shares with its parent. */
  readonly after: number;
  readonly hashes: TrailHashes;
  /** The restores in it, by seq. */
  readonly restores: Map<number, RecordItem>;
}

export interface BranchTree {
  /** In the order in which they were found. */
  readonly branches: readonly Branch[];
  /** The branch that a record belongs to. `lastOf`: the last record of a branch so far. */
  branchOf(record: RecordItem, lastOf: (branch: Branch) => number): Branch;
  /** The branch of the line before. */
  current(): Branch;
  /** The branch of the newest restore; the first branch without one. */
  main(): Branch;
  /** The last record that a branch shares with the main one; Infinity for the main one itself. */
  sharedTo(branch: Branch): number;
  /** The branch that has this record itself, not by a parent; null when none has it. */
  holding(seq: number, hash: string): Branch | null;
}

/** A line may cost a look at each branch and at all its parents, so hostile lines must not have many. A fork beyond is a conflict. */
const MAX_BRANCHES = 100;

export function createBranchTree(onBranch: (branch: Branch) => void): BranchTree {
  const first: Branch = { parent: null, after: 0, hashes: createTrailHashes(), restores: new Map() };
  const branches: Branch[] = [first];
  let current = first;
  let newest: { readonly branch: Branch; readonly timeMs: number } | null = null;

  function fork(parent: Branch, after: number): Branch {
    const owner = ownerOf(parent, after);
    const branch = { parent: owner, after, hashes: createBranchHashes(owner.hashes, after), restores: new Map() };
    branches.push(branch);
    onBranch(branch);
    return branch;
  }

  /** The branch of the line before first. */
  const candidates = (): readonly Branch[] => [current, ...branches.filter((branch) => branch !== current)];

  function chosen(record: RecordItem, lastOf: (branch: Branch) => number): Branch {
    const { seq, prev, hash } = record;
    const isRestore = isValidRestore(record);
    const { after, hashes } = current;
    // The usual case: the next record of the branch.
    if (!isRestore && seq > after && !hashes.isSeen(seq) && hashes.of(seq - 1) === prev) return current;
    const known = candidates().find((branch) => branch.hashes.isSeen(seq) && branch.hashes.of(seq) === hash);
    if (known !== undefined) return ownerOf(known, seq);
    const linked = candidates().filter((branch) => seq > branch.after && branch.hashes.of(seq - 1) === prev);
    const next = linked.find((branch) => !branch.hashes.isSeen(seq) && !(isRestore && seq <= lastOf(branch)));
    if (next !== undefined) return next;
    const ordinary = linked.find((branch) => branch.hashes.isSeen(seq) && !branch.restores.has(seq));
    // A second record that is no restore: a conflict.
    if (!isRestore && ordinary !== undefined) return ordinary;
    const [forked] = linked;
    if (forked !== undefined && branches.length < MAX_BRANCHES) return fork(forked, seq - 1);
    // The lines begin behind the record that it continues.
    const beginsBehind = linked.length === 0 && hashes.of(seq - 1) === null && seq <= lastOf(current);
    if (isRestore && beginsBehind && branches.length < MAX_BRANCHES) {
      return fork(current, seq - 1);
    }
    return linked[0] ?? ownerOf(current, seq);
  }

  return {
    branches,
    branchOf(record, lastOf) {
      const isRestore = isValidRestore(record);
      // Until the first restore there is nothing to decide.
      const branch = newest === null && !isRestore ? first : chosen(record, lastOf);
      if (isRestore && record.seq > branch.after && !isOther(branch, record)) {
        branch.restores.set(record.seq, record);
        if (newest === null || !(record.timeMs < newest.timeMs)) newest = { branch, timeMs: record.timeMs };
      }
      current = branch;
      return branch;
    },
    current: () => current,
    main: () => newest?.branch ?? first,
    sharedTo(branch) {
      const main = newest?.branch ?? first;
      let shared = Infinity;
      for (let at: Branch | null = branch; at !== null; at = at.parent) {
        const cut = cutOf(at, main);
        if (cut !== null) return Math.min(shared, cut);
        shared = Math.min(shared, at.after);
      }
      return 0;
    },
    holding: (seq, hash) => branches.find(({ after, hashes }) => seq > after && hashes.of(seq) === hash) ?? null,
  };
}

function isValidRestore({ restored }: RecordItem): boolean {
  return restored?.continuesBackup === true;
}

/** The branch has another record with this seq, so the record is none of its own. */
function isOther({ hashes }: Branch, { seq, hash }: RecordItem): boolean {
  return hashes.isSeen(seq) && hashes.of(seq) !== hash;
}

/** The branch, or the parent, that has the record itself. */
function ownerOf(branch: Branch, seq: number): Branch {
  let owner = branch;
  while (owner.parent !== null && seq <= owner.after) owner = owner.parent;
  return owner;
}

/** The last record of `branch` that is on the way to `main`; null when it is not on that way. */
function cutOf(branch: Branch, main: Branch): number | null {
  let cut = Infinity;
  for (let at: Branch | null = main; at !== null; at = at.parent) {
    if (at === branch) return cut;
    cut = Math.min(cut, at.after);
  }
  return null;
}
