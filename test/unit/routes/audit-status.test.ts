import { describe, expect, it } from 'vitest';
import type { DeliveryStatus } from '../../../src/audit/delivery/delivery.ts';
import { createMemoryLedger } from '../../support/ledger/memory-ledger.ts';
import type { TrailFault } from '../../../src/audit/checkpoint/trail-guard.ts';
import type { Ledger } from '../../../src/ledger/port.ts';
import { loadPolicy } from '../../../src/policy/load.ts';
import { createOpsApp } from '../../../src/routes/operations/ops-app.ts';
import { createFakeClock, createFakeIds, testUuid7 } from '../../support/clock.ts';
import { admission } from '../../support/ledger/ledger.ts';

function setup(statuses: readonly DeliveryStatus[], trailFault: TrailFault | null = null) {
  const clock = createFakeClock();
  const ledger = createMemoryLedger({ clock, ids: createFakeIds(1000) });
  const loaded = loadPolicy('version: 1\ncallers: {}\nrules: []\n', { issuers: [] });
  if (loaded.kind === 'refused') throw new Error(JSON.stringify(loaded.problems));
  const ask = async (changes: Partial<Ledger> = {}): Promise<{ status: number; body: Record<string, unknown> }> => {
    const app = createOpsApp({
      clock,
      ledger: { ...ledger, ...changes },
      draining: () => false,
      canAwaitAcrossRequests: true,
      policy: { current: () => loaded.policy },
      delivery: { status: () => statuses },
      trailFault: () => trailFault,
      exposeMetrics: async () => ({ contentType: 'text/plain', text: '' }),
    });
    const response = await app.request('/readyz');
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  return { clock, ledger, ask };
}

const FAILING = { reason: 'timeout', sinceMs: Date.UTC(2026, 2, 2, 9, 0), failures: 61 } as const;

describe('what the ops port says of the trail', () => {
  it('is how far behind each sink is and why, and the last checkpoint; none of it makes the service unready', async () => {
    const { clock, ledger, ask } = setup([
      { sink: 'http', failing: FAILING },
      { sink: 'stdout', failing: null },
    ]);
    await ledger.admit(admission(testUuid7(1)));
    await ledger.addCheckpoint({ count: 1, madeAt: clock.now(), line: '{}' });
    await ledger.ack('stdout', 16);
    clock.advance(90_000);
    const { status, body } = await ask();
    expect(status).toBe(200);
    expect(body).toMatchObject({
      status: 'ready',
      audit: [
        {
          sink: 'http',
          backlog_records: 1,
          lag_seconds: 90,
          failing: { reason: 'timeout', since: '2026-03-02T09:00:00.000Z', failures: 61 },
        },
        { sink: 'stdout', backlog_records: 0, lag_seconds: 0, failing: null },
      ],
      trail: 'intact',
      checkpoint: { count: 1, made_at: '2026-03-02T10:00:00.000Z' },
    });
  });

  it('names the place where the trail was found changed, and stays ready', async () => {
    const { ask } = setup([], { seq: 31, reason: 'edited' });
    expect(await ask()).toMatchObject({ status: 200, body: { trail: { seq: 31, reason: 'edited' } } });
  });

  it('has no checkpoint before the first', async () => {
    expect((await setup([]).ask()).body).toMatchObject({ audit: [], checkpoint: null });
  });

  it('leaves out the figures of a ledger that cannot be read, and tells the rest', async () => {
    const { ask } = setup([{ sink: 'http', failing: FAILING }]);
    const unreadable = () => Promise.reject(new Error('disk gone'));
    const { status, body } = await ask({ backlog: unreadable, chain: unreadable });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      status: 'ready',
      audit: [{ sink: 'http', backlog_records: null, lag_seconds: null, failing: { reason: 'timeout' } }],
      checkpoint: null,
    });
  });
});
