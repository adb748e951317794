import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readTraceparent, readTracestate, writeTraceparent } from '../../../../src/lib/http/trace-context.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';
const GIVEN = `00-${TRACE}-${SPAN}-01`;

describe('traceparent', () => {
  it.each([
    [GIVEN, 1],
    [`00-${TRACE}-${SPAN}-00`, 0],
    // Level 2.
    [`00-${TRACE}-${SPAN}-03`, 3],
    // Flags that no level defines are not passed on.
    [`00-${TRACE}-${SPAN}-ff`, 3],
    // A later version: its first four members, whatever follows behind a dash.
    [`01-${TRACE}-${SPAN}-01`, 1],
    [`cc-${TRACE}-${SPAN}-01-what-the-future-brings`, 1],
    [`fe-${TRACE}-${SPAN}-01-`, 1],
  ])('%s is read', (field, flags) => {
    expect(readTraceparent(field)).toEqual({ traceId: TRACE, parentId: SPAN, flags });
  });

  it.each([
    ['nothing', ''],
    ['a word', 'trace'],
    ['version ff, which is forbidden', `ff-${TRACE}-${SPAN}-01`],
    ['a version in upper case', `AA-${TRACE}-${SPAN}-01`],
    ['a trace id of zeros', `00-${'0'.repeat(32)}-${SPAN}-01`],
    ['a parent id of zeros', `00-${TRACE}-${'0'.repeat(16)}-01`],
    ['a trace id in upper case', `00-${TRACE.toUpperCase()}-${SPAN}-01`],
    ['a parent id in upper case', `00-${TRACE}-${SPAN.toUpperCase()}-01`],
    ['flags in upper case', `00-${TRACE}-${SPAN}-0A`],
    ['a trace id that is too short', `00-${TRACE.slice(1)}-${SPAN}-01`],
    ['a trace id that is too long', `00-${TRACE}0-${SPAN}-01`],
    ['a parent id that is too short', `00-${TRACE}-${SPAN.slice(1)}-01`],
    ['a letter that is no digit', `00-${TRACE.replace('f', 'g')}-${SPAN}-01`],
    ['one digit of flags', `00-${TRACE}-${SPAN}-1`],
    ['three digits of flags', `00-${TRACE}-${SPAN}-010`],
    ['version 00 with a fifth member', `00-${TRACE}-${SPAN}-01-more`],
    ['version 00 with a dash at its end', `00-${TRACE}-${SPAN}-01-`],
    ['a later version without a dash behind the flags', `01-${TRACE}-${SPAN}-01.more`],
    ['a later version with three members', `01-${TRACE}-${SPAN}`],
    ['underlines in place of dashes', GIVEN.replaceAll('-', '_')],
    ['blanks around it', ` ${GIVEN} `],
    ['a line end behind it', `${GIVEN}\n`],
    ['two of them, as one field', `${GIVEN}, ${GIVEN}`],
    ['two of a later version, as one field', `01-${TRACE}-${SPAN}-01-a,01-${TRACE}-${SPAN}-01-a`],
    ['10,000 characters', `01-${TRACE}-${SPAN}-01-${'a'.repeat(10_000)}`],
    ['full-width digits', GIVEN.replace('0af', '\uff10af')],
  ])('%s counts as absent', (_what, field) => {
    expect(readTraceparent(field)).toBeNull();
  });

  it('counts as absent where there is none', () => {
    expect(readTraceparent(undefined)).toBeNull();
  });

  it('is written as version 00, from its members alone', () => {
    expect(writeTraceparent(readTraceparent(GIVEN)!)).toBe(GIVEN);
    expect(writeTraceparent(readTraceparent(`cc-${TRACE}-${SPAN}-0d-what-the-future-brings`)!)).toBe(GIVEN);
  });

  it('is read from any text to what it can write, or to nothing', () => {
    const hex = (digits: number) => fc.stringMatching(new RegExp(`^[0-9a-fA-F]{${digits}}$`));
    const nearly = fc
      .tuple(hex(2), hex(32), hex(16), hex(2), fc.constantFrom('', '-', '-x', ',', '\r\n', ' '))
      .map(([version, trace, span, flags, rest]) => `${version}-${trace}-${span}-${flags}${rest}`);
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), nearly), (field) => {
        const read = readTraceparent(field);
        if (read === null) return;
        expect(writeTraceparent(read)).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-0[0-3]$/);
        expect(readTraceparent(writeTraceparent(read))).toEqual(read);
      }),
    );
  });
});

describe('tracestate', () => {
  const members = (count: number): string => Array.from({ length: count }, (_, n) => `v${n}=1`).join(',');

  it.each([
    ['congo=t61rcWkgMzE', 'congo=t61rcWkgMzE'],
    ['rojo=00f067aa0ba902b7,congo=t61rcWkgMzE', 'rojo=00f067aa0ba902b7,congo=t61rcWkgMzE'],
    // Several fields become one list, with empty members.
    ['rojo=1, \t, congo=2 ,', 'rojo=1,congo=2'],
    ['fw529a3039@dt=FfffffFF;x:y', 'fw529a3039@dt=FfffffFF;x:y'],
    ['1a-_*/b@c= a b', '1a-_*/b@c= a b'],
    [members(32), members(32)],
    [`a=${'b'.repeat(256)}`, `a=${'b'.repeat(256)}`],
  ])('%s is passed on', (field, passed) => {
    expect(readTracestate(field)).toBe(passed);
  });

  it.each([
    ['nothing', ''],
    ['blanks and commas', ' , ,\t'],
    ['a key alone', 'congo'],
    ['no value', 'congo='],
    ['no key', '=1'],
    ['a key in upper case', 'Congo=1'],
    ['a key with a blank', 'con go=1'],
    ['a second equals sign', 'congo=1=2'],
    ['a tab in a value', 'congo=1\t2'],
    ['a line end in a value', 'congo=1\r\nGalileo-API-Key: other'],
    ['a letter beyond ASCII', 'congo=ä'],
    ['the same key twice', 'congo=1,rojo=2,congo=3'],
    ['33 members', members(33)],
    ['a value of 257 characters', `a=${'b'.repeat(257)}`],
    ['more than 512 characters', `a=${'b'.repeat(250)},b=${'c'.repeat(250)},c=${'d'.repeat(10)}`],
    ['one good member among bad ones', 'rojo=1,?=2'],
  ])('%s is left out whole', (_what, field) => {
    expect(readTracestate(field)).toBeNull();
  });

  it('is left out where there is none', () => {
    expect(readTracestate(undefined)).toBeNull();
  });
});
