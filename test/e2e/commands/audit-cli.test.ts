/**
 * `node src/cli.ts audit …` as an auditor runs it: beside a running service, in pipes, and after the service has
 * stopped.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { StandIns } from '../../../dev/stand-ins.ts';
import { startStandIns } from '../../../dev/stand-ins.ts';
import type { Service } from '../started.ts';
import { startService } from '../started.ts';

const CLI = fileURLToPath(new URL('../../../src/cli.ts', import.meta.url));

let folder = '';
let standIns: StandIns;
let service: Service;
let stdoutLines: string[] = [];
const ledger = (): string => join(folder, 'ledger.db');

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'invite-proxy-audit-'));
  standIns = await startStandIns({}, { identityProvider: 0, galileo: 0 });
  stdoutLines = [];
  service = await startService(
    {
      PATH: process.env.PATH ?? '',
      ...standIns.env,
      PORT: '0',
      OPS_PORT: '0',
      POLICY_FILE: 'dev/policy.yaml',
      LEDGER_URL: `sqlite:${ledger()}`,
    },
    { onLine: (line) => void stdoutLines.push(line) },
  );
});
afterEach(async () => {
  service.child.kill('SIGKILL');
  await standIns.close();
  await rm(folder, { recursive: true });
});

async function invite(email: string): Promise<void> {
  const token = await standIns.identityProvider.issue({ sub: 'hr-portal' });
  const response = await fetch(`${service.url}/v2/invite_users`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ emails: [email], auth_method: 'okta', role: 'user' }),
  });
  expect(response.status).toBe(200);
}

function start(args: readonly string[], stdin: 'ignore' | 'pipe' = 'ignore') {
  return spawn(process.execPath, [CLI, 'audit', ...args], {
    env: { PATH: process.env.PATH ?? '', LEDGER_URL: `sqlite:${ledger()}` },
    stdio: [stdin, 'pipe', 'pipe'],
  });
}

async function run(
  args: readonly string[],
  input?: string,
): Promise<{ code: unknown; stdout: string; stderr: string }> {
  const child = start(args, input === undefined ? 'ignore' : 'pipe');
  child.stdin?.end(input);
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout!), text(child.stderr!), once(child, 'close')]);
  return { code, stdout, stderr };
}

describe('the audit commands beside a running service', () => {
  it('verify its ledger, and what it wrote to stdout against the ledger', async () => {
    // Three records are about the start, one is about the stop.
    await invite('ann@acme.com');
    await invite('bob@acme.com');
    expect(await run(['verify'])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^intact Ledger: records 1 to 7 /),
    });
    expect(await service.stop()).toBe(0);
    const both = await run(['verify', '--ledger', ledger(), '--lines', '-', '--json'], stdoutLines.join('\n'));
    expect(both).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(both.stdout)).toMatchObject({ verdict: 'intact', ledger: { records: 8 }, lines: { records: 8 } });
    const edited = stdoutLines.join('\n').replace('bob@acme.com', 'eve@acme.com');
    const { code, stdout } = await run(['verify', '--lines', '-'], edited);
    expect(code).toBe(1);
    expect(stdout).toMatch(/stdin:\d+ +edited +Record 6 was edited/);
    expect(stdout).not.toMatch(/@acme/);
  });

  it('export to a file that verifies', async () => {
    await invite('ann@acme.com');
    const out = join(folder, 'out.ndjson');
    expect(await run(['export', '--from', '2026-01-01', '--out', out])).toMatchObject({ code: 0 });
    expect(await run(['verify', '--lines', out])).toMatchObject({ code: 0 });
    expect(await run(['export', '--out', out])).toMatchObject({ code: 2, stdout: '' });
  });

  it('follow it until Ctrl-C', async () => {
    const tail = start(['tail', '--follow']);
    const lines = createInterface({ input: tail.stdout! })[Symbol.asyncIterator]();
    const closed = once(tail, 'close');
    await invite('ann@acme.com');
    const kinds: string[] = [];
    while (kinds.at(-1) !== 'outcome')
      kinds.push((JSON.parse(String((await lines.next()).value)) as { kind: string }).kind);
    expect(kinds.filter((kind) => kind !== 'checkpoint')).toEqual(['change', 'change', 'change', 'intent', 'outcome']);
    tail.kill('SIGINT');
    expect(await closed).toEqual([0, null]);
  });

  it('end well when nobody reads any more', async () => {
    await invite('ann@acme.com');
    const script = join(folder, 'tail.sh');
    await writeFile(script, `"${process.execPath}" "${CLI}" audit tail --follow; echo "ended with $?" >&2`);
    const shell = spawn('sh', ['-c', `sh "${script}" | head -n 1`], {
      env: { PATH: process.env.PATH ?? '', LEDGER_URL: `sqlite:${ledger()}` },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [first] = (await once(createInterface({ input: shell.stdout }), 'line')) as [string];
    expect(JSON.parse(first)).toMatchObject({ seq: 1 });
    const complaints = text(shell.stderr);
    await invite('bob@acme.com');
    expect(await complaints).toBe('ended with 0\n');
  });

  it('says of evidence in a folder that the auditor cannot write what to read instead', async () => {
    await invite('ann@acme.com');
    const evidence = join(folder, 'evidence');
    await mkdir(evidence);
    for (const suffix of ['', '-wal']) {
      await copyFile(`${ledger()}${suffix}`, join(evidence, `ledger.db${suffix}`));
      await chmod(join(evidence, `ledger.db${suffix}`), 0o444);
    }
    await chmod(evidence, 0o555);
    await chmod(folder, 0o755);
    const child = spawn(process.execPath, [CLI, 'audit', 'verify', '--ledger', join(evidence, 'ledger.db')], {
      env: { PATH: process.env.PATH ?? '' },
      stdio: ['ignore', 'ignore', 'pipe'],
      // The superuser may write everywhere.
      ...(process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}),
    });
    const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, 'close')]);
    await chmod(evidence, 0o755);
    expect(code).toBe(2);
    expect(stderr).toContain(
      'has a write-ahead log (-wal), which can be read only in a folder that this user can write',
    );
  });
});
