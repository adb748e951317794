import { readFileSync, statSync } from 'node:fs';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { auditPorts } from '../../../../src/cli/audit/ports.ts';
import type { NewFile } from '../../../../src/cli/audit/ports.ts';
import { momentOf } from '../../../../src/cli/audit/instant.ts';
import type { CliDeps } from '../../../../src/cli/deps.ts';
import { ledgerName } from '../../../../src/platform/node/ledger/chosen-ledger.ts';
import { readLedgerFile } from '../../../../src/platform/node/ledger/reader.ts';
import type { LedgerReader } from '../../../../src/ledger/ledger-reader.ts';
import { chainRecord, GENESIS } from '../../../../src/audit/chain.ts';
import { TEST_TIME_MS, testUuid7 } from '../../../support/clock.ts';
import { recordDraft } from '../../../support/ledger/ledger.ts';
import { PIPE } from '../cli-harness.ts';
import type { TestTrail } from '../../audit/verify/trail-harness.ts';
import { lineOf, trailOf } from '../../audit/verify/trail-harness.ts';
import type { Folder } from './audit-harness.ts';
import { alter, audit, fillLedger, makeLedger, tempFolder, verified } from './audit-harness.ts';

const RECORDS = 2_500;
/** A record every second from 10:00:01 on: record n is n seconds after TEST_TIME_MS. */
let trail: TestTrail;
let folder: Folder;
let ledger: string;

beforeAll(async () => {
  trail = await trailOf(RECORDS, { pauseMs: () => 1_000 });
});
beforeEach(async () => {
  folder = tempFolder();
  ledger = await makeLedger(folder.path('ledger.db'));
  await fillLedger(ledger, trail.lines);
});
afterEach(() => folder.remove());

const at = (seconds: number): string => new Date(TEST_TIME_MS + seconds * 1_000).toISOString();

/** A reader of files alone. */
const ofFiles =
  (open: (path: string) => Promise<LedgerReader>): CliDeps['openReader'] =>
  (chosen) =>
    open(ledgerName(chosen));

async function exported(args: readonly string[], openReader: (path: string) => Promise<LedgerReader> = readLedgerFile) {
  const ran = await audit(['export', '--ledger', ledger, ...args], { deps: { openReader: ofFiles(openReader) } });
  return { ...ran, lines: ran.stdout.split('\n').slice(0, -1) };
}

const seqsOf = (lines: readonly string[]): number[] =>
  lines.map((line) => (JSON.parse(line) as { seq?: number }).seq ?? 0).filter((seq) => seq > 0);

