/** Trails of a ledger that was restored from a backup: records of before and of after the restore have the same numbers. */
import { beforeAll, describe, expect, it } from 'vitest';
import { chainRecord } from '../../../../src/audit/chain.ts';
import { NO_EVIDENCE, verifyTrail } from '../../../../src/audit/verify/verify-trail.ts';
import type { TrailEvidence, TrailReport } from '../../../../src/audit/verify/verify-trail.ts';
import { TEST_TIME_MS, testUuid7 } from '../../../support/clock.ts';
import { draftOfKind } from '../../../support/ledger/ledger.ts';
import type { Line, TestKey, TestTrail } from './trail-harness.ts';
import { createChance } from '../../../support/chance.ts';
import {
  behind,
  checkpointAt,
  delivered,
  forged,
  headOf,
  keptOf,
  lineOf,
  pointed,
  report,
  stored,
  testKey,
  trailOf,
  verifierOf,
} from './trail-harness.ts';

const BACKUP = 20;
const MINUTE_MS = 60_000;

/** The record that `ledger restore` appends behind `last`. */
function restoredBehind(last: Line, changes: Record<string, unknown> = {}, minute = 10): Line {
  const { seq, hash } = headOf(last);
  const { line } = chainRecord(
    {
      kind: 'change',
      change: { what: 'restored', records: seq, head: hash, backup_time: '2026-03-02T10:00:02.000Z', ...changes },
      service: { name: 'galileo-invite-proxy', version: '0.1.0', runtime: 'node', instance: 'ledger-restore' },
    },
    {
      seq: seq + 1,
      id: testUuid7(700_000 + minute),
      time: new Date(TEST_TIME_MS + minute * MINUTE_MS).toISOString(),
      prev: hash,
    },
  );
  return lineOf(line);
}

/** A record behind a restore that another restore may leave out. */
function forkOf(last: Line, n: number): Line {
  const { seq, hash } = headOf(last);
  const place = { seq: seq + 1, id: testUuid7(800_000 + n), time: new Date(TEST_TIME_MS).toISOString(), prev: hash };
  return lineOf(chainRecord(draftOfKind('denial', testUuid7(n)), place).line);
}

let key: TestKey;
/** 30 records, then a checkpoint. */
let before: TestTrail;
let backup: readonly Line[];
let former: readonly Line[];
let restored: Line;
/** What came after the restore: 8 records behind it, then a checkpoint. */
let after: readonly Line[];

const recordsOf = (lines: readonly Line[]): readonly Line[] => lines.filter(({ item }) => item.kind === 'record');
async function continuing(last: Line, count: number, salt: string): Promise<readonly Line[]> {
  return (await trailOf(count, { after: headOf(last), signer: key.signer, salt })).lines;
}

beforeAll(async () => {
  key = await testKey(7);
  before = await trailOf(30, { signer: key.signer });
  backup = before.lines.slice(0, BACKUP);
  former = before.lines.slice(BACKUP);
  restored = restoredBehind(backup.at(-1)!);
  after = await continuing(restored, 8, 'after');
});

const ledger = (): readonly Line[] => [...backup, restored, ...after];

/** As `audit verify --ledger … --lines …`. */
async function both(
  ledgerLines: readonly Line[],
  lines: readonly Line[],
  evidence: Partial<TrailEvidence> = {},
): Promise<{ lines: TrailReport; ledger: TrailReport }> {
  const first = await verifyTrail(delivered(lines), { ...NO_EVIDENCE, ...evidence, reach: false });
  const head = headOf(recordsOf(ledgerLines).at(-1)!);
  const other = { name: 'the delivered lines', ...first.copy };
  return {
    lines: first.report,
    ledger: await report(stored(ledgerLines, { head }), { ...evidence, other }),
  };
}

const RESTORE = { seq: 21, at: '2026-03-02T10:10:00.000Z', backup_time: '2026-03-02T10:00:02.000Z' };
const FORMER = { from: 21, to: 30, vouched_to: null };

