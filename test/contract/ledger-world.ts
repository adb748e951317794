import type { Ledger } from '../../src/ledger/port.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { Ids } from '../../src/ports/ids.ts';
import { createFakeClock, createFakeIds, testUuid7 } from '../support/clock.ts';
import type { FakeClock } from '../support/clock.ts';
import { quotaClaim, readRecords } from '../support/ledger.ts';

/** A fresh ledger for each test, whichever it is, with the clock it runs by. */
export type LedgerFactory = (deps: {
  clock: Clock;
  ids: Ids;
}) => Promise<{ ledger: Ledger; close: () => Promise<void> }>;

export interface LedgerWorld {
  readonly ledger: Ledger;
  readonly clock: FakeClock;
  /** The results on the trail, in order. */
  outcomes(): Promise<readonly string[]>;
  remaining(claim?: ReturnType<typeof quotaClaim>): Promise<number | undefined>;
  open(): Promise<void>;
  close(): Promise<void>;
}

export const R1 = testUuid7(1);
export const R2 = testUuid7(2);
export const R3 = testUuid7(3);
export const KEY = 'order-66-attempt-1';

export function createLedgerWorld(factory: LedgerFactory): LedgerWorld {
  let clock = createFakeClock();
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
    remaining: async (claim = quotaClaim()) => (await ledger().usage([claim]))[0]?.remaining,
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
