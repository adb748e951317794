/** Every problem code, produced by a request to the service. A test checks that the table is complete. */
import { describe, expect, it } from 'vitest';
import { HEADER_LIMIT_BYTES } from '../../src/lib/http/header-limit.ts';
import { PROBLEMS } from '../../src/contract/problem.ts';
import type { ProblemCode } from '../../src/contract/problem.ts';
import type { Ledger } from '../../src/ledger/port.ts';
import type { Schedule } from '../../src/ports/schedule.ts';
import type { TestService, TestServiceOptions } from '../support/service.ts';
import { startTestService, UPSTREAM_SECRET } from '../support/service.ts';
import { durationWords } from '../../src/lib/text/duration-words.ts';
import { UNREACHABLE } from '../support/tokens.ts';

interface Occasion {
  readonly status: number;
  readonly origin: string;
  readonly options?: TestServiceOptions;
  readonly outcome?: string;
  produce(service: TestService): Promise<Response>;
}

const ANN = { emails: ['ann@acme.com'] };
/** A schedule on which every timer fires at once. */
const AT_ONCE: Schedule = {
  after(_, task) {
    queueMicrotask(task);
    return () => undefined;
  },
};
const KEY = { 'Idempotency-Key': 'a-key-of-the-caller-1' };
const failing = (ledger: Ledger): Ledger => ({ ...ledger, admit: () => Promise.reject(new Error('disk full')) });
const to = (email: string) => (service: TestService) => service.invite({ emails: [email] });

const settle = async (service: TestService, id: string | null, claims: Record<string, unknown> = {}) =>
  service.request(`/v2/invite_requests/${id}/settlement`, {
    method: 'POST',
    headers: {
      Authorization: `Bearer ${await service.token({ sub: 'kim', client_id: 'it-desk', scope: 'invites:settle', ...claims })}`,
      'Content-Type': 'application/json',
    },
    body: JSON.stringify({ outcome: 'accepted', note: 'listed since 10:02' }),
  });