describe('a restored ledger', () => {
  it('is intact, and its restore is reported', async () => {
    const { verdict, restores, to } = await report(stored(ledger()));
    expect({ verdict, restores, to }).toEqual({ verdict: 'intact', restores: [{ ...RESTORE, former: null }], to: 29 });
  });

  it('is intact beside lines that hold only the time before the restore', async () => {
    const found = await both(ledger(), before.lines);
    expect([...pointed(found.ledger), ...pointed(found.lines)]).toEqual([]);
    expect(found.ledger).toMatchObject({ verdict: 'intact', restores: [{ ...RESTORE, former: FORMER }] });
    expect(found.lines).toMatchObject({ verdict: 'intact', restores: [] });
  });

  it('is intact beside lines that hold both times', async () => {
    const found = await both(ledger(), [...before.lines, restored, ...after]);
    expect([...pointed(found.ledger), ...pointed(found.lines)]).toEqual([]);
    expect(found.lines).toMatchObject({ to: 29, records: 39, restores: [{ ...RESTORE, former: FORMER }] });
    expect(found.ledger).toMatchObject({ restores: [{ ...RESTORE, former: FORMER }] });
  });

  it('is broken where the lines know a record of after the restore that it has not', async () => {
    const found = await both([...backup, restored, ...after.slice(0, 5)], [...before.lines, restored, ...after]);
    expect(pointed(found.ledger)).toEqual(['truncated 27-29 @ trail:26']);
  });

  it('is broken where the lines know another record of after the restore', async () => {
    const other = await continuing(restored, 8, 'other');
    const found = await both([...backup, restored, ...other], [...before.lines, restored, ...after]);
    expect(found.ledger.verdict).toBe('broken');
    expect(pointed(found.ledger)).toContain('differs 22-29 @ trail:22');
  });

  it('is broken when the ledger of before the restore is in its place', async () => {
    const found = await both(before.lines, [...before.lines, restored, ...after]);
    expect(found.ledger.verdict).toBe('broken');
    expect(pointed(found.ledger)).toEqual(['rewritten 1-29 @ the delivered lines']);
  });

  it('is broken where a record of the backup differs from the lines', async () => {
    const [one, ...rest] = backup;
    const found = await both([forged(one!), ...rest, restored, ...after], before.lines);
    expect(pointed(found.ledger)).toContain('differs 1 @ trail:1');
  });

  it('is broken where other records than a restore stand beside those of the lines', async () => {
    const rewritten = await continuing(backup.at(-1)!, 12, 'rewritten');
    const found = await both([...backup, ...rewritten], before.lines);
    expect(pointed(found.ledger)).toContain('differs 21-30 @ trail:21');
  });

  it('that was restored from the backup of another ledger is broken', async () => {
    const strange = (await trailOf(BACKUP, { salt: 'strange' })).lines.slice(0, BACKUP);
    const fork = restoredBehind(strange.at(-1)!);
    const found = await both([...strange, fork, ...(await continuing(fork, 8, 'strange'))], before.lines);
    expect(pointed(found.ledger)).toContain('differs 1-29 @ trail:1');
  });
});

describe('records of before a restore that are nowhere', () => {
  it('are a fault when a checkpoint kept elsewhere knows them, and the sentence names the restore', async () => {
    const found = await report(stored(ledger()), { kept: keptOf(before.checkpoints) });
    expect(pointed(found)).toEqual(['lost_to_restore 21-30 @ record 21']);
    expect(found.findings[0]?.message).toBe(
      'Records 21 to 30, as kept:1 knows them, are nowhere here. The restore before this place may hide them, or they were changed or cut off after it.',
    );
  });

  it('are none when the lines have them', async () => {
    const found = await both(ledger(), before.lines, { kept: keptOf(before.checkpoints) });
    expect([...pointed(found.ledger), ...pointed(found.lines)]).toEqual([]);
    expect(found.ledger.vouched_to).toBe(BACKUP);
  });

  it('are a fault when the lines that should have them end earlier than a kept checkpoint', async () => {
    const found = await both(ledger(), before.lines.slice(0, 25), { kept: keptOf(before.checkpoints) });
    expect(pointed(found.ledger)).toEqual(['lost_to_restore 21-30 @ record 21']);
    const alone = await report(delivered([...before.lines.slice(0, 25), restored, ...after]), {
      kept: keptOf(before.checkpoints),
    });
    expect(pointed(alone)).toEqual(['lost_to_restore 26-30 @ record 21']);
  });

  it('are a fault when lines with higher numbers know them, and the sentence names the restore', async () => {
    const found = await report(delivered([...backup, ...former.slice(0, 3), ...former.slice(6), restored, ...after]));
    expect(pointed(found)).toEqual(['missing 24-26 @ trail:24']);
    expect(found.findings[0]?.message).toBe(
      'Records 24 to 26 are missing before this place. It is of the time before the restore that is record 21.',
    );
  });

  it('are a fault when the lines begin behind them', async () => {
    const found = await both(ledger(), before.lines.slice(24));
    expect(pointed(found.ledger)).toEqual(['lost_to_restore 21-24 @ record 21']);
    expect(found.ledger.restores).toMatchObject([{ former: { from: 25, to: 30 } }]);
    expect(pointed((await both(ledger(), before.lines.slice(20))).ledger)).toEqual([]);
  });

  it('are a fault when a checkpoint among the lines knows them', async () => {
    const lines = [...backup, ...former.slice(0, 8), before.lines.at(-1)!, restored, ...after];
    expect(pointed(await report(delivered(lines)))).toEqual(['lost_to_restore 29-30 @ record 21']);
  });

  it('are a fault when a forged restore would hide them from a kept checkpoint', async () => {
    const forgery = restoredBehind(before.lines[9]!);
    const kept = keptOf(before.checkpoints);
    expect(pointed(await report(stored([...before.lines.slice(0, 10), forgery]), { kept }))).toEqual([
      'lost_to_restore 11-30 @ record 11',
    ]);
  });
});

