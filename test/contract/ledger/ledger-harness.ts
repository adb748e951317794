import { canonicalJson } from '../../../src/lib/canonical-json.ts';
import type { Admission, Ledger, StoredCheckpoint } from '../../../src/ledger/port.ts';
import type { MachineClock } from '../../../src/ports/clock.ts';
import type { Ids } from '../../../src/ports/ids.ts';
import { createFakeClock, createFakeIds, TEST_TIME_MS, testUuid7 } from '../../support/clock.ts';
import type { FakeClock } from '../../support/clock.ts';
import { admission, ANN, passTime, quotaCharge, readRecords } from '../../support/ledger/ledger.ts';

/** Opens a new ledger for each test, with the given clock and ids. */
export type LedgerFactory = (deps: {
  clock: MachineClock;
  ids: Ids;
}) => Promise<{ ledger: Ledger; close: () => Promise<void>; admitAll?: AdmitAll }>;

/** Many admissions in one call, where one call for each is slow. Left out: one call for each. */
type AdmitAll = (admissions: readonly Admission[]) => Promise<void>;

export interface LedgerHarness {
  readonly ledger: Ledger;
  readonly clock: FakeClock;
  /** The results of the records in the trail, in order. */
  outcomes(): Promise<readonly string[]>;
  remaining(charge?: ReturnType<typeof quotaCharge>): Promise<number | undefined>;
  /** Writes this many records: denials of requests that no other step uses. */
  fill(records: number): Promise<void>;
  /** Lets time pass as in a running service, which prunes regularly. */
  pass(ms: number): Promise<void>;
  /** Stores `checkpoint(count)` and returns its line; throws when the ledger refuses it. */
  addCheckpoint(count: number): Promise<string>;
  open(): Promise<void>;
  close(): Promise<void>;
}

export const R1 = testUuid7(1);
export const R2 = testUuid7(2);
export const R3 = testUuid7(3);
export const KEY = 'order-66-attempt-1';

/** A checkpoint, complete as far as the ledger reads it. */
export function checkpoint(count: number): StoredCheckpoint {
  const line = canonicalJson({ kind: 'checkpoint', count, head: 'ab'.repeat(32) });
  return { count, madeAt: TEST_TIME_MS + count, line };
}

/** Records written in parallel, as by concurrent requests. */
const FILL_BATCH = 100;

export function createLedgerHarness(factory: LedgerFactory): LedgerHarness {
  let clock = createFakeClock();
  let filled = 0;
  let opened: Awaited<ReturnType<LedgerFactory>> | null = null;
  const ledger = (): Ledger => {
    if (opened === null) throw new Error('the ledger is not open');
    return opened.ledger;
  };
  return {
    get ledger() {
      return ledger();
    },
    get clock() {
      return clock;
    },
    outcomes: async () => (await readRecords(ledger())).map((record) => record.outcome.result),
    remaining: async (charge = quotaCharge()) => (await ledger().usage([charge]))[0]?.remaining,
    async fill(records) {
      for (let left = records; left > 0; left -= FILL_BATCH) {
        const ids = Array.from({ length: Math.min(left, FILL_BATCH) }, () => testUuid7(10_000 + filled++));
        // Each of another subject: of one subject only the first in a minute are recorded.
        const admissions = ids.map((id) => admission(id, { plan: 'deny', owner: { ...ANN, subject: id } }));
        if (opened?.admitAll === undefined) await Promise.all(admissions.map((one) => ledger().admit(one)));
        else await opened.admitAll(admissions);
      }
    },
    pass: (ms) => passTime(ledger(), clock, ms),
    async addCheckpoint(count) {
      const stored = checkpoint(count);
      if (!(await ledger().addCheckpoint(stored))) throw new Error(`checkpoint ${count} was refused`);
      return stored.line;
    },
    async open() {
      clock = createFakeClock();
      opened = await factory({ clock, ids: createFakeIds(1_000_000) });
    },
    async close() {
      await opened?.close();
      opened = null;
    },
  };
}
