import type { TrailExtent } from './order.ts';
import type { Findings, Place } from './findings.ts';
import { placeText } from './findings.ts';
import type { TrailHashes } from './hashes.ts';

/**
 * What others say about a trail: that its record `count` has the hash `head`. A claim that agrees vouches for every record
 * up to it, since a hash covers all before it; one that knows of more shows that the tail was cut; one that disagrees shows
 * that records were rewritten after the last claim that agrees and that whoever changed the trail could not make (`kept`
 * or `signed`).
 */
export interface Attestation {
  readonly count: number;
  readonly head: string;
  readonly place: Place | string;
  /** It was kept elsewhere: whoever changed the trail could neither change it along nor take it away. */
  readonly kept?: boolean;
  /** Its signature is valid: it could not be made without the key, but it, and all behind it, could be taken away. */
  readonly signed?: boolean;
}

export interface Attestations {
  add(claim: Attestation): void;
  /** The claim that knows of most records; null when there is none. */
  furthest(): { readonly count: number; readonly place: string } | null;
  judge(extent: TrailExtent): Vouched;
}

export interface Vouched {
  /** Every record up to this one agrees with what was kept elsewhere; null when none does. */
  readonly keptTo: number | null;
  /** Every record up to this one agrees with what somebody signed who has the key; null when none does. */
  readonly signedTo: number | null;
  /** What the first record continues is. */
  readonly beginning: boolean;
  /** Claims about records before the first one: they say nothing about this trail. */
  readonly before: number;
}

export function createAttestations({
  hashes,
  findings,
}: {
  readonly hashes: TrailHashes;
  readonly findings: Findings;
}): Attestations {
  /** Counts only: what agrees when it is met has no more to say. */
  const agreed = { kept: [] as number[], signed: [] as number[] };
  const open: Attestation[] = [];
  let furthest: Attestation | null = null;

  function agree({ count, kept = false, signed = false }: Attestation): void {
    if (kept) agreed.kept.push(count);
    if (signed) agreed.signed.push(count);
  }

  return {
    add(claim) {
      if (furthest === null || claim.count > furthest.count) furthest = claim;
      if (hashes.of(claim.count) !== claim.head) open.push(claim);
      else agree(claim);
    },
    furthest: () => (furthest === null ? null : { count: furthest.count, place: placeText(furthest.place) }),
    judge({ from, to }) {
      const first = (from ?? 1) - 1;
      const known = open.filter(({ count }) => hashes.of(count) !== null);
      for (const claim of known) if (hashes.of(claim.count) === claim.head) agree(claim);
      const counts = [...agreed.kept, ...agreed.signed];
      const last = furthestOf(counts);
      const wrong = known
        .filter(({ count, head }) => count >= first && hashes.of(count) !== head)
        .toSorted((a, b) => a.count - b.count);
      const later = wrong.filter(({ count }) => last !== null && count < last);
      for (const { count, place } of later) findings.add({ kind: 'checkpoint_disagrees', seq: count, place });
      // Those behind the first one disagree because it does.
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
