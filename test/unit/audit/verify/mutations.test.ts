/**
 * Verifies 5,000 records with their checkpoints after one random change at a time. The only external evidence is one
 * kept checkpoint over the whole trail. Every change must be found and reported at its place. The comment of each kind
 * of change defines its place.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { GENESIS } from '../../../../src/audit/chain.ts';
import type { ChainHead } from '../../../../src/audit/chain.ts';
import type { CheckpointVerifier } from '../../../../src/audit/checkpoint/checkpoint.ts';
import type { KeptCheckpoint } from '../../../../src/audit/verify/checkpoints/checkpoints.ts';
import type { TrailReport } from '../../../../src/audit/verify/verify-trail.ts';
import type { Line, TestKey, TestTrail } from './trail-harness.ts';
import type { Chance } from '../../../support/chance.ts';
import { createChance } from '../../../support/chance.ts';
import { keptOf, lineOf, pointed, report, stored, testKey, trailOf, verifierOf } from './trail-harness.ts';

const RECORDS = 5_000;
const MUTATIONS = 1_000;
/** The service pauses sometimes, so that checkpoints become due by time as well as by number. */
const pauseMs = (seq: number): number => (seq % 1_700 === 0 ? 400_000 : 100);

let trail: TestTrail;
let key: TestKey;
let verifier: CheckpointVerifier;
let kept: KeptCheckpoint[];

beforeAll(async () => {
  key = await testKey(7);
  verifier = await verifierOf(key);
  trail = await trailOf(RECORDS, { signer: key.signer, pauseMs });
  kept = keptOf(trail.checkpoints.slice(-1));
});

interface Mutated {
  readonly what: string;
  readonly lines: readonly Line[];
  /** The base that the ledger names; GENESIS when left out. */
  readonly base?: ChainHead;
  /** Whether the findings, as `kind seq @ place`, are as expected. */
  readonly isRight: (found: readonly string[], report: TrailReport) => boolean;
}

const at = (index: number): string => `@ trail:${index + 1}`;
const isExactly =
  (...expected: readonly string[]) =>
  (found: readonly string[]): boolean =>
    JSON.stringify(found.toSorted()) === JSON.stringify(expected.toSorted());
const seqOf = (line: Line): number => (line.item.kind === 'record' ? line.item.seq : 0);

const checkpointIndexes = (): number[] =>
  trail.lines.flatMap(({ item }, index) => (item.kind === 'checkpoint' ? [index] : []));

/** The index of any line. The first lines, the last ones and checkpoints are more likely than others. */
function anyIndex(chance: Chance): number {
  const { length } = trail.lines;
  return chance.pick([
    chance.below(3),
    length - 1 - chance.below(3),
    chance.pick(checkpointIndexes()),
    ...Array.from({ length: 5 }, () => chance.below(length)),
  ]);
}

function recordIndex(chance: Chance): number {
  for (;;) {
    const index = anyIndex(chance);
    if (trail.lines[index]!.item.kind === 'record') return index;
  }
}

/** Changes any character of any line. Right: one finding, at the line; for a record, with its seq. */
function edit(chance: Chance): Mutated {
  const index = anyIndex(chance);
  const line = trail.lines[index]!;
  const place = chance.below(line.text.length);
  const code = (line.text.charCodeAt(place) + 1 + chance.below(126)) % 127;
  const text = line.text.slice(0, place) + String.fromCharCode(code) + line.text.slice(place + 1);
  const seq = seqOf(line);
  return {
    what: `character ${place} of line ${index + 1} edited`,
    lines: trail.lines.with(index, lineOf(text)),
    isRight: (found) => {
      const [first = ''] = found;
      if (seq > 0)
        return found.length === 1 && [`edited ${seq} ${at(index)}`, `unreadable ${seq} ${at(index)}`].includes(first);
      // A checkpoint whose copy is the one kept elsewhere is also missed there.
      const others = found.filter((one) => !one.endsWith(at(index)));
      return (
        found.length > others.length && others.every((one) => /^checkpoint_(?:missing|conflicting) 5000 /.test(one))
      );
    },
  };
}

