import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { COMMANDS } from '../../../../src/cli/commands.ts';
import { describeCommands } from '../../../../src/cli/command-line/describe-commands.ts';
import { SERVICE_VERSION } from '../../../../src/config/service.ts';
import { runCommand } from '../cli-harness.ts';

describe('help', () => {
  it('lists every command with what it does, and the exit codes', async () => {
    const { code, stdout } = await runCommand(['--help']);
    expect(code).toBe(0);
    for (const { name, summary } of COMMANDS) {
      expect(stdout).toContain(`  ${name}`);
      expect(stdout.replaceAll(/\s+/g, ' ')).toContain(summary);
    }
    for (const exit of ['0 ', '1 ', '2 ', '64 ', '70 ', '74 ']) expect(stdout).toMatch(new RegExp(`^ {2}${exit}`, 'm'));
  });

  it.each(COMMANDS.map(({ name }) => name))(
    'of %s says how it is used, what its exits mean, and gives an example',
    async (name) => {
      const { code, stdout } = await runCommand([...name.split(' '), '--help']);
      expect(code).toBe(0);
      for (const heading of [`Usage: galileo-invite-proxy ${name}`, 'Options:', 'Exit codes:', 'Examples:'])
        expect(stdout).toContain(heading);
      expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(110);
    },
  );

  it('on a group lists the commands of that group alone', async () => {
    const { stdout } = await runCommand(['config', '--help']);
    expect(stdout).toContain('config print');
    expect(stdout).not.toContain('doctor');
  });

  it('asks nobody and reads nothing', async () => {
    const { asked } = await runCommand(['doctor', '--help'], {
      deps: { openPolicy: () => Promise.reject(new Error('not to be called')) },
    });
    expect(asked).toEqual([]);
  });
});

describe('the command line', () => {
  it('prints its version', async () => {
    expect(await runCommand(['--version'])).toMatchObject({
      code: 0,
      stdout: `galileo-invite-proxy ${SERVICE_VERSION}\n`,
    });
  });

  it('shows lines as this user types them, in a checkout or installed', async () => {
    const installed = (await runCommand(['policy', 'check', '--help'])).stdout;
    expect(installed).toContain('Usage: galileo-invite-proxy policy check FILE');
    const byNpm = (await runCommand(['policy', 'check', '--help'], { env: { npm_lifecycle_event: 'cli' } })).stdout;
    expect(byNpm).toContain('Usage: npm run cli -- policy check FILE');
    expect(byNpm).not.toContain('galileo-invite-proxy policy');
  });

  it('shows everything when nothing was typed, on stderr and with exit 64, so that no script takes it for success', async () => {
    const { code, stdout, stderr } = await runCommand([]);
    expect([code, stdout]).toEqual([64, '']);
    expect(stderr).toBe((await runCommand(['--help'])).stdout);
  });

  it('answers a mistyped command with a suggestion on stderr and exit 64', async () => {
    const { code, stdout, stderr } = await runCommand(['dcotor']);
    expect([code, stdout]).toEqual([64, '']);
    expect(stderr).toContain('did you mean doctor?');
    expect(stderr).toContain('galileo-invite-proxy --help');
  });

  it('answers a fault of its own with exit 70 and the kind of fault, not its words', async () => {
    const broken = { openKeys: () => Promise.reject(new RangeError('secret words')) };
    const { code, stderr } = await runCommand(['config', 'check'], { deps: broken });
    expect(code).toBe(70);
    expect(stderr).toContain('RangeError');
    expect(stderr).not.toContain('secret words');
  });

  it('is described in docs/cli.md, word for word', async () => {
    expect(await readFile('docs/cli.md', 'utf8')).toBe(describeCommands(COMMANDS));
  });
});
