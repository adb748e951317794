import { canonicalJson } from '../lib/canonical-json.ts';
import { parseObject } from '../lib/parse-object.ts';
import { sha256Hex } from '../lib/sha256.ts';
import type { Sha256 } from '../ports/sha256.ts';
import type { AnyDraft, AuditRecord, RecordDraft, RequestRecord } from './record.ts';

/**
 * The hash chain over audit records. Pure: it has no clock and no storage. The hash of a record covers its RFC 8785
 * text with `prev` and without `hash`. A record that was edited, dropped or moved therefore breaks the chain at its
 * place or right after it. A tail that was cut off or rewritten is found only against a checkpoint that is kept
 * elsewhere.
 */

/** `prev` of the first record. */
export const GENESIS_HASH = '0'.repeat(64);

/** The members that the ledger adds to a draft. They replace members of the same name in the draft. */
export type ChainPlace = Pick<AuditRecord, 'seq' | 'id' | 'time' | 'prev'>;

/** The last record of a part of the chain. The next record must continue it. */
export interface ChainHead {
  readonly seq: number;
  readonly hash: string;
}

export const GENESIS: ChainHead = { seq: 0, hash: GENESIS_HASH };

export type ChainVerdict =
  | { readonly kind: 'intact'; readonly head: ChainHead }
  /** The first break: the index of the line (from 0), and the seq that it should have. */
  | { readonly kind: 'broken'; readonly index: number; readonly seq: number; readonly reason: ChainBreak };

/**
 * `not_a_record`: not a JSON object.
 * `edited`: text and hash disagree.
 * `out_of_sequence`: a record is missing, repeated or moved.
 * `wrong_prev`: `prev` is not the hash of the record before.
 */
export type ChainBreak = 'not_a_record' | 'edited' | 'out_of_sequence' | 'wrong_prev';

/** Throws when the draft has no RFC 8785 form (NaN, a lone surrogate). */
export function chainRecord(
  draft: AnyDraft,
  place: ChainPlace,
  sha256: Sha256 = sha256Hex,
): { line: string; hash: string } {
  const { seq, id, time, prev } = place;
  const covered = coveredText({ ...draft, seq, id, time, prev });
  const hash = sha256(covered.text);
  return { line: withHash(covered, hash), hash };
}

/**
 * Verifies records in the given order. `after` is the record before the first one; without it the chain begins here.
 */
export function verifyChain(
  lines: Iterable<string>,
  after: ChainHead = GENESIS,
  sha256: Sha256 = sha256Hex,
): ChainVerdict {
  let head = after;
  let index = 0;
  for (const line of lines) {
    const checked = checkLine(line, head, sha256);
    if (typeof checked === 'string') return { kind: 'broken', index, seq: head.seq + 1, reason: checked };
    head = checked;
    index += 1;
  }
  return { kind: 'intact', head };
}

/** The draft inside a stored record, without the members that the ledger added. */
export function draftOf(record: RequestRecord): RecordDraft {
  const { seq: _seq, id: _id, time: _time, prev: _prev, hash: _hash, ...draft } = record;
  return draft;
}

function checkLine(line: string, before: ChainHead, sha256: Sha256): ChainHead | ChainBreak {
  const record = parseObject(line);
  if (record === null) return 'not_a_record';
  const { hash } = record;
  const covered = coveredTextOrNull(record);
  // The text must be canonical too: a change that parses to the same value (white space, a repeated member) is an edit.
  if (typeof hash !== 'string' || covered === null || withHash(covered, hash) !== line) return 'edited';
  if (sha256(covered.text) !== hash) return 'edited';
  if (record['seq'] !== before.seq + 1) return 'out_of_sequence';
  if (record['prev'] !== before.hash) return 'wrong_prev';
  return { seq: before.seq + 1, hash };
}

/** The text that the hash of a record covers. A record is serialised once: its line differs only by the hash in it. */
interface CoveredText {
  readonly text: string;
  /** Where `hash` belongs in it: behind the members whose names sort before it. */
  readonly hashAt: number;
}

/** Throws when the record has no RFC 8785 form. A member `hash` is left out. */
function coveredText(record: object): CoveredText {
  const members = record as Readonly<Record<string, unknown>>;
  // RFC 8785 §3.2.3 sorts names by UTF-16 code units, as `<` does.
  const before = Object.keys(members).filter((name) => name < 'hash');
  const textBefore = canonicalJson(Object.fromEntries(before.map((name) => [name, members[name]])));
  const text = canonicalJson('hash' in members ? { ...members, hash: undefined } : members);
  return { text, hashAt: textBefore.length - '}'.length };
}

function coveredTextOrNull(record: object): CoveredText | null {
  try {
    return coveredText(record);
  } catch {
    return null;
  }
}

/** The text of a record with this hash. */
function withHash({ text, hashAt }: CoveredText, hash: string): string {
  const [before, after] = [text.slice(0, hashAt), text.slice(hashAt)];
  const comma = before === '{' ? '' : ',';
  const end = before !== '{' || after === '}' ? after : `,${after}`;
  return `${before}${comma}"hash":${JSON.stringify(hash)}${end}`;
}
