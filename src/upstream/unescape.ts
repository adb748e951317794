/**
 * Removes every layer of escapes from a text at once, in any mix: percent-encoding (RFC 3986 §2.1), JSON's backslash
 * escapes with `\xHH` (RFC 8259 §7), and HTML's character references by name and by number. It is for searching only:
 * the result is in lower case, every character outside ASCII is NUL, and an escape that is no visible ASCII character
 * stays as it is.
 *
 * Invariant: time and memory are linear in the text, however deep its escapes are nested. Each step of the loop appends
 * one character to the output or replaces at least two characters of it by one.
 */
export function unescapeAll(text: string): string {
  const output = new Uint8Array(text.length);
  let length = 0;
  /** Characters to process before the text continues. An escape leaves its character here. */
  const pending: number[] = [];

  for (let at = 0; at < text.length; at += 1) {
    pending.push(lowerAscii(text.charCodeAt(at)));
    for (let code = pending.pop(); code !== undefined; code = pending.pop()) {
      const escape = escapeAt(output, length, code);
      if (escape === null) {
        output[length] = code;
        length += 1;
      } else {
        length = escape.start;
        pending.push(escape.code);
      }
    }
  }
  return new TextDecoder().decode(output.subarray(0, length));
}

interface Escape {
  /** The place of its first character in the output. */
  readonly start: number;
  /** The character that it stands for. */
  readonly code: number;
}

const AMPERSAND = codeOf('&');
const BACKSLASH = codeOf('\\');
const HASH = codeOf('#');
const PERCENT = codeOf('%');
const SEMICOLON = codeOf(';');
/** What stands for itself behind a backslash. */
const PLAIN_BEHIND_BACKSLASH: ReadonlySet<number> = new Set(['"', "'", '/', '\\'].map(codeOf));
/** Longer than every name, and than a number with 24 leading zeros. */
const MAX_REFERENCE_LENGTH = 32;
/** The names of ASCII characters in lower case (HTML Living Standard §13.5). The search ignores case as well. */
const REFERENCES: ReadonlyMap<string, number> = new Map(
  Object.entries({
    ...{ '!': 'excl', '"': 'quot', '#': 'num', $: 'dollar', '%': 'percnt', '&': 'amp', "'": 'apos', '(': 'lpar' },
    ...{ ')': 'rpar', '*': 'ast midast', '+': 'plus', ',': 'comma', '.': 'period', '/': 'sol', ':': 'colon' },
    ...{ ';': 'semi', '<': 'lt', '=': 'equals', '>': 'gt', '?': 'quest', '@': 'commat', '[': 'lsqb lbrack' },
    ...{ '\\': 'bsol', ']': 'rsqb rbrack', '^': 'hat', _: 'lowbar underbar', '`': 'grave diacriticalgrave' },
    ...{ '{': 'lcub lbrace', '|': 'vert verbar verticalline', '}': 'rcub rbrace' },
  }).flatMap(([character, names]) => names.split(' ').map((name) => [name, codeOf(character)] as const)),
);

/** The escape that `code` completes behind the first `length` characters of the output; null when it completes none. */
function escapeAt(output: Uint8Array, length: number, code: number): Escape | null {
  if (code === SEMICOLON) return referenceAt(output, length);
  if (output[length - 1] === BACKSLASH && PLAIN_BEHIND_BACKSLASH.has(code)) return { start: length - 1, code };
  const low = hexDigit(code);
  if (low < 0 || length < 2) return null;
  const high = hexDigit(output[length - 1] ?? 0);
  // Visible ASCII is 0x21 to 0x7e.
  const value = high * 16 + low;
  if (high < 2 || high > 7 || value === 0x20 || value === 0x7f) return null;
  const start = hexEscapeStart(output, length - 1);
  return start === null ? null : { start, code: lowerAscii(value) };
}

/** The start of the `%`, `\x` or `\u00` that ends before `end`. */
function hexEscapeStart(output: Uint8Array, end: number): number | null {
  if (output[end - 1] === PERCENT) return end - 1;
  if (output[end - 2] === BACKSLASH && output[end - 1] === codeOf('x')) return end - 2;
  const isLongForm = output[end - 1] === ZERO && output[end - 2] === ZERO && output[end - 3] === codeOf('u');
  return isLongForm && output[end - 4] === BACKSLASH ? end - 4 : null;
}

const ZERO = codeOf('0');

/** The character reference whose semicolon comes next. */
function referenceAt(output: Uint8Array, length: number): Escape | null {
  const floor = Math.max(0, length - MAX_REFERENCE_LENGTH);
  let start = length - 1;
  while (start > floor && isReferenceCharacter(output[start] ?? 0)) start -= 1;
  if (output[start] !== AMPERSAND) return null;
  const name = String.fromCharCode(...output.subarray(start + 1, length));
  const number = /^#(?:x([0-9a-f]+)|([0-9]+))$/.exec(name);
  const code =
    number === null
      ? REFERENCES.get(name)
      : Number.parseInt(number[1] ?? number[2] ?? '', number[1] === undefined ? 10 : 16);
  return code !== undefined && code > 0x20 && code < 0x7f ? { start, code: lowerAscii(code) } : null;
}

function isReferenceCharacter(code: number): boolean {
  return code === HASH || (code >= 0x30 && code <= 0x39) || (code >= 0x61 && code <= 0x7a);
}

/** -1 when it is none. */
function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  return code >= 0x61 && code <= 0x66 ? code - 0x61 + 10 : -1;
}

function lowerAscii(code: number): number {
  if (code > 0x7f) return 0;
  return code >= 0x41 && code <= 0x5a ? code + 0x20 : code;
}

function codeOf(character: string): number {
  return character.charCodeAt(0);
}
