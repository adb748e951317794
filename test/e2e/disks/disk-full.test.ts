/**
 * A disk that becomes full during traffic, and has room again later. A small tmpfs holds the ledger, and a file beside
 * it takes the free space. Nothing may be sent without a record, and the service recovers without a restart.
 */
import { execFile } from 'node:child_process';
import { unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { startRunning } from '../running.ts';
import { fillDisk, mountSmallDisk, unmountSmallDisk } from './small-disk.ts';

const run = promisify(execFile);
const DISK = '6m';
const CALLERS = 8;
const PATIENCE = { timeout: 120_000 };

const disk = mountSmallDisk(DISK);
afterAll(() => unmountSmallDisk(disk));
const skipped = disk === null ? ' (skipped: this user may not mount a file system)' : '';

interface Tally {
  readonly accepted: string[];
  readonly refused: string[];
  readonly others: number[];
}

describe('a disk that fills up in mid-traffic', () => {
  it.skipIf(disk === null)(
    `refuses what it cannot record, sends none of that, and serves again once there is room${skipped}`,
    { timeout: 240_000 },
    async () => {
      const filler = join(disk ?? '', 'filler');
      const service = await startRunning({ LEDGER_URL: `sqlite:${join(disk ?? '', 'ledger.db')}` });
      const token = await service.token();
      const tally: Tally = { accepted: [], refused: [], others: [] };
      let going = true;
      let count = 0;
      const callers = Array.from({ length: CALLERS }, async () => {
        while (going) {
          const email = `p${String((count += 1))}@acme.com`;
          const response = await service.invite(email, token);
          const { code } = (await response.json()) as { code?: string };
          if (response.status === 200) tally.accepted.push(email);
          else if (response.status === 503 && code === 'ledger_unavailable') tally.refused.push(email);
          else tally.others.push(response.status);
        }
      });
      // A test that fails half way leaves these requests without a service. Their errors must not hide its own.
      for (const caller of callers) caller.catch(() => undefined);
      await expect.poll(() => tally.accepted.length, PATIENCE).toBeGreaterThan(100);
      fillDisk(filler);
      await expect.poll(() => tally.refused.length, PATIENCE).toBeGreaterThan(100);
      // An auditor can read, whether the read can be counted or not.
      const auditor = await service.standIns.identityProvider.issue({ sub: 'audit-desk', scope: 'audit:read' });
      const read = await fetch(`http://127.0.0.1:${String(service.port)}/audit/records`, {
        headers: { Authorization: `Bearer ${auditor}` },
      });
      expect(read.status).toBe(200);
      expect(await read.text()).toContain('"kind":"intent"');
      const acceptedBefore = tally.accepted.length;
      unlinkSync(filler);
      await expect.poll(() => tally.accepted.length, PATIENCE).toBeGreaterThan(acceptedBefore + 100);
      going = false;
      await Promise.all(callers);

      // A request that was cut off between its send and its outcome (504) is on record too: `others` may hold it.
      expect(tally.others.filter((status) => status !== 504)).toEqual([]);
      const sent = new Set(
        service.standIns.galileo.received.map(({ body }) => (JSON.parse(body) as { emails: string[] }).emails[0]),
      );
      expect(tally.accepted.filter((email) => !sent.has(email))).toEqual([]);
      expect(tally.refused.filter((email) => sent.has(email))).toEqual([]);
      service.child.kill('SIGTERM');
      expect(await service.exited).toBe(0);
      // Records that could not be acknowledged on the full disk are delivered again. One record has one id.
      const delivered = service.lines.flatMap(({ record }) => (record === undefined ? [] : [record]));
      const records = [...new Map(delivered.map((record) => [record.id, record])).values()];
      const ended = new Set(records.filter(({ kind }) => kind === 'outcome').map(({ request_id: id }) => id));
      const intents = records.filter(({ kind }) => kind === 'intent');
      expect(intents).toHaveLength(sent.size);
      expect(intents.filter(({ request_id: id }) => !ended.has(id)).length).toBeLessThanOrEqual(tally.others.length);
      const { stdout } = await run(process.execPath, [
        'src/cli.ts',
        'audit',
        'verify',
        '--json',
        '--ledger',
        service.ledgerPath,
      ]);
      expect(JSON.parse(stdout)).toMatchObject({
        verdict: 'intact',
        ledger: { records: records.length, findings: [] },
      });
    },
  );
});
