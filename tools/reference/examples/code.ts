/** Values as source text: for a shell, for TypeScript, and as indented JSON. */

/** A value over several lines is easier to read than one that is too long for its column. */
const ONE_LINE = 60;

export interface Place {
  /** The indentation of the line on which the value begins. */
  readonly indent?: string;
  /** How many characters stand before the value on its line. */
  readonly before?: number;
}

/** Lists and objects that fit stay on one line; the others have one member a line. */
export function jsonText(value: unknown, place: Place = {}): string {
  return layOut(value, place, { quote: (text) => JSON.stringify(text), key: (name) => JSON.stringify(name), last: '' });
}

/** A value as TypeScript writes it. */
export function codeText(value: unknown, place: Place = {}): string {
  const quote = (text: string): string =>
    `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
  const key = (name: string): string => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : quote(name));
  return layOut(value, place, { quote, key, last: ',' });
}

/** A word of a POSIX shell: as it is where that is safe, otherwise in single quotes. */
export function shellWord(text: string): string {
  return /^[\w./:@=,+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

interface Spelling {
  readonly quote: (text: string) => string;
  readonly key: (name: string) => string;
  /** What follows the last member of a list or an object over several lines. */
  readonly last: '' | ',';
}

function layOut(value: unknown, { indent = '', before = indent.length }: Place, spelling: Spelling): string {
  const line = inOneLine(value, spelling);
  if (typeof value !== 'object' || value === null || before + line.length <= ONE_LINE || line.length <= 2) return line;
  const inner = `${indent}  `;
  const member = (name: string, entry: unknown): string =>
    `${inner}${name}${layOut(entry, { indent: inner, before: inner.length + name.length }, spelling)}`;
  const lines = Array.isArray(value)
    ? value.map((entry) => member('', entry))
    : Object.entries(value).map(([name, entry]) => member(`${spelling.key(name)}: `, entry));
  const [open, close] = Array.isArray(value) ? '[]' : '{}';
  return `${open}\n${lines.join(',\n')}${spelling.last}\n${indent}${close}`;
}

function inOneLine(value: unknown, spelling: Spelling): string {
  if (typeof value === 'string') return spelling.quote(value);
  if (Array.isArray(value)) return `[${value.map((entry) => inOneLine(entry, spelling)).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'undefined';
  const members = Object.entries(value).map(([name, entry]) => `${spelling.key(name)}: ${inOneLine(entry, spelling)}`);
  return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`;
}
