import type { CheckpointVerifier, SignatureVerdict } from './checkpoint.ts';
import { verifySignature } from './checkpoint.ts';
import type { TrailClaims } from './trail-claims.ts';
import type { FindingKind, Findings, Place } from './trail-findings.ts';
import { placeText } from './trail-findings.ts';
import type { TrailHashes } from './trail-hashes.ts';
import type { CheckpointItem } from './trail-item.ts';
import type { TrailExtent } from './trail-order.ts';

/**
 * The checkpoints of a trail, and those kept elsewhere: each signed by whom it should be, each once, none exchanged or
 * gone. One that stands whatever it says becomes a claim about the records (trail-claims judges those); one with a fault
 * of its own claims nothing.
 */
export interface TrailCheckpoints {
  /** `last`: of the records met so far. */
  met(item: CheckpointItem, at: { place: Place; position: number | null; last: number }): Promise<void>;
  damaged(claims: number | null, place: Place): void;
  /** After the last line. */
  kept(checkpoints: readonly KeptCheckpoint[]): Promise<void>;
  end(extent: TrailExtent): void;
  has(count: number): boolean;
  tally(): CheckpointTally;
}

export interface KeptCheckpoint extends Pick<CheckpointItem, 'checkpoint' | 'digest'> {
  readonly place: Place;
}

export interface CheckpointTally {
  readonly checkpoints: number;
  readonly repeats: number;
  readonly signatures: Readonly<Record<SignatureVerdict | 'unchecked', number>>;
}

export interface TrailCheckpointsDeps {
  readonly hashes: TrailHashes;
  readonly findings: Findings;
  readonly claims: TrailClaims;
  /** Null: signatures are not checked. */
  readonly verifier: CheckpointVerifier | null;
  /** All of them are here, each once. */
  readonly complete: boolean;
}

const SIGNATURE_FAULTS: Readonly<Partial<Record<SignatureVerdict | 'unchecked', FindingKind>>> = {
  invalid: 'signature_invalid',
  unknown_key: 'signature_unknown_key',
  unsigned: 'signature_missing',
};

export function createTrailCheckpoints(deps: TrailCheckpointsDeps): TrailCheckpoints {
  const { hashes, findings, claims, verifier, complete } = deps;
  const signatures = { valid: 0, invalid: 0, unknown_key: 0, unsigned: 0, unchecked: 0 };
  /** By count. */
  const digests = new Map<number, string>();
  /** Counts whose checkpoint is a finding already. */
  const faulty = new Set<number>();
  /** Met before the record that they cover. */
  const early: { readonly count: number; readonly place: Place }[] = [];
  const absent: KeptCheckpoint[] = [];
  let repeats = 0;

  async function verdictOn({ checkpoint }: Pick<CheckpointItem, 'checkpoint'>): Promise<keyof typeof signatures> {
    if (verifier !== null) return await verifySignature(checkpoint, verifier);
    return checkpoint.signature === undefined ? 'unsigned' : 'unchecked';
  }

  function faultOf(verdict: keyof typeof signatures): FindingKind | null {
    return verifier === null ? null : (SIGNATURE_FAULTS[verdict] ?? null);
  }

  function fault(kind: FindingKind, count: number, place: Place, against?: string): void {
    faulty.add(count);
    findings.add({ kind, seq: count, place, ...(against === undefined ? {} : { against }) });
  }

  return {
    async met(item, { place, position, last }) {
      const { checkpoint, digest } = item;
      const { count, head } = checkpoint;
      const known = digests.get(count);
      if (known === digest) {
        repeats += 1;
        if (complete) findings.add({ kind: 'checkpoint_repeated', seq: count, place });
        return;
      }
      const verdict = await verdictOn(item);
      signatures[verdict] += 1;
      const signatureFault = faultOf(verdict);
      if (signatureFault !== null) return fault(signatureFault, position ?? count, place);
      if (known !== undefined) return fault('checkpoint_conflicting', count, place, 'a line before');
      digests.set(count, digest);
      if (position !== null && position !== count) return fault('checkpoint_misplaced', position, place);
      if (count > last) early.push({ count, place });
      claims.add({ count, head, place, vouched: verdict === 'valid' });
    },
    damaged(count, place) {
      if (count !== null) faulty.add(count);
      findings.add({ kind: 'checkpoint_edited', seq: count, place });
    },
    async kept(checkpoints) {
      for (const one of checkpoints) {
        const { checkpoint, digest, place } = one;
        const { count, head } = checkpoint;
        const known = digests.get(count);
        const verdict = await verdictOn(one);
        if (known !== digest) signatures[verdict] += 1;
        const signatureFault = faultOf(verdict);
        if (signatureFault !== null) {
          fault(signatureFault, count, place);
          continue;
        }
        claims.add({ count, head, place, vouched: true });
        if (faulty.has(count)) continue;
        if (known === undefined) absent.push(one);
        else if (known !== digest) fault('checkpoint_conflicting', count, place, 'the trail');
      }
    },
    end({ from, to }) {
      for (const { count, place } of early) {
        if (hashes.isSeen(count)) findings.add({ kind: 'checkpoint_misplaced', seq: count, place });
      }
      if (!complete || from === null || to === null) return;
      for (const { checkpoint, place } of absent) {
        const { count } = checkpoint;
        if (count < from - 1 || count > to) continue;
        findings.add({ kind: 'checkpoint_missing', seq: count, place: 'the trail', against: placeText(place) });
      }
    },
    has: (count) => digests.has(count) || faulty.has(count),
    tally: () => ({ checkpoints: digests.size, repeats, signatures }),
  };
}
