import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { verifyChain } from '../../../src/audit/chain.ts';
import { beginRestore } from '../../../src/platform/node/ledger/copy/begin-restore.ts';
import { createBackup } from '../../../src/platform/node/ledger/copy/create-backup.ts';
import { durableFiles } from '../../../src/platform/node/ledger/copy/durable-files.ts';
import { replaceLedger } from '../../../src/platform/node/ledger/copy/replace-ledger.ts';
import { createFakeClock, createFakeIds, testUuid7 } from '../../support/clock.ts';
import { admission, readTrail } from '../../support/ledger/ledger.ts';
import { openAt, tempDirectory } from './ledger-temp.ts';

/** A restore that is killed at every moment, over a ledger whose newest records are in its write-ahead log only. */
const run = promisify(execFile);
const CHILD = join(import.meta.dirname, 'restore-child.ts');

let directory: ReturnType<typeof tempDirectory>;

beforeEach(() => {
  directory = tempDirectory();
});
afterEach(() => directory.remove());

/** A backup of three records. */
async function makeBackup(): Promise<string> {
  const path = join(directory.path, 'source.db');
  const service = await openAt(path);
  for (let n = 1; n <= 3; n += 1) await service.admit(admission(testUuid7(n)));
  const out = join(directory.path, 'backup.db');
  const call = { source: path, out, onCreated: () => undefined, onProgress: () => undefined };
  (await createBackup(call, { files: durableFiles, uniqueName: () => 'test' })).keep();
  await service.close();
  return out;
}

/** A ledger that a killed service left, with its log. Returns its path and how many records it acknowledged. */
async function makeCrashed(): Promise<{ path: string; acknowledged: number }> {
  const path = join(directory.path, 'crashed.db');
  const child = spawn(process.execPath, [join(import.meta.dirname, 'ledger-child.ts'), path, 'traffic']);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  let said = 0;
  for (; said < 60; said += 1) await lines.next();
  const ended = once(child, 'close');
  child.kill('SIGKILL');
  await ended;
  expect(statSync(`${path}-wal`).size).toBeGreaterThan(0);
  return { path, acknowledged: said - 1 };
}

async function trailAt(path: string): Promise<readonly string[]> {
  const service = await openAt(path, { ids: createFakeIds(9_000_000) });
  const lines = await readTrail(service);
  // A ledger that a later start finds damaged would fail here.
  await service.admit(admission(testUuid7(900_000)));
  await service.close();
  return lines;
}

describe('a restore', () => {
  it('leaves the old ledger or the restored one, complete, when it is killed at any moment', async () => {
    const backup = await makeBackup();
    const { path: crashed, acknowledged } = await makeCrashed();
    const outcomes = new Set<string>();
    let moment = 0;
    for (let isDone = false; !isDone;) {
      moment += 1;
      const folder = join(directory.path, `moment-${moment}`);
      mkdirSync(folder);
      const ledger = join(folder, 'ledger.db');
      for (const ending of ['', '-wal']) copyFileSync(crashed + ending, ledger + ending);
      isDone = await run(process.execPath, [CHILD, backup, ledger, String(moment)]).then(
        ({ stdout }) => stdout === 'restored\n',
        (error: unknown) => {
          expect(error).toMatchObject({ signal: 'SIGKILL' });
          return false;
        },
      );
      const lines = await trailAt(ledger);
      expect(verifyChain(lines)).toMatchObject({ kind: 'intact' });
      const isRestored = lines.length === 4 && lines[3]!.includes('"what":"restored"');
      if (!isRestored) expect(lines.length).toBeGreaterThanOrEqual(acknowledged);
      outcomes.add(isRestored ? 'restored' : 'old');
      if (isRestored) expect((await trailAt(`${ledger}.before`)).length).toBeGreaterThanOrEqual(acknowledged);
    }
    expect(outcomes).toEqual(new Set(['old', 'restored']));
    // Two moments for each of: create, sync, copy of two files, removal of the log and its index, rename.
    expect(moment).toBeGreaterThan(12);
  });

  it('can be repeated after each of these', async () => {
    const backup = await makeBackup();
    const { path } = await makeCrashed();
    for (const moment of [1, 4, 7, 9, 11]) {
      await run(process.execPath, [CHILD, backup, path, String(moment)]).catch(() => undefined);
      if (existsSync(`${path}.before`)) durableFiles.rename(`${path}.before`, `${path}.before-${moment}`);
      if (existsSync(`${path}.before-wal`)) durableFiles.rename(`${path}.before-wal`, `${path}.before-${moment}-wal`);
    }
    const { stdout } = await run(process.execPath, [CHILD, backup, path, '0']);
    expect(stdout).toBe('restored\n');
    expect(await trailAt(path)).toHaveLength(4);
  });

  it('lets no service start before its end', async () => {
    const backup = await makeBackup();
    const ledger = join(directory.path, 'ledger.db');
    const restore = await beginRestore(
      { backup, ledger, onCreated: () => undefined, onProgress: () => undefined },
      { files: durableFiles, clock: createFakeClock(), ids: createFakeIds() },
    );
    await expect(openAt(ledger)).rejects.toThrow('is in use by another process');
    restore.end();
    await (await openAt(ledger)).close();
    expect(readdirSync(directory.path).filter((name) => name.includes('restoring'))).toEqual([]);
  });

  it('gives up when a tool wrote to the old ledger after its files were copied', async () => {
    const ledger = join(directory.path, 'ledger.db');
    const service = await openAt(ledger);
    await service.admit(admission(testUuid7(1)));
    await service.close();
    const restored = await makeBackup();
    const files = {
      ...durableFiles,
      copy(from: string, to: string) {
        durableFiles.copy(from, to);
        // As `requests settle` may do: it takes no lock of the service.
        writeAsTool(from);
      },
    };
    const keptAs = `${ledger}.before`;
    expect(() => replaceLedger({ path: ledger, restored, keptAs, files })).toThrow('was written by another process');
    expect(existsSync(keptAs)).toBe(false);
    expect(existsSync(restored)).toBe(true);
    expect(await trailAt(ledger)).toHaveLength(1);
  });
});

function writeAsTool(path: string): void {
  const database = new DatabaseSync(path);
  database.exec('UPDATE probe SET writes = writes + 1');
  database.close();
}
