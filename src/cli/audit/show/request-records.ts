/**
 * Finds all that is on record about one request: in a ledger, or in files of delivered lines. It reads the trail itself
 * and not the ledger's tables, which the hash chain does not cover. A record counts only when its text and its hash
 * agree; a damaged line that still names the request is reported with its place. Bounded by what it finds, not by the trail.
 */
import { readTrailItem } from '../../../audit/verify/item.ts';
import { placeText } from '../../../audit/verify/findings.ts';
import type { TrailLine } from '../../../audit/verify/verify-trail.ts';
import type { StoryLine } from '../../../invite/story/story-event.ts';
import { isObject, parseObject } from '../../../lib/parse-object.ts';

export interface RequestRecords {
  /** In order of seq, each once. */
  readonly lines: readonly StoryLine[];
  /** Lines that name the request and do not verify, in the order in which they were read. */
  readonly damaged: readonly DamagedLine[];
  /** Damaged lines that do not name it; what they were cannot be known. */
  readonly unknown: { readonly lines: number; readonly first: string | null };
  /** The seqs of records that only count requests and name this one as the first or the last of them. */
  readonly countedIn: readonly number[];
  /** The seqs of records that say that the ledger was restored from a backup. */
  readonly restores: readonly number[];
  /** The first and the last record that was read; null: there was none. */
  readonly from: number | null;
  readonly to: number | null;
}

export interface DamagedLine {
  /** Where it is stored, or what it claims to be; null: neither is known. */
  readonly seq: number | null;
  readonly place: string;
  readonly why: string;
}

export function createRequestRecords(requestId: string): {
  /** `line` has the text of its record (`native`) where there is one. */
  take(line: TrailLine): void;
  /** A line of a ledger. Cheap for a line that does not name the request: such a line is not verified. */
  takeStored(seq: number, text: string): void;
  end(): RequestRecords;
} {
  const lines = new Map<string, StoryLine>();
  const damaged: DamagedLine[] = [];
  const unknown = { lines: 0, first: null as string | null };
  const countedIn: number[] = [];
  const restores = new Set<number>();
  let [from, to] = [Infinity, -Infinity];

  function reach(seq: number): void {
    from = Math.min(from, seq);
    to = Math.max(to, seq);
  }

  function passOver(place: string): void {
    unknown.lines += 1;
    unknown.first ??= place;
  }

  return {
    take({ item, place, position, native = null }) {
      if (item.kind === 'checkpoint') return;
      if (item.kind === 'record') reach(item.seq);
      if (item.kind === 'record' && item.restored !== null) restores.add(item.seq);
      const at = placeText(place);
      const isNamed = native?.includes(requestId) === true;
      if (item.kind === 'damaged') {
        const seq = position ?? item.claimedSeq;
        if (isNamed) damaged.push({ seq, place: at, why: WHY[item.what] });
        else if (item.what !== 'checkpoint') passOver(at);
        return;
      }
      if (!isNamed || native === null) return;
      const relation = relationOf(native, requestId);
      if (relation === 'none') return;
      if (position !== null && position !== item.seq)
        damaged.push({ seq: position, place: at, why: `it is record ${item.seq}, stored under another number` });
      else if (relation === 'counted') countedIn.push(item.seq);
      // A repeat has the same text. Another text with the same number is one of two stories.
      else lines.set(`${item.seq} ${item.hash}`, { seq: item.seq, line: native });
    },
    takeStored(seq, text) {
      reach(seq);
      const place = { prefix: 'ledger seq ', at: seq };
      const isRead = text.includes(requestId) || text.includes(RESTORED);
      if (isRead) this.take({ item: readTrailItem(text), place, position: seq, native: text });
      else if (!looksWhole(text)) passOver(placeText(place));
    },
    end: () => ({
      lines: [...lines.values()].toSorted((a, b) => a.seq - b.seq),
      damaged,
      unknown,
      countedIn,
      restores: [...restores],
      from: from === Infinity ? null : from,
      to: to === -Infinity ? null : to,
    }),
  };
}

/** In the RFC 8785 text of a record about a restore; in other records perhaps in a text of a caller, escaped. */
const RESTORED = '"what":"restored"';

const WHY = {
  record: 'its text and its hash disagree',
  wrapper: 'the line around it was edited',
  form: 'it has a form that is not read',
  checkpoint: 'it is a damaged checkpoint',
  text: 'it is no record any more',
} as const;

/** Not a proof: a quick look that finds text that is no record at all. */
function looksWhole(text: string): boolean {
  return text.startsWith('{') && text.endsWith('}') && text.includes('"hash":"');
}

/** What a sound record has to do with the request: it may only name it in a text of a caller. */
function relationOf(text: string, requestId: string): 'about' | 'counted' | 'none' {
  const record = parseObject(text) ?? {};
  const { request_id: id, kind, outcome, suppressed } = record;
  if (id === requestId) return 'about';
  if (kind === 'replay' && isObject(outcome) && outcome['first_request_id'] === requestId) return 'about';
  const isCounted =
    isObject(suppressed) && [suppressed['first_request_id'], suppressed['last_request_id']].includes(requestId);
  return isCounted ? 'counted' : 'none';
}
