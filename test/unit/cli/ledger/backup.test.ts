import { readdirSync, statSync, symlinkSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CliDeps } from '../../../../src/cli/deps.ts';
import { createBackup } from '../../../../src/platform/node/ledger/copy/create-backup.ts';
import { durableFiles } from '../../../../src/platform/node/ledger/copy/durable-files.ts';
import type { TestTrail } from '../../audit/verify/trail-harness.ts';
import { trailOf } from '../../audit/verify/trail-harness.ts';
import type { Folder } from '../audit/audit-harness.ts';
import { alter, audit, fillLedger, makeLedger, tempFolder } from '../audit/audit-harness.ts';
import type { HarnessOptions, Ran } from '../cli-harness.ts';
import { PIPE, runCommand } from '../cli-harness.ts';

let folder: Folder;
let trail: TestTrail;
let ledger: string;

beforeEach(async () => {
  folder = tempFolder();
  ledger = await makeLedger(folder.path('ledger.db'));
  trail = await trailOf(12);
  await fillLedger(ledger, trail.lines);
});
afterEach(() => folder.remove());

const filesHere = (): string[] => readdirSync(folder.path('.')).toSorted();
const backUp = (out: string, more: readonly string[] = [], options?: HarnessOptions): Promise<Ran> =>
  runCommand(['ledger', 'backup', '--ledger', ledger, '--out', folder.path(out), ...more], options);
const LEDGER_FILES = ['ledger.db', 'ledger.db-lock'];

describe('ledger backup', () => {
  it('writes a copy that only its owner may read, and prints what is in it', async () => {
    const { code, stdout, stderr } = await backUp('copy.db');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const { size, mode } = statSync(folder.path('copy.db'));
    expect(mode & 0o777).toBe(0o600);
    expect(stdout).toBe(
      `written ${folder.path('copy.db')}: 12 records, the last of 2026-03-02T10:00:01.200Z, ${size} bytes\n` +
        `  Verified: every page, the chain, the checkpoints and the table of requests. Head: record 12, ${trail.head.hash}\n`,
    );
    expect(filesHere()).toEqual(['copy.db', ...LEDGER_FILES]);
    expect(await audit(['verify', '--ledger', folder.path('copy.db')])).toMatchObject({ code: 0 });
  });

  it('prints the same as one JSON document', async () => {
    const { code, stdout } = await backUp('copy.db', ['--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      backup: folder.path('copy.db'),
      ledger,
      records: 12,
      head: trail.head,
      last_record_at: '2026-03-02T10:00:01.200Z',
      bytes: statSync(folder.path('copy.db')).size,
    });
  });

  it('copies a ledger without a record', async () => {
    ledger = await makeLedger(folder.path('empty.db'));
    expect(await backUp('copy.db')).toMatchObject({ code: 0, stdout: expect.stringContaining(': 0 records, ') });
  });

  it.each(['taken', 'link'])('never replaces what is there already (%s)', async (name) => {
    folder.write('taken', 'precious');
    symlinkSync('/nowhere', folder.path('link'));
    const before = filesHere();
    expect(await backUp(name)).toMatchObject({
      code: 2,
      stdout: '',
      stderr: `${folder.path(name)} is there already; nothing was written\n`,
    });
    expect(filesHere()).toEqual(before);
  });

  it.each(['ledger.db-wal', 'ledger.db-shm', 'ledger.db-lock', 'other.db-journal'])(
    'refuses the name of a file that belongs to a ledger: %s',
    async (name) => {
      const { code, stderr } = await backUp(name);
      expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining('has the ending of a file') });
      expect(filesHere()).toEqual(LEDGER_FILES);
    },
  );

  it('refuses a folder that is not there', async () => {
    expect(await backUp('none/copy.db')).toMatchObject({ code: 2, stderr: expect.stringContaining('(ENOENT)') });
  });

  it('asks for --out', async () => {
    const { code, stderr } = await runCommand(['ledger', 'backup', '--ledger', ledger]);
    expect({ code, stderr }).toEqual({ code: 64, stderr: expect.stringContaining('--out FILE') });
  });

  it('leaves no file when the trail is broken, and names the first fault', async () => {
    await alter(ledger, (database) => database.exec('DELETE FROM records WHERE seq = 5'));
    const { code, stdout, stderr } = await backUp('copy.db');
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^the trail in the ledger is broken, \d faults?, first ledger seq 6: Record 5 is missing/);
    expect(filesHere()).toEqual(LEDGER_FILES);
  });

  it('leaves no file when a ledger is not there', async () => {
    ledger = folder.path('none.db');
    expect(await backUp('copy.db')).toMatchObject({ code: 2, stderr: expect.stringContaining('is not there') });
    expect(filesHere()).toEqual(LEDGER_FILES);
  });

  it('removes the unfinished file when an interrupt comes', async () => {
    const seen: string[][] = [];
    const terminal: CliDeps['terminal'] = {
      ...PIPE,
      beforeInterrupt(task) {
        seen.push(filesHere());
        task();
        seen.push(filesHere());
        return () => undefined;
      },
    };
    await backUp('copy.db', [], { deps: { terminal } });
    expect(seen).toEqual([['copy.db.partial-test', ...LEDGER_FILES].toSorted(), LEDGER_FILES]);
  });

  it('leaves no file when the last step fails, and says why', async () => {
    const files = {
      ...durableFiles,
      rename: () => {
        throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
      },
    };
    const copies: CliDeps['copies'] = {
      createBackup: (call) => createBackup(call, { files, uniqueName: () => 'test' }),
      beginRestore: () => Promise.reject(new Error('not asked for')),
    };
    expect(await backUp('copy.db', [], { deps: { copies } })).toMatchObject({
      code: 74,
      stderr: `${folder.path('copy.db')} could not be written to its end (ENOSPC), so it is removed\n`,
    });
    expect(filesHere()).toEqual(LEDGER_FILES);
  });
});
