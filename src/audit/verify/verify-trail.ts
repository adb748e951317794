import type { ChainHead } from '../chain.ts';
import type { CheckpointVerifier } from '../checkpoint/checkpoint.ts';
import { createTrailCheckpoints } from './checkpoints/checkpoints.ts';
import type { KeptCheckpoint } from './checkpoints/checkpoints.ts';
import { createAttestations } from './checkpoints/attestations.ts';
import { createBranches } from './branches/branches.ts';
import { createCopyComparison } from './branches/copy-comparison.ts';
import type { TrailCopy } from './branches/copy-comparison.ts';
import { formerRecords, restoresOf } from './branches/restores.ts';
import { createFindings } from './findings.ts';
import type { Place } from './findings.ts';
import type { KeptPolicies } from './tables/kept-policies.ts';
import { createNewerLines } from './newer-lines.ts';
import type { DamagedItem, RecordItem, TrailItem } from './item.ts';
import { isProvenBySignature, proofOf } from './proof.ts';
import { createTableComparison } from './tables/ledger-tables.ts';
import type { LedgerTables } from './tables/ledger-tables.ts';
import type { TrailReport } from './trail-report.ts';

/**
 * Verifies a trail as a stream of lines, against itself (hash chain, checkpoints, table of requests) and against
 * external evidence: checkpoints kept elsewhere, and a second copy of the trail. Reports every fault with its place,
 * and continues. Keeps 33 bytes a record and a few hundred bytes a checkpoint, whatever the length of the lines. Makes
 * no request and changes nothing. Limits: only evidence kept elsewhere proves that the tail was not cut off. That
 * records were not rewritten is proved by evidence kept elsewhere, or by a checkpoint with a valid signature.
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
  /** What the source keeps beside its trail; null where it keeps nothing. */
  readonly tables: LedgerTables | null;
  /** The policies that the source keeps; left out where it keeps none. */
  readonly policies?: KeptPolicies;
}

export interface TrailLine {
  readonly item: TrailItem;
  readonly place: Place;
  /** The seq (for a checkpoint: the count) under which it is stored; null where lines are not stored under a number. */
  readonly position: number | null;
  /** The item is newer than this program knows (known-form.ts). */
  readonly isNewer?: boolean;
  /** Its text, for readers that show it; verification does not use it. Null: there is none. */
  readonly native?: string | null;
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

export interface VerifiedTrail {
  readonly report: TrailReport;
  /** The evidence (`other`) for verifying another copy. */
  readonly copy: Pick<TrailCopy, 'ends'>;
}

export type { TrailCopy, TrailReport };

export const NO_EVIDENCE: TrailEvidence = { kept: [], reach: true, verifier: null, signedSince: 1, other: null };

export async function verifyTrail(source: TrailSource, evidence: TrailEvidence = NO_EVIDENCE): Promise<VerifiedTrail> {
  const { name, base, head } = source;
  const { kept, reach, verifier, signedSince, other } = evidence;
  const stored = source.kind === 'stored';
  const findings = createFindings();
  const branches = createBranches({ findings, base, once: stored });
  const copy = other === null ? null : createCopyComparison(other, branches);
  const attestations = createAttestations({
    branches,
    findings,
    reach,
    elsewhere: (count, hash) => copy?.sharedWith(count, hash) ?? null,
  });
  const checkpoints = createTrailCheckpoints({
    branches,
    findings,
    attestations,
    verifier,
    signedSince,
    complete: stored,
  });
  const tables = source.tables === null ? null : createTableComparison(source.tables, findings);
  const headPlace = `the head of the ${name}`;

  let lastTimeMs = -Infinity;
  let stepsBack: TrailReport['clock_steps_back'] = { records: 0, first: null };

  async function onRecord(record: RecordItem, { place, position, isNewer = false }: TrailLine): Promise<void> {
    const { seq, timeMs } = record;
    const inOrder = branches.record(record, place);
    if (record.restored?.continuesBackup === false) findings.add({ kind: 'restored_refuted', seq, place });
    if (inOrder && timeMs < lastTimeMs) {
      stepsBack = { records: stepsBack.records + 1, first: stepsBack.first ?? seq };
      if (branches.isSeen(seq - 1)) await tables?.stepBack(seq, place);
    }
    if (inOrder) lastTimeMs = timeMs;
    if (inOrder && position !== null && position !== seq) findings.add({ kind: 'misplaced', seq, place });
    if (copy?.differs(record) === true) findings.add({ kind: 'differs', seq, place, against: copy.name });
    await tables?.record(record, { place, isNewer });
  }

  function onDamage(item: DamagedItem, { place, position }: TrailLine): void {
    const claimed = position ?? item.claimedSeq;
    if (item.what === 'checkpoint') checkpoints.damaged(claimed, place);
    else branches.damaged({ ...item, claimedSeq: claimed }, place);
    if (item.what === 'text' || item.what === 'form') checkpoints.unreadable();
  }

  const newer = createNewerLines();
  for await (const line of source.lines) {
    const { item, place, position } = line;
    if (line.isNewer === true) newer.add(item);
    if (item.kind === 'record') await onRecord(item, line);
    if (item.kind === 'damaged') onDamage(item, line);
    if (item.kind === 'checkpoint') await checkpoints.add(item, { place, position, last: branches.last() });
  }

  if (head !== null && head.seq > 0) attestations.add({ count: head.seq, head: head.hash, place: headPlace });
  checkpoints.judgeRivals();
  const own = attestations.furthest();
  await checkpoints.addKept(kept);
  const copyEnd = copy?.end(base?.seq ?? 0) ?? null;
  if (copyEnd !== null) attestations.add(copyEnd);
  const lost = copy?.lost() ?? null;
  if (lost !== null) {
    const { seq, from: first, to: last } = lost;
    findings.add({ kind: 'lost_to_restore', seq: first, to: last, place: `record ${seq}`, against: other?.name ?? '' });
  }
  const furthest = reach ? attestations.furthest() : own;
  const extent = branches.end(furthest?.count ?? 0, furthest?.place ?? '');
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
  checkpoints.end(extent);
  const vouched = attestations.judge(extent);
  await tables?.end({
    place: `the ${name}`,
    headPlace,
    base: base?.seq ?? 0,
    last: Math.max(head?.seq ?? 0, to ?? 0),
    isSeen: branches.isSeen,
    hasNewerLines: newer.range() !== null,
  });
  const tally = checkpoints.tally();
  const former = formerRecords(branches, vouched);
  const proof = proofOf({ extent, vouched, signatures: tally.signatures, hasNewerLines: newer.range() !== null });
  await source.policies?.check(findings);
  const report: TrailReport = {
    verdict: verdictOf({
      isBroken: findings.total > 0,
      isUnproven: verifier !== null && !isProvenBySignature(proof, former),
      isNewer: newer.range() !== null,
    }),
    proof,
    from,
    to,
    base: baseOf(source, from, vouched.beginning),
    not_here: notHere(base, from),
    vouched_to: vouched.keptTo,
    signed_to: vouched.signedTo,
    records: branches.records(),
    clock_steps_back: stepsBack,
    checkpoints: tally.checkpoints,
    newer: newer.range(),
    restores: restoresOf(branches, copy === null ? former : [...former, ...copy.former()]),
    repeats: branches.repeats() + tally.repeats,
    signatures: tally.signatures,
    checkpoints_before: vouched.before,
    findings: findings.list(),
    findings_total: findings.total,
  };
  return { report, copy: { ends: branches.ends() } };
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
