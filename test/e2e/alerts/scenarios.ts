/**
 * What goes wrong in the test of the alerts: each scenario starts a service of its own with stand-ins, causes one
 * condition, and names every alert that must follow. The services run at the same time, because most of the test is
 * waiting.
 */
import { once } from 'node:events';
import { unlinkSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { buffer } from 'node:stream/consumers';
import { createGunzip } from 'node:zlib';
import { expect, onTestFinished } from 'vitest';
import { createIdentityProvider, DEMO_AUDIENCE } from '../../../dev/identity-provider.ts';
import { freePort } from '../../support/servers/free-port.ts';
import { startRunning } from '../running.ts';
import type { Running } from '../running.ts';
import type { Prometheus } from './prometheus.ts';
import { fillDisk } from '../disks/small-disk.ts';

export interface Scenario {
  readonly name: string;
  /** Starts the service, in its state before anything goes wrong. */
  readonly begin: () => Promise<Begun>;
  /** All alerts that follow, and no other does. */
  readonly expected: readonly string[];
}

export interface Begun {
  readonly service: Running;
  /** Makes it go wrong, once Prometheus has scraped the service. */
  readonly cause: (prometheus: Prometheus) => Promise<unknown>;
}

const WRONG_KEY = 'a-key-that-galileo-does-not-know-1';
const OTHER_KEY = 'a-key-that-galileo-does-not-know-2';
const BURNING = ['InviteProxyErrorBudgetFast', 'InviteProxyErrorBudgetSlow'];

/** Invites people one after the other, whatever the answers. */
async function invite(service: Running, count: number, local = 'ann'): Promise<void> {
  const token = await service.token();
  for (let n = 0; n < count; n += 1)
    await (await service.invite(`${local}+${String(n)}@acme.com`, token)).arrayBuffer();
}

async function inviteAtOnce(service: Running, count: number, local: string): Promise<void> {
  const token = await service.token();
  const all = Array.from({ length: count }, async (_, n) =>
    (await service.invite(`${local}+${String(n)}@acme.com`, token)).arrayBuffer(),
  );
  await Promise.all(all);
}

/** As another program would. */
function sql(service: Pick<Running, 'ledgerPath'>, statement: string): void {
  const database = new DatabaseSync(service.ledgerPath, { timeout: 5_000 });
  try {
    database.exec(statement);
  } finally {
    database.close();
  }
}

async function stop(service: Running): Promise<void> {
  service.child.kill('SIGTERM');
  await service.exited;
}

/** The value of a series that the service exposes now. */
async function exposed({ opsPort }: Running, series: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${String(opsPort)}/metrics`)).text();
  const line = text.split('\n').find((one) => one.startsWith(`${series} `));
  return Number(line?.slice(series.length));
}

/** Nothing listens there: no service is assigned to this port, and no program gets it by chance. */
const NOWHERE = 'http://127.0.0.1:2';

/** Takes every batch but those with this address, which it refuses for their content. */
async function collectorThatRefuses(address: string): Promise<string> {
  const server = createServer((request, response) => {
    void buffer(request.pipe(createGunzip())).then((body) =>
      response.writeHead(body.includes(address) ? 422 : 200).end(),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  });
  return `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
}

/** What an ordinary day has: invites, a denial, a refusal of Galileo's, a dry run, a bad token, reads. */
export async function ordinaryTraffic(service: Running): Promise<void> {
  await invite(service, 3);
  await invite(service, 1, 'refuse');
  const token = await service.token();
  await service.invite('eve@example.org', token);
  await service.invite('ann@acme.com', 'not-a-token');
  const auditor = await service.standIns.identityProvider.issue({ sub: 'audit-desk', scope: 'audit:read' });
  const ask = async (path: string, as: string): Promise<void> => {
    const url = `http://127.0.0.1:${String(service.port)}${path}`;
    await (await fetch(url, { headers: { Authorization: `Bearer ${as}` } })).arrayBuffer();
  };
  await ask('/v2/invite_policy', token);
  await ask('/v2/invite_requests', token);
  await ask('/audit/records', auditor);
}

/** A service with these settings, and what is then done to it. */
function after(
  cause: (service: Running) => Promise<unknown>,
  settings: () => Promise<Readonly<Record<string, string>>> = async () => ({}),
): Scenario['begin'] {
  return async () => {
    const service = await startRunning(await settings());
    return { service, cause: () => cause(service) };
  };
}

export const CALM: Scenario = { name: 'calm', begin: after(ordinaryTraffic), expected: [] };

/** `disk`: a small file system for it alone. */
export function diskFull(disk: string): Scenario {
  return {
    name: 'disk full',
    async begin() {
      const service = await startRunning({ LEDGER_URL: `sqlite:${join(disk, 'ledger.db')}`, LEDGER_MIN_FREE_MB: '1' });
      return {
        service,
        async cause() {
          await invite(service, 1);
          // What a sink has taken cannot be noted on a full disk: that would be another alert.
          const backlog = () => exposed(service, 'galileo_invite_proxy_audit_sink_backlog_records{sink="stdout"}');
          await expect.poll(backlog, { timeout: 60_000 }).toBe(0);
          fillDisk(join(disk, 'filler'));
          await invite(service, 15);
        },
      };
    },
    expected: [
      'InviteProxyDiskFilling',
      'InviteProxyDiskLow',
      'InviteProxyLedgerFailing',
      'InviteProxyNotReady',
      ...BURNING,
    ],
  };
}

export const SCENARIOS: readonly Scenario[] = [
  CALM,
  {
    name: 'down',
    begin: after(async (service) => {
      service.child.kill('SIGKILL');
      await service.exited;
    }),
    expected: ['InviteProxyDown'],
  },
  {
    name: 'restarting',
    async begin() {
      const settings = { OPS_PORT: String(await freePort()) };
      let service = await startRunning(settings);
      return {
        service,
        async cause({ query }) {
          const [changes, last] = ['changes(STARTED[15m])', 'STARTED'].map((text) =>
            text.replace('STARTED', 'process_start_time_seconds{scenario="restarting"}'),
          );
          const valueOf = async (expression = ''): Promise<number> => (await query(expression))[0]?.value ?? 0;
          // The start time is in whole seconds, so two quick starts may look like one.
          while ((await valueOf(changes)) < 3) {
            await stop(service);
            service = await startRunning(settings);
            const started = await exposed(service, 'process_start_time_seconds');
            await expect.poll(() => valueOf(last), { timeout: 60_000 }).toBe(started);
          }
        },
      };
    },
    expected: ['InviteProxyRestarting'],
  },
  {
    name: 'every key refused',
    begin: after(
      (service) => invite(service, 1),
      async () => ({ GALILEO_API_KEY: WRONG_KEY, GALILEO_API_KEY_NEXT: OTHER_KEY }),
    ),
    expected: ['InviteProxyKeyRefused'],
  },
  {
    name: 'current key refused',
    begin: after(
      async (service) => {
        const { galileo } = service.standIns;
        galileo.script({ kind: 'answer', status: 401, body: { detail: 'Invalid credentials' } });
        galileo.script({ kind: 'answer', status: 200, body: {} });
        await invite(service, 1);
      },
      async () => ({ GALILEO_API_KEY_NEXT: OTHER_KEY }),
    ),
    expected: ['InviteProxyCurrentKeyRefused'],
  },
  {
    name: 'outcome unknown',
    begin: after((service) => invite(service, 1, 'hangup')),
    expected: ['InviteProxyOutcomeUnknown'],
  },
  {
    name: 'galileo unreachable',
    begin: after(
      (service) => invite(service, 2),
      async () => ({ GALILEO_API_URL: NOWHERE }),
    ),
    expected: ['InviteProxyGalileoUnreachable'],
  },
  {
    name: 'sink down',
    begin: after(
      (service) => invite(service, 1),
      async () => ({ AUDIT_SINKS: 'stdout,http', AUDIT_HTTP_URL: NOWHERE }),
    ),
    expected: ['InviteProxySinkBehind'],
  },
  {
    name: 'record refused',
    begin: after(
      (service) => invite(service, 1, 'unwelcome'),
      async () => ({ AUDIT_SINKS: 'stdout,http', AUDIT_HTTP_URL: await collectorThatRefuses('unwelcome+0@acme.com') }),
    ),
    expected: ['InviteProxyRecordReplaced'],
  },
  {
    name: 'trail changed',
    begin: after(async (service) => {
      await invite(service, 20);
      sql(service, `UPDATE records SET line = replace(line, 'acme.com', 'evil.com') WHERE seq = 12`);
      // The records are verified when the next checkpoint is due: after 1,000 of them.
      for (let n = 0; n < 11; n += 1) await inviteAtOnce(service, 50, 'bob');
    }),
    expected: ['InviteProxyTrailChanged'],
  },
  {
    // The next checkpoint is due after five minutes, and for this scenario the rule allows three seconds.
    name: 'checkpoint stale',
    begin: after(async (service) => {
      const uncovered = () => exposed(service, 'galileo_invite_proxy_audit_uncovered_records');
      await expect.poll(uncovered, { timeout: 60_000 }).toBe(0);
      await invite(service, 1);
    }),
    expected: ['InviteProxyCheckpointStale'],
  },
  {
    name: 'ledger damaged',
    begin: after(async (service) => unlinkSync(`${service.ledgerPath}-lock`)),
    expected: ['InviteProxyLedgerDamaged'],
  },
  {
    name: 'policy refused',
    begin: after(async ({ ledgerPath }) => writeFileSync(join(dirname(ledgerPath), 'policy.yaml'), 'version: 2\n')),
    expected: ['InviteProxyPolicyRefused'],
  },
  {
    name: 'issuer down',
    async begin() {
      const issuer = NOWHERE;
      const service = await startRunning({
        AUTH_ISSUERS: JSON.stringify([{ name: 'dev', issuer, audience: DEMO_AUDIENCE }]),
      });
      return {
        service,
        async cause() {
          const token = await createIdentityProvider({ issuer }).issue({ sub: 'hr-portal' });
          await (await service.invite('ann@acme.com', token)).arrayBuffer();
        },
      };
    },
    expected: ['InviteProxyIssuerKeysFailing'],
  },
  {
    name: 'overloaded',
    begin: after(
      (service) => inviteAtOnce(service, 450, 'slow'),
      // One proxy in front: no limit on the connections of one address.
      async () => ({ TRUSTED_PROXY_HOPS: '1', GALILEO_TIMEOUT_MS: '4000' }),
    ),
    expected: ['InviteProxyOutcomeUnknown', 'InviteProxyOverloaded', ...BURNING],
  },
  {
    name: 'clock doubted',
    async begin() {
      const folder = await mkdtemp(join(tmpdir(), 'invite-proxy-clock-'));
      onTestFinished(() => rm(folder, { recursive: true }));
      const settings = { LEDGER_URL: `sqlite:${join(folder, 'ledger.db')}` };
      const before = await startRunning(settings);
      await stop(before);
      // As if the machine's clock had been set back by two hours.
      sql(before, 'UPDATE head SET clock_ms = clock_ms + 7200000');
      return { service: await startRunning(settings), cause: async () => undefined };
    },
    expected: ['InviteProxyClockDoubted'],
  },
];
