import { copyFileSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GENESIS } from '../../../src/audit/chain.ts';
import { SCHEMA_VERSION } from '../../../src/ledger/sqlite/schema.ts';
import { readLedgerFile } from '../../../src/platform/node/ledger/reader.ts';
import { createFakeClock, testUuid7 } from '../../support/clock.ts';
import { admission, DAY_MS, passTime, readTrail } from '../../support/ledger/ledger.ts';
import { FIRST_SCHEMA } from '../../unit/ledger/schema/first-schema.ts';
import { openAt, tempDirectory } from './ledger-temp.ts';
import { checkpoint } from '../ledger/ledger-harness.ts';

let directory: ReturnType<typeof tempDirectory>;
let path: string;

beforeEach(() => {
  directory = tempDirectory();
  path = join(directory.path, 'ledger.db');
});
afterEach(() => directory.remove());

/** A service with this many records and a checkpoint over all of them. */
async function serviceWith(records: number) {
  const clock = createFakeClock();
  const service = await openAt(path, { clock });
  for (let n = 1; n <= records; n += 1) await service.admit(admission(testUuid7(n), { plan: 'deny' }));
  await service.addCheckpoint(checkpoint(records));
  return { service, clock };
}

function write(...statements: readonly string[]): void {
  const database = new DatabaseSync(path);
  for (const statement of statements) database.exec(statement);
  database.close();
}

describe('a ledger file that is only read', () => {
  it('at rest gives its trail, page by page, and is left as it was, with nothing beside it', async () => {
    const { service } = await serviceWith(3);
    const [trail, chain] = [await readTrail(service), await service.chain()];
    await service.close();
    const before = { names: readdirSync(directory.path), bytes: readFileSync(path) };

    const reader = await readLedgerFile(path);
    expect(reader.inUse).toBe(false);
    expect(await reader.chain()).toEqual(chain);
    expect((await reader.records(0, 2)).map(({ line }) => line)).toEqual(trail.slice(0, 2));
    expect((await reader.records(2, 2)).map(({ line }) => line)).toEqual(trail.slice(2));
    expect(await reader.checkpoints(0, 10)).toEqual([checkpoint(3)]);
    expect(await reader.search({ filter: { requestId: testUuid7(2) }, after: 0, limit: 10 })).toMatchObject({
      records: [{ seq: 2 }],
      done: true,
    });
    expect(await reader.inSnapshot(() => reader.records(0, 10))).toHaveLength(3);
    reader.close();
    expect({ names: readdirSync(directory.path), bytes: readFileSync(path) }).toEqual(before);
  });

  it('beside a running service shows what has come since', async () => {
    const { service } = await serviceWith(1);
    const reader = await readLedgerFile(path);
    expect(reader.inUse).toBe(true);
    await service.admit(admission(testUuid7(9), { plan: 'deny' }));
    expect(await reader.records(1, 10)).toMatchObject([{ seq: 2 }]);
    reader.close();
    await service.close();
  });

  it('shows one moment within a snapshot, whatever the service writes and drops', async () => {
    const { service, clock } = await serviceWith(3);
    const reader = await readLedgerFile(path);
    await reader.inSnapshot(async () => {
      const before = await reader.chain();
      await passTime(service, clock, DAY_MS);
      await service.admit(admission(testUuid7(9), { plan: 'deny' }));
      expect(await service.prune({ sinks: [], keepRecordsMs: 1 })).toMatchObject({ records: 3 });
      expect(await reader.chain()).toEqual(before);
      expect(await reader.records(0, 10)).toHaveLength(3);
    });
    expect((await reader.chain()).base.seq).toBe(3);
    expect(await reader.records(0, 10)).toMatchObject([{ seq: 4 }]);
    await expect(reader.inSnapshot(() => Promise.reject(new Error('the task failed')))).rejects.toThrow(
      'the task failed',
    );
    expect(await reader.inSnapshot(() => reader.records(0, 10))).toHaveLength(1);
    reader.close();
    await service.close();
  });

  it('that was at rest reports when a service opened it during a snapshot', async () => {
    await (await serviceWith(3)).service.close();
    const reader = await readLedgerFile(path);
    const services: Awaited<ReturnType<typeof openAt>>[] = [];
    await expect(
      reader.inSnapshot(async () => {
        services.push(await openAt(path));
        await reader.records(0, 10);
      }),
    ).rejects.toMatchObject({ reason: 'moved' });
    reader.close();
    await services[0]?.close();
  });

  it('of the first schema is read as it is', async () => {
    write(...FIRST_SCHEMA);
    const reader = await readLedgerFile(path);
    expect(await reader.chain()).toEqual({ base: GENESIS, head: GENESIS, checkpoint: null });
    expect(await reader.checkpoints(0, 10)).toEqual([]);
    expect(await reader.records(0, 10)).toEqual([]);
    reader.close();
  });

  it('is refused when it is not there, when it is something else, and when a newer program made it', async () => {
    await expect(readLedgerFile(path)).rejects.toThrow(`the ledger ${path} is not there`);
    write('CREATE TABLE theirs (a)');
    await expect(readLedgerFile(path)).rejects.toMatchObject({ reason: 'not_a_ledger' });
    write('DROP TABLE theirs', ...FIRST_SCHEMA, `UPDATE ledger_version SET version = ${SCHEMA_VERSION + 1}`);
    await expect(readLedgerFile(path)).rejects.toMatchObject({ reason: 'other_schema' });
  });

  it('that was copied without its write-ahead log is refused as such, not as the database of something else', async () => {
    const { service } = await serviceWith(1);
    const copy = join(directory.path, 'copy.db');
    copyFileSync(path, copy);
    await expect(readLedgerFile(copy)).rejects.toMatchObject({ reason: 'log_missing' });
    await service.close();
  });

  it('that is damaged during the reading is reported as damaged', async () => {
    const { service } = await serviceWith(1);
    const reader = await readLedgerFile(path);
    write('DROP TABLE checkpoints');
    await expect(reader.checkpoints(0, 10)).rejects.toMatchObject({ name: 'LedgerFileError' });
    reader.close();
    await service.close();
  });
});
