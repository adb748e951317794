import serialize from 'canonicalize';

/**
 * RFC 8785 (JSON Canonicalization Scheme): one text for one value, whatever order its members came in.
 * Throws a TypeError for what JSON cannot hold at the top level (`undefined`, a function).
 */
export function canonicalJson(value: unknown): string {
  const text = serialize(value);
  if (text === undefined) throw new TypeError('value has no JSON form');
  return text;
}

/** Null for what has no RFC 8785 form, as a lone surrogate, which JSON.parse takes. */
export function canonicalJsonOrNull(value: unknown): string | null {
  try {
    return canonicalJson(value);
  } catch {
    return null;
  }
}
