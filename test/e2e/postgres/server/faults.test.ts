import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AuditRecord } from '../../../../src/audit/record.ts';
import { verifyChain } from '../../../../src/audit/chain.ts';
import type { BatchFailure } from '../../../../src/ledger/batched-ledger.ts';
import { UnfitDatabaseError } from '../../../../src/ledger/postgres/postgres-port.ts';
import { FIRST_PAUSE_MS } from '../../../../src/ledger/postgres/retry.ts';
import { clock, ids } from '../../../../src/platform/node/runtime.ts';
import type { Schedule } from '../../../../src/ports/schedule.ts';
import { TEST_TIME_MS, testUuid7 } from '../../../support/clock.ts';
import { admission, quotaCharge, readTrail, requestsCharge, settlement } from '../../../support/ledger/ledger.ts';
import { connectTo, freshSchema, openTestLedger } from '../../../support/postgres/postgres-ledger.ts';
import type { OpenedPostgresLedger } from '../../../support/postgres/postgres-ledger.ts';
import { startPostgres } from '../../../support/postgres/postgres-server.ts';
import type { PostgresServer } from '../../../support/postgres/postgres-server.ts';
import { startFaultProxy } from '../../../support/servers/fault-proxy.ts';
import type { FaultProxy } from '../../../support/servers/fault-proxy.ts';

/**
 * A PostgreSQL that fails in the middle of the ledger's work. Whatever happens: a step that resolved is in the trail once, a
 * step that rejected is not in it, quotas count what is in it, and the chain verifies.
 */
let server: PostgresServer;
let proxy: FaultProxy;
let opened: OpenedPostgresLedger;
let failures: BatchFailure[];

beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server.remove());

beforeEach(async () => {
  failures = [];
  proxy = await startFaultProxy({ host: '127.0.0.1', port: server.port });
  opened = await open(proxy.port, freshSchema());
});

afterEach(async () => {
  await opened.close();
  await proxy.close();
});

function open(port: number, schema: string): Promise<OpenedPostgresLedger> {
  return openTestLedger(port, {
    ...{ clock, ids, schema, readClock: async () => clock.now() },
    onFailure: (failure) => failures.push(failure),
  });
}

/** The statement and the server's answer to it alike; not the level of isolation, which holds the word, too. */
const COMMIT = 'COMMIT\0';
const CHARGE = quotaCharge({ limit: 1000 });
const admit = (n: number) =>
  opened.ledger.admit(admission(testUuid7(n), { charges: [CHARGE], key: `key-of-request-${n}` }));
const idsInTrail = async (): Promise<readonly string[]> =>
  (await readTrail(opened.ledger)).map((line) => (JSON.parse(line) as AuditRecord & { request_id: string }).request_id);
const remaining = async () => (await opened.ledger.usage([CHARGE]))[0]?.remaining;

async function sql(statement: string): Promise<void> {
  const connections = connectTo(server.port, 1);
  const connection = await connections.connect();
  await connection.run(statement);
  connection.release();
  await connections.close();
}

it('readers that wait, however many, keep no invite from the ledger', async () => {
  await admit(1);
  const holder = connectTo(server.port, 1);
  const connection = await holder.connect();
  await connection.run('BEGIN');
  await connection.run(`LOCK TABLE "${opened.schema}".checkpoints IN ACCESS EXCLUSIVE MODE`);
  // Those that wait for long are refused, and the next ones take their places.
  const READS = 64;
  let ended = 0;
  const reads = Array.from({ length: READS }, async () => {
    await opened.ledger.checkpoints(0, 1).catch(() => null);
    ended += 1;
  });
  expect(await admit(2)).toMatchObject({ kind: 'admitted' });
  expect(ended).toBeLessThan(READS);
  connection.destroy();
  await holder.close();
  await Promise.all(reads);
});

