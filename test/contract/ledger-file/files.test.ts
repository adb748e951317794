/**
 * A ledger whose files are removed, replaced or changed under the running service, one by one, and that is then killed.
 * A copy of the folder is what the kill would leave. What was acknowledged after the damage must be in that copy.
 */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { verifyChain } from '../../../src/audit/chain.ts';
import type { ServiceLedger } from '../../../src/platform/node/ledger/open-ledger.ts';
import { createNodeSqlite } from '../../../src/platform/node/ledger/sqlite.ts';
import { createWalWitness } from '../../../src/platform/node/ledger/files/wal-witness.ts';
import { createFakeIds, testUuid7 } from '../../support/clock.ts';
import { admission, readTrail } from '../../support/ledger/ledger.ts';
import { countedMetrics } from '../../support/tokens.ts';
import { createLogCollector, openAt, tempDirectory } from './ledger-temp.ts';

let directory: ReturnType<typeof tempDirectory>;
let path: string;

beforeEach(() => {
  directory = tempDirectory();
  mkdirSync(join(directory.path, 'data'));
  path = join(directory.path, 'data', 'ledger.db');
});
afterEach(() => directory.remove());

const aside = (): string => join(directory.path, 'aside');
const older = (suffix: string): string => join(directory.path, `older${suffix}`);
const FILES = { database: '', wal: '-wal', shm: '-shm', lock: '-lock' } as const;
type Part = keyof typeof FILES;

/** Each act gets the path of the file, and a copy that was made before the last commits. */
const ACTS = {
  removed: (file) => rmSync(file),
  renamed: (file) => renameSync(file, aside()),
  'replaced by an older copy': (file, copy) => renameSync(copy, file),
  'replaced by an empty file': (file) => {
    writeFileSync(aside(), '');
    renameSync(aside(), file);
  },
  'truncated to nothing': (file) => truncateSync(file),
  'truncated to its half': (file) => truncateSync(file, Math.floor(statSync(file).size / 2)),
  'overwritten in place with an older copy': (file, copy) => copyFileSync(copy, file),
  'made read-only': (file) => chmodSync(file, 0o400),
  'given a second name': (file) => linkSync(file, aside()),
} as const satisfies Record<string, (file: string, copy: string) => void>;
type Act = keyof typeof ACTS;

const HARMLESS: readonly Act[] = ['made read-only', 'given a second name'];
const MOVED: readonly Act[] = ['removed', 'renamed', 'replaced by an older copy', 'replaced by an empty file'];
const IN_PLACE: readonly Act[] = ['truncated to nothing', 'truncated to its half'];

/** The lock's content means nothing. Commits go on where the service can save them, and stop elsewhere. */
const SERVED: readonly (readonly [Part, Act])[] = [
  ...(['wal', 'shm', 'lock'] as const).flatMap((part) => MOVED.map((act) => [part, act] as const)),
  ...(['database', 'wal', 'shm', 'lock'] as const).flatMap((part) => HARMLESS.map((act) => [part, act] as const)),
  ['lock', 'truncated to nothing'],
];
const REFUSED: readonly (readonly [Part, Act])[] = [
  ...MOVED.map((act) => ['database', act] as const),
  ...(['database', 'wal'] as const).flatMap((part) => IN_PLACE.map((act) => [part, act] as const)),
  ['wal', 'overwritten in place with an older copy'],
];

/** A record gets its id inside the transaction that writes it. */
function actingIds() {
  let next = (): void => undefined;
  const { uuid7 } = createFakeIds();
  return {
    ids: {
      uuid7() {
        const act = next;
        next = () => undefined;
        act();
        return uuid7();
      },
    },
    inNextTransaction: (act: () => void) => (next = act),
  };
}