describe('lines of before and after a restore', () => {
  it.each<[string, () => readonly Line[]]>([
    ['one after the other', () => [...before.lines, restored, ...after]],
    ['with repeats from the cursor of the backup', () => [...before.lines, ...backup.slice(12), restored, ...after]],
    ['the time after first', () => [...backup, restored, ...after, ...former]],
    ['in files that are mixed', () => [...before.lines.slice(0, 25), restored, ...after, ...before.lines.slice(25)]],
    ['that begin with the restore', () => [restored, ...after, ...former]],
    ['that begin behind the backup', () => [...before.lines.slice(25), restored, ...after]],
    ['that begin behind it, with repeats', () => [...before.lines.slice(25), ...backup.slice(12), restored, ...after]],
    ['twice over', () => [...before.lines, restored, ...after, ...before.lines, restored, ...after]],
  ])('are no fault: %s', async (_how, lines) => {
    const found = await report(delivered(lines()));
    expect(pointed(found)).toEqual([]);
    expect(found).toMatchObject({ verdict: 'intact', to: 29, restores: [RESTORE] });
  });

  it('are no fault when both are mixed line by line in any way', async () => {
    for (let seed = 1; seed <= 200; seed += 1) {
      const chance = createChance(seed);
      const [one, two] = [[...former], [restored, ...after]];
      const mixed = [...backup];
      while (one.length + two.length > 0)
        mixed.push((chance.below(one.length + two.length) < one.length ? one : two).shift()!);
      const found = await report(delivered(mixed), { kept: keptOf(before.checkpoints) });
      expect({ seed, found: pointed(found) }).toEqual({ seed, found: [] });
      expect(found.restores).toEqual([{ ...RESTORE, former: { ...FORMER, vouched_to: 30 } }]);
    }
  });

  it('have each fault found that is put into them, in either time', async () => {
    const all = [...before.lines, restored, ...after];
    for (const at of [3, 24, 27, 33, 36]) {
      const place = at + 1;
      const { seq } = headOf(all[at]!);
      const edited = all.with(at, lineOf(all[at]!.text.replace('"ann"', '"eve"')));
      expect(pointed(await report(delivered(edited)))).toEqual([`edited ${seq} @ trail:${place}`]);
      const missing = all.toSpliced(at, 1);
      expect(pointed(await report(delivered(missing)))).toEqual([`missing ${seq} @ trail:${place}`]);
    }
  });

  it('are verified by their signatures in both times', async () => {
    const lines = [...before.lines, restored, ...after];
    const found = await report(delivered(lines), { verifier: await verifierOf(key) });
    expect(found).toMatchObject({ verdict: 'intact', signed_to: 29, restores: [{ former: { vouched_to: 30 } }] });
    const unsigned = await report(delivered([...before.lines, restored]), { verifier: await verifierOf(key) });
    expect(unsigned).toMatchObject({ verdict: 'intact', signed_to: BACKUP });
  });

  it('may both have a checkpoint of one record, of the backup or behind it', async () => {
    const first = await checkpointAt(backup[9]!, key);
    const early = await checkpointAt(backup[14]!, key, { id: testUuid7(3), ...behind(first) });
    const late = await checkpointAt(backup[14]!, key, { id: testUuid7(4), ...behind(first) });
    const formerAt = await checkpointAt(former[4]!, key, { id: testUuid7(1), ...behind(early) });
    const afterAt = await checkpointAt(after[3]!, key, { id: testUuid7(2), ...behind(late) });
    const lines = [
      ...[...backup, first, early, ...former.slice(0, 5), formerAt, ...former.slice(5, 10)],
      ...[restored, late, ...after.slice(0, 4), afterAt],
    ];
    expect(pointed(await report(delivered(lines)))).toEqual([]);
    const kept = keptOf([early.text, formerAt.text]);
    expect(pointed(await report(delivered(lines), { kept }))).toEqual([]);
    expect(pointed(await report(stored(ledger()), { kept: keptOf([early.text]) }))).toEqual([]);
  });
});

