import { parseObject } from '../../lib/parse-object.ts';
import { isSameText, readDeliveredLine, readDeliveredValue } from './delivered-line.ts';
import type { DeliveredLine } from './delivered-line.ts';
import { isExtractOf } from './extract-of.ts';
import { contentsOf } from './json-forms.ts';
import { straysIn } from './looks-ours.ts';

/**
 * Judges what a wrapper holds beside its line: members that its log store extracted from the line, the same record once
 * more, or another one. Keeps nothing; the reader of lines opens wrappers and joins pieces (line-reader.ts).
 */
type Json = Readonly<Record<string, unknown>>;
type Content = string | Json;

const MAX_DEPTH = 5;

/** Whether the object looks like a record only because of members that were extracted from the line in it. */
export function isExtracted(value: Json): boolean {
  const line = lineAround(value, MAX_DEPTH);
  return line.kind === 'native' && isExtractOf(value, line.text);
}

/** Whether the wrapper holds a record or a checkpoint beside its line that is not the one of the line. */
export function holdsAnother(value: Json, contents: readonly Content[]): boolean {
  const known = new Set<unknown>(contents);
  const strays = straysIn(value, known);
  const [content] = contents;
  if (strays.length === 0 || content === undefined) return false;
  if (contents.length > 1) return true;
  const line = lineIn(content, MAX_DEPTH);
  const isSame = (stray: string | object): boolean =>
    isSameText(stray, line) ||
    (typeof stray === 'object' &&
      line.kind === 'native' &&
      isExtractOf(stray as Json, line.text) &&
      straysIn(stray, known).every(isSame));
  return !strays.every(isSame);
}

/** The one line inside of a wrapper, or of wrappers one inside the other. */
function lineAround(value: Json, depth: number): DeliveredLine {
  const [content, ...others] = depth === 0 ? [] : (contentsOf(value)?.contents ?? []);
  return content === undefined || others.length > 0 ? { kind: 'foreign' } : lineIn(content, depth - 1);
}

function lineIn(content: Content, depth: number): DeliveredLine {
  const text = typeof content === 'string' ? content.replace(/\r?\n$/, '') : null;
  const value = typeof content === 'string' ? parseObject(content) : content;
  if (value === null) return text === null ? { kind: 'foreign' } : readDeliveredLine(text);
  const own = readDeliveredValue(value, text);
  const inner = lineAround(value, depth);
  if (own.kind === 'foreign') return inner;
  return inner.kind === 'native' && isExtractOf(value, inner.text) ? inner : own;
}
