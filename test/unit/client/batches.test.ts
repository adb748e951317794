import { describe, expect, it } from 'vitest';
import type { BatchPlan, BatchStep, InvitePolicy, PolicyDenied } from '../../../client/src/galileo-invite-client.ts';
import type { Scripted } from './scripted-service.ts';
import { cut, ID, problem, scriptedService, success } from './scripted-service.ts';

const POLICY: InvitePolicy = {
  digest: '',
  rules: [],
  forced: [],
  limits: [{ id: 'batch', per: 'request', unit: 'emails', limit: 2, window_s: null }],
  quotas: [],
};
const LIST = ['a@acme.com', 'b@acme.com', 'c@acme.com', 'd@acme.com', 'e@acme.com'];
const UNKNOWN = (): Response => problem(504, 'outcome_unknown', { outcome: 'unknown' });

interface Run {
  readonly steps: BatchStep[];
  readonly plans: BatchPlan[];
  /** Addresses and key of each request. */
  readonly sent: readonly { readonly emails: readonly string[]; readonly key: string | null }[];
  readonly waits: readonly number[];
}

/** A new run, or one that continues `plan`. */
async function run(
  answers: readonly Scripted[],
  { plan, signal }: { readonly plan?: BatchPlan; readonly signal?: AbortSignal } = {},
): Promise<Run> {
  const { client, received, waits } = scriptedService(answers);
  const plans: BatchPlan[] = [];
  const steps: BatchStep[] = [];
  const onPlan = (now: BatchPlan): void => void plans.push(structuredClone(now));
  const batches =
    plan === undefined
      ? client.inBatches(LIST, POLICY, { request: { role: 'read_only' }, lenient: true, onPlan, signal })
      : client.resumeBatches(plan, { onPlan, signal });
  for await (const step of batches) steps.push(step);
  const sent = received.map(({ body, headers }) => ({
    emails: (JSON.parse(body) as { emails: string[] }).emails,
    key: headers.get('Idempotency-Key'),
  }));
  return { steps, plans, sent, waits };
}

describe('a list in batches', () => {
  it('is sent batch by batch, with what all have in common, and says how far it is', async () => {
    const { steps, plans, sent } = await run([success(null), success(null), success(null)]);
    expect(steps.map(({ kind, done, total, addresses }) => [kind, done, total, addresses])).toEqual([
      ['sent', 2, 5, ['a@acme.com', 'b@acme.com']],
      ['sent', 4, 5, ['c@acme.com', 'd@acme.com']],
      ['sent', 5, 5, ['e@acme.com']],
    ]);
    expect(new Set(sent.map(({ key }) => key)).size).toBe(3);
    expect(plans.map(({ batches }) => batches.map(({ ended }) => ended))).toEqual([
      [null, null, null],
      ['sent', null, null],
      ['sent', 'sent', null],
      ['sent', 'sent', 'sent'],
    ]);
    expect(plans[0]).toMatchObject({ request: { role: 'read_only' }, lenient: true });
    expect(JSON.parse(JSON.stringify(plans))).toEqual(plans);
  });

  it('shows the plan with every key before anything is sent, and waits until it is kept', async () => {
    const { client, received } = scriptedService([success(null)]);
    const kept = Promise.withResolvers<void>();
    const shown = Promise.withResolvers<BatchPlan>();
    const steps = client.inBatches(['a@acme.com'], POLICY, {
      onPlan: (plan) => {
        shown.resolve(plan);
        return kept.promise;
      },
    });
    const first = steps.next();
    const plan = await shown.promise;
    expect(received).toEqual([]);
    kept.resolve();
    await first;
    expect(received[0]?.headers.get('Idempotency-Key')).toBe(plan.batches[0]?.idempotencyKey);
  });

  it('goes on after a batch that was refused for its own sake', async () => {
    const invalid = success({ detail: [], code: 'invalid_request', origin: 'proxy', request_id: ID }, {}, 422);
    const { steps } = await run([
      problem(403, 'policy_denied', { decisions: [] }),
      invalid,
      problem(400, 'upstream_refused', { outcome: 'refused' }),
    ]);
    expect(steps.map(({ kind }) => kind)).toEqual(['refused', 'refused', 'refused']);
    const [first] = steps;
    expect(first?.kind === 'refused' && (first.problem as PolicyDenied).name).toBe('PolicyDenied');
  });

  it.each<[string, () => Scripted]>([
    ['a token without the right', () => problem(403, 'insufficient_scope')],
    ['a quota that lasts', () => problem(429, 'quota_exhausted', { headers: { 'Retry-After': '3600' } })],
    ['a refusal that does not say when it ends', () => problem(429, 'quota_exhausted')],
    ['a page of a gateway', () => new Response('no', { status: 403 })],
  ])('stops at %s, and the batch stays to be sent', async (_, answer) => {
    const { steps, plans } = await run([success(null), answer()]);
    expect(steps.map(({ kind, done }) => [kind, done])).toEqual([
      ['sent', 2],
      ['stopped', 2],
    ]);
    expect(plans.at(-1)?.batches.map(({ ended }) => ended)).toEqual(['sent', null, null]);
  });

  it('waits for a quota of a minute', async () => {
    const minute = (): Response => problem(429, 'quota_exhausted', { headers: { 'Retry-After': '40' } });
    const { steps, waits, sent } = await run([success(null), minute(), minute(), success(null), success(null)]);
    expect(steps.map(({ kind }) => kind)).toEqual(['sent', 'sent', 'sent']);
    expect(waits).toEqual([40_000, 40_000]);
    expect(new Set(sent.slice(1, 4).map(({ key }) => key)).size).toBe(1);
  });

  it('stops after an unknown outcome, so that one trouble does not become many', async () => {
    const { steps } = await run([UNKNOWN()]);
    expect(steps.map(({ kind, done }) => [kind, done])).toEqual([['unknown', 2]]);
  });

  it('throws what is no problem of the service', async () => {
    await expect(run([success(null)], { signal: AbortSignal.abort(new Error('the person left')) })).rejects.toThrow(
      'the person left',
    );
  });
});

describe('a run that is continued', () => {
  it('sends again what was in doubt, with its key, and nothing that has ended', async () => {
    const first = await run([success(null), ...Array.from({ length: 40 }, cut)]);
    expect(first.steps.map(({ kind }) => kind)).toEqual(['sent', 'stopped']);
    const plan = JSON.parse(JSON.stringify(first.plans.at(-1))) as BatchPlan;
    const second = await run([success(null, { 'Idempotency-Replayed': 'true' }), success(null)], { plan });
    expect(second.sent).toEqual([
      { emails: ['c@acme.com', 'd@acme.com'], key: first.sent[1]?.key },
      { emails: ['e@acme.com'], key: plan.batches[2]?.idempotencyKey },
    ]);
    expect(second.steps.map(({ kind, batch, done, total }) => [kind, batch, done, total])).toEqual([
      ['sent', 1, 4, 5],
      ['sent', 2, 5, 5],
    ]);
  });

  it('asks again about an unknown outcome, and goes on when it is still unknown', async () => {
    const first = await run([UNKNOWN()]);
    const second = await run([UNKNOWN(), success(null), success(null)], { plan: first.plans.at(-1)! });
    expect(second.steps.map(({ kind }) => kind)).toEqual(['unknown', 'sent', 'sent']);
    const third = await run([success(null)], { plan: second.plans.at(-1)! });
    expect(third.steps.map(({ kind, batch }) => [kind, batch])).toEqual([['sent', 0]]);
    expect(third.sent[0]?.key).toBe(first.sent[0]?.key);
  });
});
