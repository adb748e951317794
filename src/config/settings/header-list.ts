import { FIELD_NAME, MESSAGE_FIELDS } from '../../lib/http/header-fields.ts';

/**
 * Parses lists of `name=value` pairs separated by commas, values percent-encoded: OpenTelemetry's form for headers and
 * resource attributes in variables (W3C Baggage without metadata). Pure. A failure is only null and never quotes the
 * list, because headers contain tokens.
 */
export type Pairs = Readonly<Record<string, string>>;

const FIELD_VALUE = /^[\x20-\x7e]*$/;

/** Header fields, names in lower case; null when the text is not such a list or has a field that must not be sent. */
export function parseHeaderList(text: string): Pairs | null {
  const pairs = parsePairs(text);
  if (pairs === null) return null;
  const fields = pairs.map(([name, value]) => [name.toLowerCase(), value] as const);
  const areFields = fields.every(
    ([name, value]) => FIELD_NAME.test(name) && FIELD_VALUE.test(value) && !MESSAGE_FIELDS.has(name),
  );
  return areFields ? withoutRepeats(fields) : null;
}

export function parseAttributeList(text: string): Pairs | null {
  const pairs = parsePairs(text);
  return pairs === null ? null : withoutRepeats(pairs);
}

function parsePairs(text: string): readonly (readonly [name: string, value: string])[] | null {
  try {
    return text
      .split(',')
      .map((pair) => pair.trim())
      .filter((pair) => pair !== '')
      .map((pair) => {
        const [, name = '', value = ''] = /^([^=\s]+)\s*=(.*)$/s.exec(pair) ?? [];
        if (name === '') throw new SyntaxError('not a pair');
        return [name, decodeURIComponent(value.trim())] as const;
      });
  } catch {
    return null;
  }
}

function withoutRepeats(pairs: readonly (readonly [name: string, value: string])[]): Pairs | null {
  const record = new Map(pairs);
  return record.size === pairs.length && record.size > 0 ? Object.fromEntries(record) : null;
}
