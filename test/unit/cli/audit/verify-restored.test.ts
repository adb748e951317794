/** `audit verify` of a ledger that `ledger restore` restored, against the lines that its sinks delivered. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DatabaseSync } from 'node:sqlite';
import type { TestTrail } from '../../audit/verify/trail-harness.ts';
import { trailOf } from '../../audit/verify/trail-harness.ts';
import { runCommand } from '../cli-harness.ts';
import type { Folder } from './audit-harness.ts';
import { audit, fillLedger, makeLedger, tempFolder, verified } from './audit-harness.ts';

let folder: Folder;
let before: TestTrail;
let ledger: string;
let lines: string;
let kept: string;

beforeEach(async () => {
  folder = tempFolder();
  before = await trailOf(30);
  ledger = folder.path('ledger.db');
  const backup = await makeLedger(folder.path('backup.db'));
  await fillLedger(backup, before.lines.slice(0, 20));
  expect((await runCommand(['ledger', 'restore', backup, '--ledger', ledger])).code).toBe(0);
  lines = folder.write('lines.ndjson', before.lines.map(({ text }) => `${text}\n`).join(''));
  kept = folder.write('kept.ndjson', before.checkpoints.join('\n'));
});
afterEach(() => folder.remove());

const NOTE =
  'Restored: record 21 says that the ledger was restored at 2026-03-02T10:00:00.000Z from a backup whose last record is of 2026-03-02T10:00:02.000Z.';

describe('audit verify of a restored ledger', () => {
  it('calls it intact, and names the restore', async () => {
    const { code, stdout } = await audit(['verify', '--ledger', ledger]);
    expect(code).toBe(0);
    expect(stdout).toContain(`  ${NOTE} Records of before the restore that are not in the backup are not here\n`);
  });

  it('calls it intact beside the lines of before the restore, and says that they have the other records', async () => {
    const { code, stdout } = await audit(['verify', '--ledger', ledger, '--lines', lines]);
    expect(code).toBe(0);
    expect(stdout).toContain(`  ${NOTE} The delivered lines have records 21 to 30 of before it\n`);
    const { report } = await verified(['--ledger', ledger, '--lines', lines]);
    expect(report.ledger?.restores).toEqual([
      {
        seq: 21,
        at: '2026-03-02T10:00:00.000Z',
        backup_time: '2026-03-02T10:00:02.000Z',
        former: { from: 21, to: 30, vouched_to: null },
      },
    ]);
  });

  it('calls lines of both times intact, also without the ledger', async () => {
    const database = new DatabaseSync(ledger);
    const { line } = database.prepare('SELECT line FROM records WHERE seq = 21').get() as { line: string };
    database.close();
    const after = folder.write('after.ndjson', `${line}\n`);
    const { code, stdout } = await audit(['verify', '--lines', after, '--lines', lines, '--checkpoint', kept]);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringContaining(
        `${NOTE} The delivered lines have records 21 to 30 of before it, proven up to record 30`,
      ),
    });
    expect(await audit(['verify', '--ledger', ledger, '--lines', lines, '--lines', after])).toMatchObject({ code: 0 });
  });

  it('names the records that only a kept checkpoint knows', async () => {
    const { code, found } = await verified(['--ledger', ledger, '--checkpoint', kept]);
    expect({ code, found }).toEqual({ code: 1, found: ['lost_to_restore 21-30 @ record 21'] });
    const beside = await audit(['verify', '--ledger', ledger, '--checkpoint', kept, '--lines', lines]);
    expect(beside.code).toBe(0);
  });
});