const OCCASIONS: Record<Exclude<ProblemCode, 'overloaded'>, Occasion> = {
  malformed_request: {
    status: 400,
    origin: 'proxy',
    produce: async (service) =>
      service.request('/v2/invite_users', {
        method: 'POST',
        headers: { Authorization: `Bearer ${await service.token()}`, 'Content-Type': 'application/json' },
        body: new Uint8Array([0x7b, 0xff]),
      }),
  },
  idempotency_key_missing: {
    status: 400,
    origin: 'proxy',
    options: { settings: { IDEMPOTENCY: 'required' } },
    produce: (service) => service.invite(ANN),
  },
  idempotency_key_malformed: {
    status: 400,
    origin: 'proxy',
    produce: (service) => service.invite(ANN, { headers: { 'Idempotency-Key': 'short' } }),
  },
  missing_token: { status: 401, origin: 'proxy', produce: (service) => service.request('/v2/invite_policy') },
  invalid_token: { status: 401, origin: 'proxy', produce: (service) => service.invite(ANN, { token: 'not.a.token' }) },
  insufficient_scope: {
    status: 403,
    origin: 'proxy',
    produce: async (service) => service.invite(ANN, { token: await service.token({ scope: 'audit:read' }) }),
  },
  person_required: {
    status: 403,
    origin: 'proxy',
    produce: (service) => settle(service, '00000000-0000-7000-8000-000000000000', { sub: 'it-desk' }),
  },
  already_settled: {
    status: 409,
    origin: 'proxy',
    outcome: 'accepted',
    produce: async (service) => settle(service, (await service.invite(ANN)).headers.get('X-Request-Id')),
  },
  still_open: {
    status: 409,
    origin: 'proxy',
    produce: async (service) => {
      const released = Promise.withResolvers<void>();
      service.galileo.script({ kind: 'answer', status: 200, body: {}, after: released.promise });
      const first = service.invite(ANN);
      await service.galileo.arrived(1);
      const [intent] = await service.records();
      const early = await settle(service, intent?.request_id ?? null);
      released.resolve();
      await first;
      return early;
    },
  },
  policy_denied: { status: 403, origin: 'policy', produce: to('eve@rival.io') },
  not_found: { status: 404, origin: 'proxy', produce: (service) => service.request('/v2/invite_user') },
  method_not_allowed: { status: 405, origin: 'proxy', produce: (service) => service.request('/v2/invite_users') },
  request_timeout: {
    status: 408,
    origin: 'proxy',
    options: { deps: { schedule: AT_ONCE } },
    produce: async (service) =>
      service.request('/v2/invite_users', {
        method: 'POST',
        headers: { Authorization: `Bearer ${await service.token()}` },
        body: new ReadableStream(),
        duplex: 'half',
      } as RequestInit),
  },
  idempotency_in_flight: {
    status: 409,
    origin: 'proxy',
    produce: async (service) => {
      const released = Promise.withResolvers<void>();
      service.galileo.script({ kind: 'answer', status: 200, body: {}, after: released.promise });
      const both = [service.invite(ANN, { headers: KEY }), service.invite(ANN, { headers: KEY })];
      const early = await Promise.any(both);
      released.resolve();
      await Promise.all(both);
      return early;
    },
  },
  header_fields_too_large: {
    status: 431,
    origin: 'proxy',
    produce: (service) => service.invite(ANN, { headers: { Cookie: 'a'.repeat(HEADER_LIMIT_BYTES) } }),
  },
  body_too_large: {
    status: 413,
    origin: 'proxy',
    produce: (service) => service.invite(`{"emails":["${'a'.repeat(65_536)}@acme.com"]}`),
  },
  unsupported_media_type: {
    status: 415,
    origin: 'proxy',
    produce: (service) => service.invite(ANN, { headers: { 'Content-Type': 'text/plain' } }),
  },
  idempotency_key_reused: {
    status: 422,
    origin: 'proxy',
    produce: async (service) => {
      await service.invite(ANN, { headers: KEY });
      return await service.invite({ emails: ['bob@acme.com'] }, { headers: KEY });
    },
  },
  quota_exhausted: {
    status: 429,
    origin: 'quota',
    produce: async (service) => {
      for (const letter of 'abc')
        await service.invite({
          emails: Array.from({ length: 20 }, (_, n) => `${letter}${n}@acme.com`).slice(0, letter === 'c' ? 10 : 20),
        });
      return await service.invite(ANN);
    },
  },
  upstream_rate_limited: { status: 429, origin: 'upstream', outcome: 'not_sent', produce: to('limit@acme.com') },
  upstream_refused: { status: 403, origin: 'upstream', outcome: 'refused', produce: to('refuse@acme.com') },
  internal_error: {
    status: 500,
    origin: 'proxy',
    options: {
      deps: {
        clientAddress: (headers) => {
          if (headers.has('Authorization')) throw new Error('secret detail of ann@acme.com');
          return null;
        },
      },
    },
    produce: (service) => service.invite(ANN),
  },
  upstream_credentials_rejected: {
    status: 502,
    origin: 'upstream',
    outcome: 'not_sent',
    options: { acceptedKeys: ['another-key-entirely-1'] },
    produce: (service) => service.invite(ANN),
  },
  upstream_error: { status: 502, origin: 'upstream', outcome: 'unknown', produce: to('break@acme.com') },
  upstream_response_withheld: {
    status: 502,
    origin: 'upstream',
    outcome: 'accepted',
    produce: (service) => {
      service.galileo.script({ kind: 'echo', status: 200, shape: 'success' });
      return service.invite(ANN);
    },
  },
  ledger_unavailable: {
    status: 503,
    origin: 'proxy',
    options: { wrapLedger: failing },
    produce: (service) => service.invite(ANN),
  },
  identity_keys_unavailable: {
    status: 503,
    origin: 'proxy',
    produce: (service) => {
      service.documents.trouble = UNREACHABLE;
      return service.invite(ANN);
    },
  },
  upstream_unavailable: {
    status: 503,
    origin: 'upstream',
    outcome: 'not_sent',
    options: { settings: { GALILEO_API_URL: 'http://127.0.0.1:1' } },
    produce: (service) => service.invite(ANN),
  },
  outcome_unknown: { status: 504, origin: 'upstream', outcome: 'unknown', produce: to('hangup@acme.com') },
};

