import { parseObject } from '../../lib/parse-object.ts';
import { isSameText, readDeliveredLine, readDeliveredValue } from './delivered-line.ts';
import type { DeliveredLine } from './delivered-line.ts';
import { isExtractOf, isValueOf, saidIn } from './extract-of.ts';
import { contentsOf } from './json-forms.ts';
import { looksOurs, straysIn } from './looks-ours.ts';

/**
 * Judges what a wrapper holds beside its line. Members that a log store copied out of the line are ignored when they say
 * the same, as is the line once more; anything else of ours is a fault. Keeps nothing; the reader of lines opens wrappers
 * and joins pieces (line-reader.ts).
 */
type Json = Readonly<Record<string, unknown>>;
type Content = string | Json;

const MAX_DEPTH = 5;

/** Whether the object looks like a record only because of members that were copied out of the line in it. */
export function isExtracted(value: Json): boolean {
  return isExtractAround(value, lineAround(value, MAX_DEPTH));
}

/** Whether the wrapper holds a record or a checkpoint beside its line that is not the one of the line. */
export function holdsAnother(value: Json, contents: readonly Content[]): boolean {
  const known = new Set<unknown>(contents);
  const waiting = [...straysIn(value, known)];
  const [content] = contents;
  if (waiting.length === 0 || content === undefined) return false;
  const line = contents.length === 1 ? lineIn(content, MAX_DEPTH) : null;
  const said = line?.kind === 'native' ? saidIn(line.text) : null;
  if (line === null || said === null) return true;
  // Without recursion, and each part once: a hostile wrapper may have any depth.
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (typeof next === 'string') {
      if (!isValueOf(next, said) && !isSameText(next, line)) return true;
    } else if (isExtractOf(next as Json, said)) for (const inner of straysIn(next, known)) waiting.push(inner);
    else return true;
  }
  return false;
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
  return own.kind === 'foreign' || isExtractAround(value, inner) ? inner : own;
}

/** What a line of the stdout sink or an OCSF event carries is judged as that, whatever is beside it. */
function isExtractAround(value: Json, inner: DeliveredLine): boolean {
  if (inner.kind !== 'native' || !looksOurs(value) || CARRIERS.some((name) => name in value)) return false;
  const said = saidIn(inner.text);
  return said !== null && isExtractOf(value, said);
}

const CARRIERS = ['record', 'checkpoint', 'ocsf', 'raw_data'];
