import { array, assert, boolean, integer, property, record, string } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createAppendedRecords } from '../../../../src/audit/checkpoint/appended-records.ts';

const BEFORE = { seq: 0, hash: 'zero' };

describe('the records that a process appended', () => {
  it('are recognised once, by their whole text, behind the record that they continue', () => {
    const records = createAppendedRecords();
    records.note('one', { seq: 1, hash: 'first', prev: 'zero' });
    expect(records.take('one', BEFORE)).toEqual({ seq: 1, hash: 'first' });
    expect(records.take('one', BEFORE)).toBeNull();
  });

  it.each([
    ['another text', 'One', BEFORE],
    ['another predecessor', 'one', { seq: 0, hash: 'other' }],
    ['another place', 'one', { seq: 1, hash: 'zero' }],
  ])('are not recognised with %s', (_, line, before) => {
    const records = createAppendedRecords();
    records.note('one', { seq: 1, hash: 'first', prev: 'zero' });
    expect(records.take(line, before)).toBeNull();
  });

  it('are replaced by those that are appended after a rollback', () => {
    const records = createAppendedRecords();
    records.note('one', { seq: 1, hash: 'first', prev: 'zero' });
    records.note('anew', { seq: 1, hash: 'second', prev: 'zero' });
    expect(records.take('anew', BEFORE)).toEqual({ seq: 1, hash: 'second' });
  });

  it.each([
    ['bytes', { maxBytes: 10 }],
    ['records', { maxRecords: 2 }],
  ])('are forgotten from the oldest on when they are too many %s', (_, limits) => {
    const records = createAppendedRecords(limits);
    for (let seq = 1; seq <= 5; seq += 1) records.note('four', { seq, hash: `h${seq}`, prev: `h${seq - 1}` });
    const known = [1, 2, 3, 4, 5].filter((seq) => records.take('four', { seq: seq - 1, hash: `h${seq - 1}` }) !== null);
    expect(known).toEqual([4, 5]);
  });

  it('are forgotten when one of them is longer than all that is kept', () => {
    const records = createAppendedRecords({ maxBytes: 10 });
    records.note('one', { seq: 1, hash: 'first', prev: 'zero' });
    records.note('a text of many bytes', { seq: 2, hash: 'second', prev: 'first' });
    expect(records.take('a text of many bytes', { seq: 1, hash: 'first' })).toBeNull();
    expect(records.take('one', BEFORE)).toBeNull();
  });

  it('are kept by their characters, whatever their width', () => {
    const records = createAppendedRecords({ maxBytes: 64 });
    const lines = ['\uFEFF{}', 'é€😀', 'plain', '\u0000', '😀'.repeat(8)];
    for (const [index, line] of lines.entries())
      records.note(line, { seq: index + 1, hash: `h${index + 1}`, prev: `h${index}` });
    const known = lines.filter((line, index) => records.take(line, { seq: index, hash: `h${index}` }) !== null);
    expect(known).toEqual(lines.slice(-known.length));
    expect(known.length).toBeGreaterThan(3);
  });

  it('are recognised as long as they are kept, and never by another text', () => {
    const step = record({
      line: string({ maxLength: 12, unit: 'grapheme' }),
      /** How far behind the newest record the next one is, as after a rollback. */
      back: integer({ min: 0, max: 3 }),
      asksFor: integer({ min: 0, max: 5 }),
      asksRightly: boolean(),
    });
    assert(
      property(array(step, { maxLength: 60 }), (steps) => {
        const records = createAppendedRecords({ maxBytes: 64, maxRecords: 4 });
        const written: { line: string; hash: string }[] = [];
        for (const [n, { line, back, asksFor, asksRightly }] of steps.entries()) {
          written.length = Math.max(0, written.length - back);
          const seq = written.length;
          const hashOf = (at: number): string => written[at]?.hash ?? 'none';
          written.push({ line, hash: `h${n}` });
          records.note(line, { seq, hash: `h${n}`, prev: hashOf(seq - 1) });
          const asked = seq - asksFor;
          const right = written[asked]?.line;
          if (right === undefined) continue;
          const before = { seq: asked - 1, hash: hashOf(asked - 1) };
          const taken = records.take(asksRightly ? right : `${right} `, before);
          // What is not kept any more is verified by its text. The newest is kept.
          if (asksRightly && (taken !== null || asksFor === 0))
            expect(taken).toEqual({ seq: asked, hash: hashOf(asked) });
          if (!asksRightly) expect(taken).toBeNull();
        }
      }),
    );
  });
});
