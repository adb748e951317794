import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BatchFailure } from '../../../src/ledger/batched-ledger.ts';
import { openPostgresLedger } from '../../../src/ledger/postgres/postgres-ledger.ts';
import type { PostgresLedger } from '../../../src/ledger/postgres/postgres-ledger.ts';
import { LateLedgerError } from '../../../src/ledger/postgres/postgres-port.ts';
import type { PostgresConnection } from '../../../src/ledger/postgres/postgres-port.ts';
import { createFakeClock, createFakeIds, TEST_TIME_MS } from '../../support/clock.ts';
import { admission } from '../../support/ledger/ledger.ts';
import { createPglitePort } from '../../support/postgres/pglite-port.ts';
import type { PglitePort } from '../../support/postgres/pglite-port.ts';

/** A ledger in PostgreSQL whose server stops answering. What a caller or a readiness probe waits for ends all the same. */
let port: PglitePort;
beforeAll(async () => {
  port = await createPglitePort();
});
afterAll(() => port.close());

const FINGERPRINT = 'ab12cd34ef56';
const CLAIM = { fingerprint: FINGERPRINT, claim: 'one', leaseMs: 60_000 };

const STEPS: Readonly<Record<string, (ledger: PostgresLedger) => Promise<unknown>>> = {
  admit: (ledger) => ledger.admit(admission('019c0000-0001-7000-8000-000000000000')),
  probe: (ledger) => ledger.probe(),
  claimSignIn: (ledger) => ledger.claimSignIn(CLAIM),
  endSignIn: (ledger) => ledger.endSignIn({ fingerprint: FINGERPRINT, claim: 'one', hold: null }),
  signInSalt: (ledger) => ledger.signInSalt(),
  signInHold: (ledger) => ledger.signInHold(FINGERPRINT),
  usage: (ledger) => ledger.usage([]),
  find: (ledger) => ledger.find('019c0000-0001-7000-8000-000000000000', null),
};

async function setup(schema: string) {
  const clock = createFakeClock();
  const failures: BatchFailure[] = [];
  /** Connections that are asked for while it is set come when the test lets them. */
  let silence: Promise<void> | null = null;
  const ledger = await openPostgresLedger({
    ...{ schema, clock, schedule: clock, ids: createFakeIds(), onFailure: (failure) => failures.push(failure) },
    readClock: async () => TEST_TIME_MS + clock.monotonic(),
    port: {
      async connect(): Promise<PostgresConnection> {
        await silence;
        return await port.connect();
      },
    },
  });
  return {
    ...{ clock, failures, ledger },
    /** Returns what ends the silence. */
    fallSilent(): () => void {
      const { promise, resolve } = Promise.withResolvers<void>();
      silence = promise;
      return () => {
        silence = null;
        resolve();
      };
    },
  };
}

describe('a ledger whose server does not answer', () => {
  it.each(Object.keys(STEPS))('rejects %s after 5 s, and reports it once', async (name) => {
    const { clock, failures, ledger, fallSilent } = await setup(`silent_${name.toLowerCase()}`);
    const speak = fallSilent();
    let ended: unknown = 'not yet';
    const waiting = STEPS[name]?.(ledger).catch((error: unknown) => (ended = error));
    await clock.pass(4_999);
    expect(ended).toBe('not yet');
    await clock.pass(1);
    expect(ended).toBeInstanceOf(LateLedgerError);
    speak();
    await waiting;
    await ledger.idle();
    expect(failures.map(({ steps }) => steps)).toEqual([[name]]);
    expect(clock.waitingMs).toEqual([]);
  });

  it('grants no sign-in to a caller who has left', async () => {
    const { clock, ledger, fallSilent } = await setup('silent_claim');
    const speak = fallSilent();
    const claimed = ledger.claimSignIn(CLAIM).catch((error: unknown) => error);
    await clock.pass(5_000);
    expect(await claimed).toBeInstanceOf(LateLedgerError);
    speak();
    await ledger.idle();
    expect(await ledger.claimSignIn({ ...CLAIM, claim: 'two' })).toEqual({ kind: 'granted' });
  });
});
