/** `node src/cli.ts policy …` as a person or a pipeline runs it, on real files and beside a running service. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { Service } from '../started.ts';
import { startService } from '../started.ts';
import type { StandIns } from '../../../dev/stand-ins.ts';
import { startStandIns } from '../../../dev/stand-ins.ts';

const CLI = fileURLToPath(new URL('../../../src/cli.ts', import.meta.url));
const EXAMPLES = fileURLToPath(new URL('../../../examples/policies/', import.meta.url));

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'invite-proxy-policy-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function policy(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [CLI, 'policy', ...args],
      { env: { PATH: process.env.PATH ?? '', ...env } },
      (error, stdout, stderr) => resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
    );
  });
}

describe('the policy commands', () => {
  it('check every shipped example without a configuration, and name no colour to a pipe', async () => {
    for (const name of await readdir(EXAMPLES)) {
      const { code, stdout, stderr } = await policy(['check', join(EXAMPLES, name), '--any-issuer']);
      expect([name, code, stderr]).toEqual([name, 0, '']);
      expect(stdout).toMatch(/^ok .*tests hold\n {3}sha256:[0-9a-f]{64}\n(?: {3}[a-z0-9-]+: until .* last day .*\n)*$/);
    }
  });

  it('refuse a broken file with exit 2, at its line and column', async () => {
    const file = join(folder, 'policy.yaml');
    await writeFile(file, 'version: 1\nrules:\n  - { id: a, deny: nobody }\n');
    const { code, stdout } = await policy(['check', file, '--issuers', 'corp']);
    expect(code).toBe(2);
    expect(stdout).toContain(`${file}:3:20 `);
  });

  it('explain a denial with exit 1, and an allowed invite with exit 0', async () => {
    const ask = ['explain', join(EXAMPLES, 'hr-portal-only.yaml'), '--any-issuer', '--as', 'hr-portal'];
    expect(await policy([...ask, '--invite', 'ann@acme.com'])).toMatchObject({ code: 0 });
    const denied = await policy([...ask, '--invite', 'ann@acme.com', '--role', 'admin']);
    expect(denied.code).toBe(1);
    expect(denied.stdout).toContain('does not allow it: roles user, read_only');
  });
});

describe('policy diff beside a running service', () => {
  let standIns: StandIns;
  let service: Service;
  const ledger = (): string => join(folder, 'ledger.db');

  beforeEach(async () => {
    standIns = await startStandIns({}, { identityProvider: 0, galileo: 0 });
    service = await start();
  });
  afterEach(async () => {
    service.child.kill('SIGKILL');
    await standIns.close();
  });

  const start = (): Promise<Service> =>
    startService({
      PATH: process.env.PATH ?? '',
      ...standIns.env,
      PORT: '0',
      OPS_PORT: '0',
      POLICY_FILE: 'dev/policy.yaml',
      LEDGER_URL: `sqlite:${ledger()}`,
    });

  async function invite(email: string, role: string): Promise<number> {
    const token = await standIns.identityProvider.issue({ sub: 'hr-portal' });
    const response = await fetch(`${service.url}/v2/invite_users`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ emails: [email], auth_method: 'okta', role }),
    });
    return response.status;
  }

  /** The files of the folder before and after, with the service stopped meanwhile: it writes by itself, too. */
  async function filesAround(run: () => Promise<unknown>): Promise<readonly Readonly<Record<string, string>>[]> {
    const { pid } = service.child;
    service.child.kill('SIGSTOP');
    const threads = async (): Promise<readonly string[]> => {
      const tasks = `/proc/${String(pid)}/task`;
      const statuses = (await readdir(tasks)).map((id) => readFile(join(tasks, id, 'status'), 'utf8'));
      return (await Promise.all(statuses)).map((status) => /^State:\t(\w)/m.exec(status)?.[1] ?? '');
    };
    await expect.poll(async () => new Set(await threads())).toEqual(new Set(['T']));
    const before = await digests(folder);
    await run();
    const after = await digests(folder);
    service.child.kill('SIGCONT');
    return [before, after];
  }

  it('decides recorded requests again, shows no address unasked, and leaves ledger and service as they are', async () => {
    expect(await invite('ann@acme.com', 'user')).toBe(200);
    expect(await invite('bob@acme.com', 'read_only')).toBe(200);
    expect(await invite('kim@acme.com', 'admin')).toBe(403);
    const stricter = join(folder, 'stricter.yaml');
    const text = await readFile('dev/policy.yaml', 'utf8');
    await writeFile(stricter, text.replace('roles: [user, read_only]', 'roles: [read_only]'));
    const args = ['diff', 'dev/policy.yaml', stricter, '--issuers', 'dev', '--ledger', ledger()];

    const { code, stdout, stderr } = await policy(args);
    expect([code, stderr]).toEqual([1, '']);
    expect(stdout).toMatch(/Recorded requests 3 requests/);
    expect(stdout).toMatch(/denied where it was allowed: 1 address, by hr-staff: roles \(was hr-staff\)/);
    expect(stdout).not.toMatch(/(?:ann|bob|kim)@/);
    const [before, after] = await filesAround(() => policy(args));
    expect(after).toEqual(before);

    const named = await policy([...args, '--show-addresses', '--json']);
    expect(named.stdout).toContain('ann@acme.com');
    expect(named.stdout).not.toContain('bob@acme.com');

    expect(await invite('eve@acme.com', 'user')).toBe(200);
    expect(await service.stop()).toBe(0);
    // And after the service has stopped.
    expect((await policy(args)).stdout).toMatch(/Recorded requests 4 requests/);
  });

  it('reads the ledger of a service that was killed', async () => {
    expect(await invite('ann@acme.com', 'user')).toBe(200);
    const exited = new Promise((resolve) => service.child.once('exit', resolve));
    service.child.kill('SIGKILL');
    await exited;
    const args = ['diff', 'dev/policy.yaml', 'dev/policy.yaml', '--issuers', 'dev', '--ledger', ledger()];
    const { code, stdout } = await policy(args);
    expect(code).toBe(0);
    expect(stdout).toContain('Recorded requests 1 request, none decided otherwise');
    service = await start();
    expect(await invite('ann@acme.com', 'user')).toBe(200);
  });

  it('says that there is no ledger where there is none', async () => {
    const args = ['diff', 'dev/policy.yaml', 'dev/policy.yaml', '--issuers', 'dev', '--ledger'];
    const path = join(folder, 'nowhere.db');
    const { code, stderr } = await policy([...args, path]);
    expect([code, stderr]).toEqual([2, `the ledger ${path} is not there\n`]);
    expect(await readdir(folder)).not.toContain('nowhere.db');
  });
});

/** The digest of each file in a folder, except the shared memory: every reader of a ledger in use writes to it. */
async function digests(path: string): Promise<Record<string, string>> {
  const names = (await readdir(path)).filter((name) => !name.endsWith('-shm')).toSorted();
  const hash = async (name: string): Promise<string> =>
    createHash('sha256')
      .update(await readFile(join(path, name)))
      .digest('hex');
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await hash(name)] as const)));
}
