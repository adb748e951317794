import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openLedger } from '../../../src/platform/node/ledger/open-ledger.ts';
import { STARTS_EMPTY } from '../../../src/platform/node/ledger/other-ledgers.ts';
import { startNodeService } from '../../../src/platform/node/service.ts';
import type { NodeServiceStart } from '../../../src/platform/node/service.ts';
import { createFakeClock, createFakeIds, testUuid7 } from '../../support/clock.ts';
import { admission } from '../../support/ledger/ledger.ts';
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

async function freePort(): Promise<string> {
  const port = await takenPort();
  const server = taken.pop();
  server?.close();
  if (server !== undefined) await once(server, 'close');
  return port;
}

async function start(changes: Record<string, string> = {}) {
  const lines: string[] = [];
  const output = {
    line: (text: string) => void lines.push(text),
    write: async () => undefined,
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
  return { result, lines, env };
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
      const { result } = await start({ OPS_PORT: await freePort() });
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
