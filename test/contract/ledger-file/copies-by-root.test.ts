import { chmodSync, chownSync, existsSync, mkdirSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ownerOf } from '../../../src/platform/node/ledger/copy/as-owner.ts';
import { beginRestore } from '../../../src/platform/node/ledger/copy/begin-restore.ts';
import { createBackup } from '../../../src/platform/node/ledger/copy/create-backup.ts';
import { durableFiles } from '../../../src/platform/node/ledger/copy/durable-files.ts';
import type { DurableFiles } from '../../../src/platform/node/ledger/copy/durable-files.ts';
import { createFakeClock, createFakeIds, testUuid7 } from '../../support/clock.ts';
import { admission } from '../../support/ledger/ledger.ts';
import { openAt, tempDirectory } from './ledger-temp.ts';

/** A backup and a restore by root, in a folder of another user, who may put a link in the place of a file at any moment. */
const isRoot = process.getuid?.() === 0;
const SERVICE = { uid: 1000, gid: 1001 };

let directory: ReturnType<typeof tempDirectory>;
/** A folder of the other user, and one that only root can write. */
let theirs: string;
let rootsOnly: string;
let source: string;

beforeEach(async () => {
  directory = tempDirectory();
  chmodSync(directory.path, 0o755);
  [theirs, rootsOnly] = ['theirs', 'roots-only'].map((name) => join(directory.path, name)) as [string, string];
  for (const folder of [theirs, rootsOnly]) mkdirSync(folder, { mode: 0o700 });
  source = join(rootsOnly, 'source.db');
  const service = await openAt(source);
  await service.admit(admission(testUuid7(1)));
  await service.close();
  if (isRoot) chownSync(theirs, SERVICE.uid, SERVICE.gid);
});
afterEach(() => directory.remove());

const call = { onCreated: () => undefined, onProgress: () => undefined };
const identity = () => [process.geteuid?.(), process.getegid?.(), process.getgroups?.()];
const ledger = () => join(theirs, 'ledger.db');
const restore = (files: DurableFiles = durableFiles) =>
  beginRestore(
    { backup: source, ledger: ledger(), ...call },
    { files, clock: createFakeClock(), ids: createFakeIds() },
  );
const backUp = (files: DurableFiles = durableFiles) =>
  createBackup({ source, out: join(theirs, 'backup.db'), ...call }, { files, uniqueName: () => 'test' });

/** Whose file each new file is replaced by: a link to a name that only root can create. */
function linkedTo(target: string): DurableFiles {
  return {
    ...durableFiles,
    create(path) {
      durableFiles.create(path);
      rmSync(path);
      symlinkSync(target, path);
    },
  };
}

describe.skipIf(!isRoot)(`a copy that root makes${isRoot ? '' : ' (skipped: only root has rights to lose)'}`, () => {
  it.each([
    ['a restore', restore],
    ['a backup', backUp],
  ])('is not written through a link that the owner of the folder puts in its place: %s', async (_, copy) => {
    const before = identity();
    const target = join(rootsOnly, 'target');
    await expect(copy(linkedTo(target))).rejects.toMatchObject({ code: 'EACCES' });
    expect(existsSync(target)).toBe(false);
    expect(identity()).toEqual(before);
  });

  it('belongs to the owner of the folder, although only root can read the ledger that is copied', async () => {
    const before = identity();
    (await backUp()).keep();
    const unfinished = await restore();
    unfinished.takePlace(
      {
        seen: 'changed',
        change: { what: 'restored', records: 1, head: '0'.repeat(64), backup_time: null },
        service: { name: 'test', version: '1', runtime: 'node', instance: 'test' },
      },
      join(theirs, 'kept'),
    );
    unfinished.end();
    for (const file of ['backup.db', 'ledger.db', 'ledger.db-lock'])
      expect(statSync(join(theirs, file))).toMatchObject({ ...SERVICE, mode: 0o100600 });
    expect(identity()).toEqual(before);
  });
});

describe('the owner of a ledger', () => {
  it('is that of the nearest folder above it, when there is no ledger yet', () => {
    expect(ownerOf(join(theirs, 'a', 'b', 'ledger.db'))).toEqual(ownerOf(theirs));
  });
});
