import { mkdirSync, readdirSync, realpathSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { ledgerFinding } from '../../../../src/cli/doctor/checks/check-ledger.ts';
import { inspectLedger } from '../../../../src/cli/doctor/inspect-ledger.ts';
import { openLedger } from '../../../../src/platform/node/ledger/open-ledger.ts';
import type { NodeLedger } from '../../../../src/platform/node/ledger/open-ledger.ts';
import { otherLedgers, startsEmpty } from '../../../../src/platform/node/ledger/files/other-ledgers.ts';
import { createFakeClock, createFakeIds, testUuid7 } from '../../../support/clock.ts';
import { admission } from '../../../support/ledger/ledger.ts';
import { countedMetrics, keptLog } from '../../../support/tokens.ts';

let folder = '';
beforeEach(async () => {
  folder = realpathSync(await mkdtemp(join(tmpdir(), 'other-ledgers-')));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

const openAt = (path: string): Promise<NodeLedger> =>
  openLedger({ path, clock: createFakeClock(), ids: createFakeIds(), logger: keptLog(), metrics: countedMetrics() });

/** A ledger that a service has closed. */
async function ledgerAt(...names: readonly string[]): Promise<string> {
  const path = join(folder, ...names);
  const ledger = await openAt(path);
  await ledger.admit(admission(testUuid7(1), { plan: 'deny' }));
  await ledger.close();
  return path;
}

describe('a ledger that starts empty', () => {
  it('is one that is not there, or has no record', async () => {
    expect(await startsEmpty(join(folder, 'ledger.db'))).toBe(true);
    await (await openAt(join(folder, 'ledger.db'))).close();
    expect(await startsEmpty(join(folder, 'ledger.db'))).toBe(true);
    expect(await startsEmpty(await ledgerAt('full.db'))).toBe(false);
  });

  it('is not a file that cannot be read as one, which is reported by itself', async () => {
    writeFileSync(join(folder, 'ledger.db'), 'no database, but some text');
    expect(await startsEmpty(join(folder, 'ledger.db'))).toBe(false);
  });
});

describe('another ledger', () => {
  it.each([
    ['under another name in the same folder', ['old.sqlite3'], ['ledger.db']],
    ['one folder higher, as a volume that was mounted lower before has it', ['ledger.db'], ['data', 'ledger.db']],
    ['one folder lower', ['data', 'ledger.db'], ['ledger.db']],
  ])('is found %s', async (_where, old, now) => {
    const path = await ledgerAt(...old);
    const names = readdirSync(folder);
    expect(await otherLedgers(join(folder, ...now))).toEqual([path]);
    expect(readdirSync(folder)).toEqual(names);
  });

  it('is found at the default place when LEDGER_URL names another one', async () => {
    const path = await ledgerAt('data', 'ledger.db');
    const before = process.cwd();
    process.chdir(folder);
    onTestFinished(() => process.chdir(before));
    expect(await otherLedgers(join(folder, 'volume', 'ledger.db'))).toEqual([path]);
    expect(await otherLedgers('ledger.db')).toEqual([path]);
  });

  it('is none when it is the ledger itself, is empty, belongs to another program or to a running service', async () => {
    const own = await ledgerAt('ledger.db');
    await (await openAt(join(folder, 'empty.db'))).close();
    new DatabaseSync(join(folder, 'other.db')).exec('CREATE TABLE t (x)');
    writeFileSync(join(folder, 'text.db'), 'no database');
    mkdirSync(join(folder, 'folder.db'));
    const running = await openAt(join(folder, 'running.db'));
    await running.admit(admission(testUuid7(1), { plan: 'deny' }));
    onTestFinished(() => running.close());
    expect(await otherLedgers(own)).toEqual([]);
  });

  it('is named by doctor, which then warns', async () => {
    const path = await ledgerAt('old.db');
    const facts = await inspectLedger(join(folder, 'ledger.db'));
    expect(ledgerFinding(facts, 0)).toMatchObject({
      status: 'warning',
      message: 'is not there yet, although another ledger with records is there',
      remedy: expect.stringContaining('Check LEDGER_URL and what is mounted'),
      lines: [path],
    });
    await (await openAt(join(folder, 'ledger.db'))).close();
    expect(ledgerFinding(await inspectLedger(join(folder, 'ledger.db')), 0)).toMatchObject({
      status: 'warning',
      message: 'has no record yet, although another ledger with records is there',
      lines: [path],
    });
    expect(ledgerFinding(await inspectLedger(path), Date.parse('2030-01-01'))).toMatchObject({ status: 'ok' });
  });
});
