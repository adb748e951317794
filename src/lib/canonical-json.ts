import serialize from 'canonicalize';

/**
 * RFC 8785 (JSON Canonicalization Scheme): equal values have the same text, whatever the order of their members.
 * Throws a TypeError for a top-level value that JSON cannot express (`undefined`, a function).
 */
export function canonicalJson(value: unknown): string {
  const text = serialize(value);
  if (text === undefined) throw new TypeError('value has no JSON form');
  return text;
}

/** Null for a value without an RFC 8785 form, such as a lone surrogate, which JSON.parse accepts. */
export function canonicalJsonOrNull(value: unknown): string | null {
  try {
    return canonicalJson(value);
  } catch {
    return null;
  }
}
