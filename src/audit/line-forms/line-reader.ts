import { parseObject, isObject } from '../../lib/parse-object.ts';
import type { Place } from '../verify/findings.ts';
import { readTrailItem } from '../verify/item.ts';
import type { TrailItem } from '../verify/item.ts';
import { isNewer } from '../verify/known-form.ts';
import { isClearJson } from './clear-json.ts';
import { readDeliveredLine, readDeliveredValue } from './delivered-line.ts';
import type { DeliveredLine } from './delivered-line.ts';
import { createCutCopies } from './cut-copies.ts';
import { contentsOf, splitOf } from './json-forms.ts';
import type { JsonForm } from './json-forms.ts';
import { holdsAnother, isExtracted } from './held-lines.ts';
import { otherJson } from './other-lines.ts';
import type { OtherLine } from './other-lines.ts';
import type { JoinedLine, Piece } from './pieces.ts';
import { createPieces } from './pieces.ts';
import { isBegun, isRest, readPlainText } from './plain-text.ts';
import type { LineReader, RawLine, ReadLine } from './read-line.ts';
import { contentAfter } from './text-forms.ts';

/**
 * Reads lines of the service as runtimes, collectors and log stores write them: it opens the wrappers of json-forms.ts
 * and text-forms.ts, one inside the other, and joins split lines. The form is found for each line, so a stream may mix
 * them. What is inside is judged verbatim; a wrapper is decoded as its form says, and nothing else is changed. Keeps
 * only the pieces of lines that have no end yet.
 */
const MAX_DEPTH = 5;

type Json = Readonly<Record<string, unknown>>;

/** What is around a text: its wrappers, and its place. */
interface Layer {
  readonly forms: readonly string[];
  /** Every parser reads the wrappers alike. */
  readonly isClear: boolean;
  readonly place: Place;
  readonly lines: number;
  /** It begins with the first line of the input, which may be the rest of a line. */
  readonly isFirst: boolean;
  /** It is a part of a text that was two lines. */
  readonly isGlued: boolean;
}

/** The beginning of each line on stdout. */
const BEGIN = '{"level":"';
const UNREADABLE: TrailItem = { kind: 'damaged', what: 'text', claimedSeq: null };

export function createLineReader(): LineReader {
  const opener = createOpener();
  const copies = createCutCopies();
  return {
    take: (line, place) => copies.take(opener.take(line, place)),
    end: () => [...copies.take(opener.end()), ...copies.end()],
  };
}

function createOpener(): LineReader {
  const pieces = createPieces<Layer>();
  /** The last line of a file without its line end. The first line of the next file may continue it. */
  let cut: { readonly text: string; readonly layer: Layer } | null = null;
  let isFirst = true;
  let isEnding = false;

  function readPlain(text: string, layer: Layer, fault: RawLine['fault'] = null): ReadLine {
    const read = readPlainText(text, fault);
    const isCutOff = isEnding ? isBegun(read, text) : layer.isFirst && read.kind === 'damaged' && isRest(text);
    if (isCutOff) return otherLine('cut', layer);
    return read.kind === 'other' ? otherLine(read.what, layer) : damagedItem(read, text, layer);
  }

  function openText(text: string, layer: Layer): ReadLine[] {
    const value = text.startsWith('{') ? parseObject(text) : null;
    if (value !== null) return openObject(value, text, layer);
    const list = text.startsWith('[') ? objectsIn(text) : null;
    if (list !== null) return openAll(list, { ...layer, isClear: layer.isClear && isClearJson(text, list) });
    const content = layer.forms.length < MAX_DEPTH ? contentAfter(text) : null;
    if (content === null) return openGlued(text, layer);
    const { form, line, split } = content;
    const inner = around(layer, form.name);
    return split === null ? openText(line, inner) : openPiece(line, split.continues, split.key, inner);
  }

  /**
   * A process that was killed leaves a line without its end, and the next process begins its first line there. Where the
   * last piece of a line is missing, its other pieces are before the next line.
   */
  function openGlued(text: string, layer: Layer): ReadLine[] {
    const start = layer.isGlued || !text.startsWith(BEGIN) ? -1 : text.lastIndexOf(BEGIN);
    if (start <= 0 || !isComplete(text.slice(start))) return [readPlain(text, layer)];
    const glued = { ...layer, isGlued: true };
    return [...openText(text.slice(0, start), glued), ...openText(text.slice(start), { ...glued, lines: 0 })];
  }

  /** `text` is null for an object inside of another one. */
  function openObject(value: Json, text: string | null, layer: Layer): ReadLine[] {
    const own = readDeliveredValue(value, text);
    if (own.kind !== 'foreign' && !isExtracted(value)) return [itemOf(own, text, layer)];
    const wrapped = layer.forms.length < MAX_DEPTH && value['channel'] !== 'ops' ? contentsOf(value) : null;
    if (wrapped === null) return [otherLine(otherJson(value, text), layer)];
    const { form, contents } = wrapped;
    const isClear = layer.isClear && (text === null || isClearJson(text, value)) && !holdsAnother(value, contents);
    const inner = { ...around(layer, form.name), isClear };
    const [content] = contents;
    return typeof content === 'string' && contents.length === 1
      ? openSplit(content, value, form, inner)
      : openAll(contents, inner);
  }

  function openAll(contents: readonly (string | Json)[], layer: Layer): ReadLine[] {
    const read = contents.flatMap((content) =>
      typeof content === 'string' ? openText(withoutLineEnd(content), layer) : openObject(content, null, layer),
    );
    return read.map((one, index) => (index === 0 ? one : { ...one, lines: 0 }));
  }

  function openSplit(content: string, value: Json, form: JsonForm, layer: Layer): ReadLine[] {
    const text = withoutLineEnd(content);
    const { continues, key } = splitOf(value, form);
    if (continues !== null || text !== content) return openPiece(text, continues ?? false, key, layer);
    // The line end is missing: more follows, or a collector took it away.
    if (!isRecord(text)) return openPiece(text, true, key, layer);
    return [...pieces.drop(keyOf(key, layer)).flatMap(openJoined), ...openText(text, layer)];
  }

  function openPiece(text: string, continues: boolean, key: string, layer: Layer): ReadLine[] {
    const piece: Piece<Layer> = { key: keyOf(key, layer), text, continues, isClear: layer.isClear, at: layer };
    return pieces.take(piece).flatMap(openJoined);
  }

  function openJoined({ parts, count, isTooLong, isWhole, isClear, at }: JoinedLine<Layer>): ReadLine[] {
    const layer = { ...at, isClear, lines: count };
    const text = parts.join('');
    if (isTooLong) return [readPlain(text, layer, 'too_long')];
    if (!isWhole) return [readPlain(text, layer)];
    return openText(text, layer);
  }

  function openRaw({ text, fault }: RawLine, layer: Layer): ReadLine[] {
    return fault === null ? openText(text, layer) : [readPlain(text, layer, fault)];
  }

  return {
    take(line, place) {
      const layer: Layer = { forms: [], isClear: true, place, lines: 1, isFirst, isGlued: false };
      isFirst = false;
      const before = cut;
      cut = null;
      const read: ReadLine[] = [];
      if (before !== null) {
        const joined = before.text + line.text;
        if (line.fault === null && isComplete(joined)) return openText(joined, { ...before.layer, lines: 2 });
        read.push(...openText(before.text, before.layer));
      }
      if (line.fault !== null || line.isEnded || isComplete(line.text)) return [...read, ...openRaw(line, layer)];
      cut = { text: line.text, layer };
      return read;
    },
    end() {
      isEnding = true;
      const last = cut === null ? [] : openText(cut.text, cut.layer);
      const begun = pieces.end().flatMap((joined): ReadLine[] => {
        const { parts, count: lines, isClear, at } = joined;
        const text = parts.join('');
        return isComplete(text) ? openText(text, { ...at, isClear, lines }) : openJoined(joined);
      });
      return [...last, ...begun];
    },
  };
}

