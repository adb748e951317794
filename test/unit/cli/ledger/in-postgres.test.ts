/** Commands that are for ledger files, where the ledger is in PostgreSQL: the error says what to do in place of the command. */
import { expect, it } from 'vitest';
import { GOOD_ENV, runCommand } from '../cli-harness.ts';

const URL = 'postgres://invites@db.acme.com/ledgers';

it.each([
  [['ledger', 'backup', '--out', 'copy.db'], 'pg_dump'],
  [['ledger', 'restore', 'copy.db'], 'pg_restore'],
])('%s is for ledger files, and says what to do with PostgreSQL', async (args, remedy) => {
  const { code, stderr } = await runCommand(args, { env: { ...GOOD_ENV, LEDGER_URL: URL } });
  expect(code).toBe(64);
  expect(stderr).toContain('LEDGER_URL names a ledger in PostgreSQL, and this command is for ledger files');
  expect(stderr).toContain(remedy);
  const named = await runCommand([...args, '--ledger', URL]);
  expect(named.stderr).toContain('--ledger names a ledger in PostgreSQL');
});

it.each([
  ['postgres://ann:secret@db.acme.com/ledgers', 'has a password: put it into a file'],
  ['postgres://db.acme.com/ledgers', 'names no user'],
])('a URL behind --ledger is read as LEDGER_URL is, and is not repeated: %s', async (url, problem) => {
  const { code, stderr } = await runCommand(['audit', 'verify', '--ledger', url], { env: GOOD_ENV });
  expect(code).toBe(64);
  expect(stderr).toContain(`--ledger ${problem}`);
  expect(stderr).not.toContain('acme.com/');
});

it.each([
  [['postgres://invites@db.acme.com/ledgers', 'sqlite:./ledger.db'], 'a ledger moves from a file to PostgreSQL'],
  [['sqlite:./ledger.db', './other.db'], 'a ledger moves from a file to PostgreSQL'],
  [['./ledger.db', 'postgres://ann:secret@db.acme.com/ledgers'], 'TARGET has a password'],
  [['./ledger.db'], 'TARGET'],
])('ledger move takes a file and a postgres:// URL: %j', async (operands, sentence) => {
  const { code, stderr } = await runCommand(['ledger', 'move', ...operands]);
  expect(code).toBe(64);
  expect(stderr).toContain(sentence);
});

it('ledger move says that there is no ledger at its source', async () => {
  const { code, stderr } = await runCommand(['ledger', 'move', './never-there.db', URL]);
  expect([code, stderr]).toEqual([2, expect.stringMatching(/^the ledger .*never-there\.db is not there\n$/)]);
});
