/** Values as source text: for a shell, for TypeScript, and as indented JSON. */

/** A JSON body over several lines is easier to read than one that does not fit. */
const ONE_LINE = 56;

/** Lists and objects that fit stay on one line; the others have one member a line. */
export function jsonText(value: unknown, indent = ''): string {
  return layOut(value, indent, { quote: (text) => JSON.stringify(text), key: (name) => JSON.stringify(name) });
}

/** A value as TypeScript writes it. */
export function codeText(value: unknown, indent = ''): string {
  const quote = (text: string): string =>
    `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
  return layOut(value, indent, { quote, key: (name) => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : quote(name)) });
}

/** A word of a POSIX shell: as it is where that is safe, otherwise in single quotes. */
export function shellWord(text: string): string {
  return /^[\w./:@=,+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

interface Spelling {
  readonly quote: (text: string) => string;
  readonly key: (name: string) => string;
}

function layOut(value: unknown, indent: string, spelling: Spelling): string {
  const line = inOneLine(value, spelling);
  if (typeof value !== 'object' || value === null || indent.length + line.length <= ONE_LINE) return line;
  const inner = `${indent}  `;
  const lines = Array.isArray(value)
    ? value.map((entry) => `${inner}${layOut(entry, inner, spelling)}`)
    : Object.entries(value).map(([name, entry]) => `${inner}${spelling.key(name)}: ${layOut(entry, inner, spelling)}`);
  const [open, close] = Array.isArray(value) ? '[]' : '{}';
  return `${open}\n${lines.join(',\n')}\n${indent}${close}`;
}

function inOneLine(value: unknown, spelling: Spelling): string {
  if (typeof value === 'string') return spelling.quote(value);
  if (Array.isArray(value)) return `[${value.map((entry) => inOneLine(entry, spelling)).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'undefined';
  const members = Object.entries(value).map(([name, entry]) => `${spelling.key(name)}: ${inOneLine(entry, spelling)}`);
  return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`;
}
