/** The client against the whole service in process: what it promises holds with the answers that the service really gives. */
import { describe, expect, it } from 'vitest';
import type { InviteClient, InviteClientOptions } from '../../client/src/galileo-invite-client.ts';
import {
  createInviteClient,
  InvalidRequest,
  InviteProblem,
  OutcomeUnknown,
  PolicyDenied,
  QuotaExhausted,
} from '../../client/src/galileo-invite-client.ts';
import type { ProblemCode } from '../../src/contract/problem.ts';
import { PROBLEMS, problem } from '../../src/contract/problem.ts';
import type { TestService, TestServiceOptions } from '../support/service.ts';
import { POLICY, startTestService } from '../support/service.ts';

const KEY = 'key-0123456789abcdef';

interface Harness {
  readonly service: TestService;
  readonly client: InviteClient;
  /** Every wait of the client. */
  readonly waits: number[];
}

/** `afterwards`: what happens to an answer on its way. */
async function start(
  settings: TestServiceOptions = {},
  {
    afterwards = (answer) => answer,
    ...options
  }: Partial<InviteClientOptions> & { readonly afterwards?: (answer: Response) => Response } = {},
): Promise<Harness> {
  const service = await startTestService(settings);
  const waits: number[] = [];
  const client = createInviteClient({
    url: 'https://invites.example.com',
    token: () => service.token(),
    async fetch(url, init) {
      const { pathname, search } = new URL(url);
      return afterwards(await service.request(pathname + search, init));
    },
    delay(ms, signal) {
      if (ms >= 40_000) return new Promise(() => undefined);
      waits.push(ms);
      return options.delay?.(ms, signal) ?? Promise.resolve();
    },
    ...('token' in options ? { token: options.token } : {}),
  });
  return { service, client, waits };
}

