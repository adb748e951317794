import type { Branch } from '../branches/branch-tree.ts';
import type { Branches } from '../branches/branches.ts';
import type { TrailExtent } from '../order/order.ts';
import type { Findings, Place } from '../findings.ts';
import { placeText } from '../findings.ts';

/**
 * Attestations: statements that record `count` of a trail has the hash `head`. A hash covers all records before it, so
 * an attestation that agrees confirms every record up to `count`. One with a higher count than the trail shows that the
 * tail was cut off. One that disagrees shows that records were rewritten. The rewritten part begins after the last
 * agreeing attestation that an attacker could not make (`kept` or `signed`). A kept one outranks a signed one: who has
 * the signing key can sign a rewritten trail, and cannot change what was kept. An attestation that agrees with records of
 * before a restore confirms the main branch up to the last record that both share; one of that time that agrees with
 * nothing shows that records are gone, and that a restore may hide them.
 */
export interface Attestation {
  readonly count: number;
  readonly head: string;
  readonly place: Place | string;
  /** It was kept elsewhere: an attacker who changed the trail could neither change nor remove it. */
  readonly kept?: boolean;
  /** Its signature is valid: an attacker without the key could not make it, but could remove it and all later ones. */
  readonly signed?: boolean;
  /** It may be about records of before a restore. */
  readonly mayBeFormer?: boolean;
}

export interface Attestations {
  add(attestation: Attestation): void;
  /** The attestation of the main branch with the highest count; null when there is none. */
  furthest(): { readonly count: number; readonly place: string } | null;
  judge(extent: TrailExtent): Vouched;
}

export interface Vouched {
  /** Every record up to this one agrees with an attestation that was kept elsewhere; null when there is none. */
  readonly keptTo: number | null;
  /** Every record up to this one agrees with an attestation that has a valid signature; null when there is none. */
  readonly signedTo: number | null;
  /** The same for the records of one branch, by either kind of attestation. */
  readonly vouchedIn: (branch: Branch) => number | null;
  /** An attestation confirms the hash that the first record continues. */
  readonly beginning: boolean;
  /** The number of attestations about records before the first one. They do not concern this trail. */
  readonly before: number;
}

export interface AttestationsDeps {
  readonly branches: Pick<Branches, 'of' | 'holding' | 'sharedTo' | 'restores' | 'former'>;
  readonly findings: Findings;
  /** What was kept elsewhere must be here. A partial copy that is compared with the whole need not have it. */
  readonly reach: boolean;
  /**
   * Another copy has this record, of before a restore in this trail: the last record that this trail shares with it. Null:
   * it has not.
   */
  readonly elsewhere: (count: number, head: string) => number | null;
}

interface Agreement extends Pick<Attestation, 'kept' | 'signed'> {
  readonly count: number;
  /** Null: of another copy. */
  readonly branch: Branch | null;
}

export function createAttestations({ branches, findings, reach, elsewhere }: AttestationsDeps): Attestations {
  const agreed: Agreement[] = [];
  const open: Attestation[] = [];
  const all: Attestation[] = [];

  function hasAgreed({ count, head, kept = false, signed = false }: Attestation): boolean {
    const branch = branches.holding(count, head);
    const shared = branch === null ? elsewhere(count, head) : count;
    if (shared === null) return false;
    agreed.push({ count: shared, branch, kept, signed });
    return true;
  }

  /** The last record of the backup of the last restore before this attestation; null when there is none. */
  function backupBefore({ count, mayBeFormer = false }: Attestation): number | null {
    if (!mayBeFormer) return null;
    return branches.restores().findLast(({ seq }) => seq <= count)?.seq ?? null;
  }

  /** How far an agreement confirms the main branch. */
  function onMain({ count, branch }: Agreement): number {
    return branch === null ? count : Math.min(count, branches.sharedTo(branch));
  }

  function furthestOf(which: (agreement: Agreement) => boolean | undefined): number | null {
    const counts = agreed.filter(which).map(onMain);
    return counts.length === 0 ? null : Math.max(...counts);
  }

  /** Evidence that outranks this attestation agrees with its record, or with a later one. */
  function isOverruled({ count, kept: isKept = false }: Attestation): boolean {
    const furthest = furthestOf(({ kept, signed }) => kept === true || (!isKept && signed === true));
    return furthest !== null && count <= furthest;
  }

  /** One finding for each restore: all attestations behind it disagree for the same reason. */
  function reportLost(lost: readonly Attestation[]): void {
    const byRestore = Map.groupBy(lost, (attestation) => backupBefore(attestation) ?? 0);
    for (const [seq, some] of byRestore) {
      const last = some.reduce((a, b) => (b.count > a.count ? b : a));
      const here = branches.former().filter(({ from }) => from <= seq);
      const from = Math.max(seq, ...here.map(({ to }) => to + 1).filter((next) => next <= last.count));
      const against = placeText(last.place);
      findings.add({ kind: 'lost_to_restore', seq: from, to: last.count, place: `record ${seq}`, against });
    }
  }

  return {
    add(attestation) {
      all.push(attestation);
      if (!hasAgreed(attestation)) open.push(attestation);
    },
    furthest() {
      const own = all.filter((one) => {
        const branch = branches.holding(one.count, one.head);
        if (branch !== null) return one.count <= branches.sharedTo(branch);
        return backupBefore(one) === null;
      });
      if (own.length === 0) return null;
      const { count, place } = own.reduce((a, b) => (b.count > a.count ? b : a));
      return { count, place: placeText(place) };
    },
    judge({ from, to }) {
      const first = (from ?? 1) - 1;
      const left = open.filter((attestation) => attestation.count >= first && !hasAgreed(attestation));
      const mayBeLost = left.filter((attestation) => backupBefore(attestation) !== null);
      reportLost(mayBeLost.filter(({ kept = false }) => reach || !kept));
      const wrong = left
        .filter((attestation) => backupBefore(attestation) === null && branches.of(attestation.count) !== null)
        .toSorted((a, b) => a.count - b.count);
      for (const { count, place } of wrong.filter(isOverruled)) {
        findings.add({ kind: 'checkpoint_disagrees', seq: count, place });
      }
      // Only the first of the others is reported: those after it disagree for the same reason.
      const rewritten = wrong.find((attestation) => !isOverruled(attestation));
      if (rewritten !== undefined) {
        const { count, place, kept = false } = rewritten;
        // Where a valid signature and a kept attestation contradict each other, somebody else has the key.
        const isForged = kept && (furthestOf(({ signed }) => signed) ?? 0) >= count;
        const before =
          furthestOf((one) => onMain(one) < count && (one.kept === true || (!isForged && one.signed))) ?? first;
        findings.add({ kind: 'rewritten', seq: Math.min(before + 1, count), to: count, place });
      }
      return {
        keptTo: to === null ? null : furthestOf(({ kept }) => kept),
        signedTo: to === null ? null : furthestOf(({ signed }) => signed),
        vouchedIn(branch) {
          const counts = agreed.filter((one) => one.branch === branch && (one.kept === true || one.signed === true));
          return counts.length === 0 ? null : Math.max(...counts.map(({ count }) => count));
        },
        beginning: agreed.some((one) => (one.kept === true || one.signed === true) && onMain(one) === first),
        before: open.filter(({ count }) => count < first).length,
      };
    },
  };
}
