import { canonicalJson } from '../lib/canonical-json.ts';

/**
 * The way back from a delivered line to the text that the ledger stored: a native line, an OCSF event, a line of the
 * stdout sink around either, the body of an OTLP log record. Verifies nothing. Invariant: what names itself a record or a
 * checkpoint is taken at its word and returned verbatim, so nobody hides an edited record around an honest one.
 */

/** The RFC 8785 text inside; null when the line is none of ours. */
export function nativeLineOf(line: string): string | null {
  const value = parseObject(line);
  if (value === null) return null;
  if (isNative(value)) return line;
  if (typeof value['raw_data'] === 'string' && 'class_uid' in value) return value['raw_data'];
  return insideEnvelope(value);
}

/** Members under which the stdout sink puts what it carries, as a JSON object. */
function insideEnvelope(envelope: Record<string, unknown>): string | null {
  const { record, checkpoint, ocsf } = envelope;
  const carried = [record, checkpoint, ocsf].filter((one) => one !== undefined);
  const [inner] = carried;
  if (carried.length !== 1 || !isObject(inner)) return null;
  if (inner === ocsf) return typeof inner['raw_data'] === 'string' ? inner['raw_data'] : null;
  return canonicalText(inner);
}

/** Any member that only ours have makes it one of ours: a damaged record is still to be shown as damaged. */
function isNative(value: Record<string, unknown>): boolean {
  return ['seq', 'prev', 'hash', 'head'].some((name) => name in value);
}

function parseObject(line: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(line);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A collector may have written the member anew, in another order; one with no RFC 8785 form (a lone surrogate) is none of ours. */
function canonicalText(value: object): string | null {
  try {
    return canonicalJson(value);
  } catch {
    return null;
  }
}