function around(layer: Layer, form: string): Layer {
  return { ...layer, forms: [...layer.forms, form] };
}

function keyOf(key: string, { forms }: Layer): string {
  return `${forms.join('\n')}\n${key}`;
}

function withoutLineEnd(text: string): string {
  return text.replace(/\r?\n$/, '');
}

/** All items of a list of objects, or the last one after labels: `[tag, time, {…}]`. */
function objectsIn(text: string): readonly Json[] | null {
  try {
    const value: unknown = JSON.parse(text);
    if (!Array.isArray(value) || !isObject(value.at(-1))) return null;
    if (value.every(isObject)) return value;
    return value.slice(0, -1).every(isLabel) ? value.slice(-1) : null;
  } catch {
    return null;
  }
}

/** The tag and the time of Fluentd. */
function isLabel(value: unknown): boolean {
  return typeof value === 'number' || (typeof value === 'string' && !value.includes('{'));
}

/** Whether the text is JSON inside of all texts before it. */
function isComplete(text: string, depth = 0): boolean {
  if (/^[{[]/.test(text) && (parseObject(text) !== null || objectsIn(text) !== null)) return true;
  const content = depth < MAX_DEPTH ? contentAfter(text) : null;
  if (content === null) return false;
  const { line, split } = content;
  // Whether a piece is complete, only the other pieces show.
  return (split !== null && (split.continues || !line.startsWith('{'))) || isComplete(line, depth + 1);
}

function isRecord(text: string): boolean {
  return text.startsWith('{') && text.endsWith('}') && readDeliveredLine(text).kind !== 'foreign';
}

/** An answer of a search and each document in it have the same form. */
function namesOf({ forms }: Layer): readonly string[] {
  return forms.filter((form, index) => form !== forms[index - 1]);
}

function otherLine(what: OtherLine, { place, lines }: Layer): ReadLine {
  return { kind: 'other', what, place, lines };
}

function damagedItem(item: TrailItem, text: string | null, layer: Layer, native = text): ReadLine {
  const { place, lines } = layer;
  return { kind: 'item', item, isNewer: false, forms: namesOf(layer), text, native, place, lines };
}

function itemOf(delivered: Exclude<DeliveredLine, { kind: 'foreign' }>, line: string | null, layer: Layer): ReadLine {
  const { kind, text } = delivered;
  if (text === null) return damagedItem(UNREADABLE, null, layer);
  const item = readTrailItem(text);
  if (kind === 'damaged' || !layer.isClear) return damagedItem(disguised(item), null, layer, text);
  const { place, lines } = layer;
  return { kind: 'item', item, isNewer: isNewer(text), forms: namesOf(layer), text: line, native: text, place, lines };
}

/** The line that carries this item is damaged, so a valid item counts as damaged, too. */
function disguised(item: TrailItem): TrailItem {
  if (item.kind === 'record') return { kind: 'damaged', what: 'wrapper', claimedSeq: item.seq };
  if (item.kind === 'checkpoint') return { kind: 'damaged', what: 'checkpoint', claimedSeq: item.checkpoint.count };
  return item;
}
