import { chmodSync, chownSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SCHEMA_VERSION } from '../../../../src/ledger/sqlite/schema.ts';
import { lockLedgerFile } from '../../../../src/platform/node/ledger/files/file-lock.ts';
import { parseObject } from '../../../../src/lib/parse-object.ts';
import { FIRST_SCHEMA } from '../../ledger/schema/first-schema.ts';
import { testKey, trailOf } from '../../audit/verify/trail-harness.ts';
import type { Folder } from '../audit/audit-harness.ts';
import { alter, audit, fillLedger, makeLedger, tempFolder } from '../audit/audit-harness.ts';
import type { HarnessOptions, Ran } from '../cli-harness.ts';
import { runCommand } from '../cli-harness.ts';

let folder: Folder;
let ledger: string;
let backup: string;

beforeEach(async () => {
  folder = tempFolder();
  ledger = folder.path('ledger.db');
  backup = await makeLedger(folder.path('backup.db'));
  await fillLedger(backup, (await trailOf(12)).lines);
});
afterEach(() => folder.remove());

const STAMP = '20260302T100000Z';
const filesHere = (): string[] => readdirSync(folder.path('.')).toSorted();
const restore = (more: readonly string[] = [], options: HarnessOptions = {}): Promise<Ran> =>
  runCommand(['ledger', 'restore', backup, '--ledger', ledger, ...more], {
    ...options,
    deps: { readText: async (path) => readFileSync(path, 'utf8'), ...options.deps },
  });

/** The ledger that is to be replaced: it went on after the backup. */
async function makeOther(records = 20): Promise<void> {
  await makeLedger(ledger);
  await fillLedger(ledger, (await trailOf(records, { salt: 'other' })).lines);
}

function recordsOf(path: string): Record<string, unknown>[] {
  const database = new DatabaseSync(path, { readOnly: true });
  const rows = database.prepare('SELECT line FROM records ORDER BY seq').all() as { line: string }[];
  database.close();
  return rows.map(({ line }) => parseObject(line) ?? {});
}

