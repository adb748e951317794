import type { ChainHead } from '../chain.ts';
import type { CheckpointVerifier } from '../checkpoint/checkpoint.ts';
import { createTrailCheckpoints } from './checkpoints.ts';
import type { CheckpointTally, KeptCheckpoint } from './checkpoints.ts';
import { createAttestations } from './attestations.ts';
import { createFindings } from './findings.ts';
import type { TrailFinding, Place } from './findings.ts';
import { createTrailHashes } from './hashes.ts';
import type { TrailHashes } from './hashes.ts';
import type { DamagedItem, RecordItem, TrailItem } from './item.ts';
import { createTrailOrder } from './order.ts';

/**
 * Verifies a trail, line by line as it comes, against itself (its hash chain, its checkpoints) and against what is kept
 * elsewhere: checkpoints, and a second copy of the trail. Names every fault with its place and goes on. Keeps 33 bytes of
 * each record and some hundred of each checkpoint, whatever the lines weigh. Asks nobody and changes nothing. That the tail
 * of a trail was not cut it can say only as far as something kept elsewhere reaches; that it was not rewritten, also as far
 * as somebody signed it whose key is known.
 */
export interface TrailSource {
  readonly name: string;
  /**
   * `stored`: a ledger, where every line stands once. `delivered`: at least once, so an exact repeat is no fault.
   */
  readonly kind: 'stored' | 'delivered';
  readonly lines: AsyncIterable<TrailLine> | Iterable<TrailLine>;
  /** What the first record has to continue; null where it may be any, as in delivered lines of one month. */
  readonly base: ChainHead | null;
  /** Where the source itself says that it ends; null when it says nothing. */
  readonly head: ChainHead | null;
  /**
   * Milliseconds since the epoch: records may be gone from the beginning up to a checkpoint that was made before this time,
   * by retention. Null: none may. Says nothing where the base is null.
   */
  readonly droppedBefore: number | null;
  /** How far each sink is said to have got, as the last record it took; none where the source has no sinks. */
  readonly cursors: readonly { readonly sink: string; readonly seq: number }[];
}

export interface TrailLine {
  readonly item: TrailItem;
  readonly place: Place;
  /** The seq (of a checkpoint: the count) under which it is stored; null where lines have no number of their own. */
  readonly position: number | null;
}

export interface TrailEvidence {
  /** Checkpoints kept elsewhere. */
  readonly kept: readonly KeptCheckpoint[];
  /** Whether the trail has to reach as far as those; a part of a trail that lies beside the whole does not. */
  readonly reach: boolean;
  /** Public keys; null: signatures are not checked. */
  readonly verifier: CheckpointVerifier | null;
  /** Another copy, verified before. */
  readonly other: TrailCopy | null;
}

export interface TrailCopy {
  readonly name: string;
  readonly hashes: TrailHashes;
  readonly last: number;
}

export interface TrailReport {
  readonly verdict: 'intact' | 'broken';
  /** First and last record; null when there is none. */
  readonly from: number | null;
  readonly to: number | null;
  /** What the first record rests on: the beginning of the chain, the source's word, a vouched checkpoint, or nothing yet. */
  readonly base: 'genesis' | 'source' | 'checkpoint' | 'unconfirmed';
  /** Records before the first one here: in the chain they were. Null when there is none, or no record to tell by. */
  readonly not_here: { readonly from: 1; readonly to: number } | null;
  /** Every record up to this one agrees with a checkpoint that was kept elsewhere: none of them was cut off or rewritten. */
  readonly vouched_to: number | null;
  /** Every record up to this one agrees with a checkpoint whose signature is valid. What came later may have been cut off. */
  readonly signed_to: number | null;
  /** Each once. */
  readonly records: number;
  readonly checkpoints: number;
  /** Exact repeats of records and checkpoints. */
  readonly repeats: number;
  /** Of checkpoints, in the trail and kept elsewhere, each once. */
  readonly signatures: CheckpointTally['signatures'];
  /** Checkpoints kept elsewhere that speak of records before the first one here. */
  readonly checkpoints_before: number;
  readonly findings: readonly TrailFinding[];
  /** How many there are, listed or not. */
  readonly findings_total: number;
}

export interface VerifiedTrail {
  readonly report: TrailReport;
  /** To hold another copy against. */
  readonly copy: Pick<TrailCopy, 'hashes' | 'last'>;
}

export const NO_EVIDENCE: TrailEvidence = { kept: [], reach: true, verifier: null, other: null };

