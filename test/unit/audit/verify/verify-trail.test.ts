import { beforeAll, describe, expect, it } from 'vitest';
import { chainRecord } from '../../../../src/audit/chain.ts';
import { MAX_LISTED_FINDINGS } from '../../../../src/audit/verify/findings.ts';
import { testUuid7 } from '../../../support/clock.ts';
import { DAY_MS, recordDraft } from '../../../support/ledger/ledger.ts';
import type { Line, TestKey, TestTrail } from './trail-harness.ts';
import { createChance } from '../../../support/chance.ts';
import {
  checkpointAt,
  delivered,
  forged,
  keptOf,
  lineOf,
  pointed,
  report,
  stored,
  testKey,
  trailOf,
  verifierOf,
} from './trail-harness.ts';

let key: TestKey;
/** 30 records, then a checkpoint. */
let trail: TestTrail;
let records: readonly Line[];
let checkpoint: Line;

beforeAll(async () => {
  key = await testKey(7);
  trail = await trailOf(30, { signer: key.signer });
  records = trail.lines.slice(0, 30);
  checkpoint = trail.lines.at(-1)!;
});

const edited = (line: Line): Line => lineOf(line.text.replace('"ann"', '"eve"'));
const garbage = lineOf('not a record');
const checkpointOf = (line: Line, changes: Parameters<typeof checkpointAt>[2] = {}): Promise<Line> =>
  checkpointAt(line, key, changes);

describe('verifying a trail', () => {
  it('finds nothing in an untouched one, and reports how far evidence confirms it', async () => {
    const reported = await report(stored(trail.lines, { head: trail.head }), { kept: keptOf(trail.checkpoints) });
    expect(reported).toEqual({
      verdict: 'intact',
      proof: {
        proven: [{ from: 1, to: 30, against: 'kept_checkpoint' }],
        not_vouched: null,
        cut_shows_to: 30,
        not_checked: ['signatures'],
      },
      from: 1,
      to: 30,
      base: 'genesis',
      not_here: null,
      vouched_to: 30,
      signed_to: null,
      records: 30,
      clock_steps_back: { records: 0, first: null },
      checkpoints: 1,
      newer: null,
      restores: [],
      repeats: 0,
      signatures: { valid: 0, invalid: 0, unknown_key: 0, unsigned: 0, unchecked: 1 },
      checkpoints_before: 0,
      findings: [],
      findings_total: 0,
    });
  });

  it('takes a ledger without a record for intact, and a file without one for broken', async () => {
    expect(await report(stored([]))).toMatchObject({ verdict: 'intact', from: null, to: null, records: 0 });
    expect(pointed(await report(delivered([])))).toEqual(['empty - @ lines']);
  });

  it('takes no vouching from a trail’s own checkpoint unless its signature is valid', async () => {
    expect((await report(stored(trail.lines))).vouched_to).toBeNull();
    expect((await report(stored(trail.lines))).signed_to).toBeNull();
    // It is signed, but a later signed checkpoint may have been removed.
    const reported = await report(stored(trail.lines), { verifier: await verifierOf(key) });
    expect(reported).toMatchObject({ signed_to: 30, vouched_to: null });
  });

  it('names several faults one by one, each once', async () => {
    const lines = [...records].with(20, edited(records[20]!)).with(9, garbage).toSpliced(25, 2).toSpliced(3, 1);
    expect(pointed(await report(stored(lines)))).toEqual([
      'missing 4 @ trail:4',
      'unreadable 10 @ trail:9',
      'edited 21 @ trail:20',
      'missing 26-27 @ trail:25',
    ]);
  });

  it('lists at most a thousand, and counts all', async () => {
    const long = await trailOf(2_400);
    const odd = long.lines.filter(({ item }) => item.kind === 'record').filter((_line, index) => index % 2 === 0);
    const reported = await report(stored(odd));
    expect(reported.findings).toHaveLength(MAX_LISTED_FINDINGS);
    expect(reported.findings_total).toBe(1_199);
  });

  it('finds a record that was replaced by its broken link to a neighbour', async () => {
    expect(pointed(await report(stored(records.with(9, forged(records[9]!)))))).toEqual(['broken_link 11 @ trail:11']);
    expect(pointed(await report(stored(records.with(29, forged(records[29]!)), { head: trail.head })))).toEqual([
      'rewritten 1-30 @ the head of the ledger',
    ]);
  });

  it('reports two different texts of one record as a conflict, also where repeats are allowed', async () => {
    const lines = records.toSpliced(12, 0, forged(records[9]!));
    expect(pointed(await report(delivered(lines)))).toEqual(['conflicting 10 @ trail:13']);
  });

  it('takes the seq of a damaged record from its place when the record claims another', async () => {
    const renumbered = lineOf(records[9]!.text.replace('"seq":10', '"seq":25'));
    expect(pointed(await report(stored(records.with(9, renumbered))))).toEqual(['edited 10 @ trail:10']);
  });

  it('does not accept an invalid number as a seq', async () => {
    for (const seq of ['1.5', '-1', '0', '1e300', '"10"', 'null']) {
      const renumbered = lineOf(records[9]!.text.replace('"seq":10', `"seq":${seq}`));
      expect(pointed(await report(stored(records.with(9, renumbered))))).toEqual(['edited 10 @ trail:10']);
    }
  });

  it('does not let a far number cost memory or time', async () => {
    const far = chainRecord(recordDraft('intent', testUuid7(1)), {
      seq: Number.MAX_SAFE_INTEGER,
      id: testUuid7(2),
      time: '2026-03-02T10:00:00.000Z',
      prev: 'a'.repeat(64),
    });
    const reported = await report(stored([...records.slice(0, 5), lineOf(far.line), ...records.slice(5)]));
    expect(pointed(reported)).toEqual([
      `missing 31-${Number.MAX_SAFE_INTEGER - 1} @ trail:31`,
      `misplaced ${Number.MAX_SAFE_INTEGER} @ trail:6`,
    ]);
  });

  it('continues after a long run of damaged lines', async () => {
    const lines = [...records.slice(0, 5), ...Array.from({ length: 3_000 }, () => garbage), ...records.slice(5)];
    const reported = await report(stored(lines));
    expect(reported).toMatchObject({ verdict: 'broken', records: 30, findings_total: 3_000 });
    expect(new Set(reported.findings.map(({ kind }) => kind))).toEqual(new Set(['unreadable']));
  });

  it('quotes nothing of a line', async () => {
    const lines = [...records]
      .with(3, edited(records[3]!))
      .with(9, garbage)
      .with(12, forged(records[12]!))
      .toReversed();
    const text = JSON.stringify(await report(stored(lines)));
    expect(text).not.toMatch(/acme|ann|eve|hr-portal|[0-9a-f]{64}/);
  });
});

