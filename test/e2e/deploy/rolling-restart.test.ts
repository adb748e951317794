import { Pool } from 'undici';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { verifyChain } from '../../../src/audit/chain.ts';
import type { RequestRecord } from '../../../src/audit/record.ts';
import { startBalancer } from '../../support/deploy/balancer.ts';
import type { Composed, Replica } from '../../support/deploy/composed.ts';
import { startComposed } from '../../support/deploy/composed.ts';
import { steadyLoad } from '../../support/deploy/steady-load.ts';
import type { Service } from '../started.ts';
import { startService } from '../started.ts';

/**
 * Two replicas behind the HAProxy of deploy/compose are stopped and started again, one after the other, while callers invite.
 * ROLLING_SECONDS=300 runs longer: `ROLLING_SECONDS=300 npx vitest run --project e2e-servers test/e2e/deploy/rolling-restart.test.ts`.
 */
const SECONDS = Number(process.env['ROLLING_SECONDS'] ?? 20);
const RATE_PER_S = 200;
/** At most so many requests at once: less than a replica takes, so that a slow machine is no overload. */
const CONNECTIONS = 64;

let composed: Composed;
beforeAll(async () => {
  composed = await startComposed();
});
afterAll(() => composed.remove());

/** Resolves when it is ready, which is when `docker compose up --wait` resolves, too. */
async function start({ env, port }: Replica): Promise<Service> {
  const service = await startService(env);
  onTestFinished(async () => void (await service.stop()));
  await expect
    .poll(async () => (await fetch(`http://127.0.0.1:${port}/readyz`)).status, { interval: 20, timeout: 60_000 })
    .toBe(200);
  return service;
}

it(
  `two replicas that are restarted in turn fail no request at ${RATE_PER_S} a second`,
  { timeout: 60_000 + SECONDS * 10_000 },
  async () => {
    const { replicas, standIns } = composed;
    const services = [await start(replicas[0]), await start(replicas[1])];
    const balancer = await startBalancer([replicas[0].port, replicas[1].port]);
    const token = await standIns.identityProvider.issue({ sub: 'hr-portal' });
    // HTTP/1.1: one request at a time on each connection.
    const pool = new Pool(balancer.url, { connections: CONNECTIONS, allowH2: false, connect: { ca: balancer.ca } });
    onTestFinished(async () => {
      await pool.destroy();
      await balancer.stop();
    });
    const invite = async (n: number): Promise<string> => {
      const answer = await pool.request({
        method: 'POST',
        path: '/v2/invite_users',
        headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
        body: JSON.stringify({ emails: [`person-${n}@acme.com`], auth_method: 'okta' }),
      });
      const body = await answer.body.text();
      return answer.statusCode === 200 ? 'accepted' : `${answer.statusCode} ${body.slice(0, 300)}`;
    };
    const failure = (error: unknown): string => (error instanceof Error ? `${error.name} ${error.message}` : 'unknown');

    let isOver = false;
    const startedMs = performance.now();
    const load = steadyLoad({ count: SECONDS * RATE_PER_S, ratePerS: RATE_PER_S }, (n) =>
      invite(n).catch(failure),
    ).finally(() => (isOver = true));
    const codes: (number | null)[] = [];
    // Each at least once, also where a slow machine needs all the time for one.
    for (let turn = 0; !isOver || turn < replicas.length; turn += 1) {
      const which = turn % 2;
      codes.push((await services[which]?.stop()) ?? null);
      services[which] = await start(which === 0 ? replicas[0] : replicas[1]);
    }
    const endings = await load;
    const seconds = (performance.now() - startedMs) / 1000;
    expect(endings).toEqual({ accepted: SECONDS * RATE_PER_S });
    expect(codes).toEqual(codes.map(() => 0));
    // HAProxy took each one out because it said so, before it closed its port.
    const taken = balancer.lines.filter((line) => line.includes(' is DOWN, reason: Layer7 wrong status, code: 503'));
    expect(taken).toHaveLength(codes.length);
    process.stdout.write(
      `rolling restart: ${SECONDS * RATE_PER_S} requests in ${seconds.toFixed(1)} s, ${codes.length} restarts, 0 failed\n`,
    );

    const auditor = await standIns.identityProvider.issue({ sub: 'audit-desk', scope: 'audit:read' });
    const lines: string[] = [];
    for (let isDone = false; !isDone;) {
      const page = await pool.request({
        method: 'GET',
        path: `/audit/records?after=${lines.length}`,
        headers: { Authorization: `Bearer ${auditor}` },
      });
      const more = (await page.body.text()).split('\n').filter((line) => line !== '');
      lines.push(...more);
      isDone = more.length === 0;
      expect(page.statusCode).toBe(200);
    }
    expect(verifyChain(lines).kind).toBe('intact');
    const records = lines.map((line) => JSON.parse(line) as RequestRecord);
    const accepted = records.filter(({ kind, outcome }) => kind === 'outcome' && outcome.result === 'accepted');
    expect(accepted).toHaveLength(SECONDS * RATE_PER_S);
    const sent = standIns.galileo.received.filter(({ method }) => method === 'POST');
    expect(sent).toHaveLength(SECONDS * RATE_PER_S);
    expect(new Set(sent.map(({ sha256 }) => sha256)).size).toBe(sent.length);
  },
);
