/**
 * The disk of the server becomes full during traffic, and has room again later. A small tmpfs holds the cluster, and a file
 * beside it takes the free space. A server that cannot write its log ends by itself; then it is started again, and the
 * service is not.
 */
import { chmodSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { verifyChain } from '../../../../src/audit/chain.ts';
import type { RequestRecord } from '../../../../src/audit/record.ts';
import { clock, ids } from '../../../../src/platform/node/runtime.ts';
import { readTrail } from '../../../support/ledger/ledger.ts';
import { freshSchema, openTestLedger } from '../../../support/postgres/postgres-ledger.ts';
import { startPostgres } from '../../../support/postgres/postgres-server.ts';
import { startRunning } from '../../running.ts';
import { fillDisk, mountSmallDisk, unmountSmallDisk } from '../../disks/small-disk.ts';

/** A new cluster has about 40 MB, and its log here at most 8. */
const DISK = '96m';
const LOG_OF_ONE_MB = ['min_wal_size=2MB', 'max_wal_size=8MB'];
const CALLERS = 8;
const PATIENCE = { timeout: 120_000 };

const disk = mountSmallDisk(DISK);
afterAll(() => unmountSmallDisk(disk));
const skipped = disk === null ? ' (skipped: this user may not mount a file system)' : '';

describe('a server whose disk fills up in mid-traffic', () => {
  it.skipIf(disk === null)(
    `refuses what it cannot record, sends none of that, and serves again once there is room${skipped}`,
    { timeout: 300_000 },
    async () => {
      const folder = disk ?? '';
      // The server's user must reach its cluster.
      chmodSync(folder, 0o755);
      const server = await startPostgres({
        parent: folder,
        settings: LOG_OF_ONE_MB,
        prepare: (data, run) =>
          void run('initdb', [
            ...['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-sync', '--locale=C'],
            '--wal-segsize=1',
          ]),
      });
      onTestFinished(() => server.remove());
      const schema = freshSchema();
      const service = await startRunning({
        LEDGER_URL: `postgres://postgres@127.0.0.1:${server.port}/postgres?schema=${schema}`,
      });
      const token = await service.token();
      const accepted: string[] = [];
      const refused: string[] = [];
      const unknown: string[] = [];
      const others: string[] = [];
      let isGoing = true;
      let count = 0;
      const callers = Array.from({ length: CALLERS }, async () => {
        while (isGoing) {
          const email = `p${(count += 1)}@acme.com`;
          const response = await service.invite(email, token);
          const { code } = (await response.json()) as { code?: string };
          if (response.status === 200) accepted.push(email);
          else if (response.status === 503 && code === 'ledger_unavailable') refused.push(email);
          else if (response.status === 504 && code === 'outcome_unknown') unknown.push(email);
          else others.push(`${response.status} ${code}`);
        }
      });
      for (const caller of callers) caller.catch(() => undefined);
      await expect.poll(() => accepted.length, PATIENCE).toBeGreaterThan(100);
      const filler = join(folder, 'filler');
      fillDisk(filler);
      await expect.poll(() => refused.length, PATIENCE).toBeGreaterThan(40);
      // Either may come behind the refusals: the log line has its own way, and a server takes its time to end.
      const isFullByName = () => service.lines.some((line) => line['sql_state'] === '53100');
      await expect.poll(() => isFullByName() || !server.isRunning, PATIENCE).toBe(true);
      const before = accepted.length;
      unlinkSync(filler);
      const acceptedAgain = async (): Promise<number> => {
        if (!server.isRunning) await server.start();
        return accepted.length - before;
      };
      await expect.poll(acceptedAgain, PATIENCE).toBeGreaterThan(100);
      isGoing = false;
      await Promise.all(callers);

      expect(others).toEqual([]);
      const { ledger, close } = await openTestLedger(server.port, {
        ...{ clock, ids, schema, readClock: async () => clock.now() },
      });
      const lines = await readTrail(ledger);
      await close();
      expect(verifyChain(lines).kind).toBe('intact');
      const recorded = new Set(
        lines
          .map((line) => JSON.parse(line) as RequestRecord)
          .filter(({ kind }) => kind === 'intent')
          .flatMap(({ request }) => request.emails ?? []),
      );
      const sent = service.standIns.galileo.received.flatMap(
        ({ body }) => (JSON.parse(body) as { emails: string[] }).emails,
      );
      expect(new Set(sent).size).toBe(sent.length);
      expect(sent.filter((email) => !recorded.has(email))).toEqual([]);
      expect(refused.filter((email) => sent.includes(email))).toEqual([]);
      expect([...accepted, ...unknown].filter((email) => !sent.includes(email))).toEqual([]);
      service.child.kill('SIGTERM');
      expect(await service.exited).toBe(0);
    },
  );
});