describe('audit export', () => {
  it('writes the records from one moment up to another, the first inclusive, the second not', async () => {
    const { code, lines } = await exported(['--from', at(100), '--to', at(110)]);
    expect(code).toBe(0);
    expect(seqsOf(lines)).toEqual([100, 101, 102, 103, 104, 105, 106, 107, 108, 109]);
    expect(lines[0]).toBe(trail.lines.find(({ item }) => item.kind === 'record' && item.seq === 100)?.text);
  });

  it('says when the ledger ends before the time range does, and with --ended writes nothing then', async () => {
    const wholeDay = ['--from', '2026-03-02', '--to', '2026-03-03'];
    const early = await exported(wholeDay);
    expect(early).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/last written at 2026-03-02T.*before the end/),
    });
    const refused = await exported([...wholeDay, '--ended', '--out', folder.path('day.ndjson')]);
    expect([refused.code, refused.stdout]).toEqual([2, '']);
    expect(refused.stderr).toContain('nothing was written');
    expect(() => statSync(folder.path('day.ndjson'))).toThrow('ENOENT');
    await alter(ledger, (database) => database.exec(`UPDATE head SET clock_ms = ${Date.UTC(2026, 2, 3)}`));
    expect(await exported([...wholeDay, '--ended'])).toMatchObject({ code: 0, stderr: '' });
    expect((await exported(['--from', '2026-03-02', '--ended'])).code).toBe(64);
  });

  it('finds every beginning and every end', async () => {
    for (const [from, to, first, last] of [
      [at(0), at(1.5), 1, 1],
      [at(-99), at(2), 1, 1],
      [at(2_499.5), at(9_999), 2_500, 2_500],
      [at(1_000.001), at(1_001.001), 1_001, 1_001],
    ] as const) {
      expect(seqsOf((await exported(['--from', from, '--to', to])).lines)).toEqual(
        Array.from({ length: last - first + 1 }, (_, index) => first + index),
      );
    }
    expect((await exported(['--from', at(9_999)])).lines).toEqual([]);
    expect((await exported(['--to', at(0)])).lines).toEqual([]);
    expect(seqsOf((await exported([])).lines)).toHaveLength(RECORDS);
  });

  it('puts each checkpoint made in that time behind the last record it covers', async () => {
    const { lines } = await exported([]);
    expect(lines).toEqual(trail.lines.map(({ text }) => text));
    const { count } = JSON.parse(trail.checkpoints[1]!) as { count: number };
    const around = await exported(['--from', at(count), '--to', at(count + 2)]);
    expect(around.lines.map((line) => (JSON.parse(line) as { kind: string }).kind === 'checkpoint')).toEqual([
      false,
      true,
      false,
    ]);
  });

  it('does not read the ledger to find where to begin', async () => {
    let asked = 0;
    const openReader = async (path: string): Promise<LedgerReader> => {
      const reader = await readLedgerFile(path);
      return {
        ...reader,
        async records(after, limit) {
          const page = await reader.records(after, limit);
          asked += page.length;
          return page;
        },
      };
    };
    const { lines } = await exported(['--from', at(2_490)], openReader);
    expect(seqsOf(lines)).toHaveLength(11);
    // The binary search, then the rest.
    expect(asked).toBeLessThan(Math.ceil(Math.log2(RECORDS)) + 1 + 11 + 1);
  });

  it('writes a new file for its owner only, which verifies, and leaves one alone that is there', async () => {
    const out = folder.path('out.ndjson');
    const { code, stdout } = await audit(['export', '--ledger', ledger, '--out', out]);
    expect([code, stdout]).toEqual([0, `2500 records and ${trail.checkpoints.length} checkpoints written to ${out}\n`]);
    expect(statSync(out).mode & 0o777).toBe(0o600);
    const before = readFileSync(out, 'utf8');
    const again = await audit(['export', '--ledger', ledger, '--to', at(5), '--out', out]);
    expect([again.code, again.stderr]).toEqual([2, `${out} is there already; nothing was written\n`]);
    expect(readFileSync(out, 'utf8')).toBe(before);
    expect(await verified(['--lines', out])).toMatchObject({ code: 0, report: { lines: { records: RECORDS } } });
  });

  it('writes OCSF lines that verify against the ledger, from the middle on', async () => {
    const { lines } = await exported(['--from', at(1_200), '--to', at(1_300), '--format', 'ocsf']);
    expect(lines[0]).toContain('"class_uid":6003');
    const file = folder.write('part', lines.join('\n'));
    expect(await verified(['--lines', file, '--ledger', ledger])).toMatchObject({
      code: 0,
      report: { lines: { from: 1_200, to: 1_299 } },
    });
  });

  it('stops with exit 1 where the ledger is damaged, and leaves no half of a file', async () => {
    await alter(ledger, (database) => database.exec('DELETE FROM records WHERE seq = 1200'));
    const out = folder.path('out.ndjson');
    const { code, stderr } = await audit([
      'export',
      '--ledger',
      ledger,
      '--from',
      at(1_100),
      '--to',
      at(1_210),
      '--out',
      out,
    ]);
    expect([code, stderr]).toEqual([1, 'record 1200 of the ledger cannot be read; audit verify says more\n']);
    expect(() => statSync(out)).toThrow('ENOENT');
    await alter(ledger, (database) => database.exec(`UPDATE records SET line = 'x' WHERE seq = 50`));
    expect(await exported(['--to', at(60)])).toMatchObject({
      code: 1,
      stderr: 'record 50 of the ledger cannot be read; audit verify says more\n',
    });
  });

  const full = () => Promise.reject(Object.assign(new Error('no space left on device'), { code: 'ENOSPC' }));

  it.each(['write', 'finish'] as const)('leaves no half of a file when there is no room to %s it', async (step) => {
    const out = folder.path('out.ndjson');
    let abandoned = false;
    const file: NewFile = {
      write: async () => undefined,
      finish: async () => undefined,
      abandon: async () => void (abandoned = true),
      [step]: full,
    };
    const { code, stdout, stderr } = await audit(['export', '--ledger', ledger, '--out', out], {
      deps: { audit: { ...auditPorts, createFile: async () => file } },
    });
    expect([code, stdout, stderr, abandoned]).toEqual([
      74,
      '',
      `${out} could not be written to its end (ENOSPC), so it is removed\n`,
      true,
    ]);
  });

  it('says when half of a file is left', async () => {
    const file: NewFile = { write: full, finish: full, abandon: full };
    const { code, stderr } = await audit(['export', '--ledger', ledger, '--out', 'out.ndjson'], {
      deps: { audit: { ...auditPorts, createFile: async () => file } },
    });
    expect([code, stderr]).toEqual([74, 'out.ndjson is not complete and could not be removed\n']);
  });

  it('stops reading when stdout is closed', async () => {
    let pages = 0;
    const openReader = async (path: string): Promise<LedgerReader> => {
      const reader = await readLedgerFile(path);
      return {
        ...reader,
        records(after, limit) {
          if (limit > 1) pages += 1;
          return reader.records(after, limit);
        },
      };
    };
    const print = async () => 'closed' as const;
    const { code, stderr } = await audit(['export', '--ledger', ledger], {
      deps: { openReader: ofFiles(openReader), print },
    });
    expect([code, stderr, pages]).toEqual([0, '', 1]);
  });

  it('writes a whole month in UTC, from its first to its last millisecond', async () => {
    const drafts = [
      '2026-01-31T23:59:59.999Z',
      '2026-02-01T00:00:00.000Z',
      '2026-02-28T23:59:59.999Z',
      '2026-03-01T00:00:00.000Z',
    ];
    let head = GENESIS;
    const months = drafts.map((time, index) => {
      const place = { seq: index + 1, id: testUuid7(500 + index), time, prev: head.hash };
      const { line, hash } = chainRecord(recordDraft('intent', testUuid7(index + 1)), place);
      head = { seq: place.seq, hash };
      return lineOf(line);
    });
    ledger = await makeLedger(folder.path('months.db'));
    await fillLedger(ledger, months);
    for (const [month, seqs] of [
      ['2026-01', [1]],
      ['2026-02', [2, 3]],
      ['2026-03', [4]],
      ['2025-12', []],
      ['9999-12', []],
    ] as const)
      expect([month, seqsOf((await exported(['--month', month])).lines)]).toEqual([month, seqs]);
    const conflict = await exported(['--month', '2026-02', '--to', '2026-03-01']);
    expect(conflict).toMatchObject({
      code: 64,
      stderr: '--month is a whole month: leave it out, or --from and --to\n',
    });
    expect(await exported(['--month', '2026-00'])).toMatchObject({ code: 64 });
  });

  it('finds the records of a period behind each place where the clock was set back', async () => {
    const seconds = [1, 2, 500, 501, 3, 4, 900, 5, 600];
    let head = GENESIS;
    const lines = seconds.map((second, index) => {
      const place = { seq: index + 1, id: testUuid7(500 + index), time: at(second), prev: head.hash };
      const { line, hash } = chainRecord(recordDraft('intent', testUuid7(index + 1)), place);
      head = { seq: place.seq, hash };
      return lineOf(line);
    });
    ledger = await makeLedger(folder.path('steps.db'));
    await fillLedger(ledger, lines);
    await alter(ledger, (database) => database.exec('INSERT OR IGNORE INTO clock_steps (seq) VALUES (5), (8)'));
    for (const [from, to, seqs] of [
      [at(0), at(100), [1, 2, 5, 6, 8]],
      [at(2), at(5), [2, 5, 6]],
      [at(500), at(601), [3, 4, 9]],
      [at(1_000), at(2_000), []],
      [at(0), at(2_000), [1, 2, 3, 4, 5, 6, 7, 8, 9]],
    ] as const)
      expect(seqsOf((await exported(['--from', from, '--to', to])).lines)).toEqual(seqs);
  });

  it('says on stderr that there are no records in that time, and leaves stdout empty', async () => {
    expect(await exported(['--from', at(9_999)])).toMatchObject({ code: 0, stdout: '', stderr: '0 records\n' });
    expect((await exported(['--to', at(5)])).stderr).toBe('');
  });

  it('writes one line of text for each record and checkpoint when that is asked for', async () => {
    const { lines } = await exported(['--format', 'text', '--to', at(4)]);
    expect(lines).toHaveLength(3);
    expect(lines[0]).toMatch(/^2026-03-02T10:00:01\.000Z +1 +outcome +\S+ +hr-portal +ann +/);
  });

  it('shows its progress on a terminal when it writes to a file or a pipe, and not among the records', async () => {
    const drawn: string[] = [];
    let now = 0;
    const deps: Partial<CliDeps> = {
      // One second passes at each look.
      clock: { now: () => (now += 1_000) },
      terminal: { ...PIPE, showsProgress: () => true, draw: (text) => void drawn.push(text) },
    };
    await audit(['export', '--ledger', ledger], { deps });
    expect(drawn).toEqual(['\r\u001b[KExporting: 1,000 records', '\r\u001b[KExporting: 2,000 records', '\r\u001b[K']);
    drawn.length = 0;
    await audit(['export', '--ledger', ledger, '--out', folder.path('out')], { deps });
    expect(drawn).toHaveLength(3);
    drawn.length = 0;
    await audit(['export', '--ledger', ledger], {
      deps: { ...deps, audit: { ...auditPorts, isTerminal: () => true } },
    });
    expect(drawn).toEqual([]);
  });

  it('refuses what it does not understand', async () => {
    const message = async (...args: readonly string[]) => {
      const { code, stderr } = await exported(args);
      return `${code} ${stderr.trimEnd()}`;
    };
    expect(await message('--from', 'yesterday')).toBe(
      '64 --from is a date like 2026-05-01 or a time like 2026-05-01T00:00:00Z',
    );
    expect(await message('--to', '2026-02-30')).toMatch(/^64 --to is a date/);
    expect(await message('--from', '2026-05-02', '--to', '2026-05-02')).toBe('64 --from must be before --to');
    expect(await message('--format', 'cef')).toBe('64 --format is native, ocsf or text');
  });
});

describe('a moment as it is typed', () => {
  it.each([
    ['2026-05-01', '2026-05-01T00:00:00.000Z'],
    ['2026-05-01T02:30:00+02:00', '2026-05-01T00:30:00.000Z'],
    ['2026-05-01T00:00:00.25Z', '2026-05-01T00:00:00.250Z'],
    ['2024-02-29', '2024-02-29T00:00:00.000Z'],
  ])('%s is %s', (text, expected) => {
    expect(new Date(momentOf(text)!).toISOString()).toBe(expected);
  });

  it.each([
    '2026-02-30',
    '2025-02-29T00:00:00Z',
    '2026-05-01T00:00:00',
    '2026-05-01 00:00:00Z',
    '01.05.2026',
    '',
    '2026-13-01',
    '2026-05-01T25:00:00Z',
  ])('"%s" is none', (text) => {
    expect(momentOf(text)).toBeNull();
  });
});