/** Can be shown to people as it is: whole, without a placeholder, and with the wait that the field has. */
function expectSentence(detail: string, headers: Headers): void {
  expect(detail).toMatch(/^[A-Z].*\.$/s);
  expect(detail).not.toMatch(/[{}]|Retry-After|undefined|null|NaN/);
  const retryAfter = headers.get('Retry-After');
  const when = retryAfter === null ? null : `Try again in ${durationWords(Number(retryAfter))}.`;
  if (when !== null) expect(detail.endsWith(when)).toBe(true);
  const place = headers.get('Content-Location');
  if (place !== null && detail.includes('/v2/invite_requests/')) expect(detail).toContain(place);
}

describe.each(Object.entries(OCCASIONS))('%s', (code, { status, origin, outcome, options, produce }) => {
  it(`is a problem of status ${status} and origin ${origin}, told by the request's own id and nothing secret`, async () => {
    const service = await startTestService(options);
    const response = await produce(service);
    const text = await response.text();
    const body = JSON.parse(text) as Record<string, unknown>;
    expect(response.status).toBe(status);
    expect(response.headers.get('Content-Type')).toBe('application/problem+json');
    expect(body).toMatchObject({ code, origin, status, request_id: response.headers.get('X-Request-Id') });
    expectSentence(String(body['detail']), response.headers);
    expect(body.outcome).toBe(outcome);
    expect(response.headers.get('Policy-Digest')).toMatch(/^sha256:/);
    expect(service.counted).toContain(`refusals{origin=${origin},code=${code}}`);
    expect([text, ...service.logLines].join('\n')).not.toContain(UPSTREAM_SECRET);
    expect(service.logLines.join('\n')).not.toContain('@');
  });
});

describe('the table of problems', () => {
  it('has an occasion for every code but overloaded, which test/http/overload.test.ts produces', () => {
    expect([...Object.keys(OCCASIONS), 'overloaded'].toSorted()).toEqual(Object.keys(PROBLEMS).toSorted());
  });
});

describe('a key of our own that cannot be read', () => {
  it('is told as the fault of this service', async () => {
    const service = await startTestService({
      deps: { secrets: { galileoKeys: () => Promise.reject(new Error('gone')) } },
    });
    const response = await service.invite(ANN);
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ code: 'upstream_unavailable', origin: 'proxy', outcome: 'not_sent' });
  });
});

describe('a wrong Galileo key', () => {
  it('reads as the fault of this service and not of the token', async () => {
    const service = await startTestService({ acceptedKeys: ['another-key-entirely-1'] });
    const response = await service.invite(ANN);
    expect(response.status).toBe(502);
    expect(response.headers.get('WWW-Authenticate')).toBeNull();
    expect(await response.json()).toMatchObject({
      code: 'upstream_credentials_rejected',
      detail: expect.stringContaining('not your token'),
    });
  });

  it('is followed once by the next key, with the same bytes, both attempts on record', async () => {
    const service = await startTestService({
      acceptedKeys: ['the-next-key-0123456789'],
      nextKey: 'the-next-key-0123456789',
    });
    const response = await service.invite(ANN);
    expect(response.status).toBe(200);
    const [first, second, ...more] = service.galileo.received;
    expect(more).toEqual([]);
    expect([first?.keyIndex, second?.keyIndex]).toEqual([-1, 0]);
    expect(first?.sha256).toBe(second?.sha256);
    const outcome = (await service.records()).find(({ kind }) => kind === 'outcome');
    expect(outcome?.outcome.attempts).toMatchObject([
      { slot: 'current', status: 401 },
      { slot: 'next', status: 200 },
    ]);
  });
});
