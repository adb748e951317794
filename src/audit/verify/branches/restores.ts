import type { Vouched } from '../checkpoints/attestations.ts';
import { MAX_LISTED_FINDINGS } from '../findings.ts';
import type { Branches } from './branches.ts';

/** The restores of a trail for its report, each with the records of before it that are here. */
export interface RestoreReport {
  /** The record that says so. It continues the last record of the backup. */
  readonly seq: number;
  /** When the ledger was restored, and the time of the last record of the backup; null when it is not known. */
  readonly at: string | null;
  readonly backup_time: string | null;
  /** Records of before the restore that are not in the backup and are here, in the lines or the ledger; null: none. */
  readonly former: { readonly from: number; readonly to: number; readonly vouched_to: number | null } | null;
}

export interface Former extends NonNullable<RestoreReport['former']> {
  /** The hash of the first of these records; null when it is not known. */
  readonly of: string | null;
  /** The restore that they are of before. */
  readonly restore: number;
}

/** `vouched_to`: up to there they agree with a checkpoint that was kept elsewhere, or has a valid signature. */
export function formerRecords(
  branches: Pick<Branches, 'former'>,
  vouched: Pick<Vouched, 'vouchedIn'>,
): readonly Former[] {
  return branches.former().map(({ branch, from, to }) => {
    const vouchedTo = vouched.vouchedIn(branch);
    return {
      from,
      to,
      vouched_to: vouchedTo === null || vouchedTo < from ? null : vouchedTo,
      of: branch.hashes.of(from),
      restore: from,
    };
  });
}

export function restoresOf(branches: Pick<Branches, 'restores'>, former: readonly Former[]): readonly RestoreReport[] {
  return branches
    .restores()
    .slice(0, MAX_LISTED_FINDINGS)
    .map(({ seq, hash, timeMs, restored }) => {
      const [longest] = former
        .filter(({ restore, of }) => restore === seq && of !== hash)
        .toSorted((a, b) => b.to - a.to);
      return {
        seq,
        at: Number.isNaN(timeMs) ? null : new Date(timeMs).toISOString(),
        backup_time: restored?.backupTime ?? null,
        former: longest === undefined ? null : { from: longest.from, to: longest.to, vouched_to: longest.vouched_to },
      };
    });
}
