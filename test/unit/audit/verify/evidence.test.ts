/** The evidence for a trail: its own checkpoints and kept ones, a ledger's head and base, and another copy. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { ChainHead } from '../../../../src/audit/chain.ts';
import { NO_EVIDENCE, verifyTrail } from '../../../../src/audit/verify/verify-trail.ts';
import { canonicalJson } from '../../../../src/lib/canonical-json.ts';
import type { Line, TestKey, TestTrail } from './trail-harness.ts';
import {
  behind,
  checkpointAt,
  delivered,
  forged,
  headOf,
  keptOf,
  lineOf,
  placed,
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

const checkpointOf = (line: Line, changes: Parameters<typeof checkpointAt>[2] = {}, by = key): Promise<Line> =>
  checkpointAt(line, by, changes);

describe('verifying against checkpoints', () => {
  it('finds a cut tail, from the first record that is gone', async () => {
    const reported = await report(stored(records.slice(0, 22)), { kept: keptOf(trail.checkpoints) });
    expect(pointed(reported)).toEqual(['truncated 23-30 @ trail:22']);
    expect(reported.findings[0]?.message).toContain('there were more according to kept:1');
  });

  it('finds records that were cut off or added, by the ledger’s own head', async () => {
    const head = { ...trail.head };
    expect(pointed(await report(stored(records.slice(0, 22), { head })))).toEqual(['truncated 23-30 @ trail:22']);
    expect(pointed(await report(stored(records, { head: headOf(records[24]!) })))).toEqual([
      'beyond_head 26-30 @ the head of the ledger',
    ]);
  });

  it('narrows a rewriting by the last vouched checkpoint that agrees', async () => {
    const early = await checkpointOf(records[14]!);
    const after = headOf(records[19]!);
    const forgery = await trailOf(10, { after, salt: 'forged', signer: (await testKey(9)).signer });
    const lines = [...records.slice(0, 15), early, ...records.slice(15, 20), ...forgery.lines];
    const reported = await report(stored(lines), { kept: keptOf(trail.checkpoints), verifier: await verifierOf(key) });
    expect(pointed(reported)).toEqual(['rewritten 16-30 @ kept:1', 'signature_unknown_key 30 @ trail:32']);
  });

  it('does not believe a forger’s own checkpoints', async () => {
    const forgery = await trailOf(10, { after: headOf(records[19]!), salt: 'forged' });
    const lines = [...records.slice(0, 20), ...forgery.lines];
    expect((await report(stored(lines))).verdict).toBe('intact');
    expect(pointed(await report(stored(lines), { kept: keptOf(trail.checkpoints) }))).toEqual([
      'rewritten 1-30 @ kept:1',
      'checkpoint_conflicting 30 @ kept:1',
    ]);
  });

  it('blames a checkpoint, not the records, when a later one agrees with them', async () => {
    const wrong = await checkpointOf(records[14]!, { head: 'c'.repeat(64) });
    const late = await checkpointOf(records[29]!, behind(wrong));
    const lines = [...records.slice(0, 15), wrong, ...records.slice(15), late];
    expect(pointed(await report(stored(lines), { kept: keptOf([late.text]) }))).toEqual([
      'checkpoint_disagrees 15 @ trail:16',
    ]);
  });

  it('finds signatures that are not valid, not there, or of another key', async () => {
    const verifier = await verifierOf(key);
    const { signature, ...statement } = JSON.parse(checkpoint.text) as { signature: { value: string }; id: string };
    const other = `${signature.value.startsWith('0') ? '1' : '0'}${signature.value.slice(1)}`;
    const bad = lineOf(canonicalJson({ ...statement, signature: { ...signature, value: other } }));
    const bare = lineOf(canonicalJson(statement));
    const foreign = await checkpointOf(records[29]!, {}, await testKey(9));
    const found = async (line: Line) => pointed(await report(stored([...records, line]), { verifier }));
    expect(await found(bad)).toEqual(['signature_invalid 30 @ trail:31']);
    expect(await found(bare)).toEqual(['signature_missing 30 @ trail:31']);
    expect(await found(foreign)).toEqual(['signature_unknown_key 30 @ trail:31']);
    expect((await report(stored([...records, foreign]))).verdict).toBe('intact');
  });

  it('takes any of several public keys, as after a rotation', async () => {
    const second = await testKey(9);
    const early = await checkpointOf(records[9]!, {}, second);
    const late = await checkpointOf(records[29]!, behind(early));
    const lines = [...records.slice(0, 10), early, ...records.slice(10), late];
    const reported = await report(stored(lines), { verifier: await verifierOf(key, second) });
    expect(reported).toMatchObject({ verdict: 'intact', signatures: { valid: 2 }, signed_to: 30 });
  });

  it('misses a checkpoint that a ledger should have and that was kept elsewhere', async () => {
    expect(pointed(await report(stored(records), { kept: keptOf(trail.checkpoints) }))).toEqual([
      'checkpoint_missing 30 @ the trail',
    ]);
    // Lines that were fetched from GET /audit/records have none.
    expect((await report(delivered(records), { kept: keptOf(trail.checkpoints) })).verdict).toBe('intact');
  });

  it('finds a checkpoint before the record it covers', async () => {
    const lines = [...records.slice(0, 29), checkpoint, records[29]!];
    expect(pointed(await report(delivered(lines)))).toEqual(['checkpoint_misplaced 30 @ trail:30']);
  });
});

describe('verifying that no checkpoint was taken away', () => {
  let three: readonly Line[];
  const placeOf = ({ item }: Line): number =>
    item.kind === 'record' ? item.seq : item.kind === 'checkpoint' ? item.checkpoint.count + 0.5 : 0;
  const at = (...gone: readonly number[]) => {
    const left = three.filter((_line, index) => !gone.includes(10 * (index + 1)));
    return [...records, ...left].toSorted((a, b) => placeOf(a) - placeOf(b));
  };

  beforeAll(async () => {
    const first = await checkpointOf(records[9]!);
    const second = await checkpointOf(records[19]!, behind(first));
    three = [first, second, await checkpointOf(records[29]!, behind(second))];
  });

  it('misses one between two, and the first one, by the one after it', async () => {
    expect((await report(stored(at()))).verdict).toBe('intact');
    expect(pointed(await report(stored(at(20))))).toEqual(['checkpoint_gap 30 @ trail:32']);
    expect(pointed(await report(stored(at(10))))).toEqual(['checkpoint_gap 20 @ trail:21']);
    expect(pointed(await report(delivered(at(20))))).toEqual(['checkpoint_gap 30 @ trail:32']);
    // Lines of one month begin after others.
    expect((await report(delivered(at(10).slice(10)))).verdict).toBe('intact');
  });

  it('finds one without a predecessor, as a service makes it that starts with a changed ledger', async () => {
    const anew = await checkpointOf(records[29]!);
    expect(pointed(await report(delivered([...at(30), anew])))).toEqual(['checkpoint_gap 30 @ trail:33']);
  });

  it('reports one that was kept elsewhere once', async () => {
    expect(pointed(await report(stored(at(20)), { kept: keptOf([three[1]!.text]) }))).toEqual([
      'checkpoint_missing 20 @ the trail',
    ]);
  });
});

describe('verifying a trail whose beginning was dropped by retention', () => {
  const kept = (lines: readonly Line[], extra: readonly Line[]) => [...extra, ...lines.slice(10)];
  /** Of the checkpoint. */
  const madeAt = Date.parse('2026-03-02T10:00:05.000Z');
  const droppedBefore = madeAt + 1;

  it('begins at the base that the ledger names, where a checkpoint is that is old enough', async () => {
    const base = headOf(records[9]!);
    const early = await checkpointOf(records[9]!);
    const lines = kept(records, [early]);
    const signed = [...lines, await checkpointOf(records[29]!, behind(early))];
    const verifier = await verifierOf(key);
    const reported = await report(stored(signed, { base, droppedBefore }), { verifier });
    expect(reported).toMatchObject({ verdict: 'intact', from: 11, to: 30, base: 'checkpoint' });
    expect(reported.not_here).toEqual({ from: 1, to: 10 });
    // The signature at the base covers no record that is here.
    expect(await report(stored(lines, { base, droppedBefore }), { verifier })).toMatchObject({ verdict: 'unproven' });
    expect(await report(stored(lines, { base, droppedBefore }))).toMatchObject({ verdict: 'intact', base: 'source' });
  });

  it('finds a beginning that was cut at a checkpoint, where nothing is dropped or not yet', async () => {
    const base = headOf(records[9]!);
    const early = await checkpointOf(records[9]!);
    const lines = [...kept(records, [early]), await checkpointOf(records[29]!, behind(early))];
    const evidence = { kept: keptOf([early.text]), verifier: await verifierOf(key) };
    const cut = ['beginning_missing 1-10 @ the head of the ledger'];
    expect(pointed(await report(stored(lines, { base }), evidence))).toEqual(cut);
    expect(pointed(await report(stored(lines, { base, droppedBefore: madeAt }), evidence))).toEqual(cut);
    expect((await report(stored(lines, { base, droppedBefore }), evidence)).verdict).toBe('intact');
  });

  it('does not take a forger’s checkpoint for the reason why the beginning is gone', async () => {
    const base = headOf(records[9]!);
    const foreign = await checkpointOf(records[9]!, {}, await testKey(9));
    const verifier = await verifierOf(key);
    expect(pointed(await report(stored(kept(records, [foreign]), { base, droppedBefore }), { verifier }))).toEqual([
      'signature_unknown_key 10 @ trail:1',
    ]);
  });

  it('finds that all of it was removed, up to its last checkpoint or against a kept one', async () => {
    const head = { ...trail.head };
    const evidence = { kept: keptOf(trail.checkpoints), verifier: await verifierOf(key) };
    expect(pointed(await report(stored([checkpoint], { base: head, head }), evidence))).toEqual([
      'beginning_missing 1-30 @ the head of the ledger',
    ]);
    expect(pointed(await report(stored([], { head: { seq: 0, hash: '0'.repeat(64) } }), evidence))).toEqual([
      'truncated 1-30 @ the beginning',
    ]);
  });

  it('does not take a base for retention’s when there is no checkpoint at it', async () => {
    const base = headOf(records[9]!);
    expect(pointed(await report(stored(kept(records, []), { base, droppedBefore })))).toEqual([
      'base_unproven 10 @ the head of the ledger',
    ]);
  });

  it('finds records that are gone beyond the base, and a base that is another one', async () => {
    const base = headOf(records[9]!);
    const lines = [await checkpointOf(records[9]!), ...records.slice(13)];
    expect(pointed(await report(stored(lines, { base, droppedBefore })))).toEqual(['missing 11-13 @ trail:2']);
    const other = { seq: 10, hash: 'd'.repeat(64) };
    const moved = kept(records, [await checkpointOf(records[9]!)]);
    expect(pointed(await report(stored(moved, { base: other, droppedBefore })))).toEqual([
      'rewritten 10 @ trail:1',
      'broken_link 11 @ trail:2',
    ]);
  });
});

