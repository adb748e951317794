/** The examples of docs/calling.md, against the service over a real connection. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import type { Context, ContextManager } from '@opentelemetry/api';
import { context, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createInviteClient } from '../../../client/src/galileo-invite-client.ts';
import { formChoices } from '../../../examples/calling/form-choices.ts';
import { invite as inviteWithFetch, outcomeOf } from '../../../examples/calling/plain-fetch.ts';
import { activeTraceparent } from '../../../examples/calling/traces.ts';
import { invite as inviteWithClient } from '../../../examples/calling/with-client.ts';
import type { TestService, TestServiceOptions } from '../../support/service.ts';
import { startTestService } from '../../support/service.ts';

/** `cuts`: so many of the first answers are cut off after the service has given them. */
async function start({ cuts = 0, ...options }: TestServiceOptions & { readonly cuts?: number } = {}) {
  const service = await startTestService(options);
  let left = cuts;
  const listener = getRequestListener(
    async (request) => {
      const response = await service.app.fetch(request);
      if (left === 0) return response;
      left -= 1;
      await response.arrayBuffer();
      return await new Promise<never>(() => server.closeAllConnections());
    },
    { overrideGlobalObjects: false },
  );
  const server = createServer((incoming, outgoing) => void listener(incoming, outgoing)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const waits: number[] = [];
  const wait = async (s: number): Promise<void> => void waits.push(s);
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { service, url, token: await service.token(), waits, wait };
}

/** A server with these answers, one after the other. */
async function scripted(answers: readonly (() => Response)[]): Promise<string> {
  const left = [...answers];
  const listener = getRequestListener(async () => left.shift()?.() ?? new Response(null, { status: 500 }), {
    overrideGlobalObjects: false,
  });
  const server = createServer((incoming, outgoing) => void listener(incoming, outgoing)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const FIRST_ID = '01900000-0000-7000-8000-000000000001';

const refusal = (status: number, code: string, members: object = {}, headers: Record<string, string> = {}): Response =>
  Response.json({ code, detail: `Sentence of ${code}.`, request_id: 'r', ...members }, { status, headers });

const gatewayError = (): Response => Response.json({ message: 'Endpoint request timed out' }, { status: 504 });
const inFlight = (): Response => refusal(409, 'idempotency_in_flight', {}, { 'Retry-After': '5' });

const sentTo = (service: TestService): string[] =>
  service.galileo.received.map(({ body }) => (JSON.parse(body) as { emails: string[] }).emails.join(' '));

describe('the example with fetch alone', () => {
  it('invites', async () => {
    const { service, url, token } = await start();
    expect(await inviteWithFetch(url, token, { emails: ['ann@acme.com'] })).toEqual({
      kind: 'invited',
      text: 'Invited.',
      requestId: expect.any(String),
      key: expect.any(String),
    });
    expect(sentTo(service)).toEqual(['ann@acme.com']);
  });

  it('shows what the policy says', async () => {
    const { url, token } = await start();
    expect(await inviteWithFetch(url, token, { emails: ['bob@gmail.com'] })).toMatchObject({
      kind: 'refused',
      text: 'Nothing was sent. bob@gmail.com: no rule lets you invite this address.',
    });
  });

  it('shows what is wrong with a request', async () => {
    const { url, token } = await start();
    const { kind, text } = await inviteWithFetch(url, token, { emails: ['ann@'], role: 'boss' });
    expect(kind).toBe('refused');
    expect(text).toMatch(/^emails, entry 1: (?!Value error).*\nrole: Input should be /);
  });

  it('repeats with the same key when the answer is lost, and nobody is invited twice', async () => {
    const { service, url, token, waits, wait } = await start({ cuts: 2 });
    expect(await inviteWithFetch(url, token, { emails: ['ann@acme.com'] }, { wait })).toMatchObject({
      kind: 'invited',
    });
    expect(sentTo(service)).toEqual(['ann@acme.com']);
    expect(waits).toEqual([1, 2]);
  });

  it('does not say that nothing was done when no answer comes, and gives the key to go on with', async () => {
    const { service, url, token, wait } = await start({ cuts: 5 });
    const request = { emails: ['ann@acme.com'] };
    const ending = await inviteWithFetch(url, token, request, { wait });
    expect(ending).toMatchObject({ kind: 'unknown', requestId: null });
    expect(await inviteWithFetch(url, token, request, { key: ending.key })).toMatchObject({ kind: 'invited' });
    expect(sentTo(service)).toEqual(['ann@acme.com']);
  });

  it('shows the reason of the service when it stays unavailable', async () => {
    const { url, token, waits, wait } = await start({ settings: { GALILEO_API_URL: 'http://127.0.0.1:9' } });
    const ending = await inviteWithFetch(url, token, { emails: ['ann@acme.com'] }, { wait });
    expect(ending).toMatchObject({ kind: 'refused', text: expect.stringContaining('Galileo could not be reached.') });
    expect(waits).toHaveLength(4);
  });

  it.each<[string, readonly (() => Response)[]]>([
    ['a gateway gives errors of its own in JSON', Array(5).fill(gatewayError)],
    ['the first request is still in flight', Array(5).fill(inFlight)],
    ['a lost answer is followed by one about the token', [gatewayError, () => refusal(401, 'invalid_token')]],
    ['the service itself failed', [() => refusal(500, 'internal_error')]],
  ])('does not say that nothing was done when %s', async (_, answers) => {
    const url = await scripted(answers);
    const ending = await inviteWithFetch(url, 'token', { emails: ['ann@acme.com'] }, { wait: async () => undefined });
    expect(ending).toMatchObject({ kind: 'unknown', key: expect.any(String) });
  });

  it('says so when a lost answer is followed by one that settles the first attempt', async () => {
    const url = await scripted([gatewayError, () => refusal(403, 'policy_denied')]);
    const ending = await inviteWithFetch(url, 'token', { emails: ['ann@acme.com'] }, { wait: async () => undefined });
    expect(ending).toMatchObject({ kind: 'refused', text: 'Sentence of policy_denied.' });
  });

  it('says that it is done when only the answer is withheld', async () => {
    const url = await scripted([() => refusal(502, 'upstream_response_withheld', { outcome: 'accepted' })]);
    expect(await inviteWithFetch(url, 'token', { emails: ['ann@acme.com'] })).toMatchObject({
      kind: 'invited',
      text: 'Sentence of upstream_response_withheld.',
    });
  });

  it('asks for the first request when its unknown outcome is repeated', async () => {
    const headers = { 'X-Request-Id': 'r', 'Content-Location': `/v2/invite_requests/${FIRST_ID}` };
    const url = await scripted([() => refusal(504, 'outcome_unknown', { outcome: 'unknown' }, headers)]);
    expect(await inviteWithFetch(url, 'token', { emails: ['ann@acme.com'] })).toMatchObject({
      kind: 'unknown',
      requestId: FIRST_ID,
    });
  });

  it('gives the id of a request whose outcome is unknown, and what became of it', async () => {
    const { url, token } = await start();
    const ending = await inviteWithFetch(url, token, { emails: ['break@acme.com'] });
    expect(ending.kind).toBe('unknown');
    expect(await outcomeOf(url, token, ending.requestId ?? '')).toBe('unknown');
    const accepted = await inviteWithFetch(url, token, { emails: ['ann@acme.com'] });
    expect(await outcomeOf(url, token, accepted.requestId ?? '')).toBe('accepted');
  });
});

describe('the example with the client', () => {
  async function startClient(options?: TestServiceOptions) {
    const { service, url, token } = await start(options);
    return { service, invites: createInviteClient({ url, token: () => token }) };
  }

  it('shows who was invited, who was not and what is left', async () => {
    const { invites } = await startClient();
    expect(await inviteWithClient(invites, { emails: ['ann@acme.com', 'bob@gmail.com'] })).toEqual([
      'ann@acme.com: invited',
      'bob@gmail.com: no rule lets you invite this address.',
      '49 left of app-day',
    ]);
  });

  it('shows the reason for each address when all are refused', async () => {
    const { invites } = await startClient();
    expect(await inviteWithClient(invites, { emails: ['bob@gmail.com'] })).toEqual([
      'bob@gmail.com: no rule lets you invite this address.',
    ]);
  });

  it('shows when there is quota again', async () => {
    const { invites } = await startClient();
    const staff = (from: number): string[] => Array.from({ length: 20 }, (_, n) => `p${String(from + n)}@acme.com`);
    await inviteWithClient(invites, { emails: staff(0) });
    await inviteWithClient(invites, { emails: staff(20) });
    const [sentence, again] = await inviteWithClient(invites, { emails: staff(40) });
    expect(sentence).toMatch(/Try again in/);
    expect(again).toMatch(/^Again at .*\d/);
  });
});

describe('the example with the client, when an outcome is unknown', () => {
  const request = { emails: ['break@acme.com'] };
  const LONGEST_LOOK_MS = 10_000;
  /** `look`: at every wait, with the id of the request. */
  async function startWaiting(look: (service: TestService, id: string) => Promise<unknown> = async () => undefined) {
    const { service, url, token } = await start();
    const shown: string[] = [];
    const delay = async (ms: number): Promise<void> => {
      // The time limit of an attempt, which is not reached.
      if (ms > LONGEST_LOOK_MS) return await new Promise(() => undefined);
      const [id = ''] = /[0-9a-f-]{36}/.exec(shown[0] ?? '') ?? [];
      await look(service, id);
    };
    const invites = createInviteClient({ url, token: () => token, delay });
    const lines = await inviteWithClient(invites, request, (line) => void shown.push(line));
    return { service, shown, lines };
  }

  it('says so at once, and again when nobody knows after two minutes', async () => {
    const { service, shown, lines } = await startWaiting();
    expect(shown).toEqual([expect.stringContaining('The invitation may or may not have been done.')]);
    expect(lines).toEqual([expect.stringContaining('It is not known yet whether the invitation was done')]);
    expect(sentTo(service)).toEqual(['break@acme.com']);
  });

  it.each([
    ['accepted', 'It took a while. They are invited.'],
    ['refused', 'It took a while. Nobody was invited.'],
  ])('says what a person found out: %s', async (outcome, sentence) => {
    const { lines } = await startWaiting(async (service, id) => {
      const token = await service.token({ scope: 'invites:settle', sub: 'kim', client_id: 'settle-desk' });
      const path = `/v2/invite_requests/${id}/settlement`;
      const response = await service.app.request(path, {
        method: 'POST',
        headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
        body: JSON.stringify({ outcome, note: 'looked it up' }),
      });
      expect(response.status).toBeLessThan(300);
    });
    expect(lines).toEqual([sentence]);
  });
});

describe('the form of the example', () => {
  it('offers a group once, also when several rules name it', () => {
    const annotators = { id: '9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d', name: 'annotators' };
    const rule = {
      ...{ domains: ['acme.com'], emails: [], roles: ['user' as const], auth_methods: ['okta' as const] },
      ...{ groups: [annotators], until: null, note: null },
    };
    const policy = {
      rules: [
        { id: 'staff', ...rule },
        { id: 'partners', ...rule },
      ],
      ...{ digest: 'a'.repeat(64), forced: [], limits: [], quotas: [] },
    };
    expect(formChoices(policy).groups).toEqual([annotators]);
  });

  it('offers what the caller’s rules allow', async () => {
    const { url, token } = await start();
    const choices = formChoices(await createInviteClient({ url, token: () => token }).whatMayIInvite());
    expect(choices).toEqual({
      roles: ['user', 'read_only'],
      authMethods: ['email', 'okta'],
      groups: [],
      domains: ['acme.com', '*.acme.com'],
      maxEmails: 20,
      forced: [expect.objectContaining({ id: 'staff-use-okta', auth_method: 'okta', send_email: false })],
    });
  });
});

describe('the example with traces', () => {
  /** As an SDK of OpenTelemetry sets it up: its propagator, and this context as the active one. */
  function activate(active: Context): void {
    propagation.setGlobalPropagator(new W3CTraceContextPropagator());
    const manager: ContextManager = {
      active: () => active,
      with: (_context, run, self, ...args) => run.apply(self, args),
      bind: (_context, target) => target,
      enable: () => manager,
      disable: () => manager,
    };
    context.setGlobalContextManager(manager);
    onTestFinished(() => {
      propagation.disable();
      context.disable();
    });
  }

  it('gives the active span, and its trace id is in the record', async () => {
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    activate(trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId: 'b7ad6b7169203331', traceFlags: 1 }));
    expect(activeTraceparent()).toBe(`00-${traceId}-b7ad6b7169203331-01`);
    const { service, url, token } = await start();
    const invites = createInviteClient({ url, token: () => token, traceparent: activeTraceparent });
    await invites.inviteUsers({ emails: ['ann@acme.com'] });
    expect((await service.records()).map((record) => record.trace_id)).toEqual([traceId, traceId]);
  });

  it('gives nothing outside a trace, and the invitation goes out', async () => {
    activate(ROOT_CONTEXT);
    expect(activeTraceparent()).toBeUndefined();
    const { service, url, token } = await start();
    const invites = createInviteClient({ url, token: () => token, traceparent: activeTraceparent });
    await invites.inviteUsers({ emails: ['ann@acme.com'] });
    expect(sentTo(service)).toEqual(['ann@acme.com']);
  });
});
