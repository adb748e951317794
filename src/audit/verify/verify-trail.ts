import type { ChainHead } from '../chain.ts';
import type { CheckpointVerifier } from '../checkpoint/checkpoint.ts';
import { createTrailCheckpoints } from './checkpoints.ts';
import type { CheckpointTally, KeptCheckpoint } from './checkpoints.ts';
import { createAttestations } from './attestations.ts';
import { createFindings } from './findings.ts';
import type { TrailFinding, Place } from './findings.ts';
import { createNewerLines } from './newer-lines.ts';
import { createTrailHashes } from './hashes.ts';
import type { TrailHashes } from './hashes.ts';
import type { DamagedItem, RecordItem, TrailItem } from './item.ts';
import { createTrailOrder } from './order.ts';
import { isProvenBySignature, proofOf } from './proof.ts';
import type { Proof } from './proof.ts';
import { createRequestRows } from './request-rows.ts';
import type { RequestTable } from './request-rows.ts';

/**
 * Verifies a trail as a stream of lines, against itself (hash chain, checkpoints, table of requests) and against external evidence:
 * checkpoints kept elsewhere, and a second copy of the trail. Reports every fault with its place, and continues. Keeps
 * 33 bytes a record and a few hundred bytes a checkpoint, whatever the length of the lines. Makes no request and
 * changes nothing. Limits: only evidence kept elsewhere proves that the tail was not cut off. That records were not
 * rewritten is proved by evidence kept elsewhere, or by a checkpoint with a valid signature.
 */
export interface TrailSource {
  readonly name: string;
  /** `stored`: a ledger, where every line occurs once. `delivered`: at least once, so an exact repeat is no fault. */
  readonly kind: 'stored' | 'delivered';
  readonly lines: AsyncIterable<TrailLine> | Iterable<TrailLine>;
  /** The first record must continue this one. Null: it may be any record, as in the delivered lines of one month. */
  readonly base: ChainHead | null;
  /** The end according to the source itself; null when it names none. */
  readonly head: ChainHead | null;
  /**
   * Milliseconds since the epoch. Retention may have dropped records from the beginning, up to a checkpoint that was
   * made before this time. Null: no record may be missing. Ignored where the base is null.
   */
  readonly droppedBefore: number | null;
  /** The source's table of requests; null where it has none. */
  readonly requests: RequestTable | null;
  /** The last record that each sink has acknowledged, according to the source; empty where it has no sinks. */
  readonly cursors: readonly { readonly sink: string; readonly seq: number }[];
}

export interface TrailLine {
  readonly item: TrailItem;
  readonly place: Place;
  /** The seq (for a checkpoint: the count) under which it is stored; null where lines are not stored under a number. */
  readonly position: number | null;
  /** The item is newer than this program knows (known-form.ts). */
  readonly isNewer?: boolean;
}

export interface TrailEvidence {
  /** Checkpoints kept elsewhere. */
  readonly kept: readonly KeptCheckpoint[];
  /** Whether the trail must reach as far as `kept`. A partial copy that is compared with the whole need not. */
  readonly reach: boolean;
  /** Public keys; null: signatures are not checked. */
  readonly verifier: CheckpointVerifier | null;
  /** Only checkpoints of this record and later ones must be signed: before, the service had no key. 1: all. */
  readonly signedSince: number;
  /** Another copy of the trail, which was verified before. */
  readonly other: TrailCopy | null;
}

export interface TrailCopy {
  readonly name: string;
  readonly hashes: TrailHashes;
  readonly last: number;
}

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

export interface VerifiedTrail {
  readonly report: TrailReport;
  /** The evidence (`other`) for verifying another copy. */
  readonly copy: Pick<TrailCopy, 'hashes' | 'last'>;
}

export const NO_EVIDENCE: TrailEvidence = { kept: [], reach: true, verifier: null, signedSince: 1, other: null };