describe('verifying a ledger against delivered lines', () => {
  const against = async (ledger: readonly Line[], lines: readonly Line[], head: ChainHead | null = null) => {
    const { copy } = await verifyTrail(delivered(lines), { ...NO_EVIDENCE, reach: false });
    const other = { name: 'the delivered lines', ...copy };
    return pointed(await report(stored(ledger, { head }), { other }));
  };

  it('finds no fault in lines that are a part of it', async () => {
    expect(await against(trail.lines, records.slice(5, 20))).toEqual([]);
  });

  it('finds that the ledger was cut, by what was delivered', async () => {
    expect(await against(records.slice(0, 22), records, headOf(records[21]!))).toEqual(['truncated 23-30 @ trail:22']);
  });

  it('finds that its tail was rewritten, as one range', async () => {
    const forgery = await trailOf(10, { after: headOf(records[19]!), salt: 'forged' });
    const ledger = [...records.slice(0, 20), ...forgery.lines];
    expect(await against(ledger, records, forgery.head)).toEqual([
      'rewritten 1-30 @ the delivered lines',
      'differs 21-30 @ trail:21',
    ]);
  });

  it('finds one record that was replaced', async () => {
    expect(await against(records.with(9, forged(records[9]!)), records.slice(5, 20))).toEqual([
      'differs 10 @ trail:10',
      'broken_link 11 @ trail:11',
    ]);
  });

  it('finds rows that are stored under another number than their record’s', async () => {
    const lines = placed(records).map((line, index) => ({ ...line, position: index < 20 ? index + 1 : index + 11 }));
    expect(pointed(await report(stored([], { lines })))).toEqual(['misplaced 21-30 @ trail:21']);
  });
});
