/**
 * The service with its console, on either runtime, behind a TCP proxy that can take it away from the browser. On Node
 * `fail` also kills the process and `recover` starts another one on the same ledger.
 */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startService } from '../../../dev/service.ts';
import type { StandIns } from '../../../dev/stand-ins.ts';
import { startStandIns } from '../../../dev/stand-ins.ts';
import type { PlatformName } from '../../parity/platforms.ts';
import { PLATFORMS } from '../../parity/platforms.ts';
import type { Fault } from '../../support/servers/fault-proxy.ts';
import { startFaultProxy } from '../../support/servers/fault-proxy.ts';

export interface Deployment {
  /** As the browser reaches it. */
  readonly url: string;
  readonly standIns: StandIns;
  readonly key: string;
  /** On the next request that holds `on`, the service is gone, before or after it has done its work. */
  order(fault: Extract<Fault, 'outage_before' | 'outage_after'>, on: string, answer?: string): void;
  /** Resolves when the ordered fault has struck, and the service is gone. */
  gone(): Promise<void>;
  recover(): Promise<void>;
  stop(): Promise<void>;
}

/** The addresses that Galileo was asked to invite, each time that it was. */
export function invitedBy({ standIns }: Deployment): string[] {
  return standIns.galileo.received
    .filter(({ method, path }) => method === 'POST' && path === '/v2/invite_users')
    .flatMap(({ body }) => (JSON.parse(body) as { emails: string[] }).emails);
}

export async function startDeployment(
  platform: PlatformName,
  settings: Readonly<Record<string, string>> = {},
): Promise<Deployment> {
  const standIns = await startStandIns({}, { identityProvider: 0, galileo: 0 });
  const env = {
    ...standIns.env,
    CONSOLE_ISSUER: standIns.issuer,
    CONSOLE_CLIENT_ID: 'hr-portal',
    CONSOLE_SCOPE: 'openid profile offline_access',
    ...settings,
  };
  const service = await (platform === 'node' ? startOnNode(env) : startOnWorkers(env));
  const proxy = await startFaultProxy({ host: '127.0.0.1', port: portOf(service.url()) });
  const url = `http://127.0.0.1:${String(proxy.port)}`;
  const isReached = (): Promise<boolean> =>
    fetch(`${url}/livez`).then(
      () => true,
      () => false,
    );
  return {
    ...{ standIns, url, key: standIns.env['GALILEO_API_KEY'] ?? '' },
    order: (fault, on, answer) => proxy.order(fault, on, answer),
    async gone() {
      while (await isReached());
      await service.kill();
    },
    async recover() {
      await service.restart();
      proxy.retarget(portOf(service.url()));
    },
    async stop() {
      await proxy.close();
      await service.stop();
      await standIns.close();
    },
  };
}

interface Restartable {
  url(): string;
  kill(): Promise<void>;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

async function startOnNode(env: Readonly<Record<string, string>>): Promise<Restartable> {
  const folder = await mkdtemp(join(tmpdir(), 'invite-proxy-console-'));
  const start = () =>
    startService({
      ...{ PATH: process.env.PATH, PORT: '0', OPS_PORT: '0', POLICY_FILE: 'test/e2e/console/policy.yaml' },
      ...{ LEDGER_URL: `sqlite:${join(folder, 'ledger.db')}`, ...env },
    });
  let service = await start();
  let isRunning = true;
  return {
    url: () => service.url,
    async kill() {
      const closed = once(service.child, 'close');
      service.child.kill('SIGKILL');
      await closed;
      isRunning = false;
    },
    async restart() {
      service = await start();
      isRunning = true;
    },
    async stop() {
      if (isRunning) await service.stop();
      await rm(folder, { recursive: true });
    },
  };
}

/** The runtime itself is not killed: Cloudflare's is not, either. The way to it is cut. */
async function startOnWorkers(env: Readonly<Record<string, string>>): Promise<Restartable> {
  const worker = await PLATFORMS.workers(env);
  return {
    url: () => worker.url,
    kill: async () => undefined,
    restart: async () => undefined,
    stop: () => worker.stop(),
  };
}

function portOf(url: string): number {
  return Number(new URL(url).port);
}
