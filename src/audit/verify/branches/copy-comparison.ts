import type { Attestation } from '../checkpoints/attestations.ts';
import type { RecordItem } from '../item.ts';
import type { BranchEnd, Branches } from './branches.ts';
import type { Former } from './restores.ts';

/**
 * Holds a trail against another copy of it, which was verified before: a ledger against the delivered lines. The copy may
 * have several branches. After a restore of the ledger the copy may have records that the ledger has not, or other ones of
 * the same numbers: no fault, when the ledger says `restored` where the two part.
 */
export interface TrailCopy {
  readonly name: string;
  readonly ends: readonly BranchEnd[];
}

export interface CopyComparison {
  readonly name: string;
  /** Whether the copy has another record with this number, which no restore explains. Called for each record, in order. */
  differs(record: RecordItem): boolean;
  /**
   * What the copy says about the end of the trail; null: nothing. A copy without a record says nothing, nor does one that
   * ends before `base`, because of retention.
   */
  end(base: number): Attestation | null;
  /** Records of before a restore that are in neither: the copy begins behind them. Null: there are none. */
  lost(): { readonly seq: number; readonly from: number; readonly to: number } | null;
  /** The last record that the trail shares with the branch of the copy that has this record; null when it has none. */
  sharedWith(count: number, head: string): number | null;
  /** The records of the copy of before a restore of this trail. */
  former(): readonly Former[];
}

export function createCopyComparison(
  { name, ends }: TrailCopy,
  branches: Pick<Branches, 'restores' | 'of'>,
): CopyComparison {
  /** The trail was restored, and the copy does not have what came after. */
  let isApart = false;

  /** The restore of this trail at which it leaves a branch of the copy; null when it does not. */
  function restoreBeside({ hashes, first, last }: BranchEnd): RecordItem | null {
    const leaves = ({ seq, prev, hash }: RecordItem): boolean => {
      const shared = hashes.of(seq - 1);
      return seq <= last && hashes.of(seq) !== hash && (shared === prev || (shared === null && seq < first));
    };
    return branches.restores().find(leaves) ?? null;
  }

  return {
    name,
    differs({ seq, prev, hash, restored }) {
      if (ends.some(({ hashes }) => hashes.isSeen(seq) && hashes.of(seq) === hash)) {
        isApart = false;
        return false;
      }
      if (restored?.continuesBackup === true && ends.some(({ hashes }) => [prev, null].includes(hashes.of(seq - 1))))
        isApart = true;
      return !isApart && ends.some(({ hashes }) => hashes.isSeen(seq));
    },
    end(base) {
      const main = ends.find(({ isMain }) => isMain);
      const head = main?.hashes.of(main.last) ?? null;
      if (main === undefined || head === null || main.last === 0 || main.last < base) return null;
      const restore = branches.of(main.last) === head ? null : restoreBeside(main);
      if (restore !== null) return { count: restore.seq - 1, head: restore.prev, place: name };
      return { count: main.last, head, place: name };
    },
    lost() {
      const main = ends.find(({ isMain }) => isMain);
      if (main === undefined || branches.of(main.last) === main.hashes.of(main.last)) return null;
      const restore = restoreBeside(main);
      return restore === null || restore.seq >= main.first
        ? null
        : { seq: restore.seq, from: restore.seq, to: main.first - 1 };
    },
    sharedWith(count, head) {
      const branch = ends.find(({ hashes, last }) => count <= last && hashes.of(count) === head);
      const restore = branch === undefined ? null : restoreBeside(branch);
      return restore === null || restore.seq > count ? null : restore.seq - 1;
    },
    former: () =>
      ends.flatMap((end) => {
        const restore = restoreBeside(end);
        return restore === null
          ? []
          : [
              {
                from: Math.max(restore.seq, end.first),
                restore: restore.seq,
                to: end.last,
                vouched_to: null,
                of: null,
              },
            ];
      }),
  };
}
