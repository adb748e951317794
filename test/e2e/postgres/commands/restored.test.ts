/**
 * The recipe of docs/deploy-node.md, “Backup and restore with PostgreSQL”, with the commands of that page: a dump beside a
 * running service, a restore under it, and what an auditor verifies afterwards.
 */
import { chownSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { VerifyReport } from '../../../../src/cli/audit/verify-report.ts';
import { DEFAULT_LEDGER_SCHEMA } from '../../../../src/config/reading/postgres-url.ts';
import { serverUser, startPostgres } from '../../../support/postgres/postgres-server.ts';
import type { PostgresServer } from '../../../support/postgres/postgres-server.ts';
import { inviteWithKey, stopCleanly } from '../../invite-with-key.ts';
import { startRunning } from '../../running.ts';
import { runCli } from '../cli.ts';

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server.remove());

const ledgerUrl = (): string => `postgres://postgres@127.0.0.1:${server.port}/postgres`;
const cli = (...args: readonly string[]) => runCli(args, { LEDGER_URL: ledgerUrl() });

/** The commands of the page that begin so, one a line, as arguments. */
async function recipe(begins: string): Promise<readonly (readonly string[])[]> {
  const page = await readFile('docs/deploy-node.md', 'utf8');
  const lines = page.split('\n').map((line) => line.trim());
  const found = lines.filter((line) => line.startsWith(begins));
  if (found.length === 0) throw new Error(`docs/deploy-node.md has no command ${begins}`);
  return found.map((line) =>
    [...line.matchAll(/(?:[^\s'"]|'[^']*'|"[^"]*")+/g)].map(([word]) => word.replaceAll(/['"]/g, '')),
  );
}

async function runRecipe(begins: string, dump: string): Promise<void> {
  for (const [program = '', ...args] of await recipe(begins)) {
    server.tool(
      program,
      args.map((word) => word.replace('$LEDGER_URL', ledgerUrl()).replace('ledger.dump', dump)),
    );
  }
}

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'invite-proxy-restored-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const user = serverUser();
  if (user !== null) chownSync(folder, user.uid, user.gid);
  return folder;
}

describe('a ledger in PostgreSQL that was restored from a dump', () => {
  it('is written to by no container of before, adopted once, and verifies with the lines of before and after', async () => {
    const folder = await temporaryFolder();
    const dump = join(folder, 'ledger.dump');
    const delivered: string[] = [];
    const onText = (line: string): void => void delivered.push(line);
    const first = await startRunning({ LEDGER_URL: ledgerUrl() }, { onText });
    expect((await inviteWithKey(first, 'ann@acme.com', 'key-of-ann-before-1')).status).toBe(200);
    await runRecipe('pg_dump', dump);
    const lost = await inviteWithKey(first, 'bob@acme.com', 'key-of-bob-after-22');
    expect(lost.status).toBe(200);
    const id = lost.headers.get('X-Request-Id');
    await first.line(({ record }) => record?.kind === 'outcome' && record.request_id === id);

    await runRecipe('psql', dump);
    await runRecipe('pg_restore', dump);
    const refused = await inviteWithKey(first, 'cleo@acme.com', 'key-of-cleo-after-3');
    expect([refused.status, await refused.json()]).toEqual([
      503,
      expect.objectContaining({ code: 'ledger_unavailable' }),
    ]);
    const failed = await first.line(({ event }) => event === 'ledger_write_failed');
    expect(failed['problem']).toContain('the server was restored, or it lacks the last commits');
    // As if the restore had taken longer than any lease of the dump lasts: the replica shows itself again.
    server.tool('psql', ['--quiet', '-d', ledgerUrl(), '-c', `DELETE FROM ${DEFAULT_LEDGER_SCHEMA}.leases`]);
    const inUse = await cli('ledger', 'adopt');
    expect([inUse.code, inUse.err]).toEqual([2, expect.stringContaining('names a ledger that a service uses')]);
    first.child.kill('SIGTERM');
    expect(await first.exited).toBe(1);
    const undone = first.lines.filter(({ event }) => event === 'shutdown_step_failed');
    expect(undone).toEqual([
      expect.objectContaining({
        step: 'record of the stop',
        problem: 'the stop is not on record, because the ledger did not take it: the line ledger_write_failed says why',
      }),
    ]);

    const adopted = await cli('ledger', 'adopt', '--json');
    expect([adopted.code, adopted.err]).toEqual([0, '']);
    const { recorded_as: fork } = JSON.parse(adopted.out) as { recorded_as: number };

    const second = await startRunning({ ...first.standIns.env, LEDGER_URL: ledgerUrl() }, { onText });
    const known = await inviteWithKey(second, 'ann@acme.com', 'key-of-ann-before-1', first);
    expect(known.headers.get('Idempotency-Replayed')).toBe('true');
    const forgotten = await inviteWithKey(second, 'bob@acme.com', 'key-of-bob-after-22', first);
    expect([forgotten.status, forgotten.headers.get('Idempotency-Replayed')]).toEqual([200, null]);
    await stopCleanly(second);

    const lines = join(folder, 'lines.ndjson');
    await writeFile(lines, delivered.map((line) => `${line}\n`).join(''));
    const verified = await cli('audit', 'verify', '--json', '--ledger', ledgerUrl(), '--lines', lines);
    expect([verified.code, verified.err]).toEqual([0, '']);
    const report = JSON.parse(verified.out) as VerifyReport;
    for (const one of [report.ledger, report.lines])
      expect(one).toMatchObject({ verdict: 'intact', restores: [{ seq: fork, former: { from: fork } }] });
    // The tables of before are a ledger of their own, and prove what they hold.
    const before = `${ledgerUrl()}?schema=before_restore`;
    expect(DEFAULT_LEDGER_SCHEMA).toBe('galileo_invite_ledger');
    expect(await cli('audit', 'verify', '--ledger', before)).toMatchObject({ code: 0 });
  });

  it('is not adopted when it is a file', async () => {
    const { code, err } = await runCli(['ledger', 'adopt', '--ledger', './ledger.db'], {});
    expect([code, err]).toEqual([64, expect.stringContaining('a ledger file is restored with ledger restore')]);
  });
});
