import { parseStrictJson } from '../../contract/strict-json.ts';
import { canonicalJson } from '../../lib/canonical-json.ts';
import { isObject, parseObject } from '../../lib/parse-object.ts';
import { ocsfLine } from '../format/ocsf-event.ts';
import { readTrailItem } from './item.ts';

/**
 * The way back from a delivered line to the text that the ledger stored: a native line, an OCSF event, a line of the
 * stdout sink around either, the body of an OTLP log record. Verifies no chain. Invariant: a line has one meaning. What
 * names itself a record or a checkpoint is taken at its word and returned verbatim; a line that carries two things, that
 * two readers may read differently, or whose searchable part says otherwise than its record, is damaged and never skipped,
 * so nobody hides an edited record around, beside or behind an honest one.
 */
export type DeliveredLine =
  /** `text`: the RFC 8785 text inside. */
  | { readonly kind: 'native'; readonly text: string }
  /** One of ours, and not as it was delivered. `text`: what it carries, where that can be told. */
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

/** Any member that only ours have makes it one of ours: a damaged record is still to be shown as damaged. */
function isNative(value: Readonly<Record<string, unknown>>): boolean {
  return ['seq', 'prev', 'hash', 'head'].some((name) => name in value);
}

/** How to read each thing that the line carries: a native one, an OCSF event, or being an OCSF event itself. */
function carriedBy(line: Readonly<Record<string, unknown>>): (() => DeliveredLine)[] {
  const { record, checkpoint, ocsf, raw_data: rawData } = line;
  // A collector may have written the member anew, in another order.
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
  // Damage inside says more than damage around it.
  if (kind === 'damaged') return { kind: 'native', text };
  return isAsWritten(event, { kind, text }) ? { kind: 'native', text } : { kind: 'damaged', text };
}

/** Every member that we write is there as we write it. What a collector adds beside them, it may; in arrays nothing. */
function isAsWritten(event: object, { kind, text }: { kind: 'record' | 'checkpoint'; text: string }): boolean {
  try {
    const written: unknown = JSON.parse(ocsfLine({ position: 0, kind, line: text }));
    return holds(event, written);
  } catch {
    // A sound hash over what is no record of ours: no such event was ever written.
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