describe('a connection that is cut', () => {
  it.each(['before', 'after'] as const)(
    '%s the commit has reached the server loses and doubles nothing',
    async (fault) => {
      await admit(1);
      proxy.order(fault, COMMIT);
      const admitted = await Promise.all([admit(2), admit(3)]);
      expect(proxy.struck).toBe(1);
      expect(admitted.map(({ kind }) => kind)).toEqual(['admitted', 'admitted']);
      expect(await idsInTrail()).toEqual([testUuid7(1), testUuid7(2), testUuid7(3)]);
      expect(await remaining()).toBe(997);
      expect(verifyChain(await readTrail(opened.ledger)).kind).toBe('intact');
      expect(failures).toEqual([]);
    },
  );

  it('by silence after the commit is given up, and what was committed is found', async () => {
    await admit(1);
    proxy.order('silence', COMMIT);
    expect(await admit(2)).toMatchObject({ kind: 'admitted' });
    expect(await idsInTrail()).toEqual([testUuid7(1), testUuid7(2)]);
  });

  it('at a settlement leaves one outcome', async () => {
    await admit(1);
    proxy.order('after', COMMIT);
    expect(await opened.ledger.settle(settlement(testUuid7(1), 'accepted'))).toEqual({ kind: 'settled' });
    expect(await idsInTrail()).toEqual([testUuid7(1), testUuid7(1)]);
    expect(await opened.ledger.find(testUuid7(1), null)).toMatchObject({ state: 'accepted' });
  });

  it.each(['before', 'after'] as const)(
    '%s the commit of a batch that only counts has reached the server counts once',
    async (fault) => {
      const charge = requestsCharge({ limit: 100 });
      const readClock = async () => TEST_TIME_MS;
      const { ledger, close } = await openTestLedger(proxy.port, {
        ...{ clock, ids, readClock, onFailure: (failure) => failures.push(failure) },
      });
      // Refusals of one subject beyond the first 20 of a minute are counted, and not recorded one by one.
      const refuse = (n: number) => ledger.admit(admission(testUuid7(n), { plan: 'deny', charges: [charge] }));
      for (let n = 1; n <= 21; n += 1) await refuse(n);
      expect(await readTrail(ledger)).toHaveLength(20);
      proxy.order(fault, COMMIT);
      expect(await refuse(22)).toMatchObject({ kind: 'denied' });
      expect(proxy.struck).toBe(1);
      expect(await readTrail(ledger)).toHaveLength(20);
      expect(await ledger.usage([charge])).toMatchObject([{ remaining: 100 - 22 }]);
      await close();
      expect(failures).toEqual([]);
    },
  );

  it('while it is idle is replaced by another one', async () => {
    await admit(1);
    proxy.cut();
    expect(await admit(2)).toMatchObject({ kind: 'admitted' });
    proxy.cut();
    expect(await remaining()).toBe(998);
  });

  it('again and again under load loses and doubles nothing', async () => {
    const resolved: string[] = [];
    const rejected: string[] = [];
    let next = 1;
    for (let round = 0; round < ROUNDS; round += 1) {
      proxy.order(
        (['before', 'after'] as const)[round % 2] ?? 'after',
        round % 3 === 0 ? 'INSERT INTO records' : COMMIT,
        COMMIT,
      );
      const batch = Array.from({ length: 1 + (round % 5) }, () => next++);
      await Promise.all(
        batch.map((n) =>
          admit(n).then(
            () => resolved.push(testUuid7(n)),
            () => rejected.push(testUuid7(n)),
          ),
        ),
      );
    }
    const found = await idsInTrail();
    expect(new Set(found).size).toBe(found.length);
    expect(found.toSorted()).toEqual(resolved.toSorted());
    expect(rejected).toEqual([]);
    expect(await remaining()).toBe(1000 - found.length);
    expect(verifyChain(await readTrail(opened.ledger)).kind).toBe('intact');
  });
});

const ROUNDS = Number(process.env['FAULT_ROUNDS'] ?? 20);

describe('a server that cannot be reached', () => {
  it('refuses what is asked for, and takes it again when it is back', async () => {
    await admit(1);
    await server.stop('immediate');
    await expect(admit(2)).rejects.toThrow('the connection to PostgreSQL failed');
    await server.start();
    expect(await admit(3)).toMatchObject({ kind: 'admitted' });
    expect(await idsInTrail()).toEqual([testUuid7(1), testUuid7(3)]);
  });

  it('is waited for during a restart', async () => {
    // However long that takes here: the first pause of the ledger lasts until the server is back, and no other time passes.
    const hasFailed = Promise.withResolvers<void>();
    const isBack = Promise.withResolvers<void>();
    const after: Schedule['after'] = (delayMs, task) => {
      if (delayMs > FIRST_PAUSE_MS) return () => undefined;
      hasFailed.resolve();
      void isBack.promise.then(task);
      return () => undefined;
    };
    const { ledger, close } = await openTestLedger(proxy.port, {
      ...{ clock: { ...clock, monotonic: () => 0 }, ids, schedule: { after }, readClock: async () => clock.now() },
    });
    await ledger.admit(admission(testUuid7(1)));
    await server.stop('fast');
    const waiting = ledger.admit(admission(testUuid7(2)));
    await hasFailed.promise;
    await server.start();
    isBack.resolve();
    expect(await waiting).toMatchObject({ kind: 'admitted' });
    await close();
  });
});