/** Right: the seq, and the line before which it is missing. The last record is cut off after the one before. */
function drop(chance: Chance): Mutated {
  const index = recordIndex(chance);
  const seq = seqOf(trail.lines[index]!);
  return {
    what: `record ${seq} dropped`,
    lines: trail.lines.toSpliced(index, 1),
    isRight: isExactly(
      seq === RECORDS
        ? `truncated ${seq} ${at(lastRecordBefore(index))}`
        : `missing ${seq} ${at(nextRecord(index) - 1)}`,
    ),
  };
}

/** Right: both are reported at their new places. Of neighbours, only the one that is too early is reported. */
function swap(chance: Chance): Mutated {
  const index = recordIndex(chance);
  const other = chance.below(2) === 0 ? nextRecord(index) : recordIndex(chance);
  const [low, high] = [Math.min(index, other), Math.max(index, other)];
  const [first, second] = [seqOf(trail.lines[low]!), seqOf(trail.lines[high]!)];
  const early = `misplaced ${second} ${at(low)}`;
  const late = `misplaced ${first} ${at(high)}`;
  return {
    what: `records ${first} and ${second} swapped`,
    lines: trail.lines.with(low, trail.lines[high]!).with(high, trail.lines[low]!),
    isRight: (found) => {
      if (low === high) return found.length === 0;
      // Three records in reverse: the two that are early touch, and are one finding.
      if (second === first + 2) return isExactly(`misplaced ${first + 1}-${second} ${at(low)}`)(found);
      const aside = found.filter((one) => !one.startsWith('checkpoint_misplaced'));
      return second === first + 1 ? isExactly(early)(aside) : isExactly(late, early)(aside);
    },
  };
}

/** For the last record: the one before. */
function nextRecord(index: number): number {
  const next = trail.lines.findIndex(({ item }, other) => other > index && item.kind === 'record');
  return next === -1 ? lastRecordBefore(index) : next;
}

function lastRecordBefore(index: number): number {
  return trail.lines.slice(0, index).findLastIndex(({ item }) => item.kind === 'record');
}

/** Right: the second of the two is the repeat. If that is the original, the copy is also out of order. */
function duplicate(chance: Chance): Mutated {
  const index = anyIndex(chance);
  const place = chance.below(trail.lines.length + 1);
  const { item } = trail.lines[index]!;
  const second = place <= index ? index + 1 : place;
  const [kind, number] =
    item.kind === 'checkpoint' ? ['checkpoint_', item.checkpoint.count] : ['', seqOf(trail.lines[index]!)];
  const repeat = `${kind}repeated ${number} ${at(second)}`;
  const moved = `${kind}misplaced ${number} ${at(place)}`;
  return {
    what: `line ${index + 1} copied before line ${place + 1}`,
    lines: trail.lines.toSpliced(place, 0, trail.lines[index]!),
    isRight: (found) =>
      place < index && lastRecordBefore(index) >= place ? isExactly(moved, repeat)(found) : isExactly(repeat)(found),
  };
}

/** Right: from the first record that is missing to the last. */
function truncate(chance: Chance): Mutated {
  const index = Math.max(1, trail.lines.length - 1 - chance.below(chance.pick([3, 100, trail.lines.length - 1])));
  const gone = trail.lines.slice(index).find(({ item }) => item.kind === 'record');
  const seq = gone === undefined ? null : seqOf(gone);
  const to = seq === RECORDS ? '' : `-${RECORDS}`;
  return {
    what: `cut before line ${index + 1}`,
    lines: trail.lines.slice(0, index),
    isRight: (found) =>
      seq === null
        ? isExactly(`checkpoint_missing ${RECORDS} @ the trail`)(found)
        : isExactly(`truncated ${seq}${to} ${at(lastRecordBefore(index))}`)(found),
  };
}

/** Right: from the first record that is missing, before the first line. */
function behead(chance: Chance): Mutated {
  const index = 1 + chance.below(trail.lines.length - 2);
  const first = trail.lines.slice(index).find(({ item }) => item.kind === 'record');
  const seq = first === undefined ? RECORDS : seqOf(first) - 1;
  return {
    what: `everything before line ${index + 1} dropped`,
    lines: trail.lines.slice(index),
    isRight: (found) =>
      found[0]?.startsWith(`missing 1${seq === 1 ? '' : `-${seq}`} @ trail:`) === true && found.length === 1,
  };
}

