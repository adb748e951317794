import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { generateKeyPairSync } from 'node:crypto';
import type { AuditRecord, ChangeRecord } from '../../../src/audit/record.ts';
import { openLedger } from '../../../src/platform/node/ledger/open-ledger.ts';
import { readLedgerFile } from '../../../src/platform/node/ledger/reader.ts';
import { fingerprint } from '../../../src/upstream/api-keys.ts';
import { Secret } from '../../../src/lib/secret.ts';
import { policyFrom } from '../../support/policy.ts';
import { STARTS_EMPTY } from '../../../src/platform/node/ledger/files/other-ledgers.ts';
import { startNodeService } from '../../../src/platform/node/service.ts';
import type { NodeServiceStart } from '../../../src/platform/node/service.ts';
import { createFakeClock, createFakeIds, testUuid7 } from '../../support/clock.ts';
import { admission } from '../../support/ledger/ledger.ts';
import { freePort } from '../../support/servers/free-port.ts';
import { countedMetrics, keptLog } from '../../support/tokens.ts';

/** The composition on Node, in this process: what it opens, in which order, and that it leaves nothing behind. */
const POLICY = `
version: 1
callers:
  hr-portal: { issuer: corp, client_id: [hr-portal] }
rules:
  - { id: hr-staff, allow: [hr-portal], domains: [acme.com], roles: any, auth_methods: any }
`;
const KEY = 'test-key-0f3c9a7e5b1d2468';

let folder: string;
const taken: Server[] = [];
const started: NodeServiceStart[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'invite-proxy-service-'));
  await writeFile(join(folder, 'policy.yaml'), POLICY);
});

afterEach(async () => {
  for (const one of started.splice(0)) if (one.kind === 'started') await one.service.close();
  for (const server of taken.splice(0)) server.close();
  await rm(folder, { recursive: true });
});

/** A port that something else listens on. */
async function takenPort(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  taken.push(server);
  return String((server.address() as AddressInfo).port);
}

async function start(changes: Record<string, string> = {}) {
  const lines: string[] = [];
  const written: string[] = [];
  const output = {
    line: (text: string) => void lines.push(text),
    write: async (text: string) => void written.push(text),
    flush: async () => undefined,
  };
  const env: Record<string, string | undefined> = {
    PORT: '0',
    OPS_PORT: '0',
    GALILEO_API_KEY: KEY,
    AUTH_ISSUERS: JSON.stringify([{ name: 'corp', issuer: 'https://login.example.com', audience: 'galileo-invites' }]),
    POLICY_FILE: join(folder, 'policy.yaml'),
    LEDGER_URL: `sqlite:${join(folder, 'ledger.db')}`,
    ...changes,
  };
  const result = await startNodeService({ env, output });
  started.push(result);
  return { result, lines, written, env };
}

const portOf = (result: NodeServiceStart): number => (result.kind === 'started' ? result.service.port : 0);
const problemsOf = (result: NodeServiceStart): readonly string[] => (result.kind === 'refused' ? result.problems : []);

/** A ledger that a service has closed. */
async function ledgerWithRecord(path: string): Promise<void> {
  const deps = { clock: createFakeClock(), ids: createFakeIds(), logger: keptLog(), metrics: countedMetrics() };
  const ledger = await openLedger({ path, ...deps });
  await ledger.admit(admission(testUuid7(1), { plan: 'deny' }));
  await ledger.close();
}