describe('a database that is not the one of before', () => {
  it('is not written when it lacks what was seen, and is again when it is back', async () => {
    await admit(1);
    await sql(`CREATE TABLE ${opened.schema}.kept AS SELECT * FROM ${opened.schema}.head`);
    await admit(2);
    await sql(`CREATE TABLE ${opened.schema}.latest AS SELECT * FROM ${opened.schema}.head`);
    await sql(`UPDATE ${opened.schema}.head SET seq = kept.seq, hash = kept.hash FROM ${opened.schema}.kept`);
    const error: unknown = await admit(3).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(UnfitDatabaseError);
    expect(error).toMatchObject({ reason: 'diverged' });
    await expect(opened.ledger.ack('http', 16)).rejects.toMatchObject({ reason: 'diverged' });
    expect(await idsInTrail()).toEqual([testUuid7(1), testUuid7(2)]);
    await sql(`UPDATE ${opened.schema}.head SET seq = latest.seq, hash = latest.hash FROM ${opened.schema}.latest`);
    expect(await admit(4)).toMatchObject({ kind: 'admitted' });
    expect(await idsInTrail()).toEqual([testUuid7(1), testUuid7(2), testUuid7(4)]);
    expect(verifyChain(await readTrail(opened.ledger)).kind).toBe('intact');
  });

  it('is not written when another trail has grown past what was seen', async () => {
    await admit(1);
    const other = await open(server.port, opened.schema);
    await sql(
      `UPDATE ${opened.schema}.records SET line = replace(line, '"hash":"', '"hash":"0') WHERE seq = 1;
       UPDATE ${opened.schema}.head SET seq = 2`,
    );
    await expect(admit(2)).rejects.toMatchObject({ reason: 'diverged' });
    await expect(opened.ledger.ack('http', 16)).rejects.toMatchObject({ reason: 'diverged' });
    await other.close();
  });

  it('is not written once a trigger is there', async () => {
    await admit(1);
    await sql(
      `CREATE TRIGGER t BEFORE INSERT ON ${opened.schema}.records FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()`,
    );
    await expect(admit(2)).rejects.toMatchObject({ reason: 'foreign_objects' });
    await expect(opened.ledger.ack('http', 16)).rejects.toMatchObject({ reason: 'foreign_objects' });
  });
});

describe('a statement that fails', () => {
  it('is named by what went wrong with it, also where those behind it and the commit travel along', async () => {
    const connections = connectTo(server.port, 1);
    const connection = await connections.connect();
    const { run } = connection;
    const first = async (): Promise<void> => void (await run('SELECT 1 / 0'));
    const write = async (): Promise<void> => void (await Promise.all([first(), run('SELECT 1')]));
    await run('BEGIN');
    const failure = Promise.all([write(), connection.commit()]).catch((error: unknown) => error);
    // All answers are read in one turn, as behind a busy event loop.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
    expect(await failure).toMatchObject({ sqlState: '22012', fate: 'rolled_back' });
    connection.destroy();
    await connections.close();
  });
});

describe('a session that the server ended while no statement was under way', () => {
  it('is named by the reason of the server in whatever comes next', async () => {
    const [connections, others] = [connectTo(server.port, 1), connectTo(server.port, 1)];
    const [connection, other] = [await connections.connect(), await others.connect()];
    const [backend] = await connection.run<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    await connection.run('BEGIN');
    const pid = String(backend?.pid);
    await sql(`SELECT pg_terminate_backend(${pid})`);
    // The server says why before the session is gone.
    await expect.poll(() => other.run(`SELECT 1 FROM pg_stat_activity WHERE pid = ${pid}`)).toEqual([]);
    other.release();
    await expect(connection.commit()).rejects.toMatchObject({ sqlState: '57P01', fate: 'unknown' });
    connection.destroy();
    await Promise.all([connections.close(), others.close()]);
  });
});

describe('the data of one request', () => {
  it('that PostgreSQL cannot store is refused alone', async () => {
    const bad = admission(testUuid7(7), {
      owner: { issuer: 'https://id.example.com/', clientId: 'a', subject: 'x\u0000y' },
    });
    const [first, second, third] = await Promise.allSettled([admit(1), opened.ledger.admit(bad), admit(2)]);
    expect([first.status, second.status, third.status]).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(await idsInTrail()).toEqual([testUuid7(1), testUuid7(2)]);
  });
});

describe('a process that is stopped in the middle of a transaction', () => {
  it('does not keep other replicas waiting', async () => {
    await admit(1);
    const holder = connectTo(server.port, 1);
    const connection = await holder.connect();
    await connection.run('BEGIN');
    await connection.run(`SET LOCAL idle_in_transaction_session_timeout = 500`);
    await connection.run(`SELECT * FROM ${opened.schema}.head FOR UPDATE`);
    expect(await admit(2)).toMatchObject({ kind: 'admitted' });
    connection.destroy();
    await holder.close();
  });
});
