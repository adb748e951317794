import serialize from 'canonicalize';

/**
 * RFC 8785 (JSON Canonicalization Scheme): equal values have the same text, whatever the order of their members.
 * JSON.stringify writes strings and numbers as RFC 8785 does (ECMA-262, Number::toString), so the text of a value whose
 * members are in canonical order comes from it. The library serves what JSON.stringify would write otherwise, and
 * refuses what has no canonical form. Throws for such a value (NaN, a lone surrogate, a cycle), and a TypeError for a
 * top-level value that JSON cannot express (`undefined`, a function).
 */
export function canonicalJson(value: unknown): string {
  const inOrder = ordered(value, 0);
  const quick = inOrder === UNFIT ? undefined : JSON.stringify(inOrder);
  // JSON.stringify escapes a lone surrogate (\udXXX); the library refuses it.
  const text = quick === undefined || quick.includes('\\ud') ? serialize(value) : quick;
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

const UNFIT = Symbol('JSON.stringify would not write it as RFC 8785 does');
/** What is deeper goes to the library, which needs no call stack. */
const MAX_DEPTH = 64;

/** The value with all members in canonical order: itself, or a copy. */
function ordered(value: unknown, depth: number): unknown {
  switch (typeof value) {
    case 'string':
    case 'boolean':
    case 'undefined':
      return value;
    case 'number':
      return Number.isFinite(value) ? value : UNFIT;
    case 'object':
      if (value === null) return value;
      if (depth === MAX_DEPTH) return UNFIT;
      return Array.isArray(value) ? orderedItems(value, depth) : orderedMembers(value, depth);
    default:
      return UNFIT;
  }
}

function orderedItems(items: readonly unknown[], depth: number): unknown {
  let copy: unknown[] | null = null;
  for (let index = 0; index < items.length; index += 1) {
    const item = ordered(items[index], depth + 1);
    if (item === UNFIT) return UNFIT;
    if (item !== items[index]) copy ??= items.slice(0, index);
    copy?.push(item);
  }
  return copy ?? items;
}

function orderedMembers(object: object, depth: number): unknown {
  // An instance may have a toJSON, which a copy would lack.
  const prototype: unknown = Object.getPrototypeOf(object);
  if (prototype !== Object.prototype && prototype !== null) return UNFIT;
  const members = object as Readonly<Record<string, unknown>>;
  const names = Object.keys(members);
  let isSorted = true;
  for (let index = 0; index < names.length; index += 1) {
    const name = names[index] ?? '';
    if (isUnfitName(name)) return UNFIT;
    if (index > 0 && (names[index - 1] ?? '') > name) isSorted = false;
  }
  // RFC 8785 §3.2.3: by UTF-16 code units, as JavaScript compares strings.
  if (!isSorted) sortNames(names);
  let copy: Record<string, unknown> | null = isSorted ? null : {};
  for (let index = 0; index < names.length; index += 1) {
    const name = names[index] ?? '';
    const member = ordered(members[name], depth + 1);
    if (member === UNFIT) return UNFIT;
    if (copy === null && member !== members[name])
      copy = Object.fromEntries(names.slice(0, index).map((before) => [before, members[before]]));
    if (copy !== null) copy[name] = member;
  }
  return copy ?? object;
}

/** More names than any object of this service has. */
const MANY_NAMES = 24;

/** In place. Few names that are nearly in order are sorted without the work arrays of a general sort. */
function sortNames(names: string[]): void {
  if (names.length > MANY_NAMES) {
    names.sort();
    return;
  }
  for (let end = 1; end < names.length; end += 1) {
    const name = names[end] ?? '';
    let at = end;
    for (; at > 0 && (names[at - 1] ?? '') > name; at -= 1) names[at] = names[at - 1] ?? '';
    names[at] = name;
  }
}

const [DIGIT_0, DIGIT_9, UNDERSCORE] = [0x30, 0x39, 0x5f];

/** An engine lists names that are numbers first; `__proto__` sets no member. */
function isUnfitName(name: string): boolean {
  const first = name.charCodeAt(0);
  return (first >= DIGIT_0 && first <= DIGIT_9) || first === UNDERSCORE;
}
