import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { verifyChain } from '../../../src/audit/chain.ts';
import { SCHEMA_VERSION } from '../../../src/ledger/sqlite/schema.ts';
import { openSideWriter } from '../../../src/platform/node/ledger/side-writer.ts';
import { createFakeClock, createFakeIds, testUuid7 } from '../../support/clock.ts';
import { admission, readTrail, settlement } from '../../support/ledger/ledger.ts';
import { FIRST_SCHEMA } from '../../unit/ledger/schema/first-schema.ts';
import { openAt, tempDirectory } from './ledger-temp.ts';

let directory: ReturnType<typeof tempDirectory>;
let path: string;

beforeEach(() => {
  directory = tempDirectory();
  path = join(directory.path, 'ledger.db');
});
afterEach(() => directory.remove());

const openBeside = () => openSideWriter(path, { clock: createFakeClock(), ids: createFakeIds(5000) });

function write(...statements: readonly string[]): void {
  const database = new DatabaseSync(path);
  for (const statement of statements) database.exec(statement);
  database.close();
}

describe('a ledger opened beside its service', () => {
  it('takes a settlement, and the service sees it at once and continues from it', async () => {
    const service = await openAt(path);
    await service.admit(admission(testUuid7(1), { key: 'a-key-of-16-signs' }));
    await service.settle(settlement(testUuid7(1), 'unknown'));

    const tool = await openBeside();
    expect(await tool.settle(settlement(testUuid7(1), 'accepted', { by: 'person' }))).toEqual({ kind: 'settled' });
    await tool.close();

    expect(await service.find(testUuid7(1), null)).toMatchObject({ state: 'accepted' });
    expect(await service.lease('stdout', 10)).toHaveLength(3);
    await service.admit(admission(testUuid7(2)));
    expect(verifyChain(await readTrail(service))).toMatchObject({ kind: 'intact', head: { seq: 4 } });
    await service.close();
  });

  it('shares one chain with a service in full traffic', async () => {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'ledger-child.ts'), path, 'traffic']);
    const ended = once(child, 'close');
    let said = 0;
    let heard = Promise.withResolvers<void>();
    createInterface({ input: child.stdout }).on('line', () => {
      said += 1;
      heard.resolve();
    });
    const hear = async (count: number) => {
      for (const from = said; said < from + count;) {
        heard = Promise.withResolvers();
        await heard.promise;
      }
    };
    await hear(20);
    const mine = Array.from({ length: 20 }, (_, n) => testUuid7(900_000 + n));
    for (const id of mine) {
      const tool = await openBeside();
      await tool.admit(admission(id));
      await tool.close();
      await hear(5);
    }
    child.kill('SIGKILL');
    await ended;

    const ledger = await openAt(path);
    const lines = await readTrail(ledger);
    expect(verifyChain(lines)).toMatchObject({ kind: 'intact', head: { seq: lines.length } });
    for (const id of mine) expect(await ledger.find(id, null)).toMatchObject({ state: 'open' });
    await ledger.close();
  });

  it('may also be at rest', async () => {
    await (await openAt(path)).close();
    const tool = await openBeside();
    await tool.admit(admission(testUuid7(1)));
    await tool.close();
    const service = await openAt(path);
    expect(await readTrail(service)).toHaveLength(1);
    await service.close();
  });

  it('is not made when it is not there', async () => {
    await expect(openBeside()).rejects.toMatchObject({ reason: 'absent' });
    expect(existsSync(path)).toBe(false);
    writeFileSync(path, '');
    await expect(openBeside()).rejects.toMatchObject({ reason: 'absent' });
    expect(readFileSync(path, 'utf8')).toBe('');
  });

  it('is refused when it is no ledger, and left as it was', async () => {
    write('CREATE TABLE theirs (a)');
    const before = readFileSync(path);
    await expect(openBeside()).rejects.toMatchObject({ reason: 'not_a_ledger' });
    writeFileSync(path, 'a shopping list, at least sixteen bytes of it\n'.repeat(100));
    await expect(openBeside()).rejects.toMatchObject({ reason: 'not_a_database' });
    writeFileSync(path, before);
    await expect(openBeside()).rejects.toMatchObject({ reason: 'not_a_ledger' });
    expect(readFileSync(path)).toEqual(before);
  });

  it.each([
    ['an older', ...FIRST_SCHEMA],
    ['a newer', ...FIRST_SCHEMA, `UPDATE ledger_version SET version = ${SCHEMA_VERSION + 1}`],
  ])('is refused, not migrated, when it has %s schema', async (_which, ...statements) => {
    write(...statements);
    const before = readFileSync(path);
    await expect(openBeside()).rejects.toMatchObject({ reason: 'other_schema' });
    expect(readFileSync(path)).toEqual(before);
  });

  it('is refused when its trail is broken: nothing is appended to it', async () => {
    const service = await openAt(path);
    for (const n of [1, 2, 3]) await service.admit(admission(testUuid7(n)));
    await service.close();
    write('DELETE FROM records WHERE seq = 2');
    await expect(openBeside()).rejects.toThrow('broken at seq 2');
  });
});
