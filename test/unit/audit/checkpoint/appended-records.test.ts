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

  it('are forgotten from the oldest on when they are too many', () => {
    const records = createAppendedRecords(10);
    for (let seq = 1; seq <= 5; seq += 1) records.note('four', { seq, hash: `h${seq}`, prev: `h${seq - 1}` });
    const known = [1, 2, 3, 4, 5].filter((seq) => records.take('four', { seq: seq - 1, hash: `h${seq - 1}` }) !== null);
    expect(known).toEqual([4, 5]);
  });
});
