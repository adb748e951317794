import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import type { Ending } from '../../../../src/ledger/port.ts';
import { createSqliteLedger } from '../../../../src/ledger/sqlite/sqlite-ledger.ts';
import { createNodeSqlite } from '../../../../src/platform/node/ledger/sqlite.ts';
import { createFakeClock, createFakeIds, testUuid7 } from '../../../support/clock.ts';
import { admission, DAY_MS, quotaCharge, settlement } from '../../../support/ledger/ledger.ts';

const R1 = testUuid7(1);
const BODY = '{"emails":["ann@acme.com"]}';

function setup() {
  const sqlite = createNodeSqlite(new DatabaseSync(':memory:'));
  const clock = createFakeClock();
  const ledger = createSqliteLedger({ sqlite, clock, ids: createFakeIds(1000) });
  const stored = () => sqlite.run(`SELECT body FROM requests`).map(({ body }) => body);
  return { clock, ledger, stored };
}

describe('the bytes that are about to be sent', () => {
  it.each<Ending>(['accepted', 'refused', 'not_sent'])('are kept until the request has ended as %s', (ending) => {
    const { ledger, stored } = setup();
    ledger.admit(admission(R1, { body: BODY }));
    expect(stored()).toEqual([BODY]);
    ledger.settle(settlement(R1, ending));
    expect(stored()).toEqual([null]);
  });

  it('are kept while the outcome is unknown, and no longer', () => {
    const { clock, ledger, stored } = setup();
    ledger.admit(admission(R1, { body: BODY }));
    clock.advance(DAY_MS);
    ledger.settle(settlement(R1, 'unknown', { by: 'sweep' }));
    ledger.settle(settlement(R1, 'unknown'));
    ledger.recordAttempt({ requestId: R1, record: null, nextInMs: null });
    expect(stored()).toEqual([BODY]);
    ledger.settle(settlement(R1, 'accepted', { by: 'reconciliation' }));
    expect(stored()).toEqual([null]);
  });

  it('are not kept for what is not sent', () => {
    const { ledger, stored } = setup();
    ledger.admit(admission(R1, { body: BODY, plan: 'deny' }));
    ledger.admit(admission(testUuid7(2), { body: BODY, charges: [quotaCharge({ limit: 0 })] }));
    expect(stored()).toEqual([null, null]);
  });

  it('are not shown when a request is read', () => {
    const { ledger } = setup();
    ledger.admit(admission(R1, { body: '{"only":"here"}' }));
    expect(JSON.stringify([ledger.find(R1, null), ledger.list({ owner: null, before: null, limit: 9 })])).not.toContain(
      'only',
    );
  });
});
