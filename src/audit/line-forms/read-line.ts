import type { Place } from '../verify/findings.ts';
import type { TrailItem } from '../verify/item.ts';
import type { OtherLine } from './other-lines.ts';

/** What the reader of delivered lines takes and gives: lines of a file, and what each of them is. Types only. */
export interface LineReader {
  take(line: RawLine, place: Place): readonly ReadLine[];
  /** What was begun and has no end. */
  end(): readonly ReadLine[];
}

export interface RawLine {
  /** Without its line end. Where there is a fault, as much of it as can be read. */
  readonly text: string;
  readonly fault: 'not_utf8' | 'too_long' | null;
  /** It has a line end. The last line of a file may have none. */
  readonly isEnded: boolean;
}

export type ReadLine = (
  | {
      readonly kind: 'item';
      readonly item: TrailItem;
      readonly isNewer: boolean;
      /** The names of the forms around it, the outermost first; empty for a line as the service wrote it. */
      readonly forms: readonly string[];
      /** What was inside of them. Null: an object without a text of its own. */
      readonly text: string | null;
      /** The text of the record or the checkpoint as it was stored. Of a damaged one: as much of it as there is, or null. */
      readonly native: string | null;
    }
  | { readonly kind: 'other'; readonly what: OtherLine }
) & {
  readonly place: Place;
  /** How many lines it took: several when it was split, 0 when a line before counts for it. */
  readonly lines: number;
};
