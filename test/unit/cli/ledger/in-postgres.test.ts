/** Commands that read a ledger file, where LEDGER_URL names PostgreSQL: the error says what to do in place of the command. */
import { expect, it } from 'vitest';
import { testUuid7 } from '../../../support/clock.ts';
import { GOOD_ENV, runCommand } from '../cli-harness.ts';

const ENV = { ...GOOD_ENV, LEDGER_URL: 'postgres://invites@db.acme.com/ledgers' };
const ID = testUuid7(500);

it.each([
  [['audit', 'verify'], 'verify the delivered lines with --lines'],
  [['audit', 'export'], 'GET /audit/records?after=0'],
  [['audit', 'tail'], 'GET /audit/records?after=0'],
  [['audit', 'search', '--outcome', 'denied'], 'POST /audit/search'],
  [['audit', 'show', ID], 'POST /audit/search'],
  [['policy', 'show', 'ab'.repeat(32)], 'ask the running service with --url'],
  [['requests', 'unknown'], 'ask the running service with --url'],
  [['requests', 'settle', ID, '--as', 'refused', '--reason', 'not there'], 'ask the running service with --url'],
  [['ledger', 'backup', '--out', 'copy.db'], 'pg_dump'],
  [['ledger', 'restore', 'copy.db'], 'pg_restore'],
])('%s reads ledger files only, and says what to do with PostgreSQL', async (args, remedy) => {
  const { code, stderr } = await runCommand(args, { env: ENV });
  expect(code).toBe(64);
  expect(stderr).toContain('LEDGER_URL names a ledger in PostgreSQL, and this command reads ledger files only');
  expect(stderr).toContain(remedy);
});
