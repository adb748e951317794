/**
 * A strict JSON reader: it accepts only texts that every parser reads in the same way (RFC 8259 §4, §8.2, §9). It is
 * not a second JSON.parse. It decides whether a text is acceptable and where it fails; JSON.parse then produces the
 * value, so `__proto__` is an ordinary own member. The upstream uses CPython's `json` (up to 3.12), and this reader
 * follows it:
 * - A text that CPython refuses is refused at CPython's position (0-based, in code points).
 * - A text that only this reader refuses is reported at its first such place, after the rest proved well-formed. It
 *   does not recurse, so deep nesting cannot overflow the stack.
 */
export type StrictJson = { readonly kind: 'value'; readonly value: unknown } | InvalidJson;

export interface InvalidJson {
  readonly kind: 'invalid';
  readonly position: number;
  readonly reason: JsonRefusal;
}

export type JsonRefusal =
  | 'syntax'
  | 'byte_order_mark'
  | 'duplicate_name'
  | 'lone_surrogate'
  | 'not_finite'
  | 'too_deep';

/** CPython's own bound on nesting; a request to this service needs two levels. */
const MAX_DEPTH = 1000;

const SPACE_CODE = 0x20;
const SPACE = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const HEX_4 = /[0-9a-fA-F]{4}/y;
// oxlint-disable-next-line no-control-regex -- RFC 8259 §7: control characters end a string's plain run.
const PLAIN = /[^"\\\u0000-\u001f]*/y;
const SHORT_ESCAPES = '"\\/bfnrt';
const LITERALS = ['true', 'false', 'null'];
/** CPython accepts these; RFC 8259 §6 does not. */
const NOT_FINITE = ['NaN', 'Infinity', '-Infinity'];

export function parseStrictJson(text: string): StrictJson {
  return checkStrictJson(text) ?? { kind: 'value', value: JSON.parse(text) };
}

/** Null when the text is acceptable. For a text that something else parses. */
export function checkStrictJson(text: string): InvalidJson | null {
  const refusal = text.startsWith('\uFEFF') ? { at: 0, reason: 'byte_order_mark' as const } : findRefusal(text);
  if (refusal === null) return null;
  return { kind: 'invalid', position: [...text.slice(0, refusal.at)].length, reason: refusal.reason };
}

interface Refusal {
  /** In UTF-16 code units. */
  readonly at: number;
  readonly reason: JsonRefusal;
}

class SyntaxFault {
  readonly at: number;
  constructor(at: number) {
    this.at = at;
  }
}

function findRefusal(text: string): Refusal | null {
  try {
    return walk(text);
  } catch (fault) {
    if (fault instanceof SyntaxFault) return { at: fault.at, reason: 'syntax' };
    throw fault;
  }
}

/** Throws a SyntaxFault where CPython refuses too. Returns the first refusal that only this reader makes, or null. */
function walk(text: string): Refusal | null {
  let at = 0;
  let refusal: Refusal | null = null;
  /** The containers around `at`, outermost first. An object is the set of names seen so far; an array is null. */
  const open: (Set<string> | null)[] = [];

  const objectTo = (start: number, reason: JsonRefusal): void => {
    refusal ??= { at: start, reason };
  };
  const skipSpace = (): void => {
    if (text.charCodeAt(at) <= SPACE_CODE) at = endOf(SPACE, text, at) ?? at;
  };
  const expect = (character: string): void => {
    if (text[at] !== character) throw new SyntaxFault(at);
    at += 1;
    skipSpace();
  };
  const readString = (): string => {
    const start = at;
    at = stringEnd(text, start);
    const plain = text.slice(start + 1, at - 1);
    // Without an escape the text is the value, and the search below finds its surrogates.
    if (!plain.includes('\\')) return plain;
    const value = JSON.parse(text.slice(start, at)) as string;
    if (!value.isWellFormed()) objectTo(start, 'lone_surrogate');
    return value;
  };
  const readName = (names: Set<string>): void => {
    const start = at;
    if (text[at] !== '"') throw new SyntaxFault(at);
    const name = readString();
    if (names.has(name)) objectTo(start, 'duplicate_name');
    names.add(name);
    skipSpace();
    expect(':');
  };
  const readScalar = (): void => {
    const start = at;
    if (text[start] === '"') {
      readString();
      return;
    }
    const number = endOf(NUMBER, text, start);
    const literal = number === null ? LITERALS.find((word) => text.startsWith(word, start)) : undefined;
    if (literal !== undefined) {
      at += literal.length;
      return;
    }
    const notFinite = number === null ? NOT_FINITE.find((word) => text.startsWith(word, start)) : undefined;
    if (number === null && notFinite === undefined) throw new SyntaxFault(start);
    at = number ?? start + (notFinite ?? '').length;
    if (!Number.isFinite(Number(text.slice(start, at)))) objectTo(start, 'not_finite');
  };
  /** Reads a scalar or an empty container as a whole (true), or moves to the first value inside a container (false). */
  const readValue = (): boolean => {
    const start = at;
    const opener = text[at];
    if (opener !== '{' && opener !== '[') {
      readScalar();
      return true;
    }
    if (open.length >= MAX_DEPTH) objectTo(start, 'too_deep');
    at += 1;
    skipSpace();
    if (text[at] === (opener === '{' ? '}' : ']')) {
      at += 1;
      return true;
    }
    const names = opener === '{' ? new Set<string>() : null;
    open.push(names);
    if (names !== null) readName(names);
    return false;
  };
  /** After a complete value: leaves every container that ends here. True when another value follows. */
  const moveToNextValue = (): boolean => {
    for (;;) {
      skipSpace();
      const names = open.at(-1);
      if (names === undefined) {
        if (at < text.length) throw new SyntaxFault(at);
        return false;
      }
      if (text[at] === (names === null ? ']' : '}')) {
        at += 1;
        open.pop();
        continue;
      }
      expect(',');
      if (names !== null) readName(names);
      return true;
    }
  };

  const unpaired = text.search(/\p{Surrogate}/u);
  if (unpaired >= 0) objectTo(unpaired, 'lone_surrogate');
  skipSpace();
  do {
    while (!readValue());
  } while (moveToNextValue());
  return refusal;
}

/** The end of the string that starts with the quote at `start`: the index after its closing quote. */
function stringEnd(text: string, start: number): number {
  let at = start + 1;
  for (;;) {
    at = endOf(PLAIN, text, at) ?? at;
    if (text[at] === '"') return at + 1;
    if (at >= text.length || (text[at] === '\\' && at + 1 === text.length)) throw new SyntaxFault(start);
    if (text[at] !== '\\') throw new SyntaxFault(at);
    at = escapeEnd(text, at);
  }
}

function escapeEnd(text: string, backslash: number): number {
  const kind = backslash + 1;
  if (text[kind] !== 'u') {
    if (!SHORT_ESCAPES.includes(text[kind] ?? '')) throw new SyntaxFault(backslash);
    return kind + 1;
  }
  const end = endOf(HEX_4, text, kind + 1);
  // Without one more character after the digits, CPython reports the escape and not the missing quote.
  if (end === null || end === text.length) throw new SyntaxFault(kind);
  return end;
}

/** The end of the sticky pattern's match at `at`, or null. */
function endOf(pattern: RegExp, text: string, at: number): number | null {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : null;
}
