/** Every problem code that a request can cause, on either platform. A test checks that the table is complete. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CLOSED_PORT } from '../contract/http-port/server.ts';
import { HEADER_LIMIT_BYTES } from '../../src/lib/http/header-limit.ts';
import { PROBLEMS } from '../../src/contract/problem.ts';
import type { ProblemCode } from '../../src/contract/problem.ts';
import { SCHEME_UNDER_TEST } from '../support/sign-in.ts';
import type { PlatformName } from './platforms.ts';
import type { Caller, ParityHarness } from './parity-harness.ts';
import { SHORT_MS, SILENT_ISSUER, startParityHarness } from './parity-harness.ts';

const ANN = { emails: ['ann@acme.com'] };
const KEY = { 'Idempotency-Key': 'a-key-of-the-caller-1' };

/** The codes that a request alone cannot cause, each with the test that covers it. */
const FROM_INSIDE: Partial<Record<ProblemCode, string>> = {
  internal_error: 'a fault of the program: test/http/problems.test.ts',
  ledger_unavailable:
    'a failing disk or object: test/http/invite/ledger-failure.test.ts, test/workers/ledger/ledger-object.test.ts',
  overloaded: 'a crowd, counted by the platform: test/http/overload.test.ts, test/workers/http/burst-limit.test.ts',
};

interface Occasion {
  readonly status: number;
  readonly origin: string;
  readonly outcome?: string;
  /** Settings of a harness of its own. Left out where the shared harness serves. */
  readonly env?: () => Promise<Record<string, string>> | Record<string, string>;
  produce(harness: ParityHarness, caller: Caller): Promise<Response>;
}

const proxy = { origin: 'proxy' };
const to =
  (email: string): Occasion['produce'] =>
  (_harness, caller) =>
    caller.invite({ emails: [email] });

const settle = async ({ caller }: ParityHarness, id: string | null, claims: Record<string, unknown> = {}) =>
  (await caller({ scope: 'invites:settle', ...claims })).request(`/v2/invite_requests/${String(id)}/settlement`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ outcome: 'accepted', note: 'listed since 10:02' }),
  });

