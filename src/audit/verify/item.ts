import { parseObject } from '../../lib/parse-object.ts';
import { sha256Hex } from '../../lib/sha256.ts';
import { verifyChain } from '../chain.ts';
import { parseCheckpoint } from '../checkpoint/checkpoint.ts';
import type { Checkpoint } from '../checkpoint/checkpoint.ts';

/**
 * What one native line of a trail is, judged by itself: a record whose text and hash agree, a checkpoint, or something
 * damaged. Pure, and knows no neighbour: the same text is the same item wherever it stands. Of a damaged line only the
 * seq it claims is taken over, never its words.
 */
export type TrailItem = RecordItem | CheckpointItem | DamagedItem;

export interface RecordItem {
  readonly kind: 'record';
  readonly seq: number;
  readonly prev: string;
  readonly hash: string;
}

export interface CheckpointItem {
  readonly kind: 'checkpoint';
  readonly checkpoint: Checkpoint;
  /** SHA-256 of its text: tells a repeat from another checkpoint of the same count. */
  readonly digest: string;
}

export interface DamagedItem {
  readonly kind: 'damaged';
  /** `wrapper`: the record is sound and the line around it is not. `text`: nothing that can be read; it may have been either. */
  readonly what: 'record' | 'wrapper' | 'checkpoint' | 'text';
  /** The seq (of a checkpoint: the count) that it names; null when it names none. */
  readonly claimedSeq: number | null;
}

const HASH = /^[0-9a-f]{64}$/;

/** `line` is the native text, without a line end. */
export function readTrailItem(line: string): TrailItem {
  const value = parseObject(line);
  if (value === null) return { kind: 'damaged', what: 'text', claimedSeq: null };
  if (value['kind'] === 'checkpoint' || ('head' in value && !('seq' in value))) {
    const checkpoint = parseCheckpoint(line);
    return checkpoint === null
      ? { kind: 'damaged', what: 'checkpoint', claimedSeq: seqIn(value['count']) }
      : { kind: 'checkpoint', checkpoint, digest: sha256Hex(line) };
  }
  const { prev, hash } = value;
  const seq = seqIn(value['seq']);
  const isRecord =
    seq !== null &&
    isHash(prev) &&
    isHash(hash) &&
    // As the first of a stretch that begins with it: its own text and hash are all that is asked about.
    verifyChain([line], { seq: seq - 1, hash: prev }).kind === 'intact';
  return isRecord ? { kind: 'record', seq, prev, hash } : { kind: 'damaged', what: 'record', claimedSeq: seq };
}

/**
 * Of a delivered line that is not one of ours: whether it may be what is left of one. A program's other output is either
 * JSON or holds no hash, so text with 64 hex digits in a row that is no JSON is a record or a checkpoint that was cut.
 */
export function isRemnant(line: string): boolean {
  return /[0-9a-f]{64}/.test(line) && parseObject(line) === null;
}

function isHash(value: unknown): value is string {
  return typeof value === 'string' && HASH.test(value);
}

function seqIn(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : null;
}
