/**
 * The service and doctor as processes behind an egress proxy: the only way to Galileo, the issuer and the collector. All
 * three have names that do not resolve here, and one certificate that NODE_EXTRA_CA_CERTS vouches for.
 */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getRequestListener } from '@hono/node-server';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createGalileo } from '../../dev/galileo.ts';
import type { Galileo } from '../../dev/galileo.ts';
import type { Service } from '../../dev/service.ts';
import { createIdentityProvider } from '../../dev/identity-provider.ts';
import type { IdentityProvider } from '../../dev/identity-provider.ts';
import { selfSigned } from '../contract/http-port/certificate.ts';
import type { ConnectProxy, ProxyAnswer } from '../support/servers/connect-proxy.ts';
import { proxyAnswers, serveConnectProxy } from '../support/servers/connect-proxy.ts';
import { startService } from './started.ts';

const KEY = 'test-key-0f3c9a7e5b1d2468';
const PASSWORD = 'sesame-0123456789';
const CREDENTIALS = btoa(`svc:${PASSWORD}`);
const [GALILEO, ISSUER, COLLECTOR] = ['api.galileo.test', 'login.acme.test', 'siem.acme.test'];

interface Network {
  readonly proxy: ConnectProxy;
  readonly galileo: Galileo;
  readonly identityProvider: IdentityProvider;
  /** The bodies that the collector got are compressed, so they are only counted. */
  readonly collected: { batches: number };
  readonly env: Readonly<Record<string, string>>;
  answerWith(answer: ProxyAnswer): void;
}

async function openNetwork(): Promise<Network> {
  const folder = await mkdtemp(join(tmpdir(), 'invite-proxy-egress-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const certificate = selfSigned(GALILEO, ISSUER, COLLECTOR);
  await writeFile(join(folder, 'ca.pem'), certificate.cert);
  const galileo = createGalileo({ apiKeys: [KEY] });
  const identityProvider = createIdentityProvider({ issuer: `https://${ISSUER}` });
  const collected = { batches: 0 };
  const collect = (): Response => {
    collected.batches += 1;
    return new Response(null, { status: 204 });
  };
  const listener = getRequestListener(
    (request) => {
      const { hostname } = new URL(request.url);
      if (hostname === COLLECTOR) return collect();
      return (hostname === GALILEO ? galileo : identityProvider).app.fetch(request);
    },
    { overrideGlobalObjects: false },
  );
  const server = createServer(certificate, (incoming, outgoing) => void listener(incoming, outgoing));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  let answer: ProxyAnswer = proxyAnswers.wants(CREDENTIALS);
  const proxy = await serveConnectProxy({ targets: () => port, answer: (tunnel) => answer(tunnel) });
  const env = {
    PATH: process.env['PATH'] ?? '',
    ...{ PORT: '0', OPS_PORT: '0', POLICY_FILE: 'dev/policy.yaml', LEDGER_URL: `sqlite:${join(folder, 'ledger.db')}` },
    ...{ GALILEO_API_URL: `https://${GALILEO}`, GALILEO_API_KEY: KEY },
    AUTH_ISSUERS: JSON.stringify([{ name: 'dev', issuer: `https://${ISSUER}`, audience: 'galileo-invites' }]),
    ...{ AUDIT_SINKS: 'stdout,http', AUDIT_HTTP_URL: `https://${COLLECTOR}/audit` },
    NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem'),
    https_proxy: proxy.url.replace('//', `//svc:${PASSWORD}@`),
  };
  return { proxy, galileo, identityProvider, collected, env, answerWith: (next) => void (answer = next) };
}

async function start({ env }: Network) {
  const lines: string[] = [];
  const service = await startService(env, { keepRecords: true, onLine: (line) => void lines.push(line) });
  onTestFinished(async () => void (await service.stop()));
  return { service, lines };
}

async function invite({ identityProvider }: Network, service: Service): Promise<Response> {
  const token = await identityProvider.issue({ sub: 'hr-portal' });
  return await fetch(`${service.url}/v2/invite_users`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ emails: ['ann@acme.com'], auth_method: 'okta' }),
  });
}

