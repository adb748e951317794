import type { TrailExtent } from './trail-order.ts';
import type { Findings, Place } from './trail-findings.ts';
import { placeText } from './trail-findings.ts';
import type { TrailHashes } from './trail-hashes.ts';

/**
 * What others say about a trail: that its record `count` has the hash `head`. A claim that agrees vouches for every record
 * up to it, since a hash covers all before it; one that knows of more shows that the tail was cut; one that disagrees shows
 * that records were rewritten after the last claim that is beyond the service's reach (`vouched`) and agrees.
 */
export interface Claim {
  readonly count: number;
  readonly head: string;
  readonly place: Place | string;
  /** Kept elsewhere, or with a valid signature: whoever changed the trail could not change it along. */
  readonly vouched: boolean;
}

export interface TrailClaims {
  add(claim: Claim): void;
  /** The claim that knows of most records; null when there is none. */
  furthest(): { readonly count: number; readonly place: string } | null;
  judge(extent: TrailExtent): Vouched;
}

export interface Vouched {
  /** Every record up to this one is vouched for; null when none is. */
  readonly upTo: number | null;
  /** What the first record continues is. */
  readonly beginning: boolean;
  /** Claims about records before the first one: they say nothing about this trail. */
  readonly before: number;
}

export function createTrailClaims({
  hashes,
  findings,
}: {
  readonly hashes: TrailHashes;
  readonly findings: Findings;
}): TrailClaims {
  /** Counts only: what agrees when it is met has no more to say. */
  const agreed: number[] = [];
  const open: Claim[] = [];
  let furthest: Claim | null = null;

  return {
    add(claim) {
      if (furthest === null || claim.count > furthest.count) furthest = claim;
      if (hashes.of(claim.count) !== claim.head) open.push(claim);
      else if (claim.vouched) agreed.push(claim.count);
    },
    furthest: () => (furthest === null ? null : { count: furthest.count, place: placeText(furthest.place) }),
    judge({ from, to }) {
      const first = (from ?? 1) - 1;
      const known = open.filter(({ count }) => hashes.of(count) !== null);
      const vouched = known.filter((claim) => claim.vouched && hashes.of(claim.count) === claim.head);
      const counts = [...agreed, ...vouched.map(({ count }) => count)].toSorted((a, b) => a - b);
      const last = counts.at(-1) ?? null;
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
        upTo: to === null ? null : last,
        beginning: counts.includes(first),
        before: open.filter(({ count }) => count < first).length,
      };
    },
  };
}
