import type { CheckpointVerifier, SignatureVerdict } from '../../checkpoint/checkpoint.ts';
import { verifySignature } from '../../checkpoint/checkpoint.ts';
import type { Attestations } from './attestations.ts';
import { findCheckpointGaps } from './checkpoint-links.ts';
import type { CheckpointLink } from './checkpoint-links.ts';
import type { FindingKind, Findings, Place } from '../findings.ts';
import { placeText } from '../findings.ts';
import type { Branches } from '../branches/branches.ts';
import type { CheckpointItem } from '../item.ts';
import type { TrailExtent } from '../order/order.ts';

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
  /** Decides whether a restore explains that there are several of one count. Called after the last line, once. */
  judgeRivals(): void;
  /** Checkpoints kept elsewhere. Called after that. */
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
  readonly branches: Pick<Branches, 'of' | 'isSeen' | 'holding' | 'restores'>;
  readonly findings: Findings;
  readonly attestations: Attestations;
  /** Null: signatures are not checked. */
  readonly verifier: CheckpointVerifier | null;
  /** Checkpoints of earlier records may be unsigned. */
  readonly signedSince: number;
  /** The source must have every checkpoint, each once. */
  readonly complete: boolean;
}

const SIGNATURE_FAULTS: Readonly<Partial<Record<SignatureVerdict | 'unchecked', FindingKind>>> = {
  invalid: 'signature_invalid',
  unknown_key: 'signature_unknown_key',
  unsigned: 'signature_missing',
};

export function createTrailCheckpoints(deps: TrailCheckpointsDeps): TrailCheckpoints {
  const { branches, findings, attestations, verifier, signedSince, complete } = deps;
  const signatures = { valid: 0, invalid: 0, unknown_key: 0, unsigned: 0, unchecked: 0 };
  /** By count. Only a restore explains that there are several of one count. */
  const known = new Map<number, CheckpointLink[]>();
  /** When the checkpoint was made, by digest; milliseconds since the epoch. */
  const madeAt = new Map<string, number>();
  /** Checkpoints of a count that had one with another text already. */
  const rivals: { readonly link: CheckpointLink; readonly signed: boolean; readonly latest: number }[] = [];
  /** Counts that are followed by a faulty line, which may have been the next checkpoint. */
  const beforeFault = new Set<number>();
  /** The count of the last checkpoint that was remembered. */
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

  const linksOf = (count: number): readonly CheckpointLink[] => known.get(count) ?? [];

  function remember(item: CheckpointItem, place: Place): CheckpointLink {
    const { count, head, previous, time } = item.checkpoint;
    const link = { count, head, digest: item.digest, previous, place };
    known.set(count, [...linksOf(count), link]);
    madeAt.set(item.digest, Date.parse(time));
    return link;
  }

  /**
   * Whether a restore explains two checkpoints of one count: both may be about a record of the backup, or one of them about
   * a record of before the restore.
   */
  function mayCoexist(count: number, head: string, other: string): boolean {
    const restores = branches.restores();
    return head === other ? restores.some(({ seq }) => count < seq) : restores.some(({ seq }) => seq <= count);
  }

  return {
    async add(item, { place, position, last }) {
      const { checkpoint, digest } = item;
      const { count, head } = checkpoint;
      const before = linksOf(count);
      if (before.some((link) => link.digest === digest)) {
        repeats += 1;
        if (complete) findings.add({ kind: 'checkpoint_repeated', seq: count, place });
        return;
      }
      const verdict = await verdictOn(item);
      signatures[verdict] += 1;
      const signatureFault = faultOf(verdict, count);
      if (signatureFault !== null) return fault(signatureFault, position ?? count, place);
      if (before.length > 0 && complete) return fault('checkpoint_conflicting', count, place, 'a line before');
      const link = remember(item, place);
      const signed = verdict === 'valid';
      if (before.length > 0) return void rivals.push({ link, signed, latest });
      latest = count;
      if (position !== null && position !== count) return fault('checkpoint_misplaced', position, place);
      if (count > last && branches.holding(count, head) === null) early.push({ count, place });
      attestations.add({ count, head, place, signed, mayBeFormer: !complete });
    },
    damaged(count, place) {
      if (count !== null) faulty.add(count);
      beforeFault.add(latest);
      findings.add({ kind: 'checkpoint_edited', seq: count, place });
    },
    unreadable: () => void beforeFault.add(latest),
    judgeRivals() {
      for (const { link, signed, latest: before } of rivals) {
        const { count, head, place } = link;
        const others = linksOf(count).filter((other) => other !== link);
        if (others.every((other) => mayCoexist(count, head, other.head))) {
          attestations.add({ count, head, place, signed, mayBeFormer: true });
          continue;
        }
        known.set(count, others);
        faulty.add(count);
        beforeFault.add(before);
        findings.add({ kind: 'checkpoint_conflicting', seq: count, place, against: 'a line before' });
      }
    },
    async addKept(checkpoints) {
      for (const kept of checkpoints) {
        const { checkpoint, digest, place } = kept;
        const { count, head } = checkpoint;
        const here = linksOf(count);
        const isHere = here.some((link) => link.digest === digest);
        const verdict = await verdictOn(kept);
        if (!isHere) signatures[verdict] += 1;
        const signatureFault = faultOf(verdict, count);
        if (signatureFault !== null) {
          fault(signatureFault, count, place);
          continue;
        }
        attestations.add({ count, head, place, kept: true, signed: verdict === 'valid', mayBeFormer: true });
        if (faulty.has(count) || isHere) continue;
        if (here.length === 0) absent.push(kept);
        else if (!here.every((link) => mayCoexist(count, head, link.head)))
          fault('checkpoint_conflicting', count, place, 'the trail');
      }
    },
    end({ from, to }) {
      for (const { count, place } of early) {
        if (branches.isSeen(count)) findings.add({ kind: 'checkpoint_misplaced', seq: count, place });
      }
      for (const { checkpoint, place } of complete ? absent : []) {
        const { count, head } = checkpoint;
        // A restored ledger lacks the checkpoints that were made after the backup.
        if (branches.restores().some(({ seq }) => count < seq) || branches.of(count) !== head) continue;
        if (from === null || to === null || count < from - 1 || count > to) continue;
        fault('checkpoint_missing', count, 'the trail', placeText(place));
      }
      findCheckpointGaps([...known.values()].flat(), {
        branches,
        findings,
        fromBeginning: complete && from === 1 && branches.isSeen(1),
        isExplained,
      });
    },
    faultOfBase(count, droppedBefore) {
      // The fault of this checkpoint is reported already.
      if (faulty.has(count)) return null;
      const [base] = linksOf(count);
      const baseMadeAt = base === undefined ? undefined : madeAt.get(base.digest);
      if (baseMadeAt === undefined) return 'base_unproven';
      return droppedBefore !== null && baseMadeAt < droppedBefore ? null : 'beginning_missing';
    },
    tally: () => ({
      checkpoints: [...known.values()].reduce((sum, links) => sum + links.length, 0),
      repeats,
      signatures,
    }),
  };
}
