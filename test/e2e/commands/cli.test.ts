/** `node src/cli.ts` as an operator runs it: a real process against the stand-ins, a real ledger, real clocks. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Service } from '../started.ts';
import { startService } from '../started.ts';
import type { StandIns } from '../../../dev/stand-ins.ts';
import { startStandIns } from '../../../dev/stand-ins.ts';
import { CLOSED_PORT } from '../../contract/http-port/server.ts';
import { disguises } from '../../support/key-disguises.ts';

/** Runs a program with a terminal (util-linux). */
const SCRIPT = '/usr/bin/script';
let folder = '';
let standIns: StandIns;
let services: Service[] = [];
let servers: Server[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'invite-proxy-cli-'));
  standIns = await startStandIns({}, { identityProvider: 0, galileo: 0 });
});

afterEach(async () => {
  for (const service of services.splice(0)) await service.stop();
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
  services = [];
  servers = [];
  await standIns.close();
  await rm(folder, { recursive: true });
});

function environment(extra: Record<string, string> = {}): Record<string, string> {
  return {
    PATH: process.env.PATH ?? '',
    ...standIns.env,
    PORT: '0',
    OPS_PORT: '0',
    POLICY_FILE: 'dev/policy.yaml',
    LEDGER_URL: `sqlite:${join(folder, 'ledger.db')}`,
    ...extra,
  };
}

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end, and expects that its output holds no key of the run in any encoding. */
async function run(args: readonly string[], env: Record<string, string>): Promise<Ended> {
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const out = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => (out.stdout += String(chunk)));
  child.stderr.on('data', (chunk) => (out.stderr += String(chunk)));
  const [code] = (await once(child, 'close')) as [number | null];
  const printed = out.stdout + out.stderr;
  const keys = [env['GALILEO_API_KEY'], env['GALILEO_API_KEY_NEXT'], standIns.env['GALILEO_API_KEY']];
  for (const key of new Set(keys.filter((one) => one !== undefined).filter((one) => one !== ''))) {
    for (const [name, form] of disguises(key)) expect([name, printed.includes(form)]).toEqual([name, false]);
  }
  expect(printed).not.toMatch(/eyJ[\w-]+\./);
  expect(printed.replaceAll(/https?:\S+/g, '')).not.toMatch(/[\w.]+@[\w.]+/);
  return { code, ...out };
}

const cli = (args: string, env = environment()): Promise<Ended> => run(['src/cli.ts', ...args.split(' ')], env);

interface Check {
  readonly id: string;
  readonly status: string;
  readonly message: string;
  readonly remedy: string | null;
  readonly lines: readonly string[];
  readonly details: Record<string, unknown>;
}

async function doctor(
  env = environment(),
): Promise<{ code: number | null; of: (id: string) => Check; trouble: string[] }> {
  const { code, stdout } = await cli('doctor --json', env);
  const { checks } = JSON.parse(stdout) as { checks: Check[] };
  // The free space on this machine's disk is not part of the test.
  const trouble = checks.filter(({ id, status }) => id !== 'disk' && !['ok', 'skipped'].includes(status));
  return {
    code,
    of: (id) => checks.find((check) => check.id === id)!,
    trouble: trouble.map(({ id, status }) => `${id} ${status}`),
  };
}

/** The stand-ins need INSECURE_DEV, and doctor rightly warns about it. */
const EXPECTED = 'configuration warning';

