import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { expect, it } from 'vitest';
import { createFakeClock, testUuid7 } from '../../support/clock.ts';
import { admission } from '../../support/ledger/ledger.ts';
import { openLedgerObject } from '../ledger/ledger-harness.ts';

it('the ledger object notes with each checkpoint whether the trail is intact', async () => {
  const alarmClock = createFakeClock(Date.UTC(2120, 0));
  const noted: boolean[] = [];
  const { ledger, stub, clock } = openLedgerObject({
    targets: [],
    alarmClock,
    noteTrail: (isIntact) => void noted.push(isIntact),
  });
  const runNext = async (): Promise<void> => {
    const atMs = await runInDurableObject(stub, (_object, { storage }) => storage.getAlarm());
    if (atMs === null) throw new Error('no alarm is set');
    clock.advance(Math.max(0, atMs - alarmClock.now()));
    alarmClock.set(Math.max(alarmClock.now(), atMs));
    await runDurableObjectAlarm(stub);
  };
  await ledger.admit(admission(testUuid7(1)));
  await runNext();
  expect(noted).toEqual([true]);
  expect((await ledger.chain()).fault).toBeNull();
  await ledger.admit(admission(testUuid7(2)));
  await runInDurableObject(stub, (_object, { storage }) => {
    storage.sql.exec(`UPDATE records SET line = replace(line, '{', '{"edited":true,') WHERE seq = 2`);
  });
  await runNext();
  expect(noted).toEqual([true, false]);
  // A Worker has no other way to know it, for GET /audit/status.
  expect((await ledger.chain()).fault).toEqual({ seq: 2, reason: 'edited' });
  // It is verified again, and found changed again.
  await runNext();
  expect(noted).toEqual([true, false, false]);
});
