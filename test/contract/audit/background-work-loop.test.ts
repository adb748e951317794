import { createCheckpointer } from '../../../src/audit/checkpoint/checkpointer.ts';
import { createDelivery } from '../../../src/audit/delivery/delivery.ts';
import { createFakeClock, createFakeIds } from '../../support/clock.ts';
import { createTestOutbox } from '../../unit/audit/delivery/test-outbox.ts';
import { backgroundWorkContract, createAttempts, createKeptLog, MIDDLE } from './background-work.contract.ts';
import type { BackgroundDriver, DriverOptions } from './background-work.contract.ts';

/** The wakeable loops, as Node drives them. */
backgroundWorkContract((options: DriverOptions): BackgroundDriver => {
  const ledger = createTestOutbox();
  const clock = createFakeClock();
  const { log, logger } = createKeptLog();
  const { attempts, sink } = createAttempts(options, clock.now);
  const results: string[] = [];
  const metrics = {
    count: (_name: string, labels?: Readonly<Record<string, string>>) => void results.push(labels?.['result'] ?? ''),
  };
  const deps = { clock, schedule: clock, logger, ids: createFakeIds() };
  const delivery = createDelivery({ ...deps, outbox: ledger, sink, random: MIDDLE, metrics });
  const checkpoints = createCheckpointer({
    ...deps,
    ledger,
    signer: options.signer,
    recordKey: async () => undefined,
    delivery,
  });
  return {
    attempts,
    log,
    results,
    async record() {
      ledger.append();
      delivery.wake();
      checkpoints.wake();
    },
    async damageLastRecord() {
      const last = ledger.chained.at(-1);
      if (last !== undefined) last.line = last.line.replace('{', '{"edited":true,');
    },
    async runNext() {
      await clock.pass(clock.waitingMs[0] ?? 0);
    },
  };
});
