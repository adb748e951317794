import type { TrailExtent } from './order.ts';
import type { Findings, Place } from './findings.ts';
import { placeText } from './findings.ts';
import type { TrailHashes } from './hashes.ts';

/**
 * Attestations: statements that record `count` of a trail has the hash `head`. A hash covers all records before it, so
 * an attestation that agrees confirms every record up to `count`. One with a higher count than the trail shows that the
 * tail was cut off. One that disagrees shows that records were rewritten. The rewritten part begins after the last
 * agreeing attestation that an attacker could not make (`kept` or `signed`).
 */
export interface Attestation {
  readonly count: number;
  readonly head: string;
  readonly place: Place | string;
  /** It was kept elsewhere: an attacker who changed the trail could neither change nor remove it. */
  readonly kept?: boolean;
  /** Its signature is valid: an attacker without the key could not make it, but could remove it and all later ones. */
  readonly signed?: boolean;
}

export interface Attestations {
  add(attestation: Attestation): void;
  /** The attestation with the highest count; null when there is none. */
  furthest(): { readonly count: number; readonly place: string } | null;
  judge(extent: TrailExtent): Vouched;
}

export interface Vouched {
  /** Every record up to this one agrees with an attestation that was kept elsewhere; null when there is none. */
  readonly keptTo: number | null;
  /** Every record up to this one agrees with an attestation that has a valid signature; null when there is none. */
  readonly signedTo: number | null;
  /** An attestation confirms the hash that the first record continues. */
  readonly beginning: boolean;
  /** The number of attestations about records before the first one. They do not concern this trail. */
  readonly before: number;
}

export function createAttestations({
  hashes,
  findings,
}: {
  readonly hashes: TrailHashes;
  readonly findings: Findings;
}): Attestations {
  /** Counts only: an attestation that agrees when it is added is not needed any more. */
  const agreed = { kept: [] as number[], signed: [] as number[] };
  const open: Attestation[] = [];
  let furthest: Attestation | null = null;

  function agree({ count, kept = false, signed = false }: Attestation): void {
    if (kept) agreed.kept.push(count);
    if (signed) agreed.signed.push(count);
  }

  return {
    add(attestation) {
      const { count, head } = attestation;
      if (furthest === null || count > furthest.count) furthest = attestation;
      if (hashes.of(count) !== head) open.push(attestation);
      else agree(attestation);
    },
    furthest: () => (furthest === null ? null : { count: furthest.count, place: placeText(furthest.place) }),
    judge({ from, to }) {
      const first = (from ?? 1) - 1;
      const known = open.filter(({ count }) => hashes.of(count) !== null);
      for (const attestation of known) {
        if (hashes.of(attestation.count) === attestation.head) agree(attestation);
      }
      const counts = [...agreed.kept, ...agreed.signed];
      const last = furthestOf(counts);
      const wrong = known
        .filter(({ count, head }) => count >= first && hashes.of(count) !== head)
        .toSorted((a, b) => a.count - b.count);
      const later = wrong.filter(({ count }) => last !== null && count < last);
      for (const { count, place } of later) findings.add({ kind: 'checkpoint_disagrees', seq: count, place });
      // Only the first of the others is reported: those after it disagree for the same reason.
      const rewritten = wrong[later.length];
      if (rewritten !== undefined) {
        const { count, place } = rewritten;
        findings.add({ kind: 'rewritten', seq: Math.min((last ?? first) + 1, count), to: count, place });
      }
      return {
        keptTo: to === null ? null : furthestOf(agreed.kept),
        signedTo: to === null ? null : furthestOf(agreed.signed),
        beginning: counts.includes(first),
        before: open.filter(({ count }) => count < first).length,
      };
    },
  };
}

function furthestOf(counts: readonly number[]): number | null {
  return counts.reduce<number | null>((furthest, count) => Math.max(furthest ?? 0, count), null);
}