describe('the service on Node', () => {
  it('opens the public port last, so that a taken OPS_PORT is found before any caller could connect', async () => {
    // Both are taken: the one that is opened first is the one that is reported.
    const [port, opsPort] = [await takenPort(), await takenPort()];
    const { result, lines } = await start({ PORT: port, OPS_PORT: opsPort });
    expect(problemsOf(result)).toEqual([expect.stringContaining(`:${opsPort}`)]);
    expect(lines.join()).not.toContain('listening');
  });

  it('leaves nothing open when it is refused: the same ledger can be opened at once', async () => {
    const refused = await start({ PORT: await takenPort() });
    expect(problemsOf(refused.result)).toEqual([expect.stringContaining('EADDRINUSE')]);
    expect((await start()).result.kind).toBe('started');
  });

  it('ends on close without ending the process, and can be started again', async () => {
    const first = await start();
    const url = `http://127.0.0.1:${String(portOf(first.result))}/readyz`;
    expect((await fetch(url)).status).toBe(200);
    expect(first.result.kind === 'started' && (await first.result.service.close())).toBe(true);
    await expect(fetch(url)).rejects.toThrow();
    const second = await start();
    expect(portOf(second.result)).toBeGreaterThan(0);
  });

  it('takes the credentials of an egress proxy out of the environment, under every name they may have there', async () => {
    const names = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy', 'ALL_PROXY', 'all_proxy'];
    const url = 'http://svc:sesame-0123456789@127.0.0.1:9';
    const { result, lines, env } = await start(Object.fromEntries(names.map((name) => [name, url])));
    expect(result.kind).toBe('started');
    expect(names.filter((name) => name in env)).toEqual([]);
    expect(lines.join('\n')).not.toContain('sesame');
  });

  it('reports problems of policy, keys and audit secrets at once, and shows no secret that was pasted into a setting', async () => {
    const { result } = await start({
      POLICY_FILE: join(folder, `${KEY}.yaml`),
      AUDIT_SIGNING_KEY_FILE: join(folder, 'signing.pem'),
    });
    const problems = problemsOf(result);
    expect(problems).toHaveLength(2);
    expect(problems.join('\n')).toContain('AUDIT_SIGNING_KEY_FILE');
    expect(problems.join('\n')).not.toContain(KEY);
  });

  it('shows what it knows of the time, and keeps it over a restart', async () => {
    const exposed = async (): Promise<string> => {
      const { result } = await start({ OPS_PORT: String(await freePort()) });
      if (result.kind !== 'started') throw new Error(result.problems.join('\n'));
      const text = await (await fetch(`http://127.0.0.1:${result.service.opsPort}/metrics`)).text();
      await result.service.close();
      return text;
    };
    expect(await exposed()).toMatch(/^galileo_invite_proxy_ledger_clock_doubt_seconds 0$/m);
    // No outside clock was heard.
    expect(await exposed()).not.toMatch(/^galileo_invite_proxy_ledger_clock_witness_timestamp_seconds \d/m);
  });

  it('warns when its ledger starts empty beside one that has records, and only then', async () => {
    const warnings = ({ lines }: { readonly lines: readonly string[] }): readonly string[] =>
      lines.filter((line) => line.includes('ledger_starts_empty'));
    expect(warnings(await start())).toEqual([]);
    await ledgerWithRecord(join(folder, 'old.db'));
    const second = await start({ LEDGER_URL: `sqlite:${join(folder, 'new.db')}` });
    const [warning = '', ...more] = warnings(second);
    expect(more).toEqual([]);
    expect(JSON.parse(warning)).toMatchObject({ level: 'warn', others: 1, problem: STARTS_EMPTY });
    expect(warning).not.toContain(folder);
    expect(warnings(await start({ LEDGER_URL: `sqlite:${join(folder, 'old.db')}` }))).toEqual([]);
  });

  it('names the settings of Galileo’s SDK that it ignores, and starts', async () => {
    const { result, lines } = await start({
      GALILEO_CONSOLE_URL: 'https://console.example.com',
      GALILEO_PROJECT: 'p-1',
    });
    expect(result.kind).toBe('started');
    const ignored = lines.filter((line) => line.includes('setting_ignored')).map((line) => JSON.parse(line) as unknown);
    expect(ignored).toMatchObject([
      { setting: 'GALILEO_CONSOLE_URL', problem: expect.stringContaining('GALILEO_API_URL') },
      { setting: 'GALILEO_PROJECT' },
    ]);
    expect(JSON.stringify(ignored)).not.toMatch(/console\.example|p-1/);
  });

  it('takes every secret out of the environment once it has read them', async () => {
    const { env } = await start();
    expect(env).not.toHaveProperty('GALILEO_API_KEY');
    expect(env).toHaveProperty('AUTH_ISSUERS');
  });
});

