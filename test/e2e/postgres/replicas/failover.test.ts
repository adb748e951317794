import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { verifyChain } from '../../../../src/audit/chain.ts';
import { clock, ids } from '../../../../src/platform/node/runtime.ts';
import { testUuid7 } from '../../../support/clock.ts';
import { admission, readTrail } from '../../../support/ledger/ledger.ts';
import { connectTo, freshSchema, openTestLedger } from '../../../support/postgres/postgres-ledger.ts';
import type { OpenedPostgresLedger } from '../../../support/postgres/postgres-ledger.ts';
import { startPostgres } from '../../../support/postgres/postgres-server.ts';
import type { PostgresServer } from '../../../support/postgres/postgres-server.ts';
import { startFaultProxy } from '../../../support/servers/fault-proxy.ts';
import type { FaultProxy } from '../../../support/servers/fault-proxy.ts';

/** Two clusters, primary and standby, behind one address. */
let primary: PostgresServer;
let standby: PostgresServer;
let proxy: FaultProxy;
let opened: OpenedPostgresLedger;

beforeEach(async () => {
  primary = await startPostgres();
  standby = await startPostgres({
    prepare: (folder, run) =>
      void run('pg_basebackup', [
        '-D',
        folder,
        '-h',
        '127.0.0.1',
        '-p',
        String(primary.port),
        '-U',
        'postgres',
        '-R',
        '--no-sync',
      ]),
  });
  proxy = await startFaultProxy({ host: '127.0.0.1', port: primary.port });
  opened = await openTestLedger(proxy.port, {
    ...{ clock, ids, schema: freshSchema(), readClock: async () => clock.now() },
  });
});

afterEach(async () => {
  await opened.close();
  await proxy.close();
  await standby.remove();
  await primary.remove();
});

async function sql<R extends object>(port: number, statement: string): Promise<readonly R[]> {
  const connections = connectTo(port, 1);
  const connection = await connections.connect();
  const rows = await connection.run<R>(statement);
  connection.release();
  await connections.close();
  return rows;
}

async function waitForCommitsOnStandby(): Promise<void> {
  await sql(primary.port, `ALTER SYSTEM SET synchronous_standby_names = '*'`);
  await sql(primary.port, `SELECT pg_reload_conf()`);
  // The server has no event for it.
  for (;;) {
    const [row] = await sql<{ state: string }>(primary.port, `SELECT sync_state AS state FROM pg_stat_replication`);
    if (row?.state === 'sync') return;
    await delay(20);
  }
}

const admit = (n: number) => opened.ledger.admit(admission(testUuid7(n)));

describe('a failover', () => {
  it('to a synchronous standby loses nothing, and the process goes on', async () => {
    await waitForCommitsOnStandby();
    const admitted: number[] = [];
    const refused: number[] = [];
    let isOver = false;
    const load = async (from: number): Promise<void> => {
      for (let n = from; !isOver; n += 4)
        await admit(n).then(
          () => admitted.push(n),
          () => refused.push(n),
        );
    };
    const loads = [1, 2, 3, 4].map(load);
    while (admitted.length < 40) await delay(10);
    await primary.stop('immediate');
    standby.tool('pg_ctl', ['promote', '-D', standby.data, '-w']);
    proxy.retarget(standby.port);
    proxy.cut();
    const before = admitted.length;
    while (admitted.length < before + 40) await delay(10);
    isOver = true;
    await Promise.all(loads);
    const lines = await readTrail(opened.ledger);
    const found = lines.map((line) => (JSON.parse(line) as { request_id: string }).request_id);
    expect(verifyChain(lines).kind).toBe('intact');
    expect(new Set(found).size).toBe(found.length);
    // Whatever was acknowledged is there.
    const kept = new Set(found);
    expect(admitted.filter((n) => !kept.has(testUuid7(n)))).toEqual([]);
  });

  it('to a standby that lacks the last commits stops writing', async () => {
    await admit(1);
    await admit(2);
    // The standby receives nothing any more.
    standby.signal('SIGSTOP');
    await sql(primary.port, `SELECT pg_terminate_backend(pid) FROM pg_stat_replication`);
    await admit(3);
    await primary.stop('immediate');
    standby.signal('SIGCONT');
    standby.tool('pg_ctl', ['promote', '-D', standby.data, '-w']);
    proxy.retarget(standby.port);
    proxy.cut();
    await expect(admit(4)).rejects.toMatchObject({ reason: 'diverged' });
  });

  it('would lose nothing that was answered, also when somebody has ended the wait for the standby', async () => {
    await waitForCommitsOnStandby();
    await admit(1);
    standby.signal('SIGSTOP');
    await sql(primary.port, `SELECT pg_terminate_backend(pid) FROM pg_stat_replication`);
    const waiting = admit(2).then(
      () => 'admitted',
      () => 'refused',
    );
    // The server has no event for it. It commits then, and warns that the standby may not have it.
    const endWait = `SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'`;
    while ((await sql(primary.port, endWait)).length === 0) await delay(20);
    expect(await waiting).toBe('refused');
  });

  it('is not made up: a standby that was not promoted is not written', async () => {
    await admit(1);
    proxy.retarget(standby.port);
    proxy.cut();
    await expect(admit(2)).rejects.toThrow(/PostgreSQL refused|standby/);
    proxy.retarget(primary.port);
    proxy.cut();
    expect(await admit(3)).toMatchObject({ kind: 'admitted' });
  });
});

describe('a server that is paused', () => {
  it('for longer than any limit holds up no more than that, and is taken up again', async () => {
    await admit(1);
    primary.signal('SIGSTOP');
    proxy.pause();
    const waiting = admit(2).then(
      () => 'admitted',
      () => 'refused',
    );
    await delay(10_000);
    primary.signal('SIGCONT');
    proxy.resume();
    const result = await waiting;
    expect(await admit(3)).toMatchObject({ kind: 'admitted' });
    const lines = await readTrail(opened.ledger);
    expect(lines).toHaveLength(result === 'admitted' ? 3 : 2);
    expect(verifyChain(lines).kind).toBe('intact');
  });
});