describe('doctor', () => {
  it('finds a running service and all it depends on well, invites nobody, and exits 0', async () => {
    const service = await startService(environment());
    services.push(service);
    const before = standIns.galileo.received.length;
    const { code, of, trouble } = await doctor();
    expect([trouble, code]).toEqual([[EXPECTED], 0]);
    expect(of('ledger').details).toMatchObject({ in_use: true });
    expect(of('galileo-key').details).toMatchObject({ role: 'admin' });
    expect(of('issuer:dev').details).toMatchObject({ keys: 1, algorithms: ['ES256'] });
    expect(of('clock').status).toBe('ok');
    const received = standIns.galileo.received.slice(before);
    expect(received.map(({ method, path, bytes }) => `${method} ${path} ${bytes}`)).toEqual([
      'GET /v2/current_user 0',
      'GET /v2/current_user 0',
    ]);
    expect((await fetch(`${service.url}/readyz`)).status).toBe(200);
  });

  it('reports a ledger that nobody uses, and makes none where there is none', async () => {
    expect((await doctor()).of('ledger').message).toContain('not there yet');
    const service = await startService(environment());
    await service.stop();
    expect((await doctor()).of('ledger').details).toMatchObject({ in_use: false });
  });

  it('says that a wrong key is refused', async () => {
    const { code, of, trouble } = await doctor(environment({ GALILEO_API_KEY: 'not-the-right-key-0123456789' }));
    expect([trouble, code]).toEqual([[EXPECTED, 'galileo-key failed'], 1]);
    expect(of('galileo-key').message).toContain('status 401');
    expect(of('galileo-key').details).toEqual({
      key_fingerprint: expect.stringMatching(/^[0-9a-f]{12}$/),
      status: 401,
    });
  });

  it('says that the key’s account may not invite', async () => {
    standIns.galileo.scriptCurrentUser({ kind: 'answer', status: 200, body: { id: '1', role: 'read_only' } });
    const { code, of } = await doctor();
    expect([of('galileo-key').status, code]).toEqual(['warning', 0]);
    expect(of('galileo-key').message).toContain('read_only');
  });

  it.each([
    ['echoes the request', { kind: 'echo', status: 200, shape: 'success' }, 'came back in the answer', 0],
    ['fails', { kind: 'answer', status: 500, body: 'Internal Server Error' }, 'status 500', 1],
    ['hangs up', { kind: 'hangup', when: 'before_body' }, 'ends the connection', 1],
  ] as const)('holds out when Galileo %s', async (_, step, words, code) => {
    standIns.galileo.scriptCurrentUser(step);
    const ran = await doctor();
    expect(ran.of('galileo-key').message).toContain(words);
    expect(ran.code).toBe(code);
  });

  it.each([
    [
      'a page',
      { kind: 'answer', status: 200, headers: { 'content-type': 'text/html' }, body: '<!doctype html><h1>' },
      'web page',
    ],
    [
      'a redirect',
      { kind: 'answer', status: 302, headers: { location: 'http://127.0.0.1:9/' }, body: '' },
      'redirects',
    ],
  ] as const)('takes %s for a wrong address, and does not send the key there', async (_, step, words) => {
    standIns.galileo.scriptCurrentUser(step);
    const { code, of } = await doctor();
    expect([code, of('upstream').status, of('galileo-key').status]).toEqual([1, 'failed', 'skipped']);
    expect(of('upstream').message).toContain(words);
    expect(of('galileo-key').message).toContain('was not sent');
  });

  it('says that an issuer and Galileo cannot be reached, and why', async () => {
    const nowhere = `http://127.0.0.1:${CLOSED_PORT}`;
    const { AUTH_ISSUERS = '' } = standIns.env;
    const { code, of, trouble } = await doctor(
      environment({ GALILEO_API_URL: nowhere, AUTH_ISSUERS: AUTH_ISSUERS.replace(standIns.issuer, nowhere) }),
    );
    expect(trouble).toEqual([EXPECTED, 'issuer:dev failed', 'upstream failed', 'galileo-key failed']);
    expect([of('issuer:dev').details['reason'], of('upstream').details['reason'], code]).toEqual([
      'connect_failed',
      'connect_failed',
      1,
    ]);
    expect(of('clock').status).toBe('skipped');
  });

  it('says which lines of the policy do not load, and exits 2', async () => {
    const policy = join(folder, 'policy.yaml');
    await writeFile(policy, (await readFile('dev/policy.yaml', 'utf8')).replace('by: hr-staff', 'by: it-partners'));
    const { code, of, trouble } = await doctor(environment({ POLICY_FILE: policy }));
    expect([trouble, code]).toEqual([[EXPECTED, 'policy failed'], 2]);
    expect(of('policy').lines[0]).toMatch(/policy\.yaml:\d+:\d+ test failed/);
  });

  it('says that the clock is off where an issuer has another time, and by how much', async () => {
    const { env } = standIns;
    const server = createServer((incoming, outgoing) => {
      void fetch(new URL(incoming.url ?? '/', standIns.issuer)).then(async (answer) => {
        const text = (await answer.text()).replaceAll(standIns.issuer, issuer);
        outgoing.setHeader('Date', new Date(Date.now() + 120_000).toUTCString());
        outgoing.writeHead(answer.status, { 'content-type': 'application/json' }).end(text);
      });
    });
    servers.push(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const issuers = (env['AUTH_ISSUERS'] ?? '').replace(standIns.issuer, issuer);
    const { code, of, trouble } = await doctor(environment({ AUTH_ISSUERS: issuers }));
    expect([trouble, code]).toEqual([[EXPECTED, 'clock failed'], 1]);
    expect(of('clock').message).toMatch(/^is 1[12]\d s behind issuer dev/);
    expect(of('clock').remedy).toContain('agrees with Galileo');
  });

  it('tells of a damaged trail', async () => {
    const service = await startService(environment());
    const token = await standIns.identityProvider.issue({ sub: 'hr-portal' });
    await fetch(`${service.url}/v2/invite_users`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ emails: ['ann@acme.com'], auth_method: 'okta' }),
    });
    await service.stop();
    const { DatabaseSync } = await import('node:sqlite');
    const database = new DatabaseSync(join(folder, 'ledger.db'));
    database.exec(`UPDATE records SET line = replace(line, 'ann@acme.com', 'bob@acme.com')`);
    database.close();
    const { code, of } = await doctor();
    expect([of('ledger').status, code]).toEqual(['failed', 1]);
    expect(of('ledger').message).toContain('broken at seq 4');
  });

  it('shows one screen without colour where there is no terminal', async () => {
    const { stdout, stderr } = await cli('doctor');
    expect(stdout).not.toContain('\u001b');
    expect(stderr).toBe('');
    expect(stdout).toMatch(/\d+ ok · 1 warning · 0 failed/);
  });

  it.skipIf(!existsSync(SCRIPT))(
    'colours on a terminal, unless NO_COLOR is set (skipped without script(1))',
    async () => {
      const onTerminal = async (extra: Record<string, string>): Promise<string> => {
        const line = `"${process.execPath}" src/cli.ts config check`;
        const env = environment({ TERM: 'xterm-256color', ...extra });
        const child = spawn(SCRIPT, ['-qec', line, '/dev/null'], { env, stdio: ['ignore', 'pipe', 'inherit'] });
        let shown = '';
        child.stdout.on('data', (chunk) => (shown += String(chunk)));
        await once(child, 'close');
        return shown;
      };
      expect(await onTerminal({})).toContain('\u001b[32mok');
      const plain = await onTerminal({ NO_COLOR: '1' });
      expect(plain).toContain('ok');
      expect(plain).not.toContain('\u001b[3');
    },
  );
});

