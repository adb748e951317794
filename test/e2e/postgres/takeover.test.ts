import { afterAll, beforeAll, expect, it } from 'vitest';
import { connectTo, freshSchema } from '../../support/postgres/postgres-ledger.ts';
import { startPostgres } from '../../support/postgres/postgres-server.ts';
import type { PostgresServer } from '../../support/postgres/postgres-server.ts';
import { serveCollector, status } from '../../support/servers/collector.ts';
import { startRunning } from '../running.ts';

/** A replica that holds the lease of a sink is killed while the sink has not answered. The other one delivers for it. */
let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server.remove());

/** What docs/deploy-node.md promises. */
const TAKEOVER_MS = 30_000;
/** How much of a lease's time the test lets pass by moving its end. */
const SKIPPED_MS = 15_000;

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
  const killedMs = performance.now();
  holder.child.kill('SIGKILL');
  await holder.exited;
  // As if this much time had passed. No lease lasts longer than the rest of it.
  await sql(`UPDATE ${schema}.leases SET until_ms = until_ms - ${SKIPPED_MS}`);
  await takenOver;
  expect(performance.now() - killedMs + SKIPPED_MS).toBeLessThan(TAKEOVER_MS);
  const delivered = collector.received.slice(1).map(({ text }) => text);
  expect(delivered.join('\n')).toContain('ann@acme.com');
  const [now] = await sql<{ holder: string }>(`SELECT holder FROM ${schema}.leases WHERE name = 'sink http'`);
  expect(now?.holder).not.toBe(holders[0]?.holder);
  expect(other.child.exitCode).toBeNull();
  await connections.close();
});