/** A service with commits in its log. */
async function running() {
  const logger = createLogCollector();
  const metrics = countedMetrics();
  const { ids, inNextTransaction } = actingIds();
  const ledger = await openAt(path, { logger, metrics, ids });
  await admitAll(ledger, 0, 3);
  for (const suffix of Object.values(FILES)) execFileSync('cp', ['-p', `${path}${suffix}`, older(suffix)]);
  await admitAll(ledger, 3, 8);
  return {
    ledger,
    logger,
    metrics,
    damage: (part: Part, act: Act) => ACTS[act](`${path}${FILES[part]}`, older(FILES[part])),
    inNextTransaction,
  };
}

/** Keeps the size. Never closed: that would release the locks that this process holds on the file. */
function overwriteWithZeros(file: string, from: number): void {
  const bytes = statSync(file).size - from;
  writeSync(openSync(file, 'r+'), Buffer.alloc(bytes), 0, bytes, from);
}

/** The ids of what was acknowledged. */
async function admitAll(ledger: ServiceLedger, from: number, to: number): Promise<readonly string[]> {
  const acknowledged: string[] = [];
  for (let n = from; n < to; n += 1) {
    const id = testUuid7(n);
    await ledger.admit(admission(id)).then(
      () => acknowledged.push(id),
      () => undefined,
    );
  }
  return acknowledged;
}

/** Which of the ids a start finds on what a kill would leave now. */
async function idsAfterKill(ids: readonly string[]): Promise<readonly string[]> {
  const disk = join(directory.path, 'disk');
  execFileSync('cp', ['-Rp', join(directory.path, 'data'), disk]);
  for (const suffix of Object.values(FILES))
    if (existsSync(join(disk, `ledger.db${suffix}`))) chmodSync(join(disk, `ledger.db${suffix}`), 0o600);
  const next = await openAt(join(disk, 'ledger.db'));
  const found = await Promise.all(ids.map(async (id) => ((await next.find(id, null)) === null ? [] : [id])));
  const lines = await readTrail(next);
  expect(verifyChain(lines)).toMatchObject({ kind: 'intact', head: { seq: lines.length } });
  await next.close();
  return found.flat();
}

const allIds = (count: number): readonly string[] => Array.from({ length: count }, (_, n) => testUuid7(n));

