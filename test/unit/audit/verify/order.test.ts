/** The order of records by itself: lines are bare records and damaged lines, without text, checkpoints or a source. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GENESIS } from '../../../../src/audit/chain.ts';
import type { ChainHead } from '../../../../src/audit/chain.ts';
import { createFindings } from '../../../../src/audit/verify/findings.ts';
import { createTrailHashes } from '../../../../src/audit/verify/hashes.ts';
import type { DamagedItem, RecordItem } from '../../../../src/audit/verify/item.ts';
import { createTrailOrder } from '../../../../src/audit/verify/order/order.ts';
import { pointed } from './trail-harness.ts';

type Item = RecordItem | DamagedItem;

/** Record 0 has the hash of GENESIS. */
const hashOf = (seq: number): string => seq.toString(16).padStart(64, '0');
const record = (seq: number): RecordItem => ({
  ...{ kind: 'record', request: null, restored: null, exchanged: null, seq, timeMs: seq },
  prev: hashOf(seq - 1),
  hash: hashOf(seq),
});
const records = (from: number, to: number): RecordItem[] =>
  Array.from({ length: to - from + 1 }, (_, index) => record(from + index));
const edited = (claimedSeq: number): DamagedItem => ({ kind: 'damaged', what: 'record', claimedSeq });
const unreadable: DamagedItem = { kind: 'damaged', what: 'text', claimedSeq: null };

interface Given {
  readonly base?: ChainHead | null;
  readonly once?: boolean;
  readonly upTo?: number;
}

/** A number in `lines` is the record of that seq. */
function read(lines: readonly (number | Item)[], { base = GENESIS, once = false, upTo = 0 }: Given = {}) {
  const findings = createFindings();
  const order = createTrailOrder({ hashes: createTrailHashes(), findings, base, once });
  const inOrder: boolean[] = [];
  for (const [index, line] of lines.entries()) {
    const item = typeof line === 'number' ? record(line) : line;
    const place = { prefix: 'line ', at: index + 1 };
    if (item.kind === 'record') inOrder.push(order.record(item, place));
    else order.damaged(item, place);
  }
  const early = findings.total;
  const last = order.last();
  const extent = order.end(upTo, 'a checkpoint');
  return { found: pointed({ findings: findings.list() }), total: findings.total, early, inOrder, last, ...extent };
}

describe('placing records', () => {
  it('knows at once that a record is in order when damaged lines stand for all that are missing before it', () => {
    expect(read([1, edited(2), 3, unreadable, unreadable, 6]).inOrder).toEqual([true, true, true]);
    expect(read([1, edited(2), 4]).inOrder).toEqual([true, false]);
  });

  it('has the record that waits for the next one as the last one', () => {
    expect(read([1, 2, 4])).toMatchObject({ last: 4, found: ['missing 3 @ line 3'] });
  });

  it('has a record that came ahead as the last one when the stream has got there', () => {
    expect(read([1, 4, 2])).toMatchObject({ last: 2 });
    expect(read([1, 4, 2, 3])).toMatchObject({ last: 4, to: 4, found: ['misplaced 4 @ line 2'] });
  });

  it('remembers the last hundred records that came ahead of their places', () => {
    const mixed = (count: number) => Array.from({ length: count }, (_, index) => [1_000 + index, 2 + index]).flat();
    const until = (count: number) => [1, ...mixed(count), ...records(2 + count, 999), ...records(1_000 + count, 1_200)];
    expect(read(until(100)).found).toEqual(['misplaced 1000-1099 @ line 2']);
    expect(read(until(101)).found).toEqual(['misplaced 1000-1100 @ line 2', 'missing 1000 @ line 1101']);
  });

  it('forgets a record ahead whose place the stream has passed', () => {
    // In each block the third record is ahead, and the second is missing.
    const blocks = Array.from({ length: 120 }, (_, index) => [3, 1, 4, 5].map((seq) => 1 + 5 * index + seq)).flat();
    const { found } = read([1, 1_000, ...blocks, ...records(602, 999), 1_001]);
    expect(found).toHaveLength(1 + 120 + 120);
    expect(found.filter((finding) => finding.includes('1000'))).toEqual(['misplaced 1000 @ line 2']);
  });
});

describe('explaining damaged lines', () => {
  it('takes one between two neighbours for no record that is missing later', () => {
    expect(read([1, 2, unreadable, 3, 4, 6]).found).toEqual(['unreadable - @ line 3', 'missing 5 @ line 6']);
  });

  it('takes one for the record that it claims, and the others for the nearest that are missing', () => {
    expect(read([1, unreadable, edited(2), 4]).found).toEqual(['edited 2 @ line 3', 'unreadable 3 @ line 2']);
    expect(read([1, unreadable, 4, 5]).found).toEqual(['unreadable 2 @ line 2', 'missing 3 @ line 3']);
  });

  it('takes one before the first record for the record before it, where the first may be any', () => {
    expect(read([unreadable, 11], { base: null })).toMatchObject({ found: ['unreadable 10 @ line 1'], from: 10 });
    expect(read([edited(5), 11], { base: null })).toMatchObject({
      found: ['edited 5 @ line 1', 'missing 6-10 @ line 2'],
      from: 5,
    });
  });

  it('takes none that comes after a record for one that is missing before it', () => {
    expect(read([1, 3, unreadable, 5]).found).toEqual(['missing 2 @ line 2', 'unreadable 4 @ line 3']);
  });

  it('takes one at the end for a record that was cut off, unless it claims one that was read', () => {
    expect(read([1, 2, unreadable]).found).toEqual(['unreadable 3 @ line 3']);
    expect(read([1, 2, unreadable], { upTo: 5 }).found).toEqual(['unreadable 3 @ line 3', 'truncated 4-5 @ line 3']);
    expect(read([1, 2, edited(2)])).toMatchObject({ found: ['edited 2 @ line 3'], to: 2 });
  });

  it('expects no record beyond the largest number that a seq can be', () => {
    const largest = Number.MAX_SAFE_INTEGER;
    const base = { seq: largest - 1, hash: hashOf(largest - 1) };
    expect(read([largest, unreadable], { base, upTo: largest })).toMatchObject({ total: 1, to: largest });
  });

  it('reports the oldest at once when more than a thousand wait, and still counts it', () => {
    const lines = [1, ...Array.from({ length: 1_005 }, () => unreadable), 1_007];
    expect(read(lines.slice(0, -1)).early).toBe(5);
    const { found, total, inOrder } = read(lines);
    expect({ total, inOrder }).toEqual({ total: 1_005, inOrder: [true, true] });
    expect(found.filter((finding) => !finding.startsWith('unreadable '))).toEqual([]);
  });
});

