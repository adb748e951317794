/** What a trail is held against: checkpoints, its own and kept ones, a ledger's head and base, another copy. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { ChainHead } from '../../../src/audit/chain.ts';
import { NO_EVIDENCE, verifyTrail } from '../../../src/audit/verify-trail.ts';
import { canonicalJson } from '../../../src/lib/canonical-json.ts';
import type { Line, TestKey, TestTrail } from './verify-world.ts';
import {
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
} from './verify-world.ts';

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
    const told = await report(stored(records.slice(0, 22)), { kept: keptOf(trail.checkpoints) });
    expect(pointed(told)).toEqual(['truncated 23-30 @ trail:22']);
    expect(told.findings[0]?.says).toContain('kept:1 knows of more');
  });

  it('finds by the ledger’s own head what was cut off, written anew or added', async () => {
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
    const told = await report(stored(lines), { kept: keptOf(trail.checkpoints), verifier: await verifierOf(key) });
    expect(pointed(told)).toEqual(['rewritten 16-30 @ kept:1', 'signature_unknown_key 30 @ trail:32']);
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
    const lines = [...records.slice(0, 15), wrong, ...records.slice(15), checkpoint];
    expect(pointed(await report(stored(lines), { kept: keptOf(trail.checkpoints) }))).toEqual([
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
    const lines = [
      ...records.slice(0, 10),
      await checkpointOf(records[9]!, {}, second),
      ...records.slice(10),
      checkpoint,
    ];
    const told = await report(stored(lines), { verifier: await verifierOf(key, second) });
    expect(told).toMatchObject({ verdict: 'intact', signatures: { valid: 2 }, vouched_to: 30 });
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

describe('verifying a trail whose beginning was dropped by retention', () => {
  const kept = (lines: readonly Line[], extra: readonly Line[]) => [...extra, ...lines.slice(10)];

  it('begins at the base the ledger names, where the checkpoint still stands', async () => {
    const base = headOf(records[9]!);
    const lines = kept(records, [await checkpointOf(records[9]!)]);
    const told = await report(stored(lines, { base }), { verifier: await verifierOf(key) });
    expect(told).toMatchObject({ verdict: 'intact', from: 11, to: 30, base: 'checkpoint' });
    expect(await report(stored(lines, { base }))).toMatchObject({ verdict: 'intact', base: 'source' });
  });

  it('does not take a base for retention’s when no checkpoint stands there', async () => {
    const base = headOf(records[9]!);
    expect(pointed(await report(stored(kept(records, []), { base })))).toEqual([
      'base_unproven 10 @ the head of the ledger',
    ]);
  });

  it('finds records that are gone beyond the base, and a base that is another one', async () => {
    const base = headOf(records[9]!);
    const lines = [await checkpointOf(records[9]!), ...records.slice(13)];
    expect(pointed(await report(stored(lines, { base })))).toEqual(['missing 11-13 @ trail:2']);
    const other = { seq: 10, hash: 'd'.repeat(64) };
    expect(pointed(await report(stored(kept(records, [await checkpointOf(records[9]!)]), { base: other })))).toEqual([
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

  it('has nothing against lines that are a part of it', async () => {
    expect(await against(trail.lines, records.slice(5, 20))).toEqual([]);
  });

  it('finds that the ledger was cut, by what was delivered', async () => {
    expect(await against(records.slice(0, 22), records, headOf(records[21]!))).toEqual(['truncated 23-30 @ trail:22']);
  });

  it('finds that its tail was written anew, as one stretch', async () => {
    const forgery = await trailOf(10, { after: headOf(records[19]!), salt: 'forged' });
    const ledger = [...records.slice(0, 20), ...forgery.lines];
    expect(await against(ledger, records, forgery.head)).toEqual([
      'rewritten 1-30 @ the delivered lines',
      'differs 21-30 @ trail:21',
    ]);
  });

  it('finds one record that is another', async () => {
    expect(await against(records.with(9, forged(records[9]!)), records.slice(5, 20))).toEqual([
      'differs 10 @ trail:10',
      'broken_link 11 @ trail:11',
    ]);
  });

  it('finds rows that lie under another number than their record’s', async () => {
    const lines = placed(records).map((line, index) => ({ ...line, position: index < 20 ? index + 1 : index + 11 }));
    expect(pointed(await report(stored([], { lines })))).toEqual(['misplaced 21-30 @ trail:21']);
  });
});
