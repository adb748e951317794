/** `node src/node.ts` as a platform runs it: configured by its environment, killed, stopped and started again. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { watch } from 'node:fs';
import { mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Service } from './started.ts';
import { startService } from './started.ts';
import type { StandIns } from '../../dev/stand-ins.ts';
import { startStandIns } from '../../dev/stand-ins.ts';
import { verifyChain } from '../../src/audit/chain.ts';

const run = promisify(execFile);
let folder = '';
let standIns: StandIns;
let services: Service[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'invite-proxy-e2e-'));
  standIns = await startStandIns({}, { identityProvider: 0, galileo: 0 });
});

afterEach(async () => {
  for (const service of services) if (service.child.exitCode === null) service.child.kill('SIGKILL');
  services = [];
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

async function start(extra: Record<string, string> = {}, onLine?: (line: string) => void): Promise<Service> {
  const service = await startService(environment(extra), {
    keepRecords: true,
    ...(onLine === undefined ? {} : { onLine }),
  });
  services.push(service);
  return service;
}

async function invite(service: Service, email: string, headers: Record<string, string> = {}): Promise<Response> {
  const token = await standIns.identityProvider.issue({ sub: 'hr-portal' });
  return await fetch(`${service.url}/v2/invite_users`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify({ emails: [email], auth_method: 'okta' }),
  });
}

async function trail(service: Service): Promise<string[]> {
  const token = await standIns.identityProvider.issue({ sub: 'audit-desk', scope: 'audit:read' });
  const response = await fetch(`${service.url}/audit/records`, { headers: { Authorization: `Bearer ${token}` } });
  return (await response.text()).split('\n').filter((line) => line !== '');
}

describe('a process whose disk has less free space than LEDGER_MIN_FREE_MB', () => {
  it('records invites as always, and counts what it refuses', async () => {
    // 100 terabytes.
    const service = await start({ LEDGER_MIN_FREE_MB: '100000000' });
    expect((await invite(service, 'eve@rival.io')).status).toBe(403);
    expect((await invite(service, 'ann@acme.com')).status).toBe(200);
    const kinds = (await trail(service)).map((line) => (JSON.parse(line) as { kind: string }).kind);
    expect(kinds.filter((kind) => !['change', 'suppressed'].includes(kind))).toEqual(['intent', 'outcome']);
  });
});

describe('a process that is killed between send and settle', () => {
  it('leaves an intent that becomes unknown when its time is over, replays as unknown, and is never sent again', async () => {
    const key = { 'Idempotency-Key': 'killed-in-the-middle-1' };
    const first = await start({ GALILEO_TIMEOUT_MS: '20000' });
    const answer = invite(first, 'slow@acme.com', key).catch(() => null);
    const intent = await first.record(({ kind }) => kind === 'intent');
    await standIns.galileo.arrived(1);
    const killed = once(first.child, 'exit');
    first.child.kill('SIGKILL');
    await killed;
    expect(await answer).toBeNull();

    const second = await start();
    const early = await invite(second, 'slow@acme.com', key);
    expect(early.status).toBe(409);
    // It expires 20 s + 30 s after its admission, which are over now. The sweep then writes a record.
    const database = new DatabaseSync(join(folder, 'ledger.db'), { timeout: 5_000 });
    database.exec(`UPDATE requests SET expires_at = 1 WHERE state = 'open'`);
    database.close();
    const outcome = await second.record(({ kind, request_id: id }) => kind === 'outcome' && id === intent.request_id);
    expect(outcome.outcome).toMatchObject({ result: 'unknown', reason: 'expired', settled_by: 'sweep' });
    const replay = await invite(second, 'slow@acme.com', key);
    expect(replay.status).toBe(504);
    expect(replay.headers.get('Idempotency-Replayed')).toBe('true');
    expect(standIns.galileo.received).toHaveLength(1);
    expect(verifyChain(await trail(second))).toMatchObject({ kind: 'intact' });
    expect(await second.stop()).toBe(0);
  });
});

describe('a process whose write-ahead log is deleted, and that is then killed', () => {
  const addresses = Array.from({ length: 10 }, (_, n) => `p${String(n)}@acme.com`);
  const keyOf = (email: string): Record<string, string> => ({ 'Idempotency-Key': `key-of-${email}` });

  async function killed(service: Service): Promise<void> {
    const ended = once(service.child, 'exit');
    service.child.kill('SIGKILL');
    await ended;
  }

  async function expectNothingLost(): Promise<void> {
    const next = await start();
    const replay = await invite(next, addresses[0] ?? '', keyOf(addresses[0] ?? ''));
    expect([replay.status, replay.headers.get('Idempotency-Replayed')]).toEqual([200, 'true']);
    expect(standIns.galileo.received).toHaveLength(addresses.length);
    const records = await trail(next);
    expect(verifyChain(records)).toMatchObject({ kind: 'intact' });
    const text = records.join();
    expect(addresses.filter((email) => !text.includes(email))).toEqual([]);
    expect(await next.stop()).toBe(0);
  }

  it('has every invite on record that was answered after the deletion', { timeout: 120_000 }, async () => {
    const service = await start();
    await rm(join(folder, 'ledger.db-wal'));
    for (const email of addresses) expect((await invite(service, email, keyOf(email))).status).toBe(200);
    await killed(service);
    await expectNothingLost();
  });

  it('has every invite on record that was answered before it, without another one', { timeout: 120_000 }, async () => {
    const restored = Promise.withResolvers<void>();
    const service = await start({}, (line) => {
      if (line.includes('ledger_files_restored')) restored.resolve();
    });
    for (const email of addresses) expect((await invite(service, email, keyOf(email))).status).toBe(200);
    await rm(join(folder, 'ledger.db-wal'));
    await restored.promise;
    await killed(service);
    await expectNothingLost();
  });
});

describe('a process that is told to stop', () => {
  it('answers and records what is under way, delivers every audit line, and exits 0', async () => {
    const lines: string[] = [];
    const service = await start({}, (line) => lines.push(line));
    const released = Promise.withResolvers<void>();
    const emails = Array.from({ length: 10 }, (_, n) => `p${n}@acme.com`);
    for (const email of emails)
      standIns.galileo.script({ kind: 'answer', status: 200, body: { invited: 1 }, after: released.promise }, email);
    const answers = emails.map((email) => invite(service, email));
    await standIns.galileo.arrived(emails.length);
    const stopped = service.stop();
    released.resolve();
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual(emails.map(() => 200));
    expect(await stopped).toBe(0);
    const audited = lines
      .map((line) => JSON.parse(line) as { channel: string; record?: { kind: string; seq: number } })
      .filter(({ channel, record }) => channel === 'audit' && record !== undefined);
    // Three records are about the start, one is about the stop.
    expect(audited.map(({ record }) => record?.seq)).toEqual(Array.from({ length: 24 }, (_, n) => n + 1));
    expect(audited.at(-1)?.record).toMatchObject({ kind: 'change', change: { what: 'service_stopped' } });
    expect(audited.filter(({ record }) => record?.kind === 'outcome')).toHaveLength(10);
  });
});

describe('a second process on the same ledger', () => {
  it.each([
    ['', async () => undefined],
    [' when the lock file was deleted', () => rm(join(folder, 'ledger.db-lock'))],
  ])('refuses to start%s', async (_when, act) => {
    await start();
    await act();
    const failed = await run(process.execPath, ['src/node.ts'], { env: environment() }).catch(
      (error: unknown) => error,
    );
    expect(failed).toMatchObject({ code: 2, stderr: expect.stringMatching(/another process/i) });
  });
});

describe('a start that cannot be', () => {
  it('names every problem of the configuration at once and prints no secret', async () => {
    const env = environment({ PORT: 'x', GALILEO_API_KEY: 'a key with spaces inside', LEDGER_URL: '' });
    delete env.INSECURE_DEV;
    const failed = (await run(process.execPath, ['src/node.ts'], { env }).catch((error: unknown) => error)) as {
      code: number;
      stderr: string;
    };
    expect(failed.code).toBe(2);
    for (const name of ['PORT', 'GALILEO_API_KEY', 'GALILEO_API_URL', 'AUTH_ISSUERS'])
      expect(failed.stderr).toContain(`- ${name} `);
    expect(failed.stderr).not.toContain('spaces inside');
  });

  it('names the lines and columns of a policy that does not load', async () => {
    const policy = join(folder, 'policy.yaml');
    await writeFile(
      policy,
      'version: 1\nrules:\n  - { id: a, allow: [nobody], domains: [acme.com], roles: any, auth_methods: any }\n',
    );
    const failed = (await run(process.execPath, ['src/node.ts'], { env: environment({ POLICY_FILE: policy }) }).catch(
      (error: unknown) => error,
    )) as { code: number; stderr: string };
    expect(failed.code).toBe(2);
    expect(failed.stderr).toMatch(/policy\.yaml:3:\d+ /);
  });
});

describe('a bad policy and a bad key file', () => {
  it('are told in one go', async () => {
    const policy = join(folder, 'policy.yaml');
    await writeFile(policy, 'version: 2\n');
    const env = environment({ POLICY_FILE: policy, GALILEO_API_KEY_NEXT_FILE: join(folder, 'absent') });
    const failed = (await run(process.execPath, ['src/node.ts'], { env }).catch((error: unknown) => error)) as {
      code: number;
      stderr: string;
    };
    expect(failed.code).toBe(2);
    expect(failed.stderr).toContain('policy.yaml:1:');
    expect(failed.stderr).toContain('GALILEO_API_KEY_NEXT_FILE');
  });
});

describe('a key in the wrong setting', () => {
  it('is not printed, though another key setting is refused as well', async () => {
    const key = 'sk-live-0123456789abcdefghij';
    const env = environment({
      GALILEO_API_KEY: key,
      POLICY_FILE: key,
      GALILEO_API_KEY_NEXT_FILE: join(folder, 'absent'),
    });
    for (const command of [['src/node.ts'], ['src/cli.ts', 'config', 'check'], ['src/cli.ts', 'config', 'print']]) {
      const { stdout = '', stderr = '' } = (await run(process.execPath, command, { env }).catch(
        (error: unknown) => error,
      )) as { stdout?: string; stderr?: string };
      expect(stdout + stderr).toContain('GALILEO_API_KEY_NEXT_FILE');
      expect(stdout + stderr).not.toContain(key.slice(0, 12));
    }
  });
});

describe('a crash report', () => {
  it('holds no environment, and so no key', async () => {
    const service = await start({ NODE_OPTIONS: `--report-on-signal --report-directory=${folder}` });
    const written = Promise.withResolvers<string>();
    const watcher = watch(folder, (_event, name) => {
      if (name?.startsWith('report') === true) written.resolve(name);
    });
    service.child.kill('SIGUSR2');
    const report = join(folder, await written.promise);
    watcher.close();
    expect(await service.stop()).toBe(0);
    const text = await readFile(report, 'utf8');
    expect(text).toContain('"header"');
    expect(text).not.toContain(standIns.env.GALILEO_API_KEY);
  });
});

describe('a rotated key file', () => {
  it('is taken up without a restart', async () => {
    const file = join(folder, 'key');
    await writeFile(file, 'not-the-right-key-0123456789');
    const { GALILEO_API_KEY: goodKey = '', ...env } = environment({ GALILEO_API_KEY_FILE: file });
    const service = await startService(env);
    services.push(service);
    expect((await invite(service, 'ann@acme.com')).status).toBe(502);
    await writeFile(`${file}.new`, `${goodKey}\n`);
    await rename(`${file}.new`, file);
    expect((await invite(service, 'ann@acme.com')).status).toBe(200);
  });
});

describe('the ledger file', () => {
  it('is readable by its owner only', async () => {
    const service = await start();
    await invite(service, 'ann@acme.com');
    expect((await stat(join(folder, 'ledger.db'))).mode & 0o777).toBe(0o600);
    expect((await readFile(join(folder, 'ledger.db'))).length).toBeGreaterThan(0);
  });
});