export async function verifyTrail(source: TrailSource, evidence: TrailEvidence = NO_EVIDENCE): Promise<VerifiedTrail> {
  const { name, base, head } = source;
  const { kept, reach, verifier, other } = evidence;
  const stored = source.kind === 'stored';
  const hashes = createTrailHashes();
  const findings = createFindings();
  const attestations = createAttestations({ hashes, findings });
  const order = createTrailOrder({ hashes, findings, base, once: stored });
  const checkpoints = createTrailCheckpoints({ hashes, findings, attestations, verifier, complete: stored });
  const headPlace = `the head of the ${name}`;

  function onRecord(record: RecordItem, { place, position }: TrailLine): void {
    const { seq, hash } = record;
    const inOrder = order.record(record, place);
    if (inOrder && position !== null && position !== seq) findings.add({ kind: 'misplaced', seq, place });
    if (other !== null && other.hashes.isSeen(seq) && other.hashes.of(seq) !== hash) {
      findings.add({ kind: 'differs', seq, place, against: other.name });
    }
  }

  function onDamage(item: DamagedItem, { place, position }: TrailLine): void {
    const claimed = position ?? item.claimedSeq;
    if (item.what === 'checkpoint') checkpoints.damaged(claimed, place);
    else order.damaged({ ...item, claimedSeq: claimed }, place);
    if (item.what === 'text') checkpoints.unreadable();
  }

  for await (const line of source.lines) {
    const { item, place, position } = line;
    if (item.kind === 'record') onRecord(item, line);
    else if (item.kind === 'damaged') onDamage(item, line);
    else await checkpoints.met(item, { place, position, last: order.last() });
  }

  if (head !== null && head.seq > 0) attestations.add({ count: head.seq, head: head.hash, place: headPlace });
  const own = attestations.furthest();
  await checkpoints.kept(kept);
  const otherHash = other?.hashes.of(other.last) ?? null;
  // A copy that ends before this trail begins (retention) has nothing to say about it.
  if (other !== null && otherHash !== null && other.last >= (base?.seq ?? 0)) {
    attestations.add({ count: other.last, head: otherHash, place: other.name });
  }
  const furthest = reach ? attestations.furthest() : own;
  const extent = order.end(furthest?.count ?? 0, furthest?.place ?? '');
  const { from, to } = extent;
  if (!stored && to === null) findings.add({ kind: 'empty', seq: null, place: name });
  if (head !== null && to !== null && to > head.seq) {
    findings.add({ kind: 'beyond_head', seq: head.seq + 1, to, place: headPlace });
  }
  if (stored && base !== null && base.seq > 0) {
    const kind = checkpoints.faultOfBase(base.seq, source.droppedBefore);
    if (kind === 'base_unproven') findings.add({ kind, seq: base.seq, place: headPlace });
    if (kind === 'beginning_missing') findings.add({ kind, seq: 1, to: base.seq, place: headPlace });
  }
  const end = Math.max(head?.seq ?? 0, to ?? 0);
  for (const { sink, seq } of source.cursors) {
    if (seq > end) findings.add({ kind: 'cursor_beyond_end', seq: end + 1, to: seq, place: headPlace, against: sink });
  }
  checkpoints.end(extent);
  const vouched = attestations.judge(extent);
  const tally = checkpoints.tally();
  const report: TrailReport = {
    verdict: findings.total === 0 ? 'intact' : 'broken',
    from,
    to,
    base: baseOf(source, from, vouched.beginning),
    not_here: notHere(base, from),
    vouched_to: vouched.keptTo,
    signed_to: vouched.signedTo,
    records: order.records(),
    checkpoints: tally.checkpoints,
    repeats: order.repeats() + tally.repeats,
    signatures: tally.signatures,
    checkpoints_before: vouched.before,
    findings: findings.list(),
    findings_total: findings.total,
  };
  return { report, copy: { hashes, last: to ?? 0 } };
}

function baseOf({ base }: TrailSource, from: number | null, vouched: boolean): TrailReport['base'] {
  if (from === 1 || base?.seq === 0) return 'genesis';
  if (vouched) return 'checkpoint';
  return base === null ? 'unconfirmed' : 'source';
}

/** Where there is no record, what the source says that the first one would continue. */
function notHere(base: ChainHead | null, from: number | null): TrailReport['not_here'] {
  const before = from === null ? (base?.seq ?? 0) : from - 1;
  return before === 0 ? null : { from: 1, to: before };
}
