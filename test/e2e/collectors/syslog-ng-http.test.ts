/**
 * The recipe of docs/audit-recipes.md for an HTTP collector with a real syslog-ng. The collector takes lines, refuses
 * some batches, and is down for a while.
 */
import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startSyslogNg, testFolder } from './daemon.ts';
import { expectWholeTrail, feed } from './feed.ts';
import { createReceiver } from './receiver.ts';
import { recipes, STDOUT_FILE } from './recipe.ts';

describe('syslog-ng to an HTTP collector, as docs/audit-recipes.md sets it up', () => {
  it.each([
    // Each status for which syslog-ng would drop a batch: 504 when it comes again and again. Then others.
    { format: 'native', refuses: [410, 416, 422, 424, 425, 451, 508, 504, 504, 504, 504, 401, 413, 429, 503] },
    { format: 'ocsf', refuses: [] },
  ] as const)(
    'delivers every $format line whole, with the collector refusing, down twice, and syslog-ng killed',
    async ({ format, refuses }) => {
      const folder = await testFolder();
      const stdout = join(folder, 'stdout.log');
      const trail = await feed(format);
      const taken: string[] = [];
      const refusals: number[] = [...refuses];
      const fields = new Set<string>();
      const receiver = await createReceiver((request, response, body) => {
        fields.add(`${String(request.method)} ${String(request.url)} ${String(request.headers['content-type'])}`);
        const refusal = taken.length > 0 ? refusals.shift() : undefined;
        if (refusal !== undefined) return void response.writeHead(refusal).end();
        taken.push(...body.split('\n').slice(0, -1));
        response.writeHead(204).end();
      });
      const [config = ''] = recipes('syslog-ng to an HTTP collector', {
        [STDOUT_FILE]: stdout,
        'https://collector.acme.com': `http://127.0.0.1:${String(receiver.port)}`,
        'time-reopen(5)': 'time-reopen(1)',
      });
      const distinct = (): number => new Set(taken).size;
      const down = await receiver.down();
      await writeFile(stdout, trail.halves[0]);

      const first = await startSyslogNg(folder, config);
      await down.tried(2);
      await receiver.up();
      await expect.poll(distinct, { timeout: 90_000 }).toBe(trail.inFirst);
      expect(refusals).toEqual([]);

      const downAgain = await receiver.down();
      await appendFile(stdout, trail.halves[1]);
      await downAgain.tried(2);
      await first.end('SIGKILL');
      await startSyslogNg(folder, config);
      await downAgain.tried(2);
      await receiver.up();
      await expect.poll(distinct, { timeout: 60_000 }).toBe(trail.lines.length);

      expect([...new Set(taken)]).toEqual(trail.lines);
      expect([...fields]).toEqual(['POST /audit application/x-ndjson']);
      const kept = join(folder, 'kept.ndjson');
      await writeFile(kept, taken.map((line) => `${line}\n`).join(''));
      await expectWholeTrail(kept, trail);
    },
  );
});