describe('explaining late records', () => {
  it('takes a record of before the base for misplaced', () => {
    const base = { seq: 10, hash: hashOf(10) };
    expect(read([11, 12, 5], { base })).toMatchObject({
      found: ['misplaced 5 @ line 3'],
      inOrder: [true, true, false],
    });
  });

  it('accepts records of before the first one when their batch reaches the first one', () => {
    const lines = [11, 12, 8, 9, 10, 13, 9, 10, 11];
    expect(read(lines, { base: null })).toMatchObject({ found: [], from: 8, to: 13 });
  });

  it('takes them for misplaced when it does not', () => {
    const misplaced = ['misplaced 8-10 @ line 4'];
    expect(read([11, 12, 13, 8, 9, 10], { base: null }).found).toEqual(misplaced);
    expect(read([11, 12, 13, 8, 9, 10, 12, 11], { base: null }).found).toEqual(misplaced);
    expect(read([11, 12, 13, 8, 9, 10, 13, 11], { base: null }).found).toEqual(misplaced);
    expect(read([11, 12, 13, 8, 9, 10, 12, 13], { base: null }).found).toEqual(misplaced);
  });

  it('reports the oldest of more than a thousand gaps at once, but never the one before the first record', () => {
    const odd = Array.from({ length: 1_006 }, (_, index) => 11 + 2 * index);
    // The gap before the last record opens at the end.
    expect(read(odd)).toMatchObject({ early: 5, total: 1_006, from: 1 });
    expect(read(odd, { base: null })).toMatchObject({ early: 5, total: 1_005, from: 11 });
  });
});

describe('a stream of 20 records with many faults', () => {
  const LAST = 20;
  type Change = (lines: readonly Item[], at: number, to: number) => readonly Item[];
  const place = (at: number, lines: readonly Item[]): number => at % (lines.length + 1);
  const damagedOf = (item: Item | undefined): DamagedItem => (item?.kind === 'record' ? edited(item.seq) : unreadable);
  const CHANGES: readonly Change[] = [
    (lines, at, to) => lines.toSpliced(place(at, lines), to % 4),
    (lines, at) => lines.map((line, index) => (index === place(at, lines) ? damagedOf(line) : line)),
    (lines, at) => lines.toSpliced(place(at, lines), 0, unreadable),
    (lines, at, to) => {
      const block = lines.slice(place(at, lines), place(at, lines) + 1 + (to % 3));
      const rest = lines.toSpliced(place(at, lines), block.length);
      return rest.toSpliced(place(to, rest), 0, ...block);
    },
    (lines, at, to) => lines.toSpliced(place(to, lines), 0, ...lines.slice(place(at, lines), place(at, lines) + 3)),
  ];
  const stream = fc
    .array(fc.tuple(fc.constantFrom(...CHANGES), fc.nat(99), fc.nat(99)), { maxLength: 6 })
    .map((changes) =>
      changes.reduce<readonly Item[]>((lines, [change, at, to]) => change(lines, at, to), records(1, LAST)),
    );

  it('is intact only without a change, has one finding a damaged line, and misses exactly what is not there', () => {
    fc.assert(
      fc.property(stream, (lines) => {
        const { found } = read(lines, { once: true, upTo: LAST });
        const untouched = JSON.stringify(lines) === JSON.stringify(records(1, LAST));
        expect(found.length === 0).toBe(untouched);
        const damage = found.filter((finding) => /^(?:edited|unreadable) /.test(finding));
        expect(damage).toHaveLength(lines.filter(({ kind }) => kind === 'damaged').length);
        const there = new Set(lines.flatMap((line) => (line.kind === 'record' ? [line.seq] : [])));
        const missed = found.flatMap((finding) => {
          const [, from, to = from] = /^(?:missing|truncated) (\d+)(?:-(\d+))? @/.exec(finding) ?? [];
          return from === undefined ? [] : records(Number(from), Number(to)).map(({ seq }) => seq);
        });
        expect(missed.filter((seq) => there.has(seq))).toEqual([]);
        const explained = new Set([...there, ...missed, ...damage.map((finding) => Number(finding.split(' ')[1]))]);
        expect(records(1, LAST).filter(({ seq }) => !explained.has(seq))).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });
});
