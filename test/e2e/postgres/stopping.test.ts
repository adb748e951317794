import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verifyChain } from '../../../src/audit/chain.ts';
import type { RequestRecord } from '../../../src/audit/record.ts';
import { clock, ids } from '../../../src/platform/node/runtime.ts';
import { readTrail } from '../../support/ledger/ledger.ts';
import { freshSchema, openTestLedger } from '../../support/postgres/postgres-ledger.ts';
import { startPostgres } from '../../support/postgres/postgres-server.ts';
import type { PostgresServer } from '../../support/postgres/postgres-server.ts';
import { IN_FLIGHT, inFlight, letCome, stop } from '../stopping/in-flight.ts';
import { startRunning } from '../running.ts';

/** As test/e2e/stopping/stopping.test.ts, with the ledger in PostgreSQL, and with a server that ends before the service has. */
let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server.remove());

const urlOf = (schema: string): string =>
  `postgres://postgres@127.0.0.1:${server.port}/postgres?schema=${schema}&sslmode=disable`;

async function recordsOf(schema: string): Promise<readonly RequestRecord[]> {
  const opened = await openTestLedger(server.port, { clock, ids, schema, readClock: async () => clock.now() });
  const lines = await readTrail(opened.ledger);
  await opened.close();
  expect(verifyChain(lines).kind).toBe('intact');
  return lines.map((line) => JSON.parse(line) as RequestRecord);
}

const results = (records: readonly RequestRecord[]): readonly string[] =>
  records.filter(({ kind }) => kind === 'outcome').map(({ outcome }) => outcome.result);

describe(`SIGTERM with ${IN_FLIGHT} invites at Galileo and the ledger in PostgreSQL`, () => {
  it('lets each be answered and recorded, then exits 0', async () => {
    const schema = freshSchema();
    const service = await startRunning({ LEDGER_URL: urlOf(schema) });
    const released = Promise.withResolvers<void>();
    const answers = await inFlight(service, released.promise);
    const stopped = stop(service);
    await service.line(({ event }) => event === 'shutdown_begun');
    released.resolve();
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual(answers.map(() => 200));
    expect(await stopped).toBe(0);
    expect(results(await recordsOf(schema))).toEqual(answers.map(() => 'accepted'));
  });

  it('that Galileo never answers tells and records each as unknown in time', async () => {
    const schema = freshSchema();
    const env = { LEDGER_URL: urlOf(schema), GALILEO_TIMEOUT_MS: '20000' };
    const service = await startRunning(env, { endsAsTold: true });
    const answers = await inFlight(service, new Promise(() => undefined));
    const stopped = stop(service);
    await letCome(service, 'cut');
    expect(await stopped).toBe(0);
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual(answers.map(() => 504));
    expect(results(await recordsOf(schema))).toEqual(answers.map(() => 'unknown'));
  });

  it('whose server is gone tells each that its outcome is unknown, and leaves its intent', async () => {
    const schema = freshSchema();
    const service = await startRunning({ LEDGER_URL: urlOf(schema) });
    const released = Promise.withResolvers<void>();
    const answers = await inFlight(service, released.promise);
    await server.stop('immediate');
    const stopped = stop(service);
    await service.line(({ event }) => event === 'shutdown_begun');
    released.resolve();
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual(answers.map(() => 504));
    await stopped;
    await server.start();
    const records = await recordsOf(schema);
    expect(records.filter(({ kind }) => kind === 'intent')).toHaveLength(IN_FLIGHT);
    expect(results(records)).toEqual([]);
  });
});
