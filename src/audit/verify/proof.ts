import type { CheckpointTally } from './checkpoints/checkpoints.ts';
import type { TrailExtent } from './order/order.ts';
import type { Vouched } from './checkpoints/attestations.ts';

/**
 * What a verification without a finding proves, and what it does not. A hash chain alone proves only that the records
 * fit together: anyone who can write the file can compute every hash again. Records are proven by evidence that an attacker
 * could not make: a checkpoint with a valid signature, or a checkpoint kept elsewhere. Pure.
 */
export interface Proof {
  /** Records that no attacker without the evidence could have changed. `against` names it. */
  readonly proven: readonly ProvenRange[];
  /** The records behind all evidence: a rewrite of them would not show. Null: there are none. */
  readonly not_vouched: { readonly from: number; readonly to: number } | null;
  /** Whether more records that were cut off at the end would show; only a kept checkpoint says so, up to its record. */
  readonly cut_shows_to: number | null;
  readonly not_checked: readonly NotChecked[];
}

export interface ProvenRange {
  readonly from: number;
  readonly to: number;
  readonly against: 'signature' | 'kept_checkpoint';
}

/** `signatures`: of checkpoints, because no public key was given. `newer_lines`: their meaning, not their hashes. */
export type NotChecked = 'signatures' | 'newer_lines';

export interface ProofFacts {
  readonly extent: TrailExtent;
  readonly vouched: Pick<Vouched, 'keptTo' | 'signedTo'>;
  readonly signatures: CheckpointTally['signatures'];
  readonly hasNewerLines: boolean;
}

export function proofOf({ extent: { from, to }, vouched, signatures, hasNewerLines }: ProofFacts): Proof {
  const not_checked: NotChecked[] = [
    ...(signatures.unchecked > 0 ? (['signatures'] as const) : []),
    ...(hasNewerLines ? (['newer_lines'] as const) : []),
  ];
  if (from === null || to === null) return { proven: [], not_vouched: null, cut_shows_to: null, not_checked };
  const upTo = (seq: number | null, against: ProvenRange['against']): ProvenRange[] =>
    seq === null || seq < from ? [] : [{ from, to: Math.min(seq, to), against }];
  const proven = [...upTo(vouched.signedTo, 'signature'), ...upTo(vouched.keptTo, 'kept_checkpoint')];
  const last = Math.max(from - 1, ...proven.map((range) => range.to));
  return {
    proven,
    not_vouched: last < to ? { from: last + 1, to } : null,
    cut_shows_to: vouched.keptTo,
    not_checked,
  };
}

/** Ten seconds of records at the highest rate: the service covers records by a checkpoint long before. */
const MOST_UNCOVERED_RECORDS = 30_000;

/**
 * Whether valid signatures cover the records, but for as many at the end as the service may not have covered yet. The
 * same holds for the records of before a restore.
 */
export function isProvenBySignature(
  { proven, not_vouched: rest }: Proof,
  former: readonly { readonly from: number; readonly to: number; readonly vouched_to: number | null }[] = [],
): boolean {
  const uncovered = rest === null ? 0 : rest.to - rest.from + 1;
  const others = former.map(({ from, to, vouched_to: vouched }) => to - Math.max(vouched ?? 0, from - 1));
  return (
    proven.some(({ against }) => against === 'signature') && Math.max(uncovered, ...others) <= MOST_UNCOVERED_RECORDS
  );
}
