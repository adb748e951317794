import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { COMPOSE_FOLDER } from '../../support/deploy/compose-file.ts';
import { postgresPrograms, startPostgres } from '../../support/postgres/postgres-server.ts';

/** The script of deploy/compose that makes role and database. rolling-restart.test.ts runs it, too, and uses both. */

const PASSWORD = 'a-password-that-is-not-to-be-logged';

it('shows the password in no log of the server, also where a statement fails and all statements are logged', async () => {
  const server = await startPostgres({
    settings: ['logging_collector=on', 'log_filename=server.log', 'log_statement=all'],
  });
  onTestFinished(() => server.remove());
  const folder = await mkdtemp(join(tmpdir(), 'create-ledger-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'password'), `${PASSWORD}\n`);
  const programs = await postgresPrograms();
  const create = () =>
    spawnSync('sh', [join(COMPOSE_FOLDER, 'postgres/create-ledger.sh')], {
      encoding: 'utf8',
      env: {
        PATH: `${programs}:${process.env['PATH'] ?? ''}`,
        PGHOST: dirname(server.data),
        PGPORT: String(server.port),
        LEDGER_PASSWORD_FILE: join(folder, 'password'),
      },
    });

  expect(create()).toMatchObject({ status: 0, stderr: '' });
  const again = create();

  expect(again.status).not.toBe(0);
  expect(again.stderr).toContain('role "invites" already exists');
  // A process of the server's own writes it, behind the answers, and what was logged before comes before.
  const log = () => readFile(join(server.data, 'log/server.log'), 'utf8');
  await expect.poll(log).toContain('role "invites" already exists');
  expect(again.stderr + (await log())).not.toContain(PASSWORD);
});
