/** `npm run bench -- ledgers` still measures: its sides, counter and section work with today's service. No figure is judged. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { measureLedgers } from '../../../bench/ledgers/measure-ledgers.ts';
import { describeLedgers } from '../../../bench/report/ledgers-section.ts';

it('the bench measures SQLite, one replica and two, and counts what an invite costs', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'invite-proxy-bench-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const sizes = {
    rounds: 1,
    warmUpRequests: 64,
    seconds: 0.3,
    budgetS: 60,
    counted: 64,
    countedLoads: [[2, 16]] as const,
  };
  const lines: string[] = [];
  const result = await measureLedgers({ folder, isQuick: true }, (line) => lines.push(line), sizes);
  expect(result.samples.map(({ side }) => side).toSorted()).toEqual(['postgres', 'postgres-2', 'sqlite']);
  expect(result.wire).toHaveLength(1);
  for (const { statements, roundTrips, commits } of result.wire) {
    expect(Math.min(statements, roundTrips, commits)).toBeGreaterThan(0);
    expect(statements).toBeGreaterThan(roundTrips);
  }
  expect(describeLedgers(result)).toContain('| PostgreSQL, two replicas |');
  expect(lines).toHaveLength(4);
});
