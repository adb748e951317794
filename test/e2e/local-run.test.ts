/** `npm start` and `npm run demo` as a new user runs them: real processes, and the printed commands run in a shell. */
import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';

const run = promisify(execFile);
const folders: string[] = [];

afterEach(async () => {
  await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true })));
});

async function temporary(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'invite-proxy-e2e-'));
  folders.push(folder);
  return folder;
}

interface Started {
  readonly child: ChildProcess;
  /** All of stdout so far. */
  output(): string;
  /** The start page. */
  readonly page: string;
  /** Resolves when this text was printed. */
  until(text: string): Promise<void>;
}

/** Resolves when the start page is there. */
async function start(
  env: Readonly<Record<string, string>>,
  [command = '', ...args]: readonly string[] = [process.execPath, 'dev/start.ts'],
): Promise<Started> {
  const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let [output, all] = ['', ''];
  const checks = new Set<() => void>();
  const read = (chunk: unknown): void => {
    all += String(chunk);
    for (const check of checks) check();
  };
  child.stderr.on('data', read);
  child.stdout.on('data', (chunk) => {
    output += String(chunk);
    read(chunk);
  });
  const until = (text: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const check = (): void => {
        if (!all.includes(text)) return;
        checks.delete(check);
        resolve();
      };
      child.once('close', (code) => reject(new Error(`npm start ended with ${String(code)}: ${all}`)));
      checks.add(check);
      check();
    });
  await until('Ctrl-C stops.');
  return { child, output: () => output, page: all, until };
}

describe('npm start', () => {
  it('prints a curl that gets a 200, and one that gets a 403 which names what failed, and stops cleanly', async () => {
    const ledger = join(await temporary(), 'ledger.db');
    const { child, output, page } = await start({ PORT: '0', OPS_PORT: '0', LEDGER_URL: `sqlite:${ledger}` });
    expect(page).toContain('LOCAL STAND-INS');
    const [, token = '', first = '', second = ''] = /^(TOKEN=.*)\n(curl .*)\n[^]*?^(curl .*)$/m.exec(page) ?? [];

    const accepted = await run('bash', ['-c', `${token}\n${first}`]);
    expect(accepted.stdout).toMatch(/^HTTP\/1\.1 200 OK/);
    expect(accepted.stdout).toContain('{"invited":1}');
    const denied = await run('bash', ['-c', `${token}\n${second}`]);
    expect(denied.stdout).toMatch(/^HTTP\/1\.1 403 Forbidden/);
    expect(denied.stdout).toContain(
      '"detail":"Nothing was sent. ann@notacme.com: no rule lets you invite this address."',
    );
    expect(denied.stdout).toContain(
      '"decisions":[{"email":"ann@notacme.com","decision":"deny","rule":null,"because":["no-rule"],',
    );

    const exited = once(child, 'close');
    child.kill('SIGTERM');
    expect((await exited)[0]).toBe(0);
    const channels = output()
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { channel: string }).channel);
    expect(new Set(channels)).toEqual(new Set(['ops', 'audit']));
  });

  it('gives a token of a person, whose invite is one readable line on a terminal', async () => {
    const ledger = join(await temporary(), 'ledger.db');
    const command = `"${process.execPath}" dev/start.ts`;
    // script(1) gives it a terminal. The page goes there, too.
    const { child, output, page, until } = await start(
      { PORT: '0', OPS_PORT: '0', LEDGER_URL: `sqlite:${ledger}`, NO_COLOR: '1' },
      ['script', '--quiet', '--return', '--command', command, '/dev/null'],
    );
    const [, url = ''] = /the service +(\S+)/.exec(page) ?? [];
    const [, issuer = ''] = /identity provider +(\S+)/.exec(page) ?? [];
    const { stdout: token } = await run(process.execPath, ['dev/token.ts', '--user', 'ann', '--issuer', issuer]);
    for (const email of ['ann@acme.com', 'ann@notacme.com']) {
      await fetch(`${url}/v2/invite_users`, {
        method: 'POST',
        headers: { Authorization: `Bearer ${token.trim()}`, 'Content-Type': 'application/json' },
        body: JSON.stringify({ emails: [email], auth_method: 'okta' }),
      });
    }
    await until('ann@notacme.com → ');
    const exited = once(child, 'close');
    child.kill('SIGTERM');
    await exited;
    expect(output()).toContain('200 POST /v2/invite_users hr-portal/ann ann@acme.com → accepted');
    expect(output()).toContain('403 POST /v2/invite_users hr-portal/ann ann@notacme.com → no-rule');
    expect(output()).not.toContain('{"level"');
  });

  it('says how to go on when another version of the program made the ledger', async () => {
    const file = join(await temporary(), 'dev.db');
    const settings = { PORT: '0', LEDGER_URL: `sqlite:${file}` };
    const { child } = await start(settings);
    const exited = once(child, 'close');
    child.kill('SIGTERM');
    await exited;
    const ledger = new DatabaseSync(file);
    ledger.exec('UPDATE ledger_version SET version = 9999');
    ledger.close();
    const env = { ...process.env, ...settings };
    await expect(run(process.execPath, ['dev/start.ts'], { env })).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringMatching(
        /schema version 9999.*\n {2}- nothing in the ledger .* delete .*dev\.db to begin with a new one\n$/,
      ),
    });
  });

  it('says which port is taken and how to go on', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const failed = await run(process.execPath, ['dev/start.ts'], {
      env: { ...process.env, PORT: '0', OPS_PORT: String(port) },
    }).catch((error: unknown) => error);
    server.close();
    expect(failed).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(
        new RegExp(`^Port ${port} \\(for metrics and reasons\\) is taken; .*PORT=\\d+ npm start\\n$`),
      ),
    });
  });

  it.each([
    ['GALILEO_API_KEY', 'a-real-looking-key-0123456789'],
    ['AUTH_ISSUERS', '[]'],
  ])('refuses to put stand-ins beside a configured %s', async (name, value) => {
    const failed = await run(process.execPath, ['dev/start.ts'], { env: { ...process.env, [name]: value } }).catch(
      (error: unknown) => error,
    );
    expect(failed).toMatchObject({ code: 2, stderr: expect.stringContaining('the stand-ins come as a pair') });
    expect(JSON.stringify(failed)).not.toContain('real-looking');
  });
});

describe('npm run demo', () => {
  it('plays six endings, each with the audit line it left', async () => {
    const { stdout } = await run(process.execPath, ['dev/demo.ts']);
    expect([...stdout.matchAll(/^ {3}(\d{3}) /gm)].map(([, status]) => status)).toEqual([
      '200',
      '403',
      '429',
      '200',
      '403',
      '504',
    ]);
    const audited = [...stdout.matchAll(/^ {3}audit (.*)$/gm)].map(
      ([, line = '']) => (JSON.parse(line) as { outcome: { result: string } }).outcome.result,
    );
    expect(audited).toEqual(['accepted', 'denied', 'denied', 'replayed', 'refused', 'unknown']);
  });
});
