import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verifyChain } from '../../../src/audit/chain.ts';
import { POSTGRES_SCHEMA_VERSION } from '../../../src/ledger/postgres/schema.ts';
import { clock, ids } from '../../../src/platform/node/runtime.ts';
import { testUuid7 } from '../../support/clock.ts';
import { admission, ANN, quotaCharge, readTrail, settlement } from '../../support/ledger/ledger.ts';
import { connectTo, freshSchema, openTestLedger } from '../../support/postgres/postgres-ledger.ts';
import type { OpenedPostgresLedger } from '../../support/postgres/postgres-ledger.ts';
import { startPostgres } from '../../support/postgres/postgres-server.ts';
import type { PostgresServer } from '../../support/postgres/postgres-server.ts';

/** Ledgers of other versions in PostgreSQL, and replicas of two versions at the same time (docs/upgrading.md). */
let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server.remove());

const open = (schema: string): Promise<OpenedPostgresLedger> =>
  openTestLedger(server.port, { clock, ids, schema, readClock: async () => clock.now() });

async function sql(...statements: readonly string[]): Promise<readonly object[]> {
  const connections = connectTo(server.port, 1);
  const connection = await connections.connect();
  let rows: readonly object[] = [];
  for (const statement of statements) rows = await connection.run(statement);
  connection.release();
  await connections.close();
  return rows;
}

const versionOf = (schema: string) => sql(`SELECT version FROM ${schema}.ledger_version`);
const [FIRST, SECOND, THIRD, FOURTH] = [1, 2, 3, 4].map((n) => testUuid7(n)) as [string, string, string, string];
const CHARGE = quotaCharge();
const KEY = 'key-of-the-first-request';

/** With a request under way and one that has ended, as version 1 left them: later steps are undone. */
async function ledgerOfFirstVersion(): Promise<string> {
  const schema = freshSchema();
  const { ledger, close } = await open(schema);
  await ledger.admit(admission(FIRST, { key: KEY, charges: [CHARGE] }));
  await ledger.settle(settlement(FIRST, 'accepted'));
  await ledger.admit(admission(SECOND, { charges: [CHARGE] }));
  await close();
  await sql(
    `DROP TABLE ${schema}.sign_in_holds`,
    `DROP TABLE ${schema}.sign_in_salt`,
    `UPDATE ${schema}.ledger_version SET version = 1`,
  );
  return schema;
}