describe('with the service, the client', () => {
  it('invites, and gives the answer of Galileo, the quota and the id', async () => {
    const { service, client } = await start();
    const sent = await client.inviteUsers({
      emails: ['ann@acme.com'],
      auth_method: 'okta',
    });
    expect(sent).toMatchObject({
      kind: 'invited',
      answer: { invited: 1 },
      quotas: [{ quota: 'app-day', limit: 50, window_s: 86_400, remaining: 49 }],
      replayed: false,
    });
    expect(sent.policyDigest).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(service.galileo.received).toHaveLength(1);
    const request = await client.inviteRequest(sent.requestId ?? '');
    expect(request).toMatchObject({ id: sent.requestId, state: 'accepted' });
    expect(await client.waitForOutcome(sent.requestId ?? '')).toEqual(request);
  });

  it('asks for a verdict, and nothing is sent', async () => {
    const { service, client } = await start();
    const verdict = await client.dryRun({ emails: ['ann@acme.com', 'ann@rival.io'] });
    expect(verdict.decision).toBe('deny');
    expect(verdict.decisions.map(({ decision }) => decision)).toEqual(['allow', 'deny']);
    const lenient = await client.dryRun({ emails: ['ann@acme.com', 'not one'] }, { lenient: true });
    expect(lenient).toMatchObject({ decision: 'allow', decisions: [{}, { index: 1, reason: 'no_at_sign' }] });
    expect((await client.whatMayIInvite()).rules.map(({ id }) => id)).toEqual(['hr-staff']);
    expect(service.galileo.received).toHaveLength(0);
  });

  it('invites the allowed part of a list, and tells why not the rest', async () => {
    const { service, client } = await start();
    const emails = ['ann@acme.com', 'ann@rival.io', 'not one'];
    const sent = await client.inviteUsers({ emails }, { lenient: true });
    expect(sent).toMatchObject({ kind: 'partly_invited', sent: ['ann@acme.com'], answer: { invited: 1 } });
    expect(sent.refused.map(({ message }) => message)).toEqual([
      expect.stringContaining('ann@rival.io: '),
      expect.stringContaining('Entry 3 of the list: '),
    ]);
    expect(service.galileo.received).toHaveLength(1);
  });

  it('throws what is refused as a problem of its kind, with sentences for people', async () => {
    const { client } = await start({ policy: POLICY.replace('emails: 50', 'emails: 2') });
    const denied = await client.inviteUsers({ emails: ['ann@rival.io'] }).catch((error: unknown) => error);
    expect(denied).toBeInstanceOf(PolicyDenied);
    expect(denied).toMatchObject({ decisions: [{ email: 'ann@rival.io', rule: 'never-invite' }], outcome: null });
    expect((denied as PolicyDenied).message).toMatch(/^Nothing was sent\. ann@rival\.io: /);
    const invalid = await client.inviteUsers({ emails: ['ann@acme.com', 'ann'] }).catch((error: unknown) => error);
    expect(invalid).toBeInstanceOf(InvalidRequest);
    expect(invalid).toMatchObject({ places: [{ field: 'emails', index: 1, type: 'value_error' }] });
    await client.inviteUsers({ emails: ['ann@acme.com', 'bo@acme.com'] });
    const exhausted = await client.inviteUsers({ emails: ['cy@acme.com'] }).catch((error: unknown) => error);
    expect(exhausted).toBeInstanceOf(QuotaExhausted);
    expect(exhausted).toMatchObject({ quota: 'app-day' });
    expect((exhausted as QuotaExhausted).retryAfterMs).toBeGreaterThan(0);
  });

  it('invites once when the answer is lost on its way, and gives the stored answer', async () => {
    let lost = 0;
    const { service, client } = await start(
      {},
      {
        afterwards(answer) {
          lost += 1;
          if (lost <= 3) throw new TypeError('fetch failed');
          return answer;
        },
      },
    );
    const sent = await client.inviteUsers({ emails: ['ann@acme.com'] });
    expect(sent).toMatchObject({ kind: 'invited', answer: { invited: 1 }, replayed: true });
    expect(lost).toBe(4);
    expect(service.galileo.received).toHaveLength(1);
  });

  it('invites once when a gateway answers in place of the service', async () => {
    let answers = 0;
    const { service, client } = await start(
      {},
      { afterwards: (answer) => ((answers += 1) === 1 ? new Response('<h1>504</h1>', { status: 504 }) : answer) },
    );
    expect(await client.inviteUsers({ emails: ['ann@acme.com'] })).toMatchObject({ replayed: true });
    expect(service.galileo.received).toHaveLength(1);
  });

  it('waits for the first attempt while it is in flight', async () => {
    const galileo = Promise.withResolvers<void>();
    const { service, client, waits } = await start(
      {},
      {
        async delay() {
          // The first attempt ends while the second one waits.
          galileo.resolve();
          await first;
        },
      },
    );
    service.galileo.script({ kind: 'answer', status: 200, body: { invited: 1 }, after: galileo.promise });
    const request = { emails: ['ann@acme.com'] };
    const first = client.inviteUsers(request, { idempotencyKey: KEY });
    await service.galileo.arrived(1);
    const second = await client.inviteUsers(request, { idempotencyKey: KEY });
    expect(await first).toMatchObject({ kind: 'invited', replayed: false });
    expect(second).toMatchObject({ kind: 'invited', replayed: true, answer: { invited: 1 } });
    expect(waits).toEqual([5_000]);
    expect(service.galileo.received).toHaveLength(1);
  });

  it('never repeats an unknown outcome by itself, and learns it when it is settled', async () => {
    const { service, client } = await start();
    const request = { emails: ['hangup@acme.com'] };
    const unknown = (await client
      .inviteUsers(request, { idempotencyKey: KEY })
      .catch((error: unknown) => error)) as OutcomeUnknown;
    expect(unknown).toBeInstanceOf(OutcomeUnknown);
    expect(unknown).toMatchObject({ outcome: 'unknown', idempotencyKey: KEY });
    const again = await client.inviteUsers(request, { idempotencyKey: KEY }).catch((error: unknown) => error);
    expect(again).toMatchObject({ name: 'OutcomeUnknown', requestId: unknown.requestId });
    expect(service.galileo.received).toHaveLength(1);

    const id = unknown.requestId ?? '';
    const settle = await service.request(`/v2/invite_requests/${id}/settlement`, {
      method: 'POST',
      headers: {
        Authorization: `Bearer ${await service.token({ sub: 'kim', client_id: 'settle-desk', scope: 'invites:settle' })}`,
        'Content-Type': 'application/json',
      },
      body: JSON.stringify({ outcome: 'accepted', note: 'In the list of users.' }),
    });
    expect(settle.status).toBe(200);
    expect(await client.waitForOutcome(id)).toMatchObject({ id, state: 'accepted' });
    expect(await client.inviteUsers(request, { idempotencyKey: KEY })).toMatchObject({
      kind: 'invited',
      replayed: true,
    });
    expect(service.galileo.received).toHaveLength(1);
  });

  it('renews a token that has expired', async () => {
    let tokens = 0;
    const harness: Harness = await start(
      {},
      {
        async token({ renew }) {
          tokens += 1;
          return renew ? harness.service.token() : harness.service.token({ exp: 1_000, iat: 900 });
        },
      },
    );
    expect(await harness.client.whatMayIInvite()).toMatchObject({ limits: [{ id: 'batch' }, { id: 'app-day' }] });
    expect(tokens).toBe(2);
  });

  it('sends a long list in batches that the policy takes, and each address once', async () => {
    const { service, client } = await start({ policy: POLICY.replace('emails: 20', 'emails: 4') });
    const list = ['a@acme.com', 'b@acme.com', 'c@eu.acme.com', 'd@acme.com', 'e@rival.io', 'f@acme.com', 'g@acme.com'];
    const policy = await client.whatMayIInvite();
    const kinds: string[] = [];
    for await (const step of client.inBatches(list, policy, { lenient: true })) kinds.push(step.kind);
    expect(kinds).toEqual(['sent', 'sent', 'sent']);
    const bodies = service.galileo.received.map(({ body }) => (JSON.parse(body) as { emails: string[] }).emails);
    // What is forced for eu.acme.com alone is in no batch with other addresses.
    expect(bodies).toEqual([
      ['a@acme.com', 'b@acme.com', 'd@acme.com'],
      ['f@acme.com', 'g@acme.com'],
      ['c@eu.acme.com'],
    ]);
  });
});