describe('a fork that is not a restore', () => {
  it('is a conflict, as it was', async () => {
    const other = await continuing(backup.at(-1)!, 3, 'other');
    const found = await report(delivered([...before.lines, ...recordsOf(other)]));
    expect(pointed(found)).toEqual(['conflicting 21-23 @ trail:32']);
  });

  it('is a conflict beside a restore: only one of the others may be without one', async () => {
    const other = await continuing(backup.at(-1)!, 3, 'other');
    const found = await report(delivered([...before.lines, restored, ...after, ...recordsOf(other)]));
    expect(found.verdict).toBe('broken');
    expect(pointed(found)[0]).toMatch(/^conflicting 21/);
  });

  it.each<[string, Record<string, unknown>]>([
    ['another head', { head: 'ab'.repeat(32) }],
    ['more records than there are', { records: 21 }],
    ['no head', { head: null }],
  ])('is a fault when the record names %s', async (_what, changes) => {
    const forgery = restoredBehind(backup.at(-1)!, changes);
    expect(pointed(await report(stored([...backup, forgery])))).toEqual(['restored_refuted 21 @ trail:21']);
    const found = await report(delivered([...before.lines, forgery]));
    expect(pointed(found)).toEqual(['conflicting 21 @ trail:32', 'restored_refuted 21 @ trail:32']);
    expect((await both([...backup, forgery], before.lines)).ledger.verdict).toBe('broken');
  });

  it('is a fault when the restore continues another record than the one here', async () => {
    const strange = (await trailOf(BACKUP, { salt: 'strange' })).lines[BACKUP - 1]!;
    const found = await report(delivered([...before.lines, restoredBehind(strange)]));
    expect(found.verdict).toBe('broken');
  });

  it('is a fault in one ledger: it holds one branch', async () => {
    const found = await report(stored([...before.lines, restored]));
    expect(found.verdict).toBe('broken');
  });
});

describe('several restores', () => {
  it('are understood up to 100 forks, so that lines with thousands of them cannot make verification last for hours', async () => {
    const [first, last] = [backup[0]!, backup[1]!];
    let newest = first;
    const forks = Array.from({ length: 110 }, (_, minute) => {
      const next = restoredBehind(newest, {}, minute);
      const other = forkOf(next, minute);
      newest = next;
      return [next, other];
    });
    const { findings } = await report(delivered([first, last, ...forks.flat()]));
    expect(findings[0]).toMatchObject({ kind: 'conflicting', seq: 101 });
    expect((await report(delivered([first, last, ...forks.slice(0, 99).flat()]))).verdict).toBe('intact');
  });

  it('of the same backup are each understood, and the newest one is the end', async () => {
    const second = restoredBehind(backup.at(-1)!, {}, 30);
    const later = await continuing(second, 4, 'later');
    const lines = [...before.lines, restored, ...after, second, ...later];
    const found = await both([...backup, second, ...later], lines);
    expect([...pointed(found.ledger), ...pointed(found.lines)]).toEqual([]);
    expect(found.lines).toMatchObject({ to: 25, restores: [{ former: { to: 30 } }, { former: { to: 30 } }] });
    expect(found.ledger.restores).toHaveLength(1);
  });

  it('of a backup made after the first one are each understood', async () => {
    const middle = recordsOf(after)[3]!;
    const second = restoredBehind(middle, {}, 30);
    const later = await continuing(second, 4, 'later');
    const lines = [...before.lines, restored, ...after, second, ...later];
    const trail = [...backup, restored, ...recordsOf(after).slice(0, 4), second, ...later];
    const found = await both(trail, lines);
    expect([...pointed(found.ledger), ...pointed(found.lines)]).toEqual([]);
    expect(found.ledger.restores).toMatchObject([
      { seq: 21, former: { from: 21, to: 30 } },
      { seq: 26, former: { from: 26, to: 29 } },
    ]);
  });

  it('of an older backup than the first one are each understood, in files of any order', async () => {
    const second = restoredBehind(backup[9]!, {}, 30);
    const later = await continuing(second, 4, 'later');
    const parts = [before.lines, [restored, ...after], [second, ...later]] as const;
    for (const order of [
      [0, 1, 2],
      [0, 2, 1],
    ] as const) {
      const lines = order.flatMap((index) => parts[index]);
      const found = await both([...backup.slice(0, 10), second, ...later], lines);
      expect([...pointed(found.ledger), ...pointed(found.lines)]).toEqual([]);
      expect(found.lines.to).toBe(15);
    }
  });
});
