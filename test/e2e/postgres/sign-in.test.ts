import { afterAll, beforeAll, expect, it } from 'vitest';
import { readPostgresUrl } from '../../../src/config/reading/postgres-url.ts';
import { readSignInsOf } from '../../../src/platform/node/ledger/read-sign-ins.ts';
import { describeSignIn } from '../../contract/sign-in/sign-in.contract.ts';
import { createFakeClock, createFakeIds } from '../../support/clock.ts';
import { freshSchema, openTestLedger } from '../../support/postgres/postgres-ledger.ts';
import { startPostgres } from '../../support/postgres/postgres-server.ts';
import type { PostgresServer } from '../../support/postgres/postgres-server.ts';

/** Replicas that sign in over one ledger in PostgreSQL, and what a command beside them reads of it. */
let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server.remove());

describeSignIn('the PostgreSQL ledger of several replicas', async ({ clock, ids }) => {
  const schema = freshSchema();
  const first = await openTestLedger(server.port, { clock, ids, schema });
  const second = await openTestLedger(server.port, { clock, ids: createFakeIds(9_000), schema });
  return {
    clients: [first.ledger, second.ledger],
    async close() {
      await first.close();
      await second.close();
    },
  };
});

it('a command reads salt and holds by the clock of the server, and writes nothing', async () => {
  const schema = freshSchema();
  const opened = await openTestLedger(server.port, {
    ...{ clock: createFakeClock(), ids: createFakeIds(), schema },
    readClock: async () => Date.now(),
  });
  const place = readPostgresUrl(
    `postgres://postgres@127.0.0.1:${server.port}/postgres?schema=${schema}&sslmode=disable`,
  );
  if (typeof place === 'string') throw new Error(place);
  const read = () => readSignInsOf({ LEDGER_URL: place }, 0);
  try {
    const [held, tried] = ['ab12cd34ef56', '0123456789ab'];
    const { ledger } = opened;
    await ledger.claimSignIn({ fingerprint: held, claim: 'one', leaseMs: 30_000 });
    await ledger.endSignIn({ fingerprint: held, claim: 'one', hold: { reason: 'refused', forMs: 60 * 60_000 } });
    await ledger.claimSignIn({ fingerprint: tried, claim: 'two', leaseMs: 30_000 });
    const found = await read();
    expect(found?.salt).toBe(await ledger.signInSalt());
    expect(found?.holdOf(held)?.reason).toBe('refused');
    expect(found?.holdOf(held)?.waitMs).toBeGreaterThan(50 * 60_000);
    expect(found?.holdOf(tried)?.reason).toBe('attempt');
    expect(found?.holdOf('ffffffffffff')).toBeNull();
  } finally {
    await opened.close();
  }
  expect(await readSignInsOf({ LEDGER_URL: { ...place, schema: 'there_is_none' } }, 0)).toBeNull();
  expect(await readSignInsOf({ LEDGER_URL: { ...place, port: 1 } }, 0)).toBeNull();
  expect(await readSignInsOf({}, 0)).toBeNull();
});
