/**
 * The stdout sink with a real collector. rsyslog follows the file that a container runtime would write and keeps the
 * audit lines. The kept lines verify alone, and against the ledger.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startRunning } from './running.ts';

const run = promisify(execFile);
const INVITES = 100;
const RSYSLOGD = '/usr/sbin/rsyslogd';

let folder = '';
let stopRsyslog = async (): Promise<void> => undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'invite-proxy-rsyslog-'));
});
afterEach(async () => {
  await stopRsyslog();
  await rm(folder, { recursive: true });
});

/**
 * The configuration of docs/audit.md: whole lines up to 256 KiB, and the audit channel unchanged in a file of its own.
 */
function configuration(feed: string, kept: string): string {
  return `
global(workDirectory="${folder}" maxMessageSize="256k")
module(load="imfile" mode="inotify")
template(name="as-it-came" type="string" string="%msg%\\n")
input(type="imfile" file="${feed}" tag="galileo-invite-proxy:" ruleset="invite-proxy")
ruleset(name="invite-proxy") {
  if $msg contains '"channel":"audit"' then action(type="omfile" file="${kept}" template="as-it-came")
}
`;
}

function startRsyslog(config: string): void {
  const child = spawn(RSYSLOGD, ['-n', '-f', config, '-i', join(folder, 'rsyslogd.pid')], { stdio: 'inherit' });
  const exited = once(child, 'exit');
  stopRsyslog = async () => {
    child.kill('SIGTERM');
    await exited;
  };
}

const linesOf = async (path: string): Promise<string[]> =>
  (await readFile(path, 'utf8').catch(() => '')).split('\n').filter((line) => line !== '');

describe('rsyslog on the stdout feed', () => {
  it('keeps every record whole, and what it kept verifies alone and against the ledger', async () => {
    const feed = join(folder, 'stdout.log');
    const kept = join(folder, 'audit.ndjson');
    const config = join(folder, 'rsyslog.conf');
    writeFileSync(feed, '');
    writeFileSync(config, configuration(feed, kept));
    startRsyslog(config);
    const service = await startRunning({}, { onText: (line) => appendFileSync(feed, `${line}\n`) });
    const token = await service.token();

    const many = Array.from({ length: 500 }, (_, n) => `${'x'.repeat(60)}${String(n)}@acme.com`);
    const large = await service.inviteAll(many, token);
    expect(large.status).toBe(200);
    for (let n = 0; n < INVITES; n += 1)
      expect((await service.invite(`p${String(n)}@acme.com`, token)).status).toBe(200);
    service.child.kill('SIGTERM');
    expect(await service.exited).toBe(0);

    const delivered = await linesOf(feed).then((lines) => lines.filter((line) => line.includes('"channel":"audit"')));
    await expect.poll(async () => (await linesOf(kept)).length, { timeout: 30_000 }).toBe(delivered.length);
    expect(await linesOf(kept)).toEqual(delivered);
    const verify = async (...args: string[]): Promise<unknown> =>
      JSON.parse(
        (await run(process.execPath, ['src/cli.ts', 'audit', 'verify', '--json', '--lines', kept, ...args])).stdout,
      );
    const whole = { records: 2 * (INVITES + 1), findings: [] };
    expect(await verify()).toMatchObject({ verdict: 'intact', lines: whole });
    expect(await verify('--ledger', service.ledgerPath)).toMatchObject({
      verdict: 'intact',
      lines: whole,
      ledger: whole,
    });
  });
});