describe('verifying a trail that was changed many times', () => {
  it('never finds it intact, and never fails', async () => {
    const chance = createChance(12);
    const any = (lines: readonly Line[]): number => chance.below(lines.length);
    const steps: readonly ((lines: readonly Line[]) => Line[])[] = [
      (lines) => lines.toSpliced(any(lines), 1 + chance.below(3)),
      (lines) => lines.toSpliced(any(lines), 0, lines[any(lines)]!),
      (lines) => lines.with(any(lines), edited(lines[any(lines)]!)),
      (lines) => lines.with(any(lines), garbage),
      (lines) => lines.with(any(lines), forged(records[chance.below(30)]!)),
      (lines) => [...lines.slice(any(lines)), ...lines],
      (lines) => lines.toReversed(),
    ];
    for (let run = 0; run < 500; run += 1) {
      let lines: Line[] = [...trail.lines];
      for (let step = 0; step < 2 + chance.below(5) && lines.length > 1; step += 1) lines = chance.pick(steps)(lines);
      const same = lines.length === trail.lines.length && lines.every(({ text }, at) => text === trail.lines[at]!.text);
      const reported = await report(stored(lines, { head: trail.head }), { kept: keptOf(trail.checkpoints) });
      expect([run, reported.verdict]).toEqual([run, same ? 'intact' : 'broken']);
    }
  });
});

