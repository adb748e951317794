import { canonicalJsonOrNull } from '../../lib/canonical-json.ts';
import { isObject, parseObject } from '../../lib/parse-object.ts';
import { ocsfLine } from '../format/ocsf-event.ts';
import { readTrailItem } from '../verify/item.ts';
import { isNewer } from '../verify/known-form.ts';
import { isClearJson } from './clear-json.ts';
import { hasMarks, looksOurs, straysIn } from './looks-ours.ts';

/**
 * Reads from a delivered line the text that the ledger stored. The line is a native line, an OCSF event, or a line of
 * the stdout sink around either of them. Verifies no chain, and opens no wrapper of a log system (line-reader.ts does).
 * Invariant: a line has one meaning, so an edited record cannot be hidden around, beside or behind an honest one. A line
 * with members of a record or a checkpoint is returned verbatim. A line is damaged, and is never skipped, if it carries
 * two things, if two parsers may read it differently, or if its searchable part differs from its record. A line with
 * nothing that looks ours is foreign, whatever its members are called.
 */
export type DeliveredLine =
  /** `text`: the RFC 8785 text inside. */
  | { readonly kind: 'native'; readonly text: string }
  /** Ours, but not as it was delivered. `text`: the text inside; null when it cannot be determined. */
  | { readonly kind: 'damaged'; readonly text: string | null }
  | { readonly kind: 'foreign' };

type Json = Readonly<Record<string, unknown>>;

const FOREIGN: DeliveredLine = { kind: 'foreign' };
const UNREADABLE: DeliveredLine = { kind: 'damaged', text: null };
const PRODUCT = 'galileo-invite-proxy';

export function readDeliveredLine(line: string): DeliveredLine {
  const value = parseObject(line);
  return value === null ? FOREIGN : readDeliveredValue(value, line);
}

/** `text` is the JSON text of `value`; null when the value was inside of another one and has no text of its own. */
export function readDeliveredValue(value: Json, text: string | null): DeliveredLine {
  if (looksOurs(value)) return nativeOf(value, text);
  const carried = carriedBy(value);
  const isOurs = carried.some((one) => one.isOurs()) || isAuditChannel(value, carried.length);
  if (!isOurs) return FOREIGN;
  if (hasOurMember(value)) return nativeOf(value, text);
  const [inner] = carried;
  if (inner === undefined || carried.length > 1 || (text !== null && !isClearJson(text, value))) return UNREADABLE;
  const read = inner.read();
  return holdsAnother(value, read) ? UNREADABLE : read;
}

function isAuditChannel(value: Json, carried: number): boolean {
  return value['channel'] === 'audit' && carried > 0;
}

/** Beside something of ours, one member that only our lines have is enough: a damaged record is reported as damaged. */
function hasOurMember(value: Json): boolean {
  return ['seq', 'prev', 'hash', 'head'].some((name) => name in value);
}

/** A collector may have serialized the value again, in another order. */
function nativeOf(value: Json, text: string | null): DeliveredLine {
  const native = text ?? canonicalJsonOrNull(value);
  return native === null ? UNREADABLE : { kind: 'native', text: native };
}

interface Carried {
  readonly isOurs: () => boolean;
  readonly read: () => DeliveredLine;
}

/** Each thing that the line carries: a native text, an OCSF event, or the line itself as an OCSF event. */
function carriedBy(line: Json): readonly Carried[] {
  const { record, checkpoint, ocsf, raw_data: rawData } = line;
  const natives = [record, checkpoint]
    .filter(isObject)
    .map((inner): Carried => ({ isOurs: () => looksOurs(inner), read: () => nativeOf(inner, null) }));
  const others = isObject(ocsf) ? [...natives, asEvent(ocsf)] : natives;
  const isEvent = typeof rawData === 'string' && ('class_uid' in line || others.length > 0);
  return isEvent ? [...others, asEvent(line)] : others;
}

function asEvent(event: Json): Carried {
  return { isOurs: () => isOurEvent(event), read: () => insideOcsf(event) };
}

function isOurEvent({ metadata, raw_data: text }: Json): boolean {
  const product = isObject(metadata) ? metadata['product'] : null;
  if (isObject(product) && product['name'] === PRODUCT) return typeof text === 'string';
  if (typeof text !== 'string') return false;
  const value = parseObject(text);
  return value === null ? hasMarks(text) : looksOurs(value);
}

function insideOcsf(event: Json): DeliveredLine {
  const { raw_data: text } = event;
  if (typeof text !== 'string') return FOREIGN;
  const { kind } = readTrailItem(text);
  // Damage of the text inside is reported in place of damage around it.
  if (kind === 'damaged') return { kind: 'native', text };
  // The searchable part of a newer line has a form that this program does not know. The line is reported as newer.
  if (isNewer(text)) return { kind: 'native', text };
  return isAsWritten(event, { kind, text }) ? { kind: 'native', text } : { kind: 'damaged', text };
}

/** Every member that we write is there unchanged. A collector may add members to objects, but no items to arrays. */
function isAsWritten(event: object, { kind, text }: { kind: 'record' | 'checkpoint'; text: string }): boolean {
  try {
    const written: unknown = JSON.parse(ocsfLine({ position: 0, kind, line: text }));
    return holds(event, written);
  } catch {
    // The hash is sound, but the text is not a record of this service. The service never wrote such an event.
    return false;
  }
}

function holds(found: unknown, written: unknown): boolean {
  if (Array.isArray(written)) {
    return (
      Array.isArray(found) &&
      found.length === written.length &&
      written.every((inner, index) => holds(found[index], inner))
    );
  }
  if (!isObject(written)) return found === written;
  return isObject(found) && Object.entries(written).every(([name, inner]) => holds(found[name], inner));
}

/** Whether another member, which a collector added, holds a record or a checkpoint that is not the one that was read. */
function holdsAnother(line: Json, read: DeliveredLine): boolean {
  const { record, checkpoint, ocsf, raw_data: rawData } = line;
  const inner = isObject(ocsf) ? ocsf['raw_data'] : undefined;
  const strays = straysIn(line, new Set([record, checkpoint, rawData, inner]));
  return strays.some((stray) => !isSameText(stray, read));
}

/** Whether a text or an object is the same record as `read`. */
export function isSameText(stray: string | object, read: DeliveredLine): boolean {
  if (read.kind === 'foreign' || read.text === null) return false;
  const other = typeof stray === 'string' ? readDeliveredLine(stray) : readDeliveredValue(stray as Json, null);
  return other.kind === 'native' && other.text === read.text;
}
