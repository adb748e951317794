/** The command line when its output cannot be written: a full device, a file at its size limit, and a closed pipe. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fillLedger, makeLedger } from '../../unit/cli/audit/audit-harness.ts';
import { trailOf } from '../../unit/audit/verify/trail-harness.ts';

/** Each write to it fails with ENOSPC (Linux). */
const FULL = '/dev/full';
const hasFull = existsSync(FULL);
const skipped = hasFull ? '' : ' (skipped: this system has no /dev/full)';
const POLICY = 'examples/policies/hr-portal-only.yaml';
const EXPLAIN = `policy explain ${POLICY} --any-issuer --as hr-portal --invite ann@acme.com`;
const RECORDS = 400;

let folder = '';
let ledger = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'invite-proxy-output-'));
  ledger = await makeLedger(join(folder, 'ledger.db'));
  await fillLedger(ledger, (await trailOf(RECORDS)).lines);
});
afterAll(() => rm(folder, { recursive: true }));

/** Runs a line of sh in which `cli` is the command line and $LEDGER a ledger. */
async function shell(
  line: string,
): Promise<{ readonly code: unknown; readonly stdout: string; readonly stderr: string }> {
  const env = { PATH: process.env.PATH ?? '', NODE: process.execPath, LEDGER: ledger, OUT: join(folder, 'out') };
  const script = `cli() { "$NODE" src/cli.ts "$@"; }\n${line}`;
  const child = spawn('sh', ['-c', script], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code, stdout, stderr };
}

describe('output that cannot be written', () => {
  it
    .skipIf(!hasFull)
    .each([
      '--help',
      '--version',
      'policy check --help',
      `policy check ${POLICY} --any-issuer`,
      `policy check ${POLICY} --issuers nobody`,
      `policy diff ${POLICY} ${POLICY} --any-issuer --json`,
      EXPLAIN,
      'config check',
      'config print --json',
      'doctor',
      'requests unknown --ledger "$LEDGER"',
      'audit verify --ledger "$LEDGER"',
      'audit export --ledger "$LEDGER"',
      'audit tail --ledger "$LEDGER"',
      'audit tail --follow --ledger "$LEDGER"',
    ])(`ends %s with exit 74 and one sentence${skipped}`, async (line) => {
    expect(await shell(`cli ${line} >${FULL}`)).toEqual({
      code: 74,
      stdout: '',
      stderr: 'stdout could not be written to its end (ENOSPC), so the output is not complete\n',
    });
  });

  it.skipIf(!hasFull)(`never ends with 0 when stderr cannot be written either${skipped}`, async () => {
    expect(await shell(`cli --help >${FULL} 2>${FULL}`)).toMatchObject({ code: 74, stderr: '' });
    expect(await shell(`cli audit tail --lines many 2>${FULL}`)).toMatchObject({ code: 64 });
    expect(await shell(`cli audti 2>${FULL}`)).toMatchObject({ code: 64 });
  });

  it('is noticed when the file takes only a part of the last write', async () => {
    // In sh, 1 is one block of 512 or 1024 bytes. Both are less than the help.
    const { code, stderr } = await shell('ulimit -f 1; cli policy explain --help >"$OUT"');
    expect([code, stderr]).toEqual([
      74,
      'stdout could not be written to its end (EFBIG), so the output is not complete\n',
    ]);
  });

  it('leaves no part of a file of audit export', async () => {
    const { code, stdout, stderr } = await shell(
      'ulimit -f 1; cli audit export --ledger "$LEDGER" --out "$OUT.ndjson"',
    );
    expect([code, stdout, stderr]).toEqual([
      74,
      '',
      `${join(folder, 'out.ndjson')} could not be written to its end (EFBIG), so it is removed\n`,
    ]);
    await expect(stat(join(folder, 'out.ndjson'))).rejects.toThrow('ENOENT');
  });
});

describe('output that is written', () => {
  it('is whole in a file and behind other output in the same file', async () => {
    const { code } = await shell('cli audit export --ledger "$LEDGER" >"$OUT"; cli --version >>"$OUT"');
    expect(code).toBe(0);
    const lines = (await readFile(join(folder, 'out'), 'utf8')).split('\n');
    expect(lines.at(-2)).toMatch(/^galileo-invite-proxy /);
    expect(lines.filter((line) => line.startsWith('{') && line.includes('"seq":'))).toHaveLength(RECORDS);
  });
});

describe('a pipe that its reader closes', () => {
  it('is no failure, and nothing is said about it', async () => {
    const { stdout, stderr } = await shell(
      '{ cli audit export --ledger "$LEDGER"; echo "ended with $?" >&2; } | head -n 1',
    );
    expect([stdout.split('\n').length, stderr]).toEqual([2, 'ended with 0\n']);
    const unread = await shell('{ cli --help; echo "ended with $?" >&2; } | true');
    expect(unread.stderr).toBe('ended with 0\n');
  });

  it('does not turn a refusal into a success', async () => {
    const line = `policy check ${POLICY} --issuers nobody`;
    const { stderr } = await shell(`{ cli ${line}; echo "ended with $?" >&2; } | true`);
    expect(stderr).toBe('ended with 2\n');
  });
});
