import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import {
  backgroundWorkContract,
  createAttempts,
  createKeptLog,
  MIDDLE,
} from '../../contract/audit/background-work.contract.ts';
import type { BackgroundDriver, DriverOptions } from '../../contract/audit/background-work.contract.ts';
import { createFakeClock, testUuid7 } from '../../support/clock.ts';
import { admission } from '../../support/ledger/ledger.ts';
import { openLedgerObject } from '../ledger/ledger-harness.ts';

/** The alarm of the ledger object. Its two clocks move together. */
backgroundWorkContract((options: DriverOptions): BackgroundDriver => {
  const alarmClock = createFakeClock(Date.UTC(2120, 0));
  const { log, logger } = createKeptLog();
  const { attempts, sink } = createAttempts(options, alarmClock.now);
  const results: string[] = [];
  const metrics = {
    count: (_name: string, labels?: Readonly<Record<string, string>>) => void results.push(labels?.['result'] ?? ''),
  };
  const targets = [{ sink, maxLengthPerRun: Infinity }];
  const harness = openLedgerObject({ targets, logger, metrics, random: MIDDLE, alarmClock, signer: options.signer });
  let records = 0;
  return {
    attempts,
    log,
    results,
    async record() {
      records += 1;
      await harness.ledger.admit(admission(testUuid7(records)));
    },
    async damageLastRecord() {
      await runInDurableObject(harness.stub, (_object, { storage }) => {
        storage.sql.exec(`UPDATE records SET line = replace(line, '{', '{"edited":true,') WHERE seq = ?`, records);
      });
    },
    async runNext() {
      const atMs = await runInDurableObject(harness.stub, (_object, { storage }) => storage.getAlarm());
      if (atMs === null) return;
      harness.clock.advance(Math.max(0, atMs - alarmClock.now()));
      alarmClock.set(Math.max(alarmClock.now(), atMs));
      await runDurableObjectAlarm(harness.stub);
    },
  };
});
