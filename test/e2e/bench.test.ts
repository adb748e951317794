/** `npm run bench` still measures: its backdrop, load generator and sides work with today's service. No figure is judged. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { startBackdrop } from '../../bench/load/backdrop.ts';
import { arrive, saturate } from '../../bench/load/generator.ts';
import { createInviteRequests } from '../../bench/load/invite-requests.ts';
import { PEERS } from '../../bench/sides/peers.ts';
import { startSide } from '../../bench/sides/process.ts';
import { serviceSide } from '../../bench/sides/service.ts';
import { freePort } from '../support/servers/free-port.ts';

const SIDES = { service: serviceSide, nginx: PEERS['nginx']?.side, haproxy: PEERS['haproxy']?.side };

it.for([
  ['service', { addresses: 1, hasKey: false }],
  ['service', { addresses: 100, hasKey: true }],
  ['nginx', {}],
  ['haproxy', {}],
] as const)('the bench measures %s with %j, and every answer is a 200', async ([name, shape], { skip }) => {
  const folder = await mkdtemp(join(tmpdir(), 'invite-proxy-bench-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const backdrop = await startBackdrop();
  onTestFinished(() => backdrop.close());
  const port = await freePort();
  const command = SIDES[name]?.({ port, folder, backdrop }) ?? null;
  if (command === null) return skip(`${name} is not installed`);
  const side = await startSide(command, port);
  onTestFinished(() => side.stop());
  const load = { port, nextRequest: createInviteRequests({ tokens: backdrop.tokens, ...shape }) };
  const closed = await saturate(load, { connections: 8, requests: 100 });
  const open = await arrive(load, { perSecond: 100, durationMs: 500 });
  expect({ closed: closed.statuses, open: open.statuses }).toEqual({
    ...{ closed: new Map([[200, 100]]), open: new Map([[200, 50]]) },
  });
  expect(side.cpuUs()).toBeGreaterThanOrEqual(0);
  expect(side.memory().residentMiB).toBeGreaterThan(1);
});
