/** Each change that an attacker with SQLite and the ledger file can make to a trail, and what `audit verify` finds. */
import { copyFileSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { positionOf } from '../../../../src/audit/delivery/outbox-position.ts';
import type { VerifyReport } from '../../../../src/cli/audit/verify-report.ts';
import { createFakeClock, TEST_TIME_MS } from '../../../support/clock.ts';
import type { Line, TestKey, TestTrail } from '../../audit/verify/trail-harness.ts';
import type { Chance } from '../../../support/chance.ts';
import { createChance } from '../../../support/chance.ts';
import { testKey, trailOf } from '../../audit/verify/trail-harness.ts';
import type { Folder } from './audit-harness.ts';
import { alter, audit, fillLedger, makeLedger, setHead, tempFolder, verified } from './audit-harness.ts';

const RECORDS = 1_500;
const MUTATIONS = 75;

let folder: Folder;
let trail: TestTrail;
let key: TestKey;
let pristine: string;
let evidence: readonly string[];

beforeAll(async () => {
  folder = tempFolder();
  key = await testKey(7);
  trail = await trailOf(RECORDS, { signer: key.signer, pauseMs: (seq) => (seq % 700 === 0 ? 400_000 : 100) });
  pristine = await makeLedger(folder.path('pristine.db'));
  await fillLedger(pristine, trail.lines);
  const kept = folder.write('kept.ndjson', `${trail.checkpoints.join('\n')}\n`);
  evidence = ['--checkpoint', kept, '--public-key', folder.write('key.pem', key.publicPem)];
});

afterAll(() => folder.remove());

/** The findings, as `kind seq @ place`. */
type Expected = (found: readonly string[]) => boolean;
type Change = (database: DatabaseSync, chance: Chance) => Promise<Expected> | Expected;

const isExactly =
  (...expected: readonly string[]): Expected =>
  (found) =>
    JSON.stringify(found.toSorted()) === JSON.stringify(expected.toSorted());
const anySeq = (chance: Chance): number => 1 + chance.below(RECORDS);
/** Of an intent, which is every fourth record. */
const decisionSeq = (chance: Chance): number => 4 * (1 + chance.below(RECORDS / 4 - 1));
const anyCount = (chance: Chance): number => (JSON.parse(chance.pick(trail.checkpoints)) as { count: number }).count;
const lineIn = (database: DatabaseSync, seq: number): string =>
  String(database.prepare('SELECT line FROM records WHERE seq = ?').get(seq)?.['line']);
const put = (database: DatabaseSync, seq: number, line: string): void =>
  void database.prepare('UPDATE records SET line = ? WHERE seq = ?').run(line, seq);

function editedText(text: string, chance: Chance): string {
  const at = chance.below(text.length);
  // No NUL: SQLite's text functions end there.
  const code = 1 + ((text.charCodeAt(at) + chance.below(125)) % 126);
  return text.slice(0, at) + String.fromCharCode(code) + text.slice(at + 1);
}

function dropUpTo(database: DatabaseSync, count: number): void {
  const { item } = trail.lines.find((line) => line.item.kind === 'record' && line.item.seq === count)!;
  if (item.kind !== 'record') throw new Error('no record');
  database.prepare('DELETE FROM records WHERE seq <= ?').run(count);
  database.prepare('DELETE FROM checkpoints WHERE count < ?').run(count);
  database.prepare('DELETE FROM requests WHERE decided_seq <= ?').run(count);
  database.prepare('UPDATE head SET base_seq = ?, base_hash = ?').run(count, item.hash);
}

const CHANGES: Readonly<Record<string, Change>> = {
  'a character of a record'(database, chance) {
    const seq = anySeq(chance);
    put(database, seq, editedText(lineIn(database, seq), chance));
    return (found) =>
      found.length === 1 &&
      /^(?:edited|unreadable) /.test(found[0] ?? '') &&
      found[0]?.endsWith(` ${seq} @ ledger seq ${seq}`) === true;
  },
  'a character of a checkpoint'(database, chance) {
    const count = anyCount(chance);
    const text = String(database.prepare('SELECT line FROM checkpoints WHERE count = ?').get(count)?.['line']);
    database.prepare('UPDATE checkpoints SET line = ? WHERE count = ?').run(editedText(text, chance), count);
    return (found) => found.length === 1 && found[0]?.endsWith(` ${count} @ ledger checkpoint ${count}`) === true;
  },
  'a record gone'(database, chance) {
    const seq = anySeq(chance);
    database.prepare('DELETE FROM records WHERE seq = ?').run(seq);
    return isExactly(
      seq === RECORDS ? `truncated ${seq} @ ledger seq ${seq - 1}` : `missing ${seq} @ ledger seq ${seq + 1}`,
    );
  },
  'a checkpoint gone'(database, chance) {
    const count = anyCount(chance);
    database.prepare('DELETE FROM checkpoints WHERE count = ?').run(count);
    return isExactly(`checkpoint_missing ${count} @ the trail`);
  },
  'two records exchanged'(database, chance) {
    const low = 1 + chance.below(RECORDS - 10);
    const high = low + chance.pick([1, 4, 9]);
    const [first, second] = [lineIn(database, low), lineIn(database, high)];
    put(database, low, second);
    put(database, high, first);
    const early = `misplaced ${high} @ ledger seq ${low}`;
    return high === low + 1
      ? isExactly(`misplaced ${low}-${high} @ ledger seq ${low}`)
      : isExactly(early, `misplaced ${low} @ ledger seq ${high}`);
  },
  'one record over another'(database, chance) {
    const seq = 2 + chance.below(RECORDS - 2);
    put(database, seq, lineIn(database, seq - 1));
    return isExactly(`repeated ${seq - 1} @ ledger seq ${seq}`, `missing ${seq} @ ledger seq ${seq + 1}`);
  },
  'a copy behind the end'(database, chance) {
    const seq = anySeq(chance);
    database.prepare('INSERT INTO records (seq, line) SELECT ?, line FROM records WHERE seq = ?').run(RECORDS + 1, seq);
    return isExactly(`repeated ${seq} @ ledger seq ${RECORDS + 1}`);
  },
  'the tail gone, and the head made to fit'(database, chance) {
    const last = RECORDS - 1 - chance.below(500);
    const end = trail.lines.find(({ item }) => item.kind === 'record' && item.seq === last)!.item;
    database.prepare('DELETE FROM records WHERE seq > ?').run(last);
    database.prepare('DELETE FROM checkpoints WHERE count > ?').run(last);
    if (end.kind === 'record') setHead(database, end);
    const to = last + 1 === RECORDS ? '' : `-${RECORDS}`;
    return isExactly(`truncated ${last + 1}${to} @ ledger seq ${last}`);
  },
  async 'the tail written anew, and the head made to fit'(database, chance) {
    const from = RECORDS - chance.below(100);
    const before = trail.lines.find(({ item }) => item.kind === 'record' && item.seq === from - 1)!.item;
    if (before.kind !== 'record') throw new Error('no record');
    const forged = await trailOf(RECORDS - from + 1, { after: before, salt: 'forged' });
    const lines: readonly Line[] = forged.lines;
    for (const { item, text } of lines) if (item.kind === 'record') put(database, item.seq, text);
    setHead(database, forged.head);
    return (found) =>
      found.some((one) => {
        const [, first, last] = /^rewritten (\d+)(?:-(\d+))? /.exec(one) ?? [];
        return first !== undefined && Number(first) <= from && from <= Number(last ?? first);
      });
  },
  'the beginning gone'(database, chance) {
    const upTo = 1 + chance.below(RECORDS - 1);
    database.prepare('DELETE FROM records WHERE seq <= ?').run(upTo);
    return isExactly(`missing 1${upTo === 1 ? '' : `-${upTo}`} @ ledger seq ${upTo + 1}`);
  },
  'the beginning gone, as if by retention'(database, chance) {
    const upTo = 1 + chance.below(600);
    const { item } = trail.lines.find((line) => line.item.kind === 'record' && line.item.seq === upTo)!;
    database.prepare('DELETE FROM records WHERE seq <= ?').run(upTo);
    database.prepare('DELETE FROM checkpoints WHERE count < ?').run(upTo);
    if (item.kind === 'record') database.prepare('UPDATE head SET base_seq = ?, base_hash = ?').run(upTo, item.hash);
    return isExactly(`base_unproven ${upTo} @ the head of the ledger`);
  },
  'the beginning gone up to a checkpoint, as retention does it'(database, chance) {
    const count = anyCount(chance);
    dropUpTo(database, count);
    return isExactly(`beginning_missing 1-${count} @ the head of the ledger`);
  },
  'all of it gone, up to the last checkpoint'(database) {
    dropUpTo(database, RECORDS);
    return isExactly(`beginning_missing 1-${RECORDS} @ the head of the ledger`);
  },
  'a cursor beyond the end'(database, chance) {
    const beyond = RECORDS + 1 + chance.below(1_000);
    database.prepare('INSERT INTO cursors (sink, position) VALUES (?, ?)').run('http', positionOf(beyond));
    const to = beyond === RECORDS + 1 ? '' : `-${beyond}`;
    return isExactly(`cursor_beyond_end ${RECORDS + 1}${to} @ the head of the ledger`);
  },
  'the state of a request'(database, chance) {
    const seq = decisionSeq(chance);
    database.prepare("UPDATE requests SET state = 'accepted' WHERE decided_seq = ?").run(seq);
    return isExactly(`request_refuted ${seq} @ ledger seq ${seq}`);
  },
  'the owner of a request'(database, chance) {
    const seq = decisionSeq(chance);
    database.exec(
      "INSERT INTO owners (owner, issuer, client_id, subject) VALUES (99, 'https://id.example.com', 'x', 'mallory')",
    );
    database.prepare('UPDATE requests SET owner = 99 WHERE decided_seq = ?').run(seq);
    return isExactly(`request_refuted ${seq} @ ledger seq ${seq}`);
  },
  'a request that points to the outcome of another'(database, chance) {
    const seq = decisionSeq(chance);
    database.prepare('UPDATE requests SET outcome_seq = ? WHERE decided_seq = ?').run(seq + 1, seq);
    return isExactly(`request_refuted ${seq} @ ledger seq ${seq}`);
  },
  'a request without its idempotency key, or with one that it never had'(database, chance) {
    const seq = decisionSeq(chance);
    database
      .prepare('UPDATE requests SET key_scope = CASE WHEN key_scope IS NULL THEN ? END WHERE decided_seq = ?')
      .run('scope', seq);
    return isExactly(`request_refuted ${seq} @ ledger seq ${seq}`);
  },
  'a request taken out of the table'(database, chance) {
    const seq = decisionSeq(chance);
    database.prepare('DELETE FROM requests WHERE decided_seq = ?').run(seq);
    return isExactly(`request_missing ${seq} @ ledger seq ${seq}`);
  },
  'a request that was never decided'(database, chance) {
    database.exec('CREATE TEMP TABLE copy AS SELECT * FROM requests LIMIT 1');
    database.prepare('UPDATE copy SET request_id = ?').run(`invented-${String(chance.below(1_000_000))}`);
    database.exec('INSERT INTO requests SELECT * FROM copy; DROP TABLE copy');
    return isExactly('request_unrecorded - @ the ledger');
  },
  'an idempotency key of no request'(database) {
    database.exec("INSERT INTO keys (scope, request_id, fingerprint, seq) VALUES ('s', 'r', 'f', 1)");
    return isExactly('key_unrecorded - @ the ledger');
  },
  'a checkpoint far ahead of the end'(database) {
    database.prepare('INSERT INTO checkpoints VALUES (?, ?, 0, ?, 0)').run(9_000_000, 18_000_001, '{}');
    return isExactly(
      'checkpoint_edited 9000000 @ ledger checkpoint 9000000',
      'checkpoint_undeliverable 9000000 @ ledger checkpoint 9000000',
    );
  },
};

describe('a ledger of 1,500 records, changed once with SQL', () => {
  it('is intact before', async () => {
    const { code, report } = await verified(['--ledger', pristine, ...evidence]);
    expect(code).toBe(0);
    expect(report.ledger).toMatchObject({
      records: RECORDS,
      vouched_to: RECORDS,
      checkpoints: trail.checkpoints.length,
    });
  });

  it('shows every change at its place, with exit 1', async () => {
    const chance = createChance(60);
    const names = Object.keys(CHANGES);
    const wrong: string[] = [];
    for (let done = 0; done < MUTATIONS; done += 1) {
      const name = names[done % names.length]!;
      const path = folder.path('changed.db');
      copyFileSync(pristine, path);
      const expected = await alter(path, (database) => CHANGES[name]!(database, chance));
      const { code, found } = await verified(['--ledger', `sqlite:${path}`, ...evidence]);
      if (code !== 1 || !expected(found)) wrong.push(`${name}: ${code} ${found.slice(0, 3).join(', ')}`);
    }
    expect(wrong).toEqual([]);
  });

  it('is intact without its beginning where retention explains it, and only there', async () => {
    const path = folder.path('aged.db');
    copyFileSync(pristine, path);
    const count = (JSON.parse(trail.checkpoints[0]!) as { count: number }).count;
    await alter(path, (database) => dropUpTo(database, count));
    const day = 24 * 60 * 60 * 1000;
    const after = (days: number) => createFakeClock(TEST_TIME_MS + days * day);
    const verdict = async (days: number, args: readonly string[], env = {}) => {
      const options = { env, deps: { clock: after(days) } };
      const { code, stdout } = await audit(['verify', '--json', '--ledger', path, ...evidence, ...args], options);
      return [code, (JSON.parse(stdout) as VerifyReport).ledger?.not_here];
    };
    const gone = { from: 1, to: count };
    expect(await verdict(31, ['--retention-days', '30'])).toEqual([0, gone]);
    expect(await verdict(28, ['--retention-days', '30'])).toEqual([1, gone]);
    expect(await verdict(31, [], { AUDIT_RETENTION_DAYS: '30' })).toEqual([0, gone]);
    expect(await verdict(31, [])).toEqual([1, gone]);
    expect(await verdict(31, ['--retention-days', 'never'], { AUDIT_RETENTION_DAYS: '30' })).toEqual([1, gone]);
    expect(await verdict(31, ['--retention-days', '30', '--whole'])).toEqual([1, gone]);
    expect((await audit(['verify', '--ledger', path, '--retention-days', 'many'])).code).toBe(64);
  });
});