describe('for every problem of the service, the client', () => {
  const codes = Object.keys(PROBLEMS) as ProblemCode[];
  const MAY_BE_DONE = new Set(['upstream_error', 'outcome_unknown', 'idempotency_in_flight', 'internal_error']);
  const outcomes: Partial<Record<ProblemCode, 'unknown' | 'refused'>> = {
    upstream_error: 'unknown',
    outcome_unknown: 'unknown',
    upstream_refused: 'refused',
  };

  it.each(codes.filter((code) => code !== 'upstream_response_withheld'))(
    'throws %s with its sentence, and knows whether the invitation may have been done',
    async (code) => {
      const outcome = outcomes[code];
      const extras = { status: 400, ...(outcome === undefined ? {} : { outcome }) };
      const body = problem(code, { requestId: '0190a5d4-7c3a-7b1e-9f60-3f5d0c2b9e11' }, extras);
      const client = createInviteClient({
        url: 'https://invites.example.com',
        token: () => 'the-same',
        delay: () => new Promise(() => undefined),
        patienceMs: 0,
        fetch: async () =>
          new Response(JSON.stringify(body), {
            status: body.status,
            headers: { 'Content-Type': 'application/problem+json' },
          }),
      });
      const failure = await client.inviteUsers({ emails: ['ann@acme.com'] }).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(InviteProblem);
      expect(failure).toMatchObject({ code, message: body.detail, title: body.title });
      // The id of a 409 is of the repeat, and not of the request to wait for.
      expect((failure as InviteProblem).requestId).toBe(code === 'idempotency_in_flight' ? null : body.request_id);
      expect(failure instanceof OutcomeUnknown).toBe(MAY_BE_DONE.has(code));
      // Its sentence says the same.
      expect(/Nothing was (?:sent|done)\b/.test(body.detail) && failure instanceof OutcomeUnknown).toBe(
        code === 'idempotency_in_flight',
      );
    },
  );
});
