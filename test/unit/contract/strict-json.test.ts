import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseStrictJson } from '../../../src/contract/strict-json.ts';
import { sharedFile } from '../../support/testdata.ts';

/** Texts that CPython's json refuses, and the position it reports; recorded from CPython 3.11. */
const CPYTHON_POSITIONS: readonly (readonly [text: string, position: number])[] = [
  ['', 0],
  ['  ', 2],
  ['{', 1],
  ['{ ', 2],
  ['[', 1],
  ['[1', 2],
  ['[1,', 3],
  ['[1,]', 3],
  ['{"a"', 4],
  ['{"a":', 5],
  ['{"a":1', 6],
  ['{"a":1,', 7],
  ['{"a":1,}', 7],
  ['{a:1}', 1],
  ["{'a':1}", 1],
  ['{"a" 1}', 5],
  ['{"a":1 "b":2}', 7],
  ['[1 2]', 3],
  ['[1]x', 3],
  ['[1] ]', 4],
  ['"abc', 0],
  ['"a\\', 0],
  ['"a\\x"', 2],
  ['"a\\u12"', 3],
  ['"a\\u12G4"', 3],
  ['"\\u0041', 2],
  ['"a\nb"', 2],
  ['"a\tb', 2],
  ['-', 0],
  ['[-]', 1],
  ['[-x]', 1],
  ['[01]', 2],
  ['[1.]', 2],
  ['[1.e3]', 2],
  ['[1e]', 2],
  ['[.5]', 1],
  ['[+1]', 1],
  ['[tru]', 1],
  ['[nul', 1],
  ['[truefalse]', 5],
  ['[Nan]', 1],
  ['[-Inf]', 1],
  ['["😀",]', 5],
  ['{"😀":"é",x}', 9],
  ['["\\ud83d\\u12"]', 9],
  ['[\u00a01]', 1],
  ['[1,,2]', 3],
  ['{"a":1,,}', 7],
  ['{,}', 1],
  [']', 0],
  ['\u0000', 0],
  ['[1]\u0000', 3],
  ['//', 0],
  ['{"emails":["a@example.com"],}', 28],
];

/** Texts that CPython's json accepts and this reader refuses. */
const STRICTER = [
  ['a repeated member name', '{"a":1,"a":1}', 7, 'duplicate_name'],
  ['a name repeated in another spelling', '{"role":1,"\\u0072ole":2}', 10, 'duplicate_name'],
  ['a repeated __proto__', '{"__proto__":1,"__proto__":2}', 15, 'duplicate_name'],
  ['a repeated name deep inside', '[{"a":[{"b":1,"c":2,"b":3}]}]', 20, 'duplicate_name'],
  ['a lone high surrogate', '["a","\\ud800"]', 5, 'lone_surrogate'],
  ['a lone low surrogate', '["\\udc00"]', 1, 'lone_surrogate'],
  ['surrogates in the wrong order', '["\\udc00\\ud800"]', 1, 'lone_surrogate'],
  ['a lone surrogate in a name', '{"\\ud800":1}', 1, 'lone_surrogate'],
  ['an unescaped lone surrogate', '["\ud800"]', 2, 'lone_surrogate'],
  ['NaN', '[NaN]', 1, 'not_finite'],
  ['Infinity', '[1,Infinity]', 3, 'not_finite'],
  ['-Infinity', '[-Infinity]', 1, 'not_finite'],
  ['a number beyond any double', '[1e400]', 1, 'not_finite'],
  ['an integer beyond any double', `[-${'9'.repeat(400)}]`, 1, 'not_finite'],
  ['a byte order mark', '\uFEFF{}', 0, 'byte_order_mark'],
  ['nesting beyond 1000 levels', `${'['.repeat(1001)}${']'.repeat(1001)}`, 1000, 'too_deep'],
] as const;

