import { describe, expect, it } from 'vitest';
import { sweep } from '../../../src/invite/settle/sweep.ts';
import { createMemoryLedger } from '../../support/ledger/memory-ledger.ts';
import type { Pruned, Retention } from '../../../src/ledger/background-steps.ts';
import type { Ledger } from '../../../src/ledger/port.ts';
import { createFakeClock, createFakeIds, testUuid7 } from '../../support/clock.ts';
import { admission, DAY_MS, KEEP_ALL, MINUTE_MS, readReport } from '../../support/ledger/ledger.ts';
import { keptLog } from '../../support/tokens.ts';

function setup({ retention = KEEP_ALL, ...methods }: { retention?: Retention } & Partial<Ledger> = {}) {
  const clock = createFakeClock();
  const ledger = createMemoryLedger({ clock, ids: createFakeIds(1000) });
  const logger = keptLog();
  const counted: unknown[] = [];
  let wakes = 0;
  const deps = {
    ledger: { ...ledger, ...methods },
    delivery: { wake: () => void (wakes += 1) },
    logger,
    metrics: { count: (...given: unknown[]) => void counted.push(given), observe: () => undefined },
    retention,
  };
  return { clock, ledger, logger, counted, run: () => sweep(deps), wakes: () => wakes };
}

describe('the sweep', () => {
  it('turns every expired intent into unknown, however many there are', async () => {
    const { clock, ledger, run } = setup();
    for (let n = 0; n < 250; n += 1) await ledger.admit(admission(testUuid7(n)));
    expect(await run()).toBe(0);
    clock.advance(DAY_MS);
    expect(await run()).toBe(250);
    expect(await ledger.find(testUuid7(249), null)).toMatchObject({ state: 'unknown' });
    expect(await run()).toBe(0);
  });

  it('wakes delivery each time: a tool may have written beside the service', async () => {
    const { run, wakes } = setup();
    await run();
    await run();
    expect(wakes()).toBe(2);
  });

  it('writes the records of what was suppressed, and counts and logs the requests, also when a step before it fails', async () => {
    const { clock, ledger, logger, counted, run, wakes } = setup({
      expired: async () => {
        throw new Error('the ledger cannot be read');
      },
    });
    for (let n = 0; n < 25; n += 1) await ledger.admit(admission(testUuid7(n), { plan: 'deny' }));
    clock.advance(MINUTE_MS);
    await expect(run()).rejects.toThrow('cannot be read');
    expect(counted).toEqual([['audit_requests_suppressed', {}, 5]]);
    expect(logger.lines).toEqual(['{"event":"audit_requests_suppressed","requests":5}']);
    expect((await ledger.chain()).head.seq).toBe(21);
    expect(wakes()).toBe(1);
  });

  it('writes the records of who read the trail, also when what was suppressed cannot be recorded', async () => {
    const { clock, ledger, run } = setup({
      recordSuppressed: async () => {
        throw new Error('the ledger cannot be written');
      },
    });
    await ledger.countRead(readReport(1));
    clock.advance(MINUTE_MS);
    await expect(run()).rejects.toThrow('cannot be written');
    expect((await ledger.chain()).head.seq).toBe(1);
  });

  it('goes on with the records of reads while there are more', async () => {
    const batches = [true, true, false];
    let calls = 0;
    const { run } = setup({
      async recordReads() {
        calls += 1;
        return { records: 100, more: batches.shift() ?? false };
      },
    });
    await run();
    expect(calls).toBe(3);
  });

  it('writes the records of more subjects than one batch, and prunes even when that fails', async () => {
    const batches = [
      { requests: 100, more: true },
      { requests: 7, more: false },
    ];
    const { counted, run } = setup({ recordSuppressed: async () => batches.shift() ?? { requests: 0, more: false } });
    await run();
    expect(counted).toEqual([
      ['audit_requests_suppressed', {}, 100],
      ['audit_requests_suppressed', {}, 7],
    ]);
    let prunes = 0;
    const failing = setup({
      recordSuppressed: async () => {
        throw new Error('the ledger cannot be written');
      },
      prune: async () => ({ records: (prunes += 1), more: false }),
    });
    await expect(failing.run()).rejects.toThrow('cannot be written');
    expect({ prunes, wakes: failing.wakes() }).toEqual({ prunes: 1, wakes: 1 });
  });

  it('drops records by the retention it was given, until there are no more, and tells how many', async () => {
    const asked: Retention[] = [];
    const steps: Pruned[] = [
      { records: 2000, more: true },
      { records: 500, more: false },
      { records: 9, more: false },
    ];
    const retention = { sinks: ['stdout'], keepRecordsMs: 8 * DAY_MS };
    const { logger, counted, run } = setup({
      retention,
      prune: async (given) => {
        asked.push(given);
        return steps.shift() ?? { records: 0, more: false };
      },
    });
    await run();
    expect(asked).toEqual([retention, retention]);
    expect(logger.lines).toEqual(['{"event":"audit_records_pruned","records":2500}']);
    expect(counted).toEqual([['audit_records_pruned', {}, 2500]]);
  });

  it('leaves the rest of a long past to the next sweep', async () => {
    let times = 0;
    const { logger, run } = setup({ prune: async () => ({ records: 2000, more: (times += 1) > 0 }) });
    await run();
    expect(times).toBe(10);
    expect(logger.lines).toEqual(['{"event":"audit_records_pruned","records":20000}']);
  });

  it('passes over an intent that is damaged, names it once, and says unknown of all others', async () => {
    const { clock, ledger, logger, run } = setup({
      expired: async (limit) =>
        (await ledger.expired(limit)).map((one) => (one.requestId === testUuid7(0) ? { ...one, intent: null } : one)),
    });
    for (let n = 0; n < 150; n += 1) await ledger.admit(admission(testUuid7(n)));
    clock.advance(DAY_MS);
    expect(await run()).toBe(149);
    expect(await ledger.find(testUuid7(0), null)).toMatchObject({ state: 'open' });
    expect(logger.lines.filter((line) => line.includes('intent_unreadable'))).toEqual([
      `{"event":"intent_unreadable","request_id":"${testUuid7(0)}"}`,
    ]);
  });

  it('gets past any number of damaged intents that are older than the others', async () => {
    const damaged = new Set(Array.from({ length: 250 }, (_, n) => testUuid7(n)));
    const { clock, ledger, logger, run } = setup({
      expired: async (limit) =>
        (await ledger.expired(limit)).map((one) => (damaged.has(one.requestId) ? { ...one, intent: null } : one)),
    });
    for (let n = 0; n < 400; n += 1) await ledger.admit(admission(testUuid7(n)));
    clock.advance(DAY_MS);
    expect(await run()).toBe(150);
    expect(await run()).toBe(0);
    expect(logger.lines.filter((line) => line.includes('intent_unreadable'))).toHaveLength(2 * 250);
  });

  it('drops what is past its time and wakes delivery also when the first half fails', async () => {
    let prunes = 0;
    const { run, wakes } = setup({
      expired: () => Promise.reject(new Error('the ledger cannot be read')),
      prune: async () => ({ records: (prunes += 1), more: false }),
    });
    await expect(run()).rejects.toThrow('the ledger cannot be read');
    expect({ prunes, wakes: wakes() }).toEqual({ prunes: 1, wakes: 1 });
  });

  it('says nothing when nothing was dropped', async () => {
    const { logger, run } = setup();
    await run();
    expect(logger.lines).toEqual([]);
  });
});
