import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { verifyChain } from '../../../src/audit/chain.ts';
import { createFakeClock, testUuid7 } from '../../support/clock.ts';
import {
  admission,
  DAY_MS,
  onlyRecord,
  passTime,
  readTrail,
  recordDraft,
  settlement,
} from '../../support/ledger/ledger.ts';
import { openAt, tempDirectory } from './ledger-temp.ts';
import { checkpoint } from '../ledger/ledger-harness.ts';

/** Tests what retention leaves in the file, and that the next start accepts it. */
let directory: ReturnType<typeof tempDirectory>;
let path: string;

beforeEach(() => {
  directory = tempDirectory();
  path = join(directory.path, 'ledger.db');
});
afterEach(() => directory.remove());

const RETENTION = { sinks: ['stdout'], keepRecordsMs: 8 * DAY_MS };

/** Five records; the first `dropped` of them are dropped. */
async function prunedLedger(dropped: number): Promise<void> {
  const clock = createFakeClock();
  const ledger = await openAt(path, { clock });
  for (let n = 1; n <= 5; n += 1) await ledger.admit(admission(testUuid7(n), { plan: 'deny' }));
  await ledger.addCheckpoint(checkpoint(dropped));
  await ledger.ack('stdout', 81);
  await passTime(ledger, clock, 9 * DAY_MS);
  expect(await ledger.prune(RETENTION)).toEqual({ records: dropped, more: false });
  await ledger.close();
}

describe('a ledger file whose past was dropped', () => {
  it.each([2, 5])('is opened again and continues (%i of 5 records dropped)', async (dropped) => {
    await prunedLedger(dropped);
    const ledger = await openAt(path);
    await ledger.admit(admission(testUuid7(9), { plan: 'deny' }));
    const { base, head } = await ledger.chain();
    expect(base.seq).toBe(dropped);
    expect(verifyChain(await readTrail(ledger), base)).toEqual({ kind: 'intact', head });
    expect(head.seq).toBe(6);
    await ledger.close();
  });

  it.each([
    [
      'the first record that was kept is gone',
      'DELETE FROM records WHERE seq = 3',
      'broken at seq 3 (out_of_sequence)',
    ],
    [
      'it is said to begin elsewhere',
      `UPDATE head SET base_hash = '${'0'.repeat(64)}'`,
      'broken at seq 3 (wrong_prev)',
    ],
    ['it is said to begin at the beginning', 'UPDATE head SET base_seq = 0', 'broken at seq 1 (out_of_sequence)'],
  ])('is refused when %s', async (_what, sql, message) => {
    await prunedLedger(2);
    const database = new DatabaseSync(path);
    database.exec(sql);
    database.close();
    await expect(openAt(path)).rejects.toThrow(message);
  });

  it('holds nothing of what was deleted: neither bodies that are settled nor dropped records', async () => {
    const clock = createFakeClock();
    const ledger = await openAt(path, { clock });
    const people = Array.from({ length: 200 }, (_, n) => `person-${n}@acme.com`);
    const intent = recordDraft('intent', testUuid7(1));
    const decided = { ...intent, request: { ...intent.request, emails: ['long-ago@acme.com'] } };
    await ledger.admit(
      admission(testUuid7(1), {
        body: JSON.stringify({ emails: people }),
        records: onlyRecord(decided),
      }),
    );
    await ledger.settle(settlement(testUuid7(1), 'unknown'));
    expect(readFileSync(path, 'latin1') + readFileSync(`${path}-wal`, 'latin1')).toContain('person-7@');
    await ledger.settle(settlement(testUuid7(1), 'accepted', { by: 'person' }));
    await ledger.addCheckpoint(checkpoint(3));
    await ledger.ack('stdout', 49);
    await passTime(ledger, clock, 9 * DAY_MS);
    expect(await ledger.prune(RETENTION)).toMatchObject({ records: 3 });
    await ledger.close();
    expect(existsSync(`${path}-wal`)).toBe(false);
    expect(readFileSync(path, 'latin1')).not.toContain('@acme.com');
  });
});