describe('the strict JSON reader', () => {
  it.each(CPYTHON_POSITIONS)('refuses %j where CPython does, at %i', (text, position) => {
    expect(parseStrictJson(text)).toEqual({ kind: 'invalid', position, reason: 'syntax' });
  });

  it.each(STRICTER)('refuses %s', (_, text, position, reason) => {
    expect(parseStrictJson(text)).toEqual({ kind: 'invalid', position, reason });
  });

  it('reports its own objections only for a text that is otherwise well-formed, as the upstream would report it', () => {
    expect(parseStrictJson('{"a":NaN,"a":"\\ud800",}')).toEqual({ kind: 'invalid', position: 22, reason: 'syntax' });
    expect(parseStrictJson('{"a":NaN,"a":1}')).toEqual({ kind: 'invalid', position: 5, reason: 'not_finite' });
  });

  it('accepts the same name in different objects', () => {
    expect(parseStrictJson('[{"a":{"a":1}},{"a":2}]')).toEqual({ kind: 'value', value: [{ a: { a: 1 } }, { a: 2 }] });
  });

  it('reads __proto__ as an ordinary own member and changes no prototype', () => {
    const read = parseStrictJson('{"__proto__":{"role":"admin"}}');
    const value = (read.kind === 'value' ? read.value : null) as Record<string, unknown>;
    expect(Object.keys(value)).toEqual(['__proto__']);
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(value['role']).toBeUndefined();
  });

  it.each([900, 1000])('reads %i levels of nesting', (depth) => {
    expect(parseStrictJson('[{"a":'.repeat(depth / 2) + '1' + '}]'.repeat(depth / 2)).kind).toBe('value');
  });

  it('neither overflows nor slows down on half a million open brackets', () => {
    expect(parseStrictJson('['.repeat(500_000))).toEqual({ kind: 'invalid', position: 500_000, reason: 'syntax' });
    expect(parseStrictJson('{"":'.repeat(100_000)).kind).toBe('invalid');
  });

  it('accepts only what JSON.parse accepts, and reads the same value', () => {
    fc.assert(
      fc.property(mutatedJson(), (text) => {
        const read = parseStrictJson(text);
        if (read.kind === 'value') expect(read.value).toStrictEqual(JSON.parse(text));
        else if (read.reason === 'syntax') expect(() => JSON.parse(text)).toThrow(SyntaxError);
      }),
      { numRuns: 3000 },
    );
  });

  it('reads whatever a well-behaved writer wrote', () => {
    fc.assert(
      fc.property(fc.json({ stringUnit: 'grapheme' }), (text) => {
        expect(parseStrictJson(text)).toStrictEqual({ kind: 'value', value: JSON.parse(text) });
      }),
      { numRuns: 1000 },
    );
  });

  it('refuses any member name said twice, however it is escaped', () => {
    const escaped = (name: string): string =>
      `"${[...name].map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')}"`;
    fc.assert(
      fc.property(fc.string(), fc.jsonValue(), fc.jsonValue(), (name, one, other) => {
        const text = `{${JSON.stringify(name)}:${JSON.stringify(one)},${escaped(name)}:${JSON.stringify(other)}}`;
        expect(parseStrictJson(text)).toMatchObject({ kind: 'invalid' });
      }),
    );
  });
});

/** Randomly cut and spliced JSON: close enough to JSON to reach every branch. */
function mutatedJson(): fc.Arbitrary<string> {
  const pieces = [
    '"',
    '\\',
    '\\u',
    '\\ud83d',
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '0',
    '-',
    '.',
    'e9',
    'NaN',
    'null',
    ' ',
    '\u0001',
    '{"a":',
    ',"a":1',
  ];
  return fc
    .tuple(
      fc.json(),
      fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(2), fc.constantFrom(...pieces)), {
        maxLength: 3,
      }),
    )
    .map(([json, edits]) =>
      edits.reduce((text, [where, drop, piece]) => {
        const at = Math.floor(where * text.length);
        return text.slice(0, at) + piece + text.slice(at + drop);
      }, json),
    );
}

interface ParsingFile {
  readonly name: string;
  readonly body_b64: string;
  readonly cpython_accepts: boolean;
}

const suite = sharedFile('testdata/json-parsing.json');

describe.skipIf(!suite.present)(`against the published parsing suite${suite.word}`, () => {
  const files = suite.present ? (JSON.parse(suite.text()) as { files: ParsingFile[] }).files : [];

  it.each(files)('$name: accepts nothing that CPython refuses, and reads the same value', (file) => {
    const read = readBytes(Buffer.from(file.body_b64, 'base64'));
    if (!file.cpython_accepts) expect(read.kind).toBe('invalid');
    if (read.kind === 'value') {
      expect(read.value).toStrictEqual(JSON.parse(Buffer.from(file.body_b64, 'base64').toString('utf8')));
    }
  });

  it('accepts every file that must be accepted, except where a name is repeated', () => {
    const refused = files
      .filter((file) => file.name.startsWith('y_'))
      .filter((file) => readBytes(Buffer.from(file.body_b64, 'base64')).kind !== 'value')
      .map((file) => file.name);
    expect(refused).toEqual(['y_object_duplicated_key_and_value.json']);
  });
});

function readBytes(bytes: Uint8Array): { kind: string; value?: unknown } {
  try {
    return parseStrictJson(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch {
    return { kind: 'invalid' };
  }
}
