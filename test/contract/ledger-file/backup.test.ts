import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, fstatSync, openSync, readdirSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GENESIS, verifyChain } from '../../../src/audit/chain.ts';
import { copyLedger } from '../../../src/platform/node/ledger/copy/copy-ledger.ts';
import { createBackup } from '../../../src/platform/node/ledger/copy/create-backup.ts';
import { durableFiles } from '../../../src/platform/node/ledger/copy/durable-files.ts';
import { readLedgerFile } from '../../../src/platform/node/ledger/reader.ts';
import { testUuid7 } from '../../support/clock.ts';
import { admission } from '../../support/ledger/ledger.ts';
import { createLogCollector, openAt, tempDirectory } from './ledger-temp.ts';

/** The copy of a ledger beside the service that writes to it. */
let directory: ReturnType<typeof tempDirectory>;
let path: string;
const children: ChildProcessWithoutNullStreams[] = [];

beforeEach(() => {
  directory = tempDirectory();
  path = join(directory.path, 'ledger.db');
});
afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const ended = once(child, 'close');
    child.kill('SIGKILL');
    await ended;
  }
  directory.remove();
});

const deps = { files: durableFiles, uniqueName: () => 'test' };
const backUp = (onProgress: () => void = () => undefined) =>
  createBackup({ source: path, out: join(directory.path, 'copy.db'), onCreated: () => undefined, onProgress }, deps);

async function linesOf(file: string): Promise<readonly string[]> {
  const reader = await readLedgerFile(file);
  const lines: string[] = [];
  for (let page = await reader.records(0, 1000); page.length > 0; page = await reader.records(lines.length, 1000))
    lines.push(...page.map(({ line }) => line));
  reader.close();
  return lines;
}

describe('a backup beside the service', () => {
  it('holds one moment of a ledger in full traffic, also what is only in the write-ahead log', async () => {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'ledger-child.ts'), path, 'traffic']);
    children.push(child);
    const said: string[] = [];
    const heard: { count: number; resolve: () => void }[] = [];
    createInterface({ input: child.stdout }).on('line', (line) => {
      said.push(line);
      for (const { count, resolve } of heard) if (said.length >= count) resolve();
    });
    const saying = (count: number): Promise<void> => new Promise((resolve) => void heard.push({ count, resolve }));
    await saying(2000);
    const before = said.length;
    const backup = await backUp();
    await saying(said.length + 500);
    backup.keep();

    const lines = await linesOf(join(directory.path, 'copy.db'));
    expect(verifyChain(lines, GENESIS)).toMatchObject({ kind: 'intact' });
    // A line is said before the next step begins. The first one is `open`.
    expect(lines.length).toBeGreaterThanOrEqual(before - 1);
    expect(statSync(join(directory.path, 'copy.db')).mode & 0o777).toBe(0o600);
  });

  it('does not begin again with each commit of the service', async () => {
    const service = await openAt(path);
    const big = (n: number) => {
      const one = admission(testUuid7(n));
      const base = { ...one.records.base, source: { address: null, user_agent: 'x'.repeat(60_000) } };
      return { ...one, records: { ...one.records, base } };
    };
    for (let n = 1; n <= 100; n += 1) await service.admit(big(n));
    let next = 100;
    const writes: Promise<unknown>[] = [];
    const progress: number[] = [];
    durableFiles.create(join(directory.path, 'copy.db'));
    await copyLedger(path, join(directory.path, 'copy.db'), {
      asWriter: (step) => step(),
      onProgress({ done }) {
        progress.push(done);
        writes.push(service.admit(big((next += 1))));
      },
    });
    await Promise.all(writes);
    expect(progress.length).toBeGreaterThan(0);
    expect(progress).toEqual(progress.toSorted((a, b) => a - b));
    expect(await linesOf(join(directory.path, 'copy.db'))).toHaveLength(100);
    await service.close();
  });

  it('does not disturb the guard of the service’s files', async () => {
    const logger = createLogCollector();
    const service = await openAt(path, { logger });
    await service.admit(admission(testUuid7(1)));
    const backup = await backUp(() => service.inspectFiles());
    service.inspectFiles();
    await service.admit(admission(testUuid7(2)));
    backup.keep();
    service.inspectFiles();
    expect(logger.lines.filter(({ level }) => level !== 'info' && level !== 'debug')).toEqual([]);
    await service.close();
    expect(await linesOf(join(directory.path, 'copy.db'))).toHaveLength(1);
  });

  it('holds what a crash left in the write-ahead log, and leaves that log there', async () => {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'ledger-child.ts'), path, 'traffic']);
    children.push(child);
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const said: string[] = [];
    while (said.length < 200) said.push(String((await lines.next()).value));
    const ended = once(child, 'close');
    child.kill('SIGKILL');
    await ended;
    const backup = await backUp();
    expect(backup.isWhole()).toBe(true);
    backup.keep();
    expect((await linesOf(join(directory.path, 'copy.db'))).length).toBeGreaterThanOrEqual(199);
    expect(readdirSync(directory.path)).toContain('ledger.db-wal');
  });

  it('finds a page that was damaged after it was written', async () => {
    const service = await openAt(path);
    for (let n = 1; n <= 20; n += 1) await service.admit(admission(testUuid7(n)));
    await service.close();
    const backup = await backUp();
    expect(backup.isWhole()).toBe(true);
    const file = openSync(backup.path, 'r+');
    const { size } = fstatSync(file);
    writeSync(file, Buffer.alloc(size / 2, 0xff), 0, size / 2, size / 2);
    closeSync(file);
    expect(backup.isWhole()).toBe(false);
  });
});
