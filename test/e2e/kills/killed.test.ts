/**
 * `kill -9` during a backup, a restore, a prune and a checkpoint, at moments that differ: nothing that was acknowledged is
 * lost, and `audit verify` passes.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdtempSync, readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { VerifyReport } from '../../../src/cli/audit/verify-report.ts';
import { createFakeIds, testUuid7 } from '../../support/clock.ts';
import { admission } from '../../support/ledger/ledger.ts';
import { openAt } from '../../contract/ledger-file/ledger-temp.ts';
import { fillDisk, mountSmallDisk, unmountSmallDisk } from '../disks/small-disk.ts';

const CLI = join(import.meta.dirname, '../../../src/cli.ts');
const BACKUP_RECORDS = 2_000;
const MORE_RECORDS = 500;

let folder = '';
/** A ledger of BACKUP_RECORDS, its backup, and the same ledger with MORE_RECORDS, the last of them only in its log. */
let backup = '';
let grown = '';
const disk = mountSmallDisk('4m');
const skipped = disk === null ? ' (skipped: this user may not mount a file system)' : '';

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'invite-proxy-killed-'));
  const path = join(folder, 'source.db');
  backup = join(folder, 'backup.db');
  grown = join(folder, 'grown.db');
  const service = await openAt(path, { ids: createFakeIds() });
  const admit = (from: number, count: number) =>
    Promise.all(Array.from({ length: count }, (_, n) => service.admit(admission(testUuid7(from + n)))));
  await admit(1, BACKUP_RECORDS);
  expect((await cli(['ledger', 'backup', '--ledger', path, '--out', backup])).code).toBe(0);
  await admit(10_000, MORE_RECORDS);
  for (const ending of ['', '-wal']) copyFileSync(path + ending, grown + ending);
  await service.close();
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  await unmountSmallDisk(disk);
});

function start(args: readonly string[]) {
  return spawn(process.execPath, [CLI, ...args], {
    env: { PATH: process.env.PATH ?? '' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

async function cli(args: readonly string[]): Promise<{ code: unknown; stdout: string; stderr: string }> {
  const child = start(args);
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code, stdout, stderr };
}

/** Kills the command after a time. A test does not depend on how far the command is then. */
async function killed(args: readonly string[], afterMs: number): Promise<'killed' | 'ended'> {
  const child = start(args);
  const timer = setTimeout(() => child.kill('SIGKILL'), afterMs);
  const [, signal] = (await once(child, 'close')) as [number | null, string | null];
  clearTimeout(timer);
  return signal === null ? 'ended' : 'killed';
}

async function verified(path: string, more: readonly string[] = []): Promise<NonNullable<VerifyReport['ledger']>> {
  const { code, stdout, stderr } = await cli(['audit', 'verify', '--json', '--ledger', path, ...more]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return (JSON.parse(stdout) as VerifyReport).ledger!;
}

/** From before the command reads its arguments until after its end, on a slow machine and on a fast one. */
const MOMENTS_MS = [80, 240, 320, 400, 480, 600, 800, 1_200];

describe('kill -9', () => {
  it('during a backup leaves a complete backup or none, and the ledger as it was', { timeout: 240_000 }, async () => {
    for (const afterMs of MOMENTS_MS) {
      const out = join(folder, `backup-${afterMs}.db`);
      await killed(['ledger', 'backup', '--ledger', grown, '--out', out], afterMs);
      if (existsSync(out)) expect(await verified(out)).toMatchObject({ to: BACKUP_RECORDS + MORE_RECORDS });
    }
    expect(await verified(grown)).toMatchObject({ to: BACKUP_RECORDS + MORE_RECORDS });
    const again = join(folder, 'again.db');
    expect((await cli(['ledger', 'backup', '--ledger', grown, '--out', again])).code).toBe(0);
  });

  it('during a restore leaves the old ledger or the restored one, complete', { timeout: 240_000 }, async () => {
    const ledger = join(folder, 'restored.db');
    for (const afterMs of MOMENTS_MS) {
      const here = `${ledger}-${afterMs}`;
      for (const ending of ['', '-wal']) copyFileSync(grown + ending, here + ending);
      await killed(['ledger', 'restore', backup, '--ledger', here], afterMs);
      const { to } = await verified(here);
      expect([BACKUP_RECORDS + MORE_RECORDS, BACKUP_RECORDS + 1]).toContain(to);
      // A service starts on what is left.
      await (await openAt(here)).close();
    }
    expect((await cli(['ledger', 'restore', backup, '--ledger', `${ledger}-80`])).code).toBe(0);
  });

  it('during writes, checkpoints and prunes loses nothing that was acknowledged', { timeout: 240_000 }, async () => {
    const ledger = join(folder, 'upkeep.db');
    let dropped = 0;
    for (let round = 1; round <= 8; round += 1) {
      const child = spawn(process.execPath, [join(import.meta.dirname, 'upkeep-child.ts'), ledger, String(round)]);
      const said: Record<string, number> = {};
      let heard = 0;
      for await (const line of createInterface({ input: child.stdout })) {
        const [step = '', number = '0'] = line.split(' ');
        said[step] = Number(number);
        // In each round it is killed in another step.
        if ((heard += 1) === 6 + round) child.kill('SIGKILL');
      }
      const { from, to, checkpoints } = await verified(ledger, ['--retention-days', '1']);
      expect(to ?? said['base']).toBeGreaterThanOrEqual(said['records'] ?? 0);
      expect(from ?? Infinity).toBeGreaterThan(said['base'] ?? 0);
      expect(checkpoints).toBeGreaterThan(0);
      dropped = Math.max(dropped, said['base'] ?? 0);
    }
    expect(dropped).toBeGreaterThan(0);
  });
});

describe('a full disk', () => {
  it.skipIf(disk === null)(`ends a backup with exit code 74, and leaves nothing of it${skipped}`, async () => {
    fillDisk(join(disk ?? '', 'filler'));
    const out = join(disk ?? '', 'copy.db');
    const { code, stdout, stderr } = await cli(['ledger', 'backup', '--ledger', grown, '--out', out]);
    expect({ code, stdout }).toEqual({ code: 74, stdout: '' });
    expect(stderr).toBe(`${out} could not be written to its end (ENOSPC), so it is removed\n`);
    expect(readdirSync(disk ?? '')).toEqual(['filler']);
    expect(await verified(grown)).toMatchObject({ to: BACKUP_RECORDS + MORE_RECORDS });
  });

  it.skipIf(disk === null)(`ends a restore with exit code 74, and leaves the ledger as it was${skipped}`, async () => {
    await rm(join(disk ?? '', 'filler'), { force: true });
    const ledger = join(disk ?? '', 'ledger.db');
    const small = await openAt(ledger, { ids: createFakeIds() });
    for (let n = 1; n <= 5; n += 1) await small.admit(admission(testUuid7(n)));
    await small.close();
    fillDisk(join(disk ?? '', 'filler'));
    const before = readdirSync(disk ?? '').toSorted();
    const { code, stderr } = await cli(['ledger', 'restore', backup, '--ledger', ledger]);
    expect({ code, stderr }).toEqual({
      code: 74,
      stderr: `a file beside ${ledger} could not be written (ENOSPC); the ledger is as it was\n`,
    });
    expect(readdirSync(disk ?? '').toSorted()).toEqual(before);
    expect(await verified(ledger)).toMatchObject({ to: 5 });
  });
});
