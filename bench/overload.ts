/**
 * `node bench/overload.ts [seconds] [connections]`: what becomes of requests when more callers ask at once than the service
 * has places for, and each asks again as soon as it is answered. Time is bounded. docs/operations.md has the figures.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { startBackdrop } from './load/backdrop.ts';
import { quantileMs, saturate } from './load/generator.ts';
import { createInviteRequests } from './load/invite-requests.ts';
import { freePort } from '../test/support/servers/free-port.ts';
import { pinBench, startSide } from './sides/process.ts';
import { serviceSide } from './sides/service.ts';

const seconds = Math.min(60, Number(process.argv[2] ?? 10));
const connections = Math.min(1_000, Number(process.argv[3] ?? 600));
if (!(seconds > 0 && connections > 0)) throw new Error('usage: node bench/overload.ts [seconds] [connections]');
const WARM_UP_REQUESTS = 5_000;
const PLACES = 64;

pinBench();
const folder = await mkdtemp(join(tmpdir(), 'invite-proxy-bench-'));
const backdrop = await startBackdrop();
const port = await freePort();
const command = serviceSide({ port, folder, backdrop });
// As behind a load balancer: one address may have all connections.
const side = await startSide({ ...command, env: { ...command.env, TRUSTED_PROXY_HOPS: '1' } }, port);
const load = { port, nextRequest: createInviteRequests({ tokens: backdrop.tokens }) };
await saturate(load, { connections: PLACES, requests: WARM_UP_REQUESTS });
const from = side.cpuUs();
const measured = await saturate(load, { connections, durationMs: seconds * 1000 });
const { answers, statuses, elapsedMs } = measured;
const counts = [...statuses].map(([status, count]) => `${status}: ${count}`).join(', ');
console.log(`Node ${process.version}, ${cpus().length} cores, ${connections} connections, ${seconds} s`);
console.log(`invites accepted   ${((statuses.get(200) ?? 0) / (elapsedMs / 1000)).toFixed(0)} a second`);
console.log(`answers by status  ${counts}`);
console.log(
  `all answers        p50 ${quantileMs(measured, 0.5).toFixed(0)} ms, p99 ${quantileMs(measured, 0.99).toFixed(0)} ms`,
);
console.log(`service            ${((side.cpuUs() - from) / answers).toFixed(0)} µs of CPU an answer`);
await side.stop();
backdrop.close();
await rm(folder, { recursive: true });
