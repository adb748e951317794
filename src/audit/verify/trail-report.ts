import type { RestoreReport } from './branches/restores.ts';
import type { CheckpointTally } from './checkpoints/checkpoints.ts';
import type { TrailFinding } from './findings.ts';
import type { Proof } from './proof.ts';

/** What `verifyTrail` says of one trail. `audit verify --json` prints it, so names are in snake_case. */
export interface TrailReport {
  /**
   * `intact`: no fault; `proof` says how much that proves. `newer`: no fault, but a part of the trail is newer than this
   * program knows. `unproven`: no fault, but public keys were given and no valid signature covers a record here, or
   * more records follow the last one than the service leaves: they could have been written anew. `broken`: there are
   * findings.
   */
  readonly verdict: 'intact' | 'newer' | 'unproven' | 'broken';
  readonly proof: Proof;
  /** First and last record; null when there is none. */
  readonly from: number | null;
  readonly to: number | null;
  /**
   * What confirms the hash that the first record continues. `source`: only the source itself. `unconfirmed`: nothing.
   */
  readonly base: 'genesis' | 'source' | 'checkpoint' | 'unconfirmed';
  /** Records of the chain before the first one here. Null when there is none, or when none is known. */
  readonly not_here: { readonly from: 1; readonly to: number } | null;
  /** Every record up to this one agrees with a checkpoint kept elsewhere, so none of them was cut off or rewritten. */
  readonly vouched_to: number | null;
  /**
   * Every record up to this one agrees with a checkpoint whose signature is valid. Later ones may have been cut off.
   */
  readonly signed_to: number | null;
  /** Each once. */
  readonly records: number;
  /**
   * Records whose `time` is earlier than that of the record before, and the first of them: the machine's clock was set
   * back. That is no fault, because `seq` is the order.
   */
  readonly clock_steps_back: { readonly records: number; readonly first: number | null };
  readonly checkpoints: number;
  /** The lines that are newer than this program knows, with the first and the last record they are about; null: none. */
  readonly newer: { readonly lines: number; readonly from: number; readonly to: number } | null;
  /** The restores of the ledger from a backup that the records tell of, in order. At most 1,000. */
  readonly restores: readonly RestoreReport[];
  /** Exact repeats of records and checkpoints. */
  readonly repeats: number;
  /** Counts the checkpoints in the trail and those kept elsewhere, each once. */
  readonly signatures: CheckpointTally['signatures'];
  /** The number of checkpoints kept elsewhere that are about records before the first one here. */
  readonly checkpoints_before: number;
  readonly findings: readonly TrailFinding[];
  /** The number of findings, listed or not. */
  readonly findings_total: number;
}