/**
 * As retention does it: drops all before a genuine checkpoint and sets the base to it. Right: all of it is missing from
 * the beginning.
 */
function beheadAtCheckpoint(chance: Chance): Mutated {
  const index = chance.pick(checkpointIndexes());
  const { item } = trail.lines[index]!;
  if (item.kind !== 'checkpoint') throw new Error('no checkpoint');
  const { count, head } = item.checkpoint;
  return {
    what: `everything up to record ${count} dropped, and the base set there`,
    lines: trail.lines.slice(index),
    base: { seq: count, hash: head },
    isRight: isExactly(`beginning_missing 1${count === 1 ? '' : `-${count}`} @ the head of the ledger`),
  };
}

/** Right: the checkpoint after it does not continue the one before. The last one is missing against the kept copy. */
function dropCheckpoint(chance: Chance): Mutated {
  const indexes = checkpointIndexes();
  const index = chance.pick(indexes);
  const next = indexes[indexes.indexOf(index) + 1];
  const { item } = trail.lines[next ?? index]!;
  const count = item.kind === 'checkpoint' ? item.checkpoint.count : 0;
  return {
    what: `the checkpoint on line ${index + 1} dropped`,
    lines: trail.lines.toSpliced(index, 1),
    isRight: isExactly(
      next === undefined ? `checkpoint_missing ${count} @ the trail` : `checkpoint_gap ${count} ${at(next - 1)}`,
    ),
  };
}

const REWRITTEN_AT_MOST = 120;

/**
 * Rewrites all records from some place on, with checkpoints. Right: a range that contains the place, from the kept
 * checkpoint.
 */
async function rewrite(chance: Chance): Promise<Mutated> {
  const from = RECORDS - chance.below(REWRITTEN_AT_MOST);
  const index = trail.lines.findIndex(({ item }) => item.kind === 'record' && item.seq === from);
  const { item: before } = trail.lines.slice(0, index).findLast(({ item }) => item.kind === 'record')!;
  const after = before.kind === 'record' ? { seq: before.seq, hash: before.hash } : trail.head;
  const signer = chance.pick([null, (await testKey(9)).signer]);
  const forged = await trailOf(RECORDS - from + 1, { after, salt: 'forged', signer });
  const checkpoints = chance.pick([forged.lines, forged.lines.filter(({ item }) => item.kind === 'record')]);
  return {
    what: `everything from record ${from} rewritten`,
    lines: [...trail.lines.slice(0, index), ...checkpoints],
    isRight: (_found, { findings }) =>
      findings.some(
        ({ kind, seq, to, place }) =>
          kind === 'rewritten' && place === 'kept:1' && seq !== null && seq <= from && from <= (to ?? seq),
      ),
  };
}

const KINDS = [
  edit,
  edit,
  edit,
  drop,
  drop,
  swap,
  swap,
  duplicate,
  duplicate,
  truncate,
  behead,
  beheadAtCheckpoint,
  dropCheckpoint,
];

async function mutate(chance: Chance): Promise<Mutated> {
  return chance.below(25) === 0 ? await rewrite(chance) : chance.pick(KINDS)(chance);
}

describe('a trail of 5,000 records, changed once', () => {
  it('is intact without a change', async () => {
    const untouched = await report(stored(trail.lines), { kept, verifier });
    expect(untouched).toMatchObject({ verdict: 'intact', from: 1, to: RECORDS, records: RECORDS, vouched_to: RECORDS });
    expect(untouched.signatures.valid).toBe(trail.checkpoints.length);
  });

  it('shows 1,000 of 1,000 changes at their place, as it is stored', async () => {
    const chance = createChance(5);
    const wrong: string[] = [];
    let found = 0;
    for (let done = 0; done < MUTATIONS;) {
      const { what, lines, base = GENESIS, isRight } = await mutate(chance);
      if (lines.length === trail.lines.length && lines.every((line, index) => line === trail.lines[index])) continue;
      done += 1;
      const reported = await report(stored(lines, { base }), { kept, verifier });
      if (reported.verdict === 'broken') found += 1;
      if (!isRight(pointed(reported), reported)) wrong.push(`${what}: ${pointed(reported).slice(0, 4).join(', ')}`);
    }
    expect({ found, wrong }).toEqual({ found: MUTATIONS, wrong: [] });
  });
});
