import serialize from 'canonicalize';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson, canonicalJsonOrNull } from '../../../src/lib/canonical-json.ts';

/** Names that an engine or a naive copy would treat in another way. */
const NAMES = [
  'a',
  'b',
  '10',
  '9',
  '-1',
  '01',
  '_',
  '__proto__',
  'constructor',
  'toJSON',
  '',
  'é',
  '\u{1f600}',
  '\ufb33',
];

const text = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.constantFrom('\\ud800', '\ud800', 'é\u2028'));
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.oneof(
      text,
      fc.double(),
      fc.integer(),
      fc.boolean(),
      fc.constantFrom(null, undefined, -0, Number.NaN, Infinity, 1e21, 1e-7),
    ),
    fc.array(tie('value'), { maxLength: 4 }),
    fc
      .array(fc.tuple(fc.oneof(fc.constantFrom(...NAMES), text), tie('value')), { maxLength: 6 })
      .map((members) => Object.fromEntries(members)),
  ),
}));

/** The library's answer; null where it refuses. */
function byLibrary(one: unknown): string | null {
  try {
    return serialize(one) ?? null;
  } catch {
    return null;
  }
}

describe('canonical JSON', () => {
  it('is what the library for RFC 8785 writes, for every value, and refused where that refuses', () => {
    fc.assert(
      fc.property(value, (one) => {
        expect(canonicalJsonOrNull(one)).toBe(byLibrary(one));
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    ['members out of order, at every depth', { b: [{ d: 1, c: 2 }], a: { z: 1, y: { x: 1, w: 2 } } }],
    ['a member out of order behind some in order', { a: 1, b: { c: 1 }, d: { f: 1, e: 2 } }],
    ['names that are numbers', { 10: 'ten', 9: 'nine', a: 1 }],
    ['names by code units, not by characters', { '\u{1f600}': 1, '\ufb33': 2 }],
    ['a member __proto__ of its own', JSON.parse('{"b":1,"__proto__":{"d":1,"c":2},"a":2}')],
    ['a value with toJSON', { z: new Date(0), a: 1 }],
    [
      'an instance with toJSON',
      new (class {
        b = 1;
        a = 2;
        toJSON() {
          return [this.b];
        }
      })(),
    ],
    ['members that are called toJSON', { toJSON: 'text', a: { toJSON: 1 } }],
    ['an array with a hole and undefined', { b: [undefined, 1], a: undefined }],
    ['an object without a prototype', Object.assign(Object.create(null), { b: 1, a: 2 })],
    ['text that looks like an escaped surrogate', { b: '\\ud800', a: 'x' }],
    ['a depth beyond the call stack', JSON.parse(`${'['.repeat(5_000)}${']'.repeat(5_000)}`)],
  ])('is the library’s text for %s', (_, one: unknown) => {
    expect(canonicalJson(one)).toBe(serialize(one));
  });

  it('leaves the value as it is', () => {
    const one = { b: { d: 1, c: 2 }, a: 1 };
    canonicalJson(one);
    expect(JSON.stringify(one)).toBe('{"b":{"d":1,"c":2},"a":1}');
  });

  it.each([
    ['NaN', { a: Number.NaN }],
    ['infinity', [Infinity]],
    ['a lone surrogate', { a: '\ud800' }],
    ['a lone surrogate in a name', { '\udfff': 1 }],
    ['undefined', undefined],
    ['a function', () => 1],
    ['a big integer', { a: 1n }],
  ])('throws for %s', (_, one: unknown) => {
    expect(() => canonicalJson(one)).toThrow();
    expect(canonicalJsonOrNull(one)).toBeNull();
  });

  it('throws for a value that holds itself', () => {
    const one: Record<string, unknown> = {};
    one['self'] = one;
    expect(() => canonicalJson(one)).toThrow();
  });
});