describe('verifying delivered lines', () => {
  it('accepts exact repeats, because delivery is at least once, and counts them', async () => {
    const lines = [...trail.lines.slice(0, 20), ...trail.lines.slice(4, 20), ...trail.lines.slice(10), checkpoint];
    const reported = await report(delivered(lines));
    expect(reported).toMatchObject({ verdict: 'intact', records: 30, checkpoints: 1, repeats: 16 + 10 + 1 });
  });

  it('reports repeats in a ledger as a fault, and a run of them as one', async () => {
    const lines = [...records.slice(0, 20), ...records.slice(4, 20), ...records.slice(20)];
    expect(pointed(await report(stored(lines)))).toEqual(['repeated 5-20 @ trail:21']);
  });

  it('accepts a later sound copy of a damaged record, and still reports the damaged one', async () => {
    const lines = [...records.slice(0, 20).with(9, edited(records[9]!)), ...records.slice(5)];
    expect(pointed(await report(delivered(lines)))).toEqual(['edited 10 @ trail:10']);
  });

  it('reports a damaged repeat without missing a record', async () => {
    const lines = [...records.slice(0, 20), ...records.slice(5).with(4, edited(records[9]!))];
    expect(pointed(await report(delivered(lines)))).toEqual(['edited 10 @ trail:25']);
  });

  it('does not take another record for the one that is late, or that was damaged', async () => {
    const other = forged(records[9]!);
    expect(pointed(await report(delivered([...records.toSpliced(9, 1), other])))).toEqual([
      'broken_link 10 @ trail:30',
      'misplaced 10 @ trail:30',
    ]);
    const lines = [...records.with(9, edited(records[9]!)), other];
    expect(pointed(await report(delivered(lines)))).toEqual(['edited 10 @ trail:10', 'broken_link 10 @ trail:31']);
  });

  it('finds any course of at-least-once delivery intact', async () => {
    const chance = createChance(11);
    for (let run = 0; run < 200; run += 1) {
      const lines: Line[] = [];
      for (let acknowledged = 0; acknowledged < trail.lines.length;) {
        const batch = trail.lines.slice(acknowledged, acknowledged + 1 + chance.below(8));
        // Some of it arrives; or all of it, with or without an acknowledgement.
        const arrived = chance.below(batch.length + 1);
        lines.push(...batch.slice(0, arrived));
        if (arrived === batch.length && chance.below(3) > 0) acknowledged += arrived;
      }
      const reported = await report(delivered(lines), { kept: keptOf(trail.checkpoints) });
      expect(reported).toMatchObject({ verdict: 'intact', from: 1, to: 30, records: 30, vouched_to: 30 });
    }
  });

  it('begins where they begin, and reports that nothing confirms the records before', async () => {
    expect(await report(delivered(records.slice(10)))).toMatchObject({
      verdict: 'intact',
      from: 11,
      to: 30,
      base: 'unconfirmed',
    });
  });

  it('marks where the machine’s clock was set back, which is no fault', async () => {
    const steps: Readonly<Record<number, number>> = { 11: 8 * DAY_MS, 14: -8 * DAY_MS, 20: -1 };
    const { lines } = await trailOf(30, { pauseMs: (seq) => steps[seq] ?? 100 });
    expect(await report(delivered(lines))).toMatchObject({
      verdict: 'intact',
      clock_steps_back: { records: 2, first: 14 },
      findings: [],
    });
  });

  it('confirms the beginning by a kept checkpoint of the record before', async () => {
    const kept = keptOf([(await checkpointOf(records[9]!)).text]);
    expect(await report(delivered(records.slice(10)), { kept })).toMatchObject({
      verdict: 'intact',
      base: 'checkpoint',
      vouched_to: 10,
    });
    const other = keptOf([(await checkpointOf(records[9]!, { head: 'b'.repeat(64) })).text]);
    expect(pointed(await report(delivered(records.slice(10)), { kept: other }))).toEqual(['rewritten 10 @ kept:1']);
  });

  it('ignores checkpoints of earlier records', async () => {
    const kept = keptOf([(await checkpointOf(records[4]!)).text]);
    expect(await report(delivered(records.slice(10)), { kept })).toMatchObject({
      verdict: 'intact',
      checkpoints_before: 1,
      vouched_to: null,
    });
  });

  it('accepts a batch that began before the first line and was sent again', async () => {
    const lines = [...records.slice(10, 15), ...records.slice(4, 8), ...records.slice(4, 12), ...records.slice(4)];
    expect(await report(delivered(lines))).toMatchObject({ verdict: 'intact', from: 5, to: 30, records: 26 });
    expect(pointed(await report(delivered([...records.slice(10), ...records.slice(4, 8)])))).toEqual([
      'misplaced 5-8 @ trail:21',
      'missing 9-10 @ trail:1',
    ]);
  });

  it('reports files given in the wrong order as one finding', async () => {
    const reported = await report(delivered([...records.slice(12), ...records.slice(0, 12)]));
    expect(pointed(reported)).toEqual(['misplaced 1-12 @ trail:19']);
    expect(reported).toMatchObject({ from: 1, to: 30, records: 30 });
  });

  it('misses no record of a second stream that is mixed with the lines of a first', async () => {
    const mixed = records.slice(0, 15).flatMap((line, index) => [line, records[15 + index]!]);
    const reported = await report(delivered(mixed));
    expect(reported).toMatchObject({ verdict: 'broken', from: 1, to: 30, records: 30 });
    expect(new Set(reported.findings.map(({ kind }) => kind))).toEqual(new Set(['misplaced']));
  });
});
