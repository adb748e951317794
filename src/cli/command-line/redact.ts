import { printable } from './text.ts';

/**
 * The last redaction of a report before it is printed. A text that holds a key, in any encoding that the key search
 * knows, is withheld whole. Mail addresses, and user information before an `@` in a URL, are masked. Control
 * characters, such as terminal escapes, are replaced. It should seldom find anything. One case is a key in the wrong
 * setting.
 */
export function redact<Value>(value: Value, holdsKey: (text: string) => boolean): Value {
  return walk(value, (text) => (holdsKey(text) ? '[withheld: this holds the Galileo key]' : visible(text))) as Value;
}

/** A host name must follow the `@`, so paths such as `/mnt/volume@1` do not match. */
const ADDRESS = /[^\s/@"'<>()[\]{},;]+@[^\s/@"'<>()[\]{},;:]+\.[a-z]{2,}/gi;

/** Line ends in a value are replaced, too: only the renderers write line ends. */
function visible(text: string): string {
  return printable(text).replace(ADDRESS, '[address]');
}

function walk(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((item) => walk(item, change));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, walk(member, change)]));
}
