/**
 * Joins the pieces of lines that a log system split. Pieces of one line have the same key, which names the writer, so
 * pieces of stdout and stderr may be mixed. Memory is bounded: a line that is too long keeps only its beginning, and
 * the oldest line without an end is given up when there are too many. Never judges what it joins.
 */
export interface Piece<At> {
  readonly key: string;
  readonly text: string;
  /** More of the line follows. */
  readonly continues: boolean;
  /** Every parser reads the wrapper of this piece alike. */
  readonly isClear: boolean;
  readonly at: At;
}

export interface JoinedLine<At> {
  /** In order; the first one only, when the line is too long. */
  readonly parts: readonly string[];
  /** How many pieces it had. */
  readonly count: number;
  readonly isTooLong: boolean;
  /** The last piece came. */
  readonly isWhole: boolean;
  readonly isClear: boolean;
  /** Of the first piece. */
  readonly at: At;
}

export interface Pieces<At> {
  /** The line that this piece completes, after lines that are given up. Empty: more pieces must come. */
  take(piece: Piece<At>): readonly JoinedLine<At>[];
  /** Gives up the line that this writer has begun. */
  drop(key: string): readonly JoinedLine<At>[];
  isOpen(key: string): boolean;
  /** Gives up all lines that were begun, the oldest first. */
  end(): readonly JoinedLine<At>[];
}

export const MAX_LINE_LENGTH = 4 * 1024 * 1024;
const MAX_OPEN_LENGTH = 4 * MAX_LINE_LENGTH;
/** What a piece costs beside its text. */
const PIECE_LENGTH = 100;

interface Open<At> {
  parts: string[];
  count: number;
  length: number;
  isTooLong: boolean;
  isClear: boolean;
  readonly at: At;
}

export function createPieces<At>(): Pieces<At> {
  /** In order of their first pieces. */
  const open = new Map<string, Open<At>>();
  let total = 0;

  function close(key: string, isWhole: boolean): JoinedLine<At>[] {
    const line = open.get(key);
    if (line === undefined) return [];
    open.delete(key);
    total -= line.length;
    const { parts, count, isTooLong, isClear, at } = line;
    return [{ parts, count, isTooLong, isClear, isWhole, at }];
  }

  function add(line: Open<At>, { text, isClear }: Piece<At>): void {
    const length = text.length + PIECE_LENGTH;
    line.count += 1;
    line.isClear &&= isClear;
    line.isTooLong ||= line.length + length > MAX_LINE_LENGTH;
    if (line.isTooLong) line.parts.length = 1;
    else {
      line.parts.push(text);
      line.length += length;
      total += length;
    }
  }

  return {
    take(piece) {
      const { key, text, continues, isClear, at } = piece;
      const line = open.get(key);
      if (line !== undefined) add(line, piece);
      else if (!continues) return [{ parts: [text], count: 1, isTooLong: false, isWhole: true, isClear, at }];
      else {
        const length = text.length + PIECE_LENGTH;
        open.set(key, { parts: [text], count: 1, length, isTooLong: false, isClear, at });
        total += length;
      }
      const ended = continues ? [] : close(key, true);
      const givenUp: JoinedLine<At>[] = [];
      for (const oldest of open.keys()) {
        if (total <= MAX_OPEN_LENGTH) break;
        givenUp.push(...close(oldest, false));
      }
      return [...givenUp, ...ended];
    },
    drop: (key) => close(key, false),
    isOpen: (key) => open.has(key),
    end: () => [...open.keys()].flatMap((key) => close(key, false)),
  };
}
