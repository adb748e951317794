/** `npm start` and `npm run demo` as a new user runs them: real processes, and the printed commands run in a shell. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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

describe('npm start', () => {
  it('prints a curl that gets a 200, and one that gets a 403 which names what failed, and stops cleanly', async () => {
    const ledger = join(await temporary(), 'ledger.db');
    const child = spawn(process.execPath, ['dev/start.ts'], {
      env: { ...process.env, PORT: '0', OPS_PORT: '0', LEDGER_URL: `sqlite:${ledger}` },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    await new Promise<void>((resolve, reject) => {
      child.once('exit', (code) => reject(new Error(`npm start ended with ${code}`)));
      child.stdout.on('data', (chunk) => {
        output += String(chunk);
        if (output.includes('Ctrl-C stops.')) resolve();
      });
    });
    expect(output).toContain('LOCAL STAND-INS');
    const [, token = '', first = '', second = ''] = /^(TOKEN=.*)\n(curl .*)\n[^]*?^(curl .*)$/m.exec(output) ?? [];

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

    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    expect((await exited)[0]).toBe(0);
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
