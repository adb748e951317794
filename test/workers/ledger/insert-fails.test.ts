import { runInDurableObject } from 'cloudflare:test';
import { describe, expect, it } from 'vitest';
import { startWhole } from '../whole-worker.ts';
import { deploymentLedger } from './ledger-harness.ts';

/** Through the whole Worker: without a recorded intent nothing reaches Galileo. */
const inLedger = (sql: string): Promise<void> =>
  runInDurableObject(deploymentLedger(), (_object, { storage }) => {
    storage.sql.exec(sql);
  });

describe('a ledger object whose insert fails', () => {
  it.each(['records', 'requests'])('into %s: 503, and Galileo is not called', async (table) => {
    const { invite, upstream, recordsOf } = await startWhole();
    const [ann, bob] = [`ann-${table}@acme.com`, `bob-${table}@acme.com`];
    expect((await invite('first@acme.com')).status).toBe(200);
    await inLedger(`CREATE TRIGGER no_room BEFORE INSERT ON ${table} BEGIN SELECT RAISE(ABORT, 'no room'); END`);
    const { length: before } = upstream.received;

    const refused = await invite(ann, { key: `key-of-ann-in-${table}` });

    expect([refused.status, await refused.json()]).toMatchObject([503, { code: 'ledger_unavailable' }]);
    expect(upstream.received).toHaveLength(before);
    await inLedger(`DROP TRIGGER no_room`);
    expect(await recordsOf(ann)).toEqual([]);
    // Nothing of it was kept: the same key can be used again.
    expect((await invite(ann, { key: `key-of-ann-in-${table}` })).status).toBe(200);
    expect((await invite(bob)).status).toBe(200);
    expect(upstream.received).toHaveLength(before + 2);
  });
});
