/** Runs a collector's own program in a folder of the test, and ends it with the test. */
import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFailed, onTestFinished } from 'vitest';

export interface Daemon {
  /** Resolves when the program has said that, also before this call. */
  said(text: string): Promise<void>;
  /** Resolves when the process is gone. */
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
}

/** Removed with the test, after the programs that run in it. */
export async function testFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'invite-proxy-collector-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

/** The program keeps its own state in `folder`, so a second start continues the first. */
export async function startRsyslog(folder: string, config: string): Promise<Daemon> {
  const path = join(folder, 'rsyslog.conf');
  await writeFile(path, `global(workDirectory="${folder}")\n${config}`);
  // A process that was killed leaves its file behind, and rsyslogd refuses to start beside it.
  await rm(join(folder, 'rsyslogd.pid'), { force: true });
  return started(spawn('/usr/sbin/rsyslogd', ['-n', '-f', path, '-i', join(folder, 'rsyslogd.pid')]));
}

/** Unpacked by .ci/run, because Debian's package conflicts with rsyslog's. */
const SYSLOG_NG = '/opt/syslog-ng/usr';

export async function startSyslogNg(folder: string, config: string): Promise<Daemon> {
  const path = join(folder, 'syslog-ng.conf');
  await writeFile(path, config);
  const libraries = join(SYSLOG_NG, 'lib/syslog-ng');
  if (!existsSync(libraries)) throw new Error('syslog-ng is not here: .ci/run unpacks it');
  const version = readdirSync(libraries).find((name) => /^\d+\.\d+$/.test(name)) ?? '';
  const state = ['persist', 'control', 'pid'].map((name) => join(folder, `syslog-ng.${name}`));
  const [persist = '', control = '', pid = ''] = state;
  const options = ['--persist-file', persist, '--control', control, '--pidfile', pid];
  return started(
    spawn(
      join(SYSLOG_NG, 'sbin/syslog-ng'),
      ['--foreground', '--no-caps', '--cfgfile', path, ...options, '--module-path', join(libraries, version)],
      { env: { ...process.env, LD_LIBRARY_PATH: libraries } },
    ),
  );
}

function started(child: ChildProcessWithoutNullStreams): Daemon {
  const exited = once(child, 'exit');
  let output = '';
  const told = new EventTarget();
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      output += String(chunk);
      told.dispatchEvent(new Event('more'));
    });
  // What a program said is what explains a failure.
  onTestFailed(() => void process.stderr.write(output));
  const said: Daemon['said'] = async (text) => {
    while (!output.includes(text)) await once(told, 'more');
  };
  const end: Daemon['end'] = async (signal) => {
    child.kill(signal);
    await exited;
  };
  onTestFinished(async () => await end('SIGKILL'));
  return { said, end };
}

/** The lines of a file so far; none while it is not there. */
export async function linesOf(path: string): Promise<string[]> {
  return (await readFile(path, 'utf8').catch(() => '')).split('\n').filter((line) => line !== '');
}
