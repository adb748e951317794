import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import type { Caller, ParityHarness } from '../parity/parity-harness.ts';
import { startParityHarness } from '../parity/parity-harness.ts';
import { startHttpFaultProxy } from '../support/servers/http-fault-proxy.ts';
import type { HttpFaultProxy } from '../support/servers/http-fault-proxy.ts';
import type { HttpSituation } from './situation.ts';

/** A service, with the proxy between it and Galileo. */
export interface GalileoStage {
  readonly harness: ParityHarness;
  readonly proxy: HttpFaultProxy;
  stop(): Promise<void>;
}

/** Long enough for a slow machine to finish what is not to time out. */
const TIMEOUT_MS = 1_500;
const PERSON_DAY = 50;

export async function startGalileoStage(): Promise<GalileoStage> {
  const target = { port: 0 };
  const proxy = await startHttpFaultProxy(target);
  const harness = await startParityHarness('node', {
    GALILEO_API_URL: `http://127.0.0.1:${String(proxy.port)}`,
    GALILEO_TIMEOUT_MS: String(TIMEOUT_MS),
  });
  target.port = Number(new URL(harness.galileoUrl).port);
  return {
    harness,
    proxy,
    async stop() {
      // The service ends its connections first.
      await harness.stop();
      await proxy.close();
    },
  };
}

/** Plays one situation, and then shows that the same service goes on without a restart. */
export async function playWithGalileo(
  { harness, proxy }: GalileoStage,
  { fault, ending }: HttpSituation,
): Promise<void> {
  const caller = await harness.caller();
  const headers = { 'Idempotency-Key': `key-${randomUUID()}` };
  const invite = () => caller.invite({ emails: ['ann@acme.com'] }, { headers });
  const { length: sentBefore } = harness.galileo.received;
  const arrived = (): number => harness.galileo.received.length - sentBefore;

  await proxy.drain();
  const { struck } = proxy;
  if (fault === 'refused') await proxy.refuse();
  else if (fault === 'idle_close') await closeIdle(harness, proxy);
  else proxy.order(fault);
  const before = fault === 'idle_close' ? arrived() : 0;
  const answering = invite();
  if (typeof fault === 'object' && fault.effect.kind === 'hold') {
    await proxy.held();
    proxy.release();
  }
  const answer = await answering;
  const body = (await answer.json()) as { readonly code?: string; readonly origin?: string };

  expect({ status: answer.status, code: body.code ?? null, origin: body.origin ?? null }).toEqual({
    ...{ status: ending.status, code: ending.code, origin: ending.origin },
  });
  if (typeof fault === 'object') expect(proxy.struck).toBe(struck + 1);
  expect(arrived() - before).toBe(ending.arrives);
  const requestId = answer.headers.get('X-Request-Id');
  expect(await recordsOf(harness, requestId)).toEqual(ending.records);
  expect(await usedBy(caller)).toBe(ending.quota === 'kept' ? 1 : 0);

  await proxy.heal();
  const repeated = await invite();
  const isReplay = repeated.headers.get('Idempotency-Replayed') === 'true';
  expect({ status: repeated.status, isReplay }).toEqual(
    ending.key === 'freed' || ending.key === 'unused'
      ? { status: 200, isReplay: false }
      : { status: ending.status, isReplay: true },
  );
  // Never twice, and sent now where nothing was sent before.
  expect(arrived() - before).toBe(isReplay ? ending.arrives : 1);
  const further = await harness.caller();
  expect((await further.invite({ emails: ['bo@acme.com'] })).status).toBe(200);
}

async function closeIdle(harness: ParityHarness, proxy: HttpFaultProxy): Promise<void> {
  const someone = await harness.caller();
  expect((await someone.invite({ emails: ['cy@acme.com'] })).status).toBe(200);
  await proxy.drain();
}

async function recordsOf(harness: ParityHarness, requestId: string | null): Promise<readonly string[]> {
  const records = (await harness.trail()).filter(({ request_id: id }) => id === requestId);
  return records.map(({ kind, outcome }) => (kind === 'outcome' ? `outcome ${outcome.result}` : kind));
}

async function usedBy(caller: Caller): Promise<number> {
  const { quotas } = (await (await caller.request('/v2/invite_policy')).json()) as {
    readonly quotas: readonly { readonly quota: string; readonly remaining: number }[];
  };
  return PERSON_DAY - (quotas.find(({ quota }) => quota === 'person-day')?.remaining ?? Number.NaN);
}