describe('a file of the ledger that is damaged under the running service', () => {
  it.each(SERVED)('(%s %s) loses no commit, before it or after it', async (part, act) => {
    const { ledger, damage } = await running();
    damage(part, act);
    expect(await admitAll(ledger, 8, 12)).toHaveLength(4);
    expect(await idsAfterKill(allIds(12))).toEqual(allIds(12));
    await ledger.close();
  });

  it.each(SERVED)('(%s %s) inside a transaction loses no commit', async (part, act) => {
    const { ledger, damage, inNextTransaction } = await running();
    inNextTransaction(() => damage(part, act));
    expect(await admitAll(ledger, 8, 12)).toHaveLength(4);
    expect(await idsAfterKill(allIds(12))).toEqual(allIds(12));
    await ledger.close();
  });

  it.each([...REFUSED, ['shm', 'truncated to nothing'] as const])(
    '(%s %s) has nothing acknowledged any more, and is not ready',
    async (part, act) => {
      const { ledger, damage, logger, metrics } = await running();
      damage(part, act);
      expect(await admitAll(ledger, 8, 12)).toEqual([]);
      await expect(ledger.probe()).rejects.toThrow();
      ledger.inspectFiles();
      await expect(ledger.probe()).rejects.toThrow();
      const faults = logger.lines.filter(({ event }) => event === 'ledger_files_faulty');
      expect(faults).toMatchObject([{ level: 'error', fields: { part } }]);
      const counted = { part, problem: String(faults[0]?.fields['problem']) };
      expect(metrics.counted).toContainEqual(expect.objectContaining({ name: 'ledger_file_faults', labels: counted }));
      await ledger.close();
    },
  );

  // The index is left out: a process that reads a truncated one is ended by SIGBUS, and acknowledges nothing.
  it.each(REFUSED)('(%s %s) inside a transaction has that transaction refused', async (part, act) => {
    const { ledger, damage, inNextTransaction } = await running();
    inNextTransaction(() => damage(part, act));
    expect(await admitAll(ledger, 8, 12)).toEqual([]);
    await ledger.close();
  });

  it.each(['wal', 'shm'] as const)('(%s) is remedied without a commit, by an inspection', async (part) => {
    const { ledger, damage, logger } = await running();
    damage(part, 'removed');
    ledger.inspectFiles();
    expect(await idsAfterKill(allIds(8))).toEqual(allIds(8));
    expect(logger.lines).toEqual([
      { level: 'warn', event: 'ledger_files_restored', fields: { part, problem: 'missing' } },
    ]);
    await ledger.close();
  });

  it.each(REFUSED)('(%s %s) is found without a commit, by an inspection', async (part, act) => {
    const { ledger, damage, logger } = await running();
    damage(part, act);
    ledger.inspectFiles();
    ledger.inspectFiles();
    expect(logger.lines).toMatchObject([{ level: 'error', event: 'ledger_files_faulty', fields: { part } }]);
    await ledger.close();
  });

  it('does not end the process when the log and its index are both truncated', async () => {
    const { ledger, damage } = await running();
    damage('shm', 'truncated to nothing');
    damage('wal', 'truncated to nothing');
    expect(await admitAll(ledger, 8, 12)).toEqual([]);
    await ledger.close();
  });

  it('has the first transaction of a service refused, too', async () => {
    const { ids, inNextTransaction } = actingIds();
    const ledger = await openAt(path, { ids });
    // The page of the last frame; its header stays.
    inNextTransaction(() => truncateSync(`${path}-wal`, statSync(`${path}-wal`).size - 4096));
    expect(await admitAll(ledger, 0, 3)).toEqual([]);
    await ledger.close();
  });

  it.each(['removed', 'replaced by an older copy'] as const)('(lock %s) has a lock file again', async (act) => {
    const { ledger, damage, logger } = await running();
    damage('lock', act);
    ledger.inspectFiles();
    expect(logger.lines).toMatchObject([{ event: 'ledger_files_restored', fields: { part: 'lock' } }]);
    await expect(openAt(path)).rejects.toThrow('is in use by another process; one ledger file serves one process');
    await ledger.close();
  });

  it('is not read any more when it is a damaged log', async () => {
    const { ledger, damage } = await running();
    damage('wal', 'truncated to its half');
    ledger.inspectFiles();
    await expect(ledger.find(testUuid7(1), null)).rejects.toThrow('wal is damaged');
    await ledger.close();
  });

  it('has nothing acknowledged when its log is overwritten in place with one from before a checkpoint', async () => {
    const { ledger } = await running();
    const tool = new DatabaseSync(path);
    tool.exec('PRAGMA wal_checkpoint(PASSIVE)');
    tool.close();
    copyFileSync(`${path}-wal`, older('-checkpointed'));
    await admitAll(ledger, 8, 9);
    copyFileSync(older('-checkpointed'), `${path}-wal`);
    expect(await admitAll(ledger, 9, 12)).toEqual([]);
    await ledger.close();
  });

  it('has a commit refused that a new connection cannot read, once there was a doubt', async () => {
    // The second start has the pages in the database file, and the service has them in its memory.
    await (await openAt(path)).close();
    const { ledger } = await running();
    renameSync(path, aside());
    ledger.inspectFiles();
    renameSync(aside(), path);
    overwriteWithZeros(path, 4096);
    expect(await admitAll(ledger, 8, 11)).toEqual([]);
    await ledger.close();
  });

  it('leaves a log that took the place of its own aside, where the next start does not read it', async () => {
    const { ledger, damage } = await running();
    damage('wal', 'replaced by an older copy');
    ledger.inspectFiles();
    expect(existsSync(`${path}-wal-displaced`)).toBe(true);
    await ledger.close();
  });
});