export async function verifyTrail(source: TrailSource, evidence: TrailEvidence = NO_EVIDENCE): Promise<VerifiedTrail> {
  const { name, base, head } = source;
  const { kept, reach, verifier, signedSince, other } = evidence;
  const stored = source.kind === 'stored';
  const hashes = createTrailHashes();
  const findings = createFindings();
  const attestations = createAttestations({ hashes, findings });
  const order = createTrailOrder({ hashes, findings, base, once: stored });
  const checkpoints = createTrailCheckpoints({
    hashes,
    findings,
    attestations,
    verifier,
    signedSince,
    complete: stored,
  });
  const rows = source.requests === null ? null : createRequestRows(source.requests, findings);
  const headPlace = `the head of the ${name}`;

  let lastTimeMs = -Infinity;
  let stepsBack: TrailReport['clock_steps_back'] = { records: 0, first: null };

  function onRecord(record: RecordItem, { place, position }: TrailLine): void {
    const { seq, hash, timeMs } = record;
    const inOrder = order.record(record, place);
    if (inOrder && timeMs < lastTimeMs) stepsBack = { records: stepsBack.records + 1, first: stepsBack.first ?? seq };
    if (inOrder) lastTimeMs = timeMs;
    if (inOrder && position !== null && position !== seq) findings.add({ kind: 'misplaced', seq, place });
    if (other !== null && other.hashes.isSeen(seq) && other.hashes.of(seq) !== hash) {
      findings.add({ kind: 'differs', seq, place, against: other.name });
    }
  }

  function onDamage(item: DamagedItem, { place, position }: TrailLine): void {
    const claimed = position ?? item.claimedSeq;
    if (item.what === 'checkpoint') checkpoints.damaged(claimed, place);
    else order.damaged({ ...item, claimedSeq: claimed }, place);
    if (item.what === 'text' || item.what === 'form') checkpoints.unreadable();
  }

  const newer = createNewerLines();
  for await (const line of source.lines) {
    const { item, place, position } = line;
    if (line.isNewer === true) newer.add(item);
    if (item.kind === 'record') {
      onRecord(item, line);
      await rows?.record(item, place);
    }
    if (item.kind === 'damaged') onDamage(item, line);
    if (item.kind === 'checkpoint') await checkpoints.add(item, { place, position, last: order.last() });
  }

  if (head !== null && head.seq > 0) attestations.add({ count: head.seq, head: head.hash, place: headPlace });
  const own = attestations.furthest();
  await checkpoints.addKept(kept);
  const otherHash = other?.hashes.of(other.last) ?? null;
  // A copy that ends before this trail begins (because of retention) is no evidence about it.
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
  if (newer.range() === null) await rows?.end(`the ${name}`);
  const vouched = attestations.judge(extent);
  const tally = checkpoints.tally();
  const proof = proofOf({ extent, vouched, signatures: tally.signatures, hasNewerLines: newer.range() !== null });
  const report: TrailReport = {
    verdict: verdictOf({
      isBroken: findings.total > 0,
      isUnproven: verifier !== null && !isProvenBySignature(proof),
      isNewer: newer.range() !== null,
    }),
    proof,
    from,
    to,
    base: baseOf(source, from, vouched.beginning),
    not_here: notHere(base, from),
    vouched_to: vouched.keptTo,
    signed_to: vouched.signedTo,
    records: order.records(),
    clock_steps_back: stepsBack,
    checkpoints: tally.checkpoints,
    newer: newer.range(),
    repeats: order.repeats() + tally.repeats,
    signatures: tally.signatures,
    checkpoints_before: vouched.before,
    findings: findings.list(),
    findings_total: findings.total,
  };
  return { report, copy: { hashes, last: to ?? 0 } };
}

interface VerdictFacts {
  readonly isBroken: boolean;
  readonly isUnproven: boolean;
  readonly isNewer: boolean;
}

function verdictOf({ isBroken, isUnproven, isNewer }: VerdictFacts): TrailReport['verdict'] {
  if (isBroken) return 'broken';
  if (isUnproven) return 'unproven';
  return isNewer ? 'newer' : 'intact';
}

function baseOf({ base }: TrailSource, from: number | null, vouched: boolean): TrailReport['base'] {
  if (from === 1 || base?.seq === 0) return 'genesis';
  if (vouched) return 'checkpoint';
  return base === null ? 'unconfirmed' : 'source';
}

/** Without a record, the answer is the source's base, which the first record would continue. */
function notHere(base: ChainHead | null, from: number | null): TrailReport['not_here'] {
  const before = from === null ? (base?.seq ?? 0) : from - 1;
  return before === 0 ? null : { from: 1, to: before };
}
