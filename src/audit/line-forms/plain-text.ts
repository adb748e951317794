import { parseObject } from '../../lib/parse-object.ts';
import type { DamagedItem } from '../verify/item.ts';
import { readDeliveredValue } from './delivered-line.ts';
import { hasMarks, straysIn } from './looks-ours.ts';
import { encodedIn } from './other-lines.ts';
import type { OtherLine } from './other-lines.ts';

/**
 * Reads a text that is no JSON and has no known form. It is output of another program, a part of one of our lines, or one
 * of our lines with an unknown text around it. The latter two are damage: nothing in them can be verified.
 */
export function readPlainText(text: string, fault: 'not_utf8' | 'too_long' | null): PlainText {
  const printed = fault === null && PRINTED.test(text);
  if (printed || !hasMarks(text))
    return { kind: 'other', what: fault ?? (printed ? 'printed' : (encodedIn(text) ?? 'text')) };
  const inner = fault === null ? ourObjectIn(text) : null;
  if (inner === null && RUBY.test(text)) return { kind: 'damaged', what: 'form', claimedSeq: null };
  return inner === null
    ? { kind: 'damaged', what: 'text', claimedSeq: null }
    : { kind: 'damaged', what: 'form', claimedSeq: seqOf(inner) };
}

export type PlainText = DamagedItem | { readonly kind: 'other'; readonly what: OtherLine };

/** Whether the text can be the rest of a line: it has no beginning of one. */
export function isRest(text: string): boolean {
  return !text.startsWith('{') && !RUBY.test(text) && ourObjectIn(text) === null;
}

/** Whether the text can be the beginning of a line. */
export function isBegun(read: PlainText, text: string): boolean {
  return read.kind === 'damaged' ? read.what === 'text' : text.startsWith('{');
}

/** One line of a JSON document that was printed with white space. */
const PRINTED = /^(?:\s+(?:"(?:[^"\\]|\\.)*"(?: ?: .*)?|[\d.eE+-]+|true|false|null)|\s*[[\]{}]+),?$/;

/** As Fluent Bit prints to stdout; its escapes are not those of JSON. */
const RUBY = /\{"\w+"=>/;

function ourObjectIn(text: string): Readonly<Record<string, unknown>> | null {
  const inner = text.slice(text.indexOf('{'), text.lastIndexOf('}') + 1);
  const value = parseObject(inner);
  if (value === null) return null;
  return readDeliveredValue(value, inner).kind !== 'foreign' || straysIn(value, new Set()).length > 0 ? value : null;
}

function seqOf(value: Readonly<Record<string, unknown>>): number | null {
  const { record } = value;
  const { seq } = typeof record === 'object' && record !== null ? (record as { seq?: unknown }) : value;
  return typeof seq === 'number' && Number.isSafeInteger(seq) && seq > 0 ? seq : null;
}
