/**
 * `node bench/invites.ts [seconds] [connections]`: measures how many admitted invites per second one Node process
 * serves, from its socket to the stand-in Galileo and back, on loopback, with every intent and outcome durable. It is a
 * closed loop: each connection sends its next request when it has an answer. Time and count are bounded. The stand-ins
 * and the callers run on the same machine, so the figures compare implementations and are no promised rate.
 */
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Pool } from 'undici';
import { startService } from '../dev/service.ts';
import { startStandIns } from '../dev/stand-ins.ts';

const MAX_REQUESTS = 100_000;
const WARM_UP_REQUESTS = 500;
const POLICY = `
version: 1
callers:
  hr-portal: { issuer: dev, client_id: [hr-portal] }
rules:
  - { id: hr-staff, allow: [hr-portal], domains: [acme.com], roles: any, auth_methods: any }
quotas:
  - { id: app-day, per: client_id, window: 1d, emails: 10000000 }
`;

const seconds = Math.min(60, Number(process.argv[2] ?? 10));
const connections = Math.min(1_000, Number(process.argv[3] ?? 64));
if (!(seconds > 0 && connections > 0)) throw new Error('usage: node bench/invites.ts [seconds] [connections]');

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

const folder = await mkdtemp(join(tmpdir(), 'invite-proxy-bench-'));
const policyFile = join(folder, 'policy.yaml');
await writeFile(policyFile, POLICY);
const standIns = await startStandIns({}, { identityProvider: 0, galileo: 0 });
const opsPort = await freePort();
const service = await startService({
  ...standIns.env,
  ...{ PATH: process.env.PATH, PORT: '0', OPS_PORT: String(opsPort), POLICY_FILE: policyFile },
  LEDGER_URL: `sqlite:${join(folder, 'ledger.db')}`,
  // As behind a load balancer: one address may have all connections.
  TRUSTED_PROXY_HOPS: '1',
});
const token = await standIns.identityProvider.issue({ sub: 'hr-portal' });
const pool = new Pool(service.url, { connections, pipelining: 1 });

let asked = 0;
async function invite(): Promise<number> {
  asked += 1;
  const { statusCode, body } = await pool.request({
    method: 'POST',
    path: '/v2/invite_users',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ emails: [`p${String(asked)}@acme.com`], auth_method: 'okta' }),
  });
  await body.dump();
  return statusCode;
}

/** CPU seconds and resident bytes of the service, from its own /metrics. */
async function usage(): Promise<{ cpuS: number; rssBytes: number }> {
  const text = await (await fetch(`http://127.0.0.1:${String(opsPort)}/metrics`)).text();
  const read = (name: string): number => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
  return { cpuS: read('process_cpu_seconds_total'), rssBytes: read('process_resident_memory_bytes') };
}

const statuses = new Map<number, number>();
const durationsMs: number[] = [];
async function loop(endsAtMs: number): Promise<void> {
  while (performance.now() < endsAtMs && asked < MAX_REQUESTS) {
    const startedAtMs = performance.now();
    const status = await invite();
    if (status === 200) durationsMs.push(performance.now() - startedAtMs);
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
  }
}

await Promise.all(Array.from({ length: WARM_UP_REQUESTS }, invite));
const before = await usage();
const startedAtMs = performance.now();
await Promise.all(Array.from({ length: connections }, () => loop(startedAtMs + seconds * 1000)));
const elapsedS = (performance.now() - startedAtMs) / 1000;
const after = await usage();

durationsMs.sort((a, b) => a - b);
const quantileMs = (share: number): string =>
  (durationsMs[Math.floor(durationsMs.length * share)] ?? Number.NaN).toFixed(1);
const cpuS = after.cpuS - before.cpuS;
const total = [...statuses.values()].reduce((sum, count) => sum + count, 0);
console.log(
  `node ${process.version}, ${String(cpus().length)} cores, ${String(connections)} connections, ${elapsedS.toFixed(1)} s`,
);
console.log(`invites accepted   ${String(durationsMs.length)}, ${(durationsMs.length / elapsedS).toFixed(0)} a second`);
console.log(
  `answers by status  ${[...statuses].map(([status, count]) => `${String(status)}: ${String(count)}`).join(', ')}`,
);
console.log(`latency            p50 ${quantileMs(0.5)} ms, p99 ${quantileMs(0.99)} ms, max ${quantileMs(0.999999)} ms`);
console.log(
  `service            ${((100 * cpuS) / elapsedS).toFixed(0)} % of a core, ${((1e6 * cpuS) / total).toFixed(0)} µs a request, ${(after.rssBytes / 2 ** 20).toFixed(0)} MiB resident`,
);

await pool.close();
const code = await service.stop();
await standIns.close();
await rm(folder, { recursive: true });
process.exitCode = code ?? 1;
