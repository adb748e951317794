import { runInDurableObject } from 'cloudflare:test';
import { describe, expect, it } from 'vitest';
import { answering, deploymentLedger } from './ledger/ledger-harness.ts';
import { startWhole } from './whole-worker.ts';

/** Anyone may request /readyz at any rate. The ledger is one object, and each probe of it is a write. */
const writes = (): Promise<number> =>
  runInDurableObject(deploymentLedger(), (_object, { storage }) =>
    Number(storage.sql.exec('SELECT writes FROM probe').one()['writes']),
  );

describe('/readyz', () => {
  it('probes the ledger once a second, however many requests come at once', async () => {
    const { ask, clock } = await startWhole();
    clock.stop();
    await ask('/readyz');
    clock.advance(1_001);
    const before = await writes();
    const answers = await Promise.all(Array.from({ length: 200 }, () => ask('/readyz')));
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    expect((await writes()) - before).toBe(1);
  });

  it('probes a slow ledger no more often', async () => {
    let probes = 0;
    const slow = answering(async (...call) => {
      if (call[0] === 'probe') probes += 1;
      await scheduler.wait(500);
      return await deploymentLedger().step(...call);
    });
    const { ask, clock } = await startWhole({ LEDGER: slow });
    clock.stop();
    await ask('/readyz');
    expect(probes).toBe(1);
    clock.advance(1_001);
    await Promise.all(Array.from({ length: 100 }, () => ask('/readyz')));
    expect(probes).toBe(2);
  });
});
