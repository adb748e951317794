import { afterAll, beforeAll, expect, it } from 'vitest';
import { LEASE_MS } from '../../../../src/ledger/postgres/leases.ts';
import { TAKEOVER_INTERVAL_MS } from '../../../../src/platform/node/service.ts';
import { connectTo, freshSchema } from '../../../support/postgres/postgres-ledger.ts';
import { startPostgres } from '../../../support/postgres/postgres-server.ts';
import type { PostgresServer } from '../../../support/postgres/postgres-server.ts';
import { serveCollector, status } from '../../../support/servers/collector.ts';
import { startRunning } from '../../running.ts';

/**
 * A replica that holds the lease of a sink is killed while the sink has not answered. The other one delivers for it, once the
 * lease is over and it has looked again.
 */
let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server.remove());

/** What docs/deploy-node.md promises. */
const TAKEOVER_MS = 30_000;

it('a sink of a replica that dies is served by another within 30 s', async () => {
  const schema = freshSchema();
  const connections = connectTo(server.port, 1);
  const sql = async <R extends object>(statement: string): Promise<readonly R[]> => {
    const connection = await connections.connect();
    const rows = await connection.run<R>(statement);
    connection.release();
    return rows;
  };
  let hasDied = false;
  let onFirst = (): void => undefined;
  const first = new Promise<void>((resolve) => (onFirst = resolve));
  let onTakenOver = (): void => undefined;
  const takenOver = new Promise<void>((resolve) => (onTakenOver = resolve));
  // Answers no one before the kill.
  const collector = await serveCollector((response, request) => {
    if (!hasDied) return onFirst();
    status(204)(response, request);
    onTakenOver();
  });
  const env = {
    LEDGER_URL: `postgres://postgres@127.0.0.1:${server.port}/postgres?schema=${schema}`,
    ...{ AUDIT_SINKS: 'http', AUDIT_HTTP_URL: collector.url },
  };
  const holder = await startRunning(env);
  const other = await startRunning({ ...holder.standIns.env, ...env });
  expect((await holder.invite('ann@acme.com', await holder.token())).status).toBe(200);
  await first;
  const holders = await sql<{ holder: string }>(
    `SELECT DISTINCT holder FROM ${schema}.leases WHERE name = 'sink http'`,
  );
  expect(holders).toHaveLength(1);
  expect(collector.received).toHaveLength(1);

  hasDied = true;
  holder.child.kill('SIGKILL');
  await holder.exited;
  const left = `until_ms - extract(epoch FROM clock_timestamp()) * 1000`;
  const [lease] = await sql<{ isShort: boolean }>(
    `SELECT bool_and(${left} <= ${LEASE_MS}) AS "isShort" FROM ${schema}.leases`,
  );
  expect(lease).toEqual({ isShort: true });
  expect(LEASE_MS + TAKEOVER_INTERVAL_MS).toBeLessThan(TAKEOVER_MS);
  // As if that time had passed.
  await sql(`UPDATE ${schema}.leases SET until_ms = until_ms - ${LEASE_MS}`);
  await takenOver;
  const delivered = collector.received.slice(1).map(({ text }) => text);
  expect(delivered.join('\n')).toContain('ann@acme.com');
  const [now] = await sql<{ holder: string }>(`SELECT holder FROM ${schema}.leases WHERE name = 'sink http'`);
  expect(now?.holder).not.toBe(holders[0]?.holder);
  expect(other.child.exitCode).toBeNull();
  await connections.close();
});