describe('ledger restore', () => {
  it('puts the backup in the place of the ledger, keeps the old files, and says what is forgotten', async () => {
    await makeOther();
    const { code, stdout, stderr } = await restore();
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const kept = `${ledger}.before-restore-${STAMP}`;
    expect(stdout.split('\n').slice(0, 4)).toEqual([
      `restored ${ledger} from ${backup}: 12 records, the last of 2026-03-02T10:00:01.200Z`,
      `  The files that were there are kept: ${kept}`,
      '  Record 13 says that the ledger was restored.',
      '  Forgotten: what happened from 2026-03-02T10:00:01.200Z to 2026-03-02T10:00:00.000Z (1 s).',
    ]);
    expect(recordsOf(kept)).toHaveLength(20);
    expect(recordsOf(ledger)).toHaveLength(13);
    expect(await audit(['verify', '--ledger', ledger])).toMatchObject({ code: 0 });
    expect(await audit(['verify', '--ledger', kept])).toMatchObject({ code: 0 });
    expect(statSync(ledger).mode & 0o777).toBe(0o600);
    expect(statSync(kept).mode & 0o777).toBe(0o600);
  });

  it('records the restore as the first record after the backup', async () => {
    await restore();
    const last = recordsOf(ledger).at(-1);
    const head = recordsOf(backup).at(-1);
    expect(last).toMatchObject({
      seq: 13,
      kind: 'change',
      prev: head?.['hash'],
      change: { what: 'restored', records: 12, head: head?.['hash'], backup_time: head?.['time'] },
      service: { name: 'galileo-invite-proxy', runtime: 'node', instance: 'ledger-restore' },
    });
  });

  it('makes a ledger where there is none, and leaves the backup as it was', async () => {
    const before = readFileSync(backup);
    expect(await restore(['--json'])).toMatchObject({ code: 0 });
    expect(filesHere()).toEqual(['backup.db', 'backup.db-lock', 'ledger.db', 'ledger.db-lock']);
    expect(readFileSync(backup)).toEqual(before);
    expect(recordsOf(ledger)).toHaveLength(13);
  });

  it.skipIf(process.getuid?.() !== 0)(
    `leaves the ledger to the user of the service when root restores it${process.getuid?.() === 0 ? '' : ' (skipped: only root can give a file away)'}`,
    async () => {
      chownSync(folder.path('.'), 1000, 1001);
      expect(await restore()).toMatchObject({ code: 0 });
      // A volume that the service shares by its group.
      chownSync(folder.path('.'), 0, 1001);
      chmodSync(folder.path('.'), 0o770);
      expect(await restore()).toMatchObject({ code: 0 });
      for (const file of [ledger, `${ledger}-lock`])
        expect([statSync(file).uid, statSync(file).gid]).toEqual([1000, 1001]);
    },
  );

  it('prints one JSON document', async () => {
    await makeOther();
    const { stdout } = await restore(['--json']);
    expect(JSON.parse(stdout)).toMatchObject({
      ledger,
      backup,
      records: 12,
      recorded_as: 13,
      kept: [`${ledger}.before-restore-${STAMP}`],
      forgotten: { from: '2026-03-02T10:00:01.200Z', to: '2026-03-02T10:00:00.000Z' },
    });
  });

  it('restores a backup without a record', async () => {
    backup = await makeLedger(folder.path('empty.db'));
    const { code, stdout } = await restore();
    expect(code).toBe(0);
    expect(stdout).toContain(
      'Forgotten: everything up to 2026-03-02T10:00:00.000Z, because the backup holds no record.',
    );
    expect(recordsOf(ledger)).toMatchObject([{ seq: 1, change: { records: 0, backup_time: null } }]);
  });

  it('brings an older backup to the schema of this program', async () => {
    backup = folder.path('first.db');
    await alter(backup, (database) => FIRST_SCHEMA.forEach((statement) => database.exec(statement)));
    const { lines } = await trailOf(12);
    await fillLedger(
      backup,
      lines.filter(({ item }) => item.kind === 'record'),
    );
    expect(await restore()).toMatchObject({ code: 0, stderr: '' });
    const version = await alter(ledger, (database) => database.prepare('SELECT version FROM ledger_version').get());
    expect(version).toEqual({ version: SCHEMA_VERSION });
  });

  it.each<[string, () => unknown, number, RegExp]>([
    [
      'is broken',
      () => alter(backup, (d) => d.exec('DELETE FROM records WHERE seq = 5')),
      1,
      /the trail in the backup is broken/,
    ],
    [
      'keeps a policy with the digest of another',
      () => alter(backup, (d) => d.exec(`INSERT INTO policies (digest, document) VALUES ('${'ab'.repeat(32)}', '{}')`)),
      1,
      /the trail in the backup is broken/,
    ],
    [
      'has a newer schema',
      () => alter(backup, (d) => d.exec('UPDATE ledger_version SET version = 99')),
      2,
      /has another schema/,
    ],
    ['is no database', () => writeFileSync(backup, 'hello'.repeat(1000)), 2, /is no database/],
    ['is damaged', () => damage(backup), 2, /is damaged/],
    ['has a foreign table', () => alter(backup, (d) => d.exec('CREATE TABLE x (y)')), 2, /not of this program/],
  ])('changes nothing when the backup %s', async (_what, spoil, exit, sentence) => {
    await makeOther();
    await spoil();
    const before = filesHere();
    const content = readFileSync(ledger);
    const { code, stdout, stderr } = await restore();
    expect({ code, stdout }).toEqual({ code: exit, stdout: '' });
    expect(stderr).toMatch(sentence);
    expect(filesHere()).toEqual(before);
    expect(readFileSync(ledger)).toEqual(content);
  });

  it('refuses a backup that the given key does not prove, and takes one that it proves', async () => {
    const key = await testKey(7);
    folder.write('audit.pub.pem', key.publicPem);
    expect(await restore(['--public-key', folder.path('audit.pub.pem')])).toMatchObject({ code: 1 });
    backup = await makeLedger(folder.path('signed.db'));
    await fillLedger(backup, (await trailOf(12, { signer: key.signer })).lines);
    expect(await restore(['--public-key', folder.path('audit.pub.pem')])).toMatchObject({ code: 0 });
  });

  it('leaves no empty ledger behind when it refuses and there was none', async () => {
    await alter(backup, (database) => database.exec(`UPDATE records SET line = '{}' WHERE seq = 5`));
    expect(await restore()).toMatchObject({ code: 1 });
    expect(filesHere()).not.toContain('ledger.db');
    // One that was there stays.
    writeFileSync(ledger, '');
    expect(await restore()).toMatchObject({ code: 1 });
    expect(filesHere()).toContain('ledger.db');
  });

  it('refuses while a service uses the ledger, and changes nothing', async () => {
    await makeOther();
    const service = lockLedgerFile(ledger);
    const before = filesHere();
    expect(await restore()).toMatchObject({ code: 2, stderr: expect.stringContaining('is in use by another process') });
    expect(filesHere()).toEqual(before);
    service.release();
  });

  it('refuses while a tool has the ledger open', async () => {
    await makeOther();
    await alter(ledger, async (tool) => {
      tool.prepare('SELECT count(*) FROM records').get();
      expect(await restore()).toMatchObject({ code: 2, stderr: expect.stringContaining('is open in another process') });
      expect(recordsOf(ledger)).toHaveLength(20);
    });
    expect(await restore()).toMatchObject({ code: 0 });
  });

  it('refuses the ledger as its own backup', async () => {
    await makeOther();
    backup = ledger;
    expect(await restore()).toMatchObject({ code: 2, stderr: expect.stringContaining('is the ledger itself') });
  });

  it('refuses to replace a database of something else', async () => {
    await alter(ledger, (database) => database.exec('CREATE TABLE photos (x)'));
    expect(await restore()).toMatchObject({ code: 2, stderr: expect.stringContaining('database of something else') });
  });

  it('keeps a damaged ledger as it is, with its log, and replaces it', async () => {
    await makeOther();
    writeFileSync(ledger, Buffer.alloc(8192, 0x41));
    writeFileSync(`${ledger}-wal`, Buffer.alloc(4096, 0x42));
    const { code, stdout } = await restore();
    const kept = `${ledger}.before-restore-${STAMP}`;
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining(`kept: ${kept}, ${kept}-wal\n`) });
    expect(readFileSync(kept)).toEqual(Buffer.alloc(8192, 0x41));
    expect(readFileSync(`${kept}-wal`)).toEqual(Buffer.alloc(4096, 0x42));
    expect(recordsOf(ledger)).toHaveLength(13);
  });

  it('never replaces files that an earlier restore kept', async () => {
    await makeOther();
    await restore();
    const first = readFileSync(`${ledger}.before-restore-${STAMP}`);
    expect(await restore()).toMatchObject({ code: 2, stderr: expect.stringContaining('is there already') });
    expect(readFileSync(`${ledger}.before-restore-${STAMP}`)).toEqual(first);
    expect(recordsOf(ledger)).toHaveLength(13);
  });
});

/** Half of the file is overwritten. */
function damage(path: string): void {
  const content = readFileSync(path);
  writeFileSync(path, content.fill(0xff, content.length / 2));
}