const OCCASIONS: Partial<Record<ProblemCode, Occasion>> = {
  malformed_request: { ...proxy, status: 400, produce: (_, caller) => caller.invite(new Uint8Array([0x7b, 0xff])) },
  idempotency_key_missing: {
    ...proxy,
    status: 400,
    env: () => ({ IDEMPOTENCY: 'required' }),
    produce: (_, caller) => caller.invite(ANN),
  },
  idempotency_key_malformed: {
    ...proxy,
    status: 400,
    produce: (_, caller) => caller.invite(ANN, { headers: { 'Idempotency-Key': 'short' } }),
  },
  missing_token: { ...proxy, status: 401, produce: (harness) => harness.request('/v2/invite_policy') },
  invalid_token: {
    ...proxy,
    status: 401,
    produce: (harness) => harness.request('/v2/invite_policy', { headers: { Authorization: 'Bearer not.a.token' } }),
  },
  insufficient_scope: { ...proxy, status: 403, produce: (_, caller) => caller.request('/audit/records?after=0') },
  person_required: {
    ...proxy,
    status: 403,
    produce: (harness) => settle(harness, '00000000-0000-7000-8000-000000000000', { sub: 'hr-portal' }),
  },
  already_settled: {
    ...proxy,
    status: 409,
    outcome: 'accepted',
    produce: async (harness, caller) => settle(harness, (await caller.invite(ANN)).headers.get('X-Request-Id')),
  },
  still_open: {
    ...proxy,
    status: 409,
    async produce(harness, caller) {
      const { galileo } = harness;
      const released = Promise.withResolvers<void>();
      const { length: before } = galileo.received;
      galileo.script({ kind: 'answer', status: 200, body: {}, after: released.promise });
      const first = caller.invite(ANN);
      await galileo.arrived(before + 1);
      const page = (await (await caller.request('/v2/invite_requests')).json()) as { requests: { id: string }[] };
      const early = await settle(harness, page.requests[0]?.id ?? null);
      released.resolve();
      expect((await first).status).toBe(200);
      return early;
    },
  },
  policy_denied: { origin: 'policy', status: 403, produce: to('eve@rival.io') },
  not_found: { ...proxy, status: 404, produce: (harness) => harness.request('/v2/invite_user') },
  method_not_allowed: { ...proxy, status: 405, produce: (harness) => harness.request('/v2/invite_users') },
  request_timeout: {
    ...proxy,
    status: 408,
    produce: (_, caller) =>
      caller.request('/v2/invite_users', {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        // One byte, and no more before the deadline.
        body: new ReadableStream({ start: (controller) => controller.enqueue(new Uint8Array([0x7b])) }),
        duplex: 'half',
      } as RequestInit),
  },
  idempotency_in_flight: {
    ...proxy,
    status: 409,
    async produce({ galileo }, caller) {
      const released = Promise.withResolvers<void>();
      const { length: before } = galileo.received;
      galileo.script({ kind: 'answer', status: 200, body: {}, after: released.promise });
      const first = caller.invite(ANN, { headers: KEY });
      await galileo.arrived(before + 1);
      const second = await caller.invite(ANN, { headers: KEY });
      released.resolve();
      expect((await first).status).toBe(200);
      return second;
    },
  },
  header_fields_too_large: {
    ...proxy,
    status: 431,
    produce: (_, caller) => caller.invite(ANN, { headers: { Cookie: 'a'.repeat(HEADER_LIMIT_BYTES) } }),
  },
  body_too_large: {
    ...proxy,
    status: 413,
    produce: (_, caller) => caller.invite(JSON.stringify({ ...ANN, note: 'x'.repeat(70_000) })),
  },
  unsupported_media_type: {
    ...proxy,
    status: 415,
    produce: (_, caller) => caller.invite(ANN, { headers: { 'Content-Type': 'text/plain' } }),
  },
  idempotency_key_reused: {
    ...proxy,
    status: 422,
    async produce(_, caller) {
      await caller.invite(ANN, { headers: KEY });
      return await caller.invite({ emails: ['bob@acme.com'] }, { headers: KEY });
    },
  },
  quota_exhausted: {
    origin: 'quota',
    status: 429,
    async produce(_, caller) {
      await caller.invite({ emails: people(50) });
      return await caller.invite(ANN);
    },
  },
  upstream_rate_limited: { origin: 'upstream', status: 429, outcome: 'not_sent', produce: to('limit@acme.com') },
  upstream_refused: { origin: 'upstream', status: 403, outcome: 'refused', produce: to('refuse@acme.com') },
  upstream_credentials_rejected: {
    origin: 'upstream',
    status: 502,
    outcome: 'not_sent',
    // A password that was refused is not tried again for an hour.
    ...(SCHEME_UNDER_TEST === 'basic' ? { env: () => ({}) } : {}),
    async produce({ galileo }, caller) {
      // Both keys; a token or a password that is refused at once is not replaced.
      for (let times = 0; times < (SCHEME_UNDER_TEST === 'api_key' ? 2 : 1); times += 1)
        galileo.script({ kind: 'answer', status: 401, body: { detail: 'no' } });
      return await caller.invite(ANN);
    },
  },
  upstream_error: { origin: 'upstream', status: 502, outcome: 'unknown', produce: to('break@acme.com') },
  upstream_response_withheld: {
    origin: 'upstream',
    status: 502,
    outcome: 'accepted',
    async produce({ galileo }, caller) {
      galileo.script({ kind: 'echo', status: 200, shape: 'success' });
      return await caller.invite(ANN);
    },
  },
  identity_keys_unavailable: {
    ...proxy,
    status: 503,
    async produce({ identityProvider, request }) {
      const token = await identityProvider.issue({ iss: SILENT_ISSUER });
      return await request('/v2/invite_policy', { headers: { Authorization: `Bearer ${token}` } });
    },
  },
  upstream_unavailable: {
    ...proxy,
    status: 503,
    outcome: 'not_sent',
    env: async () => ({ GALILEO_API_URL: `http://127.0.0.1:${String(CLOSED_PORT)}` }),
    // On Node a refused connection proves that nothing was sent. In workerd only an open circuit breaker proves it.
    async produce(_, caller) {
      for (let times = 0; times < 5; times += 1) await caller.invite(ANN);
      return await caller.invite(ANN);
    },
  },
  outcome_unknown: {
    origin: 'upstream',
    status: 504,
    outcome: 'unknown',
    env: () => ({ GALILEO_TIMEOUT_MS: SHORT_MS }),
    produce: to('slow@acme.com'),
  },
};

function people(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `person-${String(index)}@acme.com`);
}

export function describeProblems(platform: PlatformName): void {
  let shared: ParityHarness;
  beforeAll(async () => {
    shared = await startParityHarness(platform);
  });
  afterAll(() => shared.stop());

  describe('a refusal', () => {
    it.each(Object.entries(OCCASIONS))('%s is told as the table says', async (code, occasion) => {
      const { status, origin, outcome, env, produce } = occasion;
      const harness = env === undefined ? shared : await startParityHarness(platform, await env());
      const response = await produce(harness, await harness.caller());
      expect(response.status).toBe(status);
      expect(response.headers.get('Content-Type')).toBe('application/problem+json');
      const body = (await response.json()) as Record<string, unknown>;
      expect(body).toMatchObject({ status, code, origin, ...(outcome === undefined ? {} : { outcome }) });
      expect(body['request_id']).toBe(response.headers.get('X-Request-Id'));
      expect(body['title']).toBe(PROBLEMS[code as ProblemCode].title);
      if (harness !== shared) await harness.stop();
    });

    it('is told as a list, in the upstream’s shape, where the request itself is wrong', async () => {
      const caller = await shared.caller();
      const response = await caller.invite({ emails: [], role: 'owner', send_email: 'perhaps' }, { query: '?dry=1' });
      expect(response.status).toBe(422);
      expect(response.headers.get('Content-Type')).toBe('application/json');
      expect(await response.json()).toMatchObject({
        code: 'invalid_request',
        detail: [
          { type: 'extra_forbidden', loc: ['query', 'dry'] },
          { type: 'too_short', loc: ['body', 'emails'] },
          { type: 'enum', loc: ['body', 'role'] },
          { type: 'bool_parsing', loc: ['body', 'send_email'] },
        ],
      });
    });

    it('has a row here for every code there is', () => {
      expect([...Object.keys(OCCASIONS), ...Object.keys(FROM_INSIDE)].toSorted()).toEqual(
        Object.keys(PROBLEMS).toSorted(),
      );
    });
  });
}
