import { parseStrictJson } from '../../contract/strict-json.ts';
import { canonicalJson } from '../../lib/canonical-json.ts';
import { isObject, parseObject } from '../../lib/parse-object.ts';
import { ocsfLine } from '../format/ocsf-event.ts';
import { readTrailItem } from './item.ts';
import { isNewer } from './known-form.ts';

/**
 * Reads from a delivered line the text that the ledger stored. The line is a native line, an OCSF event, a line of the
 * stdout sink around either of them, or the body of an OTLP log record. Verifies no chain. Invariant: a line has one
 * meaning, so an edited record cannot be hidden around, beside or behind an honest one. A line with members of a record
 * or a checkpoint is returned verbatim. A line is damaged, and is never skipped, if it carries two things, if two
 * parsers may read it differently, or if its searchable part differs from its record.
 */
export type DeliveredLine =
  /** `text`: the RFC 8785 text inside. */
  | { readonly kind: 'native'; readonly text: string }
  /** Ours, but not as it was delivered. `text`: the text inside; null when it cannot be determined. */
  | { readonly kind: 'damaged'; readonly text: string | null }
  | { readonly kind: 'foreign' };

const FOREIGN: DeliveredLine = { kind: 'foreign' };
const UNREADABLE: DeliveredLine = { kind: 'damaged', text: null };

export function readDeliveredLine(line: string): DeliveredLine {
  const value = parseObject(line);
  if (value === null) return FOREIGN;
  if (isNative(value)) return { kind: 'native', text: line };
  const carried = carriedBy(value);
  const [inner] = carried;
  if (inner === undefined) return FOREIGN;
  if (carried.length > 1 || parseStrictJson(line).kind === 'invalid') return UNREADABLE;
  return inner();
}

/** One member that only our lines have is enough: a damaged record must be reported as damaged. */
function isNative(value: Readonly<Record<string, unknown>>): boolean {
  return ['seq', 'prev', 'hash', 'head'].some((name) => name in value);
}

/**
 * One reader for each thing that the line carries: a native text, an OCSF event, or the line itself as an OCSF event.
 */
function carriedBy(line: Readonly<Record<string, unknown>>): (() => DeliveredLine)[] {
  const { record, checkpoint, ocsf, raw_data: rawData } = line;
  // A collector may have serialized the member again, in another order.
  const natives = [record, checkpoint]
    .filter(isObject)
    .map((inner) => (): DeliveredLine => ({ kind: 'native', text: canonicalJson(inner) }));
  const event = isObject(ocsf) ? [() => insideOcsf(ocsf)] : [];
  const others = [...natives, ...event];
  const isEvent = typeof rawData === 'string' && ('class_uid' in line || others.length > 0);
  return isEvent ? [...others, () => insideOcsf(line)] : others;
}

function insideOcsf(event: Readonly<Record<string, unknown>>): DeliveredLine {
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
