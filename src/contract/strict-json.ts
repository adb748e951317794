/**
 * Reads JSON so that no two readers can disagree about it (RFC 8259 §4, §8.2, §9). Not a second JSON.parse: this file
 * decides whether a text may be read and where it fails; JSON.parse then reads the value, so `__proto__` stays an
 * ordinary own member. The walk follows CPython's `json` (up to 3.12), which is what the upstream runs: a text that
 * CPython refuses is refused at CPython's own position (0-based, in code points). What CPython accepts and we do not is
 * reported at the first such place, once the whole is known to be well-formed. It loops, so depth cannot overflow it.
 */
export type StrictJson =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'invalid'; readonly position: number; readonly reason: JsonRefusal };

export type JsonRefusal =
  | 'syntax'
  | 'byte_order_mark'
  | 'duplicate_name'
  | 'lone_surrogate'
  | 'not_finite'
  | 'too_deep';

/** CPython's own bound on nesting; a request to this service needs two levels. */
const MAX_DEPTH = 1000;

const SPACE = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const HEX_4 = /[0-9a-fA-F]{4}/y;
// oxlint-disable-next-line no-control-regex -- RFC 8259 §7: control characters end a string's plain run.
const PLAIN = /[^"\\\u0000-\u001f]*/y;
const SHORT_ESCAPES = '"\\/bfnrt';
const LITERALS = ['true', 'false', 'null'];
/** CPython reads these; RFC 8259 §6 does not have them. */
const NOT_FINITE = ['NaN', 'Infinity', '-Infinity'];

export function parseStrictJson(text: string): StrictJson {
  const refusal = text.startsWith('\uFEFF') ? { at: 0, reason: 'byte_order_mark' as const } : findRefusal(text);
  if (refusal === null) return { kind: 'value', value: JSON.parse(text) };
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

/** Throws a SyntaxFault for what CPython refuses too; returns the first of our own objections, or null. */
function walk(text: string): Refusal | null {
  let at = 0;
  let refusal: Refusal | null = null;
  /** The containers around `at`, outermost first: the names seen in an object, null for an array. */
  const open: (Set<string> | null)[] = [];

  const objectTo = (start: number, reason: JsonRefusal): void => {
    refusal ??= { at: start, reason };
  };
  const skipSpace = (): void => {
    at = endOf(SPACE, text, at) ?? at;
  };
  const expect = (character: string): void => {
    if (text[at] !== character) throw new SyntaxFault(at);
    at += 1;
    skipSpace();
  };
  const readString = (): string => {
    const start = at;
    at = stringEnd(text, start);
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
    const literal = LITERALS.find((word) => text.startsWith(word, start));
    const notFinite = NOT_FINITE.find((word) => text.startsWith(word, start));
    if (text[start] === '"') {
      readString();
    } else if (literal !== undefined) {
      at += literal.length;
    } else {
      at = notFinite === undefined ? numberEnd(text, start) : start + notFinite.length;
      if (!Number.isFinite(Number(text.slice(start, at)))) objectTo(start, 'not_finite');
    }
  };
  /** Reads a scalar or an empty container whole (true), or steps to the first value inside a container (false). */
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
  /** Behind a complete value: leaves every container that ends here. True when another value follows. */
  const goOn = (): boolean => {
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
  } while (goOn());
  return refusal;
}

/** Where the string that starts with the quote at `start` ends: behind its closing quote. */
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
  // CPython wants one more character behind the digits, or it blames the escape and not the missing quote.
  if (end === null || end === text.length) throw new SyntaxFault(kind);
  return end;
}

function numberEnd(text: string, start: number): number {
  const end = endOf(NUMBER, text, start);
  if (end === null) throw new SyntaxFault(start);
  return end;
}

/** The end of a sticky pattern's match at `at`, or null. */
function endOf(pattern: RegExp, text: string, at: number): number | null {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : null;
}