describe('what changes in the service on Node', () => {
  const path = (): string => join(folder, 'ledger.db');
  const OTHER_POLICY = POLICY.replace('acme.com', 'example.com');

  async function close(result: NodeServiceStart): Promise<void> {
    if (result.kind !== 'started') throw new Error(result.problems.join('\n'));
    await result.service.close();
  }

  /** Starts and stops a service. */
  const runOnce = async (changes: Record<string, string> = {}): Promise<void> =>
    await close((await start(changes)).result);

  async function recorded(): Promise<readonly ChangeRecord[]> {
    const reader = await readLedgerFile(path());
    try {
      const records = (await reader.records(0, 1000)).map(({ line }) => JSON.parse(line) as AuditRecord);
      return records.filter((record) => record.kind === 'change');
    } finally {
      reader.close();
    }
  }
  const changes = async () => (await recorded()).map(({ change }) => change);

  it('is on record: the start with what it found, and the stop, which the last checkpoint covers', async () => {
    await runOnce();
    const { digest } = policyFrom(POLICY);
    expect(await changes()).toEqual([
      {
        what: 'service_started',
        runtime: `node ${process.version}`,
        settings_sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      },
      { what: 'key_slot_changed', slot: 'current', from: null, to: fingerprint(new Secret(KEY)) },
      { what: 'policy_taken', from: null, to: digest },
      { what: 'service_stopped' },
    ]);
    expect((await recorded())[0]).toMatchObject({ seq: 1, service: { runtime: 'node', version: expect.any(String) } });
    const reader = await readLedgerFile(path());
    expect(await reader.chain()).toMatchObject({ head: { seq: 4 }, checkpoint: { count: 4 } });
    reader.close();
  });

  it('is recorded at the next start when it changed while the service was down, and not when it did not', async () => {
    await runOnce();
    await runOnce();
    expect((await changes()).slice(4).map(({ what }) => what)).toEqual(['service_started', 'service_stopped']);
    await writeFile(join(folder, 'policy.yaml'), OTHER_POLICY);
    const { privateKey } = generateKeyPairSync('ed25519');
    await runOnce({
      GALILEO_API_KEY_NEXT: 'test-key-next-0f3c9a7e5b',
      AUDIT_SIGNING_KEY: String(privateKey.export({ type: 'pkcs8', format: 'pem' })),
    });
    expect((await changes()).slice(7, -1)).toEqual([
      {
        what: 'key_slot_changed',
        slot: 'next',
        from: null,
        to: fingerprint(new Secret('test-key-next-0f3c9a7e5b')),
      },
      { what: 'checkpoint_key_changed', from: null, to: expect.stringMatching(/^[0-9a-f]{16}$/) as string },
      { what: 'policy_taken', from: policyFrom(POLICY).digest, to: policyFrom(OTHER_POLICY).digest },
    ]);
  });

  it('includes a start that ended because a port was taken', async () => {
    await start({ PORT: await takenPort() });
    expect((await changes()).map(({ what }) => what)).toEqual([
      'service_started',
      'key_slot_changed',
      'policy_taken',
      'service_stopped',
    ]);
  });

  it('goes to the sinks without waiting for a request', async () => {
    const { written } = await start();
    const delivered = (what: string): Promise<boolean> =>
      vi.waitUntil(() => written.join('').includes(`"what":"${what}"`), { timeout: 60_000 });
    await delivered('service_started');
    await delivered('policy_taken');
    await writeFile(join(folder, 'policy.yaml'), 'version: 2\n');
    await delivered('policy_refused');
  });

  it('includes a policy that is taken or refused while it runs', async () => {
    const { result, lines } = await start();
    const logged = (event: string): Promise<boolean> =>
      vi.waitUntil(() => lines.some((line) => line.includes(event)), { timeout: 60_000 });
    await writeFile(join(folder, 'policy.yaml'), 'version: 2\n');
    await logged('policy_refused');
    await writeFile(join(folder, 'policy.yaml'), OTHER_POLICY);
    await logged('policy_loaded');
    await close(result);
    const [from, to] = [policyFrom(POLICY).digest, policyFrom(OTHER_POLICY).digest];
    expect((await changes()).slice(3)).toMatchObject([
      { what: 'policy_refused', kept: from, problems: expect.any(Number) },
      { what: 'policy_taken', from, to },
      { what: 'service_stopped' },
    ]);
  });
});
