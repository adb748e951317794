/**
 * Builds a trail as the service writes it: chained records, and signed checkpoints when they are due. Options change
 * it.
 */
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { chainRecord, GENESIS } from '../../../../src/audit/chain.ts';
import type { ChainHead } from '../../../../src/audit/chain.ts';
import { checkpointLine } from '../../../../src/audit/checkpoint/checkpoint.ts';
import type { CheckpointSigner } from '../../../../src/audit/checkpoint/checkpoint.ts';
import { checkpointDueInMs } from '../../../../src/audit/checkpoint/checkpoint-maker.ts';
import type { RecordKind } from '../../../../src/audit/record.ts';
import { importSigningKey, importVerificationKeys } from '../../../../src/audit/checkpoint/signing-key.ts';
import type { KeptCheckpoint } from '../../../../src/audit/verify/checkpoints/checkpoints.ts';
import { readTrailItem } from '../../../../src/audit/verify/item.ts';
import type { TrailItem } from '../../../../src/audit/verify/item.ts';
import type { TrailEvidence, TrailLine, TrailReport, TrailSource } from '../../../../src/audit/verify/verify-trail.ts';
import { NO_EVIDENCE, verifyTrail } from '../../../../src/audit/verify/verify-trail.ts';
import { canonicalJson } from '../../../../src/lib/canonical-json.ts';
import { sha256Hex } from '../../../../src/lib/sha256.ts';
import { TEST_TIME_MS, testUuid7 } from '../../../support/clock.ts';
import { draftOfKind } from '../../../support/ledger/ledger.ts';

/** A line and its item, so that unchanged lines are parsed only once. */
export interface Line {
  readonly text: string;
  readonly item: TrailItem;
}

export interface TestTrail {
  /** Records and checkpoints, as delivered. */
  readonly lines: readonly Line[];
  readonly head: ChainHead;
  readonly checkpoints: readonly string[];
}

export interface TestKey {
  readonly signer: CheckpointSigner;
  /** SubjectPublicKeyInfo. */
  readonly publicPem: string;
}

/** An Ed25519 key from 32 equal bytes, the same in every run. */
export async function testKey(byte: number): Promise<TestKey> {
  const pkcs8 = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.alloc(32, byte)]);
  const key = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
  return {
    signer: await importSigningKey(String(key.export({ format: 'pem', type: 'pkcs8' }))),
    publicPem: String(createPublicKey(key).export({ format: 'pem', type: 'spki' })),
  };
}

export const verifierOf = (...keys: readonly TestKey[]) =>
  importVerificationKeys(keys.map(({ publicPem }) => publicPem));

/** The `previous` of a checkpoint after that one. */
export const behind = (before: Line): { readonly previous: string } => ({ previous: sha256Hex(before.text) });

export const lineOf = (text: string): Line => ({ text, item: readTrailItem(text) });

export const headOf = ({ item }: Line): ChainHead =>
  item.kind === 'record' ? { seq: item.seq, hash: item.hash } : GENESIS;

/** As a forger does it: the record’s own hash is made right again. */
export function forged({ text }: Line): Line {
  const record = JSON.parse(text) as Record<string, unknown>;
  const changed: Record<string, unknown> = { ...record, request_id: testUuid7(66), hash: undefined };
  return lineOf(canonicalJson({ ...changed, hash: sha256Hex(canonicalJson(changed)) }));
}

/** A checkpoint of this record and all before it. */
export async function checkpointAt(
  record: Line,
  { signer }: TestKey,
  changes: Partial<Parameters<typeof checkpointLine>[0]> = {},
): Promise<Line> {
  const { seq: count, hash: head } = headOf(record);
  const statement = {
    id: testUuid7(900 + count),
    time: '2026-03-02T10:00:05.000Z',
    count,
    head,
    previous: null,
    ...changes,
  };
  return lineOf(await checkpointLine(statement, signer));
}

const KINDS: readonly RecordKind[] = ['intent', 'outcome', 'denial', 'replay'];

export interface TrailOptions {
  readonly signer?: CheckpointSigner | null;
  readonly after?: ChainHead;
  /** The line of the checkpoint at `after`. */
  readonly previous?: string;
  /** Makes the records of one trail differ from those of another. */
  readonly salt?: string;
  /** Between two records. */
  readonly pauseMs?: (seq: number) => number;
}

/** `count` records after `after`, with a checkpoint wherever one is due, and one at the end. */
export async function trailOf(count: number, options: TrailOptions = {}): Promise<TestTrail> {
  const { signer = null, after = GENESIS, previous: before, salt = '', pauseMs = () => 100 } = options;
  const lines: Line[] = [];
  const checkpoints: string[] = [];
  let head = after;
  let checkpoint: { count: number; madeAt: number } | null = { count: after.seq, madeAt: TEST_TIME_MS };
  let now = TEST_TIME_MS;
  const end = after.seq + count;
  while (head.seq < end) {
    const seq = head.seq + 1;
    now += pauseMs(seq);
    const kind = KINDS[seq % KINDS.length] ?? 'intent';
    const draft = draftOfKind(kind, testUuid7(seq), salt === '' ? {} : { reason: salt });
    const place = { seq, id: testUuid7(100_000 + seq), time: new Date(now).toISOString(), prev: head.hash };
    const { line, hash } = chainRecord(draft, place);
    lines.push(lineOf(line));
    head = { seq, hash };
    if (checkpointDueInMs({ head, checkpoint }, now) !== 0 && seq !== end) continue;
    const last = checkpoints.at(-1) ?? before;
    const previous = last === undefined ? null : sha256Hex(last);
    const made = { id: testUuid7(200_000 + seq), time: new Date(now).toISOString(), count: seq, head: hash, previous };
    const text = await checkpointLine(made, signer);
    lines.push(lineOf(text));
    checkpoints.push(text);
    checkpoint = { count: seq, madeAt: now };
  }
  return { lines, head, checkpoints };
}

/** Numbered from 1, as in one file. */
export function placed(lines: readonly Line[]): TrailLine[] {
  return lines.map(({ item }, index) => ({ item, place: { prefix: 'trail:', at: index + 1 }, position: null }));
}

export const stored = (lines: readonly Line[], source: Partial<TrailSource> = {}): TrailSource => ({
  name: 'ledger',
  kind: 'stored',
  lines: placed(lines),
  base: GENESIS,
  head: null,
  droppedBefore: null,
  tables: null,
  ...source,
});

export const delivered = (lines: readonly Line[], source: Partial<TrailSource> = {}): TrailSource => ({
  name: 'lines',
  kind: 'delivered',
  lines: placed(lines),
  base: null,
  head: null,
  droppedBefore: null,
  tables: null,
  ...source,
});

export function keptOf(texts: readonly string[]): KeptCheckpoint[] {
  return texts.map((text, index) => {
    const item = readTrailItem(text);
    if (item.kind !== 'checkpoint') throw new Error('no checkpoint');
    return { checkpoint: item.checkpoint, digest: item.digest, place: { prefix: 'kept:', at: index + 1 } };
  });
}

export async function report(source: TrailSource, evidence: Partial<TrailEvidence> = {}): Promise<TrailReport> {
  return (await verifyTrail(source, { ...NO_EVIDENCE, ...evidence })).report;
}

/** Kind, first, last and place of each finding. */
export function pointed({ findings }: Pick<TrailReport, 'findings'>): string[] {
  return findings.map(({ kind, seq, to, place }) => `${kind} ${seq ?? '-'}${to === null ? '' : `-${to}`} @ ${place}`);
}
