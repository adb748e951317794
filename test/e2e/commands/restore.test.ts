/**
 * A service is backed up while it runs, stopped, restored and started again, as docs/operations.md says; and an auditor
 * verifies what its stdout delivered before and after.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { VerifyReport } from '../../../src/cli/audit/verify-report.ts';
import type { StandIns } from '../../../dev/stand-ins.ts';
import { startStandIns } from '../../../dev/stand-ins.ts';
import type { Service } from '../started.ts';
import { startService } from '../started.ts';

const CLI = fileURLToPath(new URL('../../../src/cli.ts', import.meta.url));

let folder = '';
let standIns: StandIns;
let service: Service;
const stdout: string[] = [];
const ledger = (): string => join(folder, 'ledger.db');

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'invite-proxy-restore-'));
  standIns = await startStandIns({}, { identityProvider: 0, galileo: 0 });
  stdout.length = 0;
});
afterEach(async () => {
  service.child.kill('SIGKILL');
  await standIns.close();
  await rm(folder, { recursive: true });
});

async function start(): Promise<void> {
  service = await startService(
    {
      ...{ PATH: process.env.PATH ?? '', ...standIns.env, PORT: '0', OPS_PORT: '0' },
      ...{ POLICY_FILE: 'dev/policy.yaml', LEDGER_URL: `sqlite:${ledger()}` },
    },
    { onLine: (line) => void stdout.push(line) },
  );
}

async function invite(email: string, key: string): Promise<Response> {
  const token = await standIns.identityProvider.issue({ sub: 'hr-portal' });
  return await fetch(`${service.url}/v2/invite_users`, {
    method: 'POST',
    headers: {
      ...{ Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      'Idempotency-Key': key,
    },
    body: JSON.stringify({ emails: [email], auth_method: 'okta', role: 'user' }),
  });
}

async function cli(args: readonly string[]): Promise<{ code: unknown; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [CLI, ...args], {
    env: { PATH: process.env.PATH ?? '', LEDGER_URL: `sqlite:${ledger()}` },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [out, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code, stdout: out, stderr };
}

const sentTo = (email: string): number => standIns.galileo.received.filter(({ body }) => body.includes(email)).length;

it('a restored service goes on, and its trail of before and after verifies', async () => {
  await start();
  expect((await invite('ann@acme.com', 'key-of-ann-before-1')).status).toBe(200);
  const backup = join(folder, 'backup.db');
  expect(await cli(['ledger', 'backup', '--out', backup])).toMatchObject({ code: 0, stderr: '' });
  expect((await invite('bob@acme.com', 'key-of-bob-after-22')).status).toBe(200);
  expect(await cli(['ledger', 'restore', backup])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('is in use by another process'),
  });
  expect(await service.stop()).toBe(0);

  const restored = await cli(['ledger', 'restore', backup, '--json']);
  expect(restored).toMatchObject({ code: 0, stderr: '' });
  const { recorded_as: fork } = JSON.parse(restored.stdout) as { recorded_as: number };

  await start();
  // What the backup knows is replayed. What came after it is forgotten, as the answer of the restore says.
  expect((await invite('ann@acme.com', 'key-of-ann-before-1')).headers.get('Idempotency-Replayed')).toBe('true');
  expect((await invite('bob@acme.com', 'key-of-bob-after-22')).headers.get('Idempotency-Replayed')).toBeNull();
  expect([sentTo('ann@acme.com'), sentTo('bob@acme.com')]).toEqual([1, 2]);
  expect(await service.stop()).toBe(0);

  const lines = join(folder, 'lines.ndjson');
  await writeFile(lines, stdout.map((line) => `${line}\n`).join(''));
  const verified = await cli(['audit', 'verify', '--json', '--ledger', ledger(), '--lines', lines]);
  expect(verified).toMatchObject({ code: 0, stderr: '' });
  const report = JSON.parse(verified.stdout) as VerifyReport;
  for (const one of [report.ledger, report.lines])
    expect(one).toMatchObject({ verdict: 'intact', restores: [{ seq: fork, former: { from: fork } }] });
  expect(await cli(['audit', 'verify', '--lines', lines])).toMatchObject({
    code: 0,
    stdout: expect.stringContaining(`Restored: record ${fork} says that the ledger was restored`),
  });
  const alone = await cli(['audit', 'verify', '--json', '--ledger', ledger(), '--checkpoint', lines]);
  expect(alone.code).toBe(1);
  expect((JSON.parse(alone.stdout) as VerifyReport).ledger?.findings).toMatchObject([
    { kind: 'lost_to_restore', place: `record ${fork}` },
  ]);
});