describe('a removed log that cannot be moved into the database yet', () => {
  it('has everything refused while a tool prevents it, and serves when the tool has ended', async () => {
    const { ledger, damage, logger } = await running();
    const tool = new DatabaseSync(path, { readOnly: true });
    tool.exec('BEGIN');
    tool.prepare('SELECT count(*) FROM records').get();
    await admitAll(ledger, 8, 9);
    damage('wal', 'removed');
    expect(await admitAll(ledger, 9, 10)).toEqual([]);
    ledger.inspectFiles();
    expect(await admitAll(ledger, 9, 10)).toEqual([]);
    expect(logger.lines.filter(({ event }) => event === 'ledger_files_faulty')).toMatchObject([
      { fields: { part: 'wal', problem: 'missing', remedy: 'reopen', cause: expect.stringContaining('a tool') } },
    ]);
    tool.close();
    ledger.inspectFiles();
    expect(await admitAll(ledger, 9, 11)).toHaveLength(2);
    expect(await idsAfterKill(allIds(11))).toEqual(allIds(11));
    await ledger.close();
  });
});

describe('a ledger that is replaced while it is opened again', () => {
  it('is damaged: it does not end where the service left it', async () => {
    const { ledger, damage, logger } = await running();
    const tool = new DatabaseSync(path, { readOnly: true });
    tool.prepare('SELECT count(*) FROM records').get();
    damage('wal', 'removed');
    ledger.inspectFiles();
    expect(await admitAll(ledger, 8, 9)).toEqual([]);
    renameSync(older(''), path);
    tool.close();
    ledger.inspectFiles();
    expect(await admitAll(ledger, 8, 9)).toEqual([]);
    expect(logger.lines.findLast(({ event }) => event === 'ledger_files_faulty')).toMatchObject({
      fields: { part: 'database', problem: 'damaged', remedy: 'restart' },
    });
    await ledger.close();
  });
});

describe('a ledger that is moved away while it is opened again', () => {
  it('is not created anew, and is served again when it is back', async () => {
    const { ledger, damage } = await running();
    const tool = new DatabaseSync(path, { readOnly: true });
    tool.prepare('SELECT count(*) FROM records').get();
    damage('wal', 'removed');
    ledger.inspectFiles();
    renameSync(path, aside());
    tool.close();
    ledger.inspectFiles();
    expect(existsSync(path)).toBe(false);
    renameSync(aside(), path);
    ledger.inspectFiles();
    expect(await admitAll(ledger, 8, 10)).toHaveLength(2);
    expect(await idsAfterKill(allIds(10))).toEqual(allIds(10));
    await ledger.close();
  });
});

describe('the memory of a log', () => {
  it('holds no commit that is not in the file', () => {
    const database = new DatabaseSync(path);
    database.exec('PRAGMA journal_mode = WAL; CREATE TABLE t (a)');
    const witness = createWalWitness(`${path}-wal`, createNodeSqlite(database));
    expect(witness.remember()).toBe(true);
    truncateSync(`${path}-wal`);
    const fresh = createWalWitness(`${path}-wal`, createNodeSqlite(database));
    expect(fresh.remember()).toBe(false);
    witness.close();
    fresh.close();
    database.close();
  });
});

describe('a tool that moves the log into the database file', () => {
  it.each(['PASSIVE', 'RESTART', 'TRUNCATE'])('is no fault (%s)', async (mode) => {
    const { ledger, logger } = await running();
    const tool = new DatabaseSync(path);
    tool.exec(`PRAGMA wal_checkpoint(${mode})`);
    tool.close();
    ledger.inspectFiles();
    expect(await admitAll(ledger, 8, 12)).toHaveLength(4);
    expect(logger.lines).toEqual([]);
    await ledger.close();
  });

  it('is no fault when it makes the file smaller (VACUUM)', async () => {
    const { ledger, logger } = await running();
    const tool = new DatabaseSync(path);
    tool.exec('CREATE TABLE large AS SELECT zeroblob(1000000) AS b; PRAGMA wal_checkpoint(FULL);');
    ledger.inspectFiles();
    tool.exec('DROP TABLE large; VACUUM; PRAGMA wal_checkpoint(FULL);');
    tool.close();
    ledger.inspectFiles();
    expect(await admitAll(ledger, 8, 12)).toHaveLength(4);
    expect(logger.lines).toEqual([]);
    await ledger.close();
  });
});