async function cli(args: readonly string[], env: Readonly<Record<string, string>>) {
  return await new Promise<{ code: number; stdout: string }>((resolve) => {
    execFile(process.execPath, ['src/cli.ts', ...args], { env }, (error, stdout) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout });
    });
  });
}

const authorities = ({ proxy }: Network): string[] =>
  [...new Set(proxy.asked.map(({ authority }) => authority))].toSorted();

describe('a process whose only way out is an egress proxy', () => {
  it('reaches the issuer, Galileo and the collector through it, and shows its credentials nowhere', async () => {
    const network = await openNetwork();
    const { service, lines } = await start(network);
    expect((await invite(network, service)).status).toBe(200);
    await service.record(({ kind }) => kind === 'outcome');
    expect(await service.stop()).toBe(0);
    expect(authorities(network)).toEqual([`${GALILEO}:443`, `${ISSUER}:443`, `${COLLECTOR}:443`]);
    expect(network.proxy.others).toEqual([]);
    expect(network.galileo.received).toHaveLength(1);
    expect(network.collected.batches).toBeGreaterThan(0);
    for (const secret of [PASSWORD, CREDENTIALS]) expect(lines.join('\n')).not.toContain(secret);
  });

  it('sends nothing while the proxy refuses, says so in answer, log and trail, and goes on when it lets through', async () => {
    const network = await openNetwork();
    const { service, lines } = await start(network);
    const refuseGalileo: ProxyAnswer = (tunnel) =>
      tunnel.authority.startsWith(GALILEO) ? proxyAnswers.answers(403)(tunnel) : tunnel.carry();
    network.answerWith(refuseGalileo);
    const refused = await invite(network, service);
    expect(refused.status).toBe(503);
    expect(await refused.json()).toMatchObject({ code: 'upstream_unavailable', origin: 'proxy', outcome: 'not_sent' });
    const outcome = await service.record(
      ({ kind, outcome: ended }) => kind === 'outcome' && ended.result === 'not_sent',
    );
    expect(outcome.outcome).toMatchObject({ reason: 'proxy_refused' });
    expect(lines.some((line) => line.includes('"egress_proxy_failed"') && line.includes('"proxy_refused"'))).toBe(true);
    expect(network.galileo.received).toEqual([]);
    network.answerWith(proxyAnswers.carries);
    expect((await invite(network, service)).status).toBe(200);
  });
});

describe('the command line behind an egress proxy', () => {
  it('finds everything well through it, and says which way each target takes', async () => {
    const network = await openNetwork();
    const { code, stdout } = await cli(['doctor'], network.env);
    expect(stdout).toContain(
      `is the proxy 127.0.0.1:${String(network.proxy.port)}, with credentials, for 3 of 3 targets`,
    );
    expect(stdout).toContain('Galileo key');
    expect(code).toBe(0);
    expect(authorities(network)).toEqual([`${GALILEO}:443`, `${ISSUER}:443`, `${COLLECTOR}:443`]);
    expect(stdout).not.toContain(PASSWORD);
  });

  it.each([
    ['wrong credentials', proxyAnswers.wants('x'), '407 Proxy Authentication Required'],
    ['a proxy that refuses', proxyAnswers.answers(403), 'it refuses the connection'],
    ['a proxy that cannot reach them', proxyAnswers.answers(503), 'cannot be reached by the proxy'],
    ['a proxy that hangs', proxyAnswers.hangs, 'opens no connection in time'],
  ])('names %s, and exits 1', async (_what, answer, words) => {
    const network = await openNetwork();
    network.answerWith(answer);
    const { code, stdout } = await cli(['doctor'], network.env);
    expect(stdout).toMatch(new RegExp(`failed +Issuer dev .*${words}`));
    expect(stdout).toMatch(new RegExp(`failed +Galileo .*${words}`));
    expect(code).toBe(1);
    expect(stdout).not.toContain(PASSWORD);
  });

  it('prints the settings without the credentials', async () => {
    const network = await openNetwork();
    const { stdout } = await cli(['config', 'print'], network.env);
    expect(stdout).toContain(`http://[credentials]@127.0.0.1:${String(network.proxy.port)}`);
    expect(stdout).not.toMatch(/sesame|svc/);
    expect(network.proxy.asked).toEqual([]);
  });
});