describe('a ledger of schema version 1', () => {
  it('is taken over with its trail, requests, keys and quotas, and goes on', async () => {
    const schema = await ledgerOfFirstVersion();
    const { ledger, close } = await open(schema);
    expect(await versionOf(schema)).toEqual([{ version: POSTGRES_SCHEMA_VERSION }]);
    expect(await ledger.find(FIRST, ANN)).toMatchObject({ state: 'accepted' });
    expect(await ledger.usage([CHARGE])).toMatchObject([{ remaining: 8 }]);
    expect(await ledger.admit(admission(THIRD, { key: KEY }))).toMatchObject({ kind: 'replay', firstRequestId: FIRST });
    expect(await ledger.settle(settlement(SECOND, 'accepted'))).toEqual({ kind: 'settled' });
    expect(await ledger.signInSalt()).toMatch(/^[0-9a-f]{64}$/);
    expect(verifyChain(await readTrail(ledger)).kind).toBe('intact');
    await close();
  });

  it('is migrated under a replica that goes on writing', async () => {
    const schema = await ledgerOfFirstVersion();
    const running = await open(schema);
    // The version before: what runs has opened it, and the tables of this version are not there any more.
    await sql(
      `DROP TABLE ${schema}.sign_in_holds`,
      `DROP TABLE ${schema}.sign_in_salt`,
      `UPDATE ${schema}.ledger_version SET version = 1`,
    );
    const admitted = Array.from({ length: 40 }, (_, n) => running.ledger.admit(admission(testUuid7(100 + n))));
    const started = await open(schema);
    expect(await versionOf(schema)).toEqual([{ version: POSTGRES_SCHEMA_VERSION }]);
    for (const one of await Promise.all(admitted)) expect(one).toMatchObject({ kind: 'admitted' });
    expect(await started.ledger.settle(settlement(SECOND, 'accepted'))).toEqual({ kind: 'settled' });
    expect(verifyChain(await readTrail(running.ledger)).kind).toBe('intact');
    await Promise.all([running.close(), started.close()]);
  });

  it('is migrated behind the batch under way, in the order in which batches take their locks', async () => {
    const schema = await ledgerOfFirstVersion();
    const connections = connectTo(server.port, 1);
    const batch = await connections.connect();
    await batch.run('BEGIN');
    await batch.run(`SELECT * FROM ${schema}.head FOR UPDATE`);
    const opening = open(schema);
    const waiting = () => sql(`SELECT mode FROM pg_locks WHERE NOT granted AND relation = '${schema}.head'::regclass`);
    await expect.poll(waiting, { timeout: 20_000 }).toEqual([{ mode: 'AccessExclusiveLock' }]);
    await batch.commit();
    batch.release();
    await connections.close();
    await (await opening).close();
    expect(await versionOf(schema)).toEqual([{ version: POSTGRES_SCHEMA_VERSION }]);
  });

  it('is migrated once by replicas that start at the same time', async () => {
    const schema = await ledgerOfFirstVersion();
    const replicas = await Promise.all([open(schema), open(schema), open(schema)]);
    expect(await versionOf(schema)).toEqual([{ version: POSTGRES_SCHEMA_VERSION }]);
    const salts = await Promise.all(replicas.map(({ ledger }) => ledger.signInSalt()));
    expect(new Set(salts).size).toBe(1);
    const [first, second] = replicas;
    expect(await first.ledger.admit(admission(THIRD))).toMatchObject({ kind: 'admitted' });
    expect(await second.ledger.settle(settlement(THIRD, 'accepted'))).toEqual({ kind: 'settled' });
    await Promise.all(replicas.map(({ close }) => close()));
  });
});

describe('a replica whose ledger a newer version has migrated', () => {
  /** What a later release may do to tables that replicas of the release before still use: it only adds. */
  const later = (schema: string): readonly string[] => [
    `BEGIN`,
    `LOCK TABLE ${schema}.head IN ACCESS EXCLUSIVE MODE`,
    `ALTER TABLE ${schema}.records ADD COLUMN later text`,
    `ALTER TABLE ${schema}.requests ADD COLUMN later bigint NOT NULL DEFAULT 0`,
    `ALTER TABLE ${schema}.head ADD COLUMN later bigint NOT NULL DEFAULT 0`,
    `CREATE TABLE ${schema}.later (id integer PRIMARY KEY)`,
    `UPDATE ${schema}.ledger_version SET version = ${String(POSTGRES_SCHEMA_VERSION + 1)}`,
    `COMMIT`,
  ];

  it('goes on under load until it is stopped, and cannot be started again', async () => {
    const schema = freshSchema();
    const { ledger, close } = await open(schema);
    await ledger.admit(admission(FIRST, { charges: [CHARGE] }));
    const under = [SECOND, THIRD].map((id) => ledger.admit(admission(id, { charges: [CHARGE] })));
    await sql(...later(schema));
    expect(await Promise.all(under)).toMatchObject([{ kind: 'admitted' }, { kind: 'admitted' }]);
    expect(await ledger.settle(settlement(FIRST, 'accepted'))).toEqual({ kind: 'settled' });
    expect(await ledger.admit(admission(FOURTH, { charges: [CHARGE] }))).toMatchObject({ kind: 'admitted' });
    expect(await ledger.usage([CHARGE])).toMatchObject([{ remaining: 6 }]);
    expect((await ledger.lease('stdout', 10)).length).toBe(5);
    expect(verifyChain(await readTrail(ledger)).kind).toBe('intact');
    await close();
    await expect(open(schema)).rejects.toMatchObject({ reason: 'newer_schema' });
  });
});
