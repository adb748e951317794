import type { CheckpointVerifier, SignatureVerdict } from '../checkpoint/checkpoint.ts';
import { verifySignature } from '../checkpoint/checkpoint.ts';
import type { Attestations } from './attestations.ts';
import type { FindingKind, Findings, Place } from './findings.ts';
import { placeText } from './findings.ts';
import type { TrailHashes } from './hashes.ts';
import type { CheckpointItem } from './item.ts';
import type { TrailExtent } from './order.ts';

/**
 * Verifies the checkpoints of a trail and those kept elsewhere. Each must have the right signature and must occur once;
 * none may be exchanged or missing. A checkpoint without a fault of its own becomes an attestation about the records,
 * and attestations.ts judges it. A checkpoint with a fault attests nothing.
 */
export interface TrailCheckpoints {
  /** `last`: the last record in order so far. */
  add(item: CheckpointItem, at: { place: Place; position: number | null; last: number }): Promise<void>;
  damaged(count: number | null, place: Place): void;
  /** A line could not be read. It may have been a checkpoint. */
  unreadable(): void;
  /** Checkpoints kept elsewhere. Called after the last line. */
  addKept(checkpoints: readonly KeptCheckpoint[]): Promise<void>;
  end(extent: TrailExtent): void;
  /** The fault of a trail that begins after record `count`; null when there is none. */
  faultOfBase(count: number, droppedBefore: number | null): 'base_unproven' | 'beginning_missing' | null;
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
  readonly attestations: Attestations;
  /** Null: signatures are not checked. */
  readonly verifier: CheckpointVerifier | null;
  /** Checkpoints of earlier records may be unsigned. */
  readonly signedSince: number;
  /** The source must have every checkpoint, each once. */
  readonly complete: boolean;
}

interface Link {
  readonly previous: string | null;
  /** Milliseconds since the epoch. */
  readonly madeAt: number;
  readonly place: Place;
}

const SIGNATURE_FAULTS: Readonly<Partial<Record<SignatureVerdict | 'unchecked', FindingKind>>> = {
  invalid: 'signature_invalid',
  unknown_key: 'signature_unknown_key',
  unsigned: 'signature_missing',
};

export function createTrailCheckpoints(deps: TrailCheckpointsDeps): TrailCheckpoints {
  const { hashes, findings, attestations, verifier, signedSince, complete } = deps;
  const signatures = { valid: 0, invalid: 0, unknown_key: 0, unsigned: 0, unchecked: 0 };
  /** By count. */
  const digests = new Map<number, string>();
  /** By count: what the checkpoint states about the one before it. */
  const links = new Map<number, Link>();
  /** Counts that are followed by a faulty line, which may have been the next checkpoint. */
  const beforeFault = new Set<number>();
  /** The count of the last checkpoint that was recorded in `digests`. */
  let latest = 0;
  /** Counts of checkpoints that have a finding already. */
  const faulty = new Set<number>();
  /** Checkpoints that came before the record that they cover. */
  const early: { readonly count: number; readonly place: Place }[] = [];
  const absent: KeptCheckpoint[] = [];
  let repeats = 0;

  async function verdictOn({ checkpoint }: Pick<CheckpointItem, 'checkpoint'>): Promise<keyof typeof signatures> {
    if (verifier !== null) return await verifySignature(checkpoint, verifier);
    return checkpoint.signature === undefined ? 'unsigned' : 'unchecked';
  }

  function faultOf(verdict: keyof typeof signatures, count: number): FindingKind | null {
    if (verifier === null || (verdict === 'unsigned' && count < signedSince)) return null;
    return SIGNATURE_FAULTS[verdict] ?? null;
  }

  function fault(kind: FindingKind, count: number, place: Place | string, against?: string): void {
    faulty.add(count);
    beforeFault.add(latest);
    findings.add({ kind, seq: count, place, ...(against === undefined ? {} : { against }) });
  }

  /** Whether another finding already explains that a checkpoint between the two is missing. */
  function isExplained(after: number, before: number): boolean {
    return beforeFault.has(after) || [...faulty].some((count) => after < count && count < before);
  }

  /**
   * Each continues the one before. The first continues none, if the trail has its beginning and all its checkpoints.
   */
  function findGaps(fromBeginning: boolean): void {
    let before: { readonly count: number; readonly digest: string | null } | null =
      complete && fromBeginning && hashes.isSeen(1) ? { count: 0, digest: null } : null;
    for (const count of [...links.keys()].toSorted((a, b) => a - b)) {
      const link = links.get(count);
      if (
        link !== undefined &&
        before !== null &&
        link.previous !== before.digest &&
        !isExplained(before.count, count)
      ) {
        findings.add({ kind: 'checkpoint_gap', seq: count, place: link.place });
      }
      before = { count, digest: digests.get(count) ?? null };
    }
  }

  return {
    async add(item, { place, position, last }) {
      const { checkpoint, digest } = item;
      const { count, head, previous, time } = checkpoint;
      const known = digests.get(count);
      if (known === digest) {
        repeats += 1;
        if (complete) findings.add({ kind: 'checkpoint_repeated', seq: count, place });
        return;
      }
      const verdict = await verdictOn(item);
      signatures[verdict] += 1;
      const signatureFault = faultOf(verdict, count);
      if (signatureFault !== null) return fault(signatureFault, position ?? count, place);
      if (known !== undefined) return fault('checkpoint_conflicting', count, place, 'a line before');
      digests.set(count, digest);
      links.set(count, { previous, madeAt: Date.parse(time), place });
      latest = count;
      if (position !== null && position !== count) return fault('checkpoint_misplaced', position, place);
      if (count > last) early.push({ count, place });
      attestations.add({ count, head, place, signed: verdict === 'valid' });
    },
    damaged(count, place) {
      if (count !== null) faulty.add(count);
      beforeFault.add(latest);
      findings.add({ kind: 'checkpoint_edited', seq: count, place });
    },
    unreadable: () => void beforeFault.add(latest),
    async addKept(checkpoints) {
      for (const kept of checkpoints) {
        const { checkpoint, digest, place } = kept;
        const { count, head } = checkpoint;
        const known = digests.get(count);
        const verdict = await verdictOn(kept);
        if (known !== digest) signatures[verdict] += 1;
        const signatureFault = faultOf(verdict, count);
        if (signatureFault !== null) {
          fault(signatureFault, count, place);
          continue;
        }
        attestations.add({ count, head, place, kept: true, signed: verdict === 'valid' });
        if (faulty.has(count)) continue;
        if (known === undefined) absent.push(kept);
        else if (known !== digest) fault('checkpoint_conflicting', count, place, 'the trail');
      }
    },
    end({ from, to }) {
      for (const { count, place } of early) {
        if (hashes.isSeen(count)) findings.add({ kind: 'checkpoint_misplaced', seq: count, place });
      }
      for (const { checkpoint, place } of complete ? absent : []) {
        const { count } = checkpoint;
        if (from === null || to === null || count < from - 1 || count > to) continue;
        fault('checkpoint_missing', count, 'the trail', placeText(place));
      }
      findGaps(from === 1);
    },
    faultOfBase(count, droppedBefore) {
      // The fault of this checkpoint is reported already.
      if (faulty.has(count)) return null;
      const madeAt = links.get(count)?.madeAt;
      if (madeAt === undefined) return 'base_unproven';
      return droppedBefore !== null && madeAt < droppedBefore ? null : 'beginning_missing';
    },
    tally: () => ({ checkpoints: digests.size, repeats, signatures }),
  };
}
