/**
 * The last look at what a command is about to print: a text that holds a key, in any disguise, is withheld whole, mail
 * addresses and what stands before an `@` in a URL are masked, and control characters (terminal escapes among them) are
 * made visible. Little should ever be found here; a key that was put into the wrong setting is a reason that something is.
 */
export function redact<Value>(value: Value, holdsKey: (text: string) => boolean): Value {
  return walk(value, (text) => (holdsKey(text) ? '[withheld: this holds the Galileo key]' : visible(text))) as Value;
}

/** With a name of a host behind the `@`: paths such as `/mnt/volume@1` are none. */
const ADDRESS = /[^\s/@"'<>()[\]{},;]+@[^\s/@"'<>()[\]{},;:]+\.[a-z]{2,}/gi;

/** Line ends are the renderers' to write, so none comes from a value. */
function visible(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\ufffd').replace(ADDRESS, '[address]');
}

function walk(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((item) => walk(item, change));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, walk(member, change)]));
}