describe('config check', () => {
  it('accepts what the service starts with', async () => {
    expect(await cli('config check')).toMatchObject({ code: 0, stderr: '' });
    services.push(await startService(environment()));
  });

  it.each([
    ['settings', { PORT: 'x', GALILEO_API_KYE: 'y', GALILEO_API_KEY: 'a key with spaces inside' }],
    ['the key', { GALILEO_API_KEY: '', GALILEO_API_KEY_FILE: '/nowhere/key' }],
    ['the policy', { POLICY_FILE: 'package.json' }],
    ['the issuers', { AUTH_ISSUERS: '', AUTH_ISSUERS_FILE: '/nowhere/issuers.json' }],
  ])('refuses for %s what the service refuses, in the same words', async (_, extra) => {
    const env = environment(extra);
    const [checked, started] = await Promise.all([cli('config check', env), run(['src/node.ts'], env)]);
    expect([checked.code, started.code]).toEqual([2, 2]);
    const problems = ({ stdout, stderr }: Ended) =>
      (stdout + stderr).split('\n').filter((line) => line.startsWith('  - '));
    expect(problems(started).length).toBeGreaterThan(0);
    expect(problems(checked)).toEqual(problems(started));
  });
});

describe('config print', () => {
  it('shows what is in force, the key by its fingerprint', async () => {
    const { code, stdout } = await cli('config print');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^GALILEO_API_KEY +\[secret\] fingerprint [0-9a-f]{12} \(environment\)$/m);
    expect(stdout).toMatch(/^GALILEO_TIMEOUT_MS +15000 \(default\)$/m);
  });
});

describe('the command line', () => {
  it('answers a mistyped command on stderr with a suggestion, and exits 64', async () => {
    expect(await cli('docter')).toMatchObject({
      code: 64,
      stdout: '',
      stderr: expect.stringContaining('did you mean doctor?'),
    });
  });

  it('ends quietly when its reader has seen enough', async () => {
    const shell = spawn('bash', ['-c', `set -o pipefail; "$0" src/cli.ts --help | head -1`, process.execPath], {
      env: environment(),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stderr = '';
    shell.stderr.on('data', (chunk) => (stderr += String(chunk)));
    await once(shell, 'close');
    expect(stderr).toBe('');
  });
});
