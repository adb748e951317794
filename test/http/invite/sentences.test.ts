/** What a person reads: the whole sentence, with its numbers, waits and ids. */
import { describe, expect, it } from 'vitest';
import type { TestService, TestServiceOptions } from '../../support/service.ts';
import { startTestService } from '../../support/service.ts';

const QUOTAS = (quota: string) => `
version: 1
callers: { hr-portal: { issuer: corp, client_id: [hr-portal] } }
rules: [{ id: staff, allow: [hr-portal], domains: [acme.com], roles: [user], auth_methods: any, note: Partners are invited by IT. }]
quotas: [${quota}]
`;
const crowd = (count: number) => Array.from({ length: count }, (_, index) => `a${index}@acme.com`);
const ANN = { emails: ['ann@acme.com'] };
const KEY = { 'Idempotency-Key': 'a-key-of-the-caller-1' };

interface Told {
  readonly detail: string;
  readonly headers: Headers;
}

async function told(response: Response | Promise<Response>): Promise<Told> {
  const { headers } = await response;
  const { detail } = (await (await response).json()) as { detail: string };
  return { detail, headers };
}

/** The sentences of these occasions; the service's time is 10:00 UTC. */
const OCCASIONS: readonly [
  what: string,
  options: TestServiceOptions,
  ask: (service: TestService) => Promise<Response>,
  detail: string,
][] = [
  [
    'a quota that is used up',
    { policy: QUOTAS('{ id: app-day, per: client_id, window: 1d, emails: 2 }') },
    async (service) => {
      await service.invite({ emails: crowd(2) });
      service.clock.advance(90_000);
      return await service.invite(ANN);
    },
    'Nothing was sent: the limit is used up (2 addresses in 1 day for this app, quota app-day). Try again in 13 h 59 min.',
  ],
  [
    'a quota that has too little left',
    { policy: QUOTAS('{ id: ours, per: org, window: 7d, emails: 4 }') },
    async (service) => {
      await service.invite({ emails: crowd(3) });
      return await service.invite({ emails: crowd(2) });
    },
    'Nothing was sent: the request has 2 addresses, and 1 is left of the limit (4 addresses in 7 days for the whole organisation, quota ours). Try again in 2 d 14 h.',
  ],
  [
    'a quota of requests',
    { policy: QUOTAS('{ id: burst, per: subject, window: 1m, requests: 1 }') },
    async (service) => {
      await service.invite(ANN);
      service.clock.advance(26_000);
      return await service.invite(ANN);
    },
    'Nothing was sent: the limit is used up (1 request in 1 min for you, quota burst). Try again in 34 s.',
  ],
  [
    'a request that is larger than a limit',
    { policy: QUOTAS('{ id: batch, per: request, emails: 2 }') },
    (service) => service.invite({ emails: crowd(3) }),
    'Nothing was sent: the request has 3 addresses, and the limit batch is 2 addresses in one request. Send fewer at once.',
  ],
  [
    'one refused address',
    { policy: QUOTAS('') },
    (service) => service.invite({ ...ANN, role: 'admin' }),
    'Nothing was sent. ann@acme.com: the role admin is not allowed (rule staff). Partners are invited by IT.',
  ],
  [
    'some refused addresses',
    { policy: QUOTAS('') },
    (service) => service.invite({ emails: ['ann@acme.com', ...['a', 'b', 'c', 'd'].map((name) => `${name}@x.io`)] }),
    'Nothing was sent: 4 of 5 addresses were refused. a@x.io: no rule lets you invite this address. b@x.io: no rule lets you invite this address. c@x.io: no rule lets you invite this address. And 1 more.',
  ],
  [
    'a caller whom the policy does not know',
    { policy: QUOTAS('').replace('[hr-portal] }', '[another] }') },
    (service) => service.invite({ emails: crowd(2) }),
    'Nothing was sent: the invite policy does not know you or this app. Ask the people who run this app.',
  ],
  [
    'a token without the scope',
    {},
    async (service) => service.invite(ANN, { token: await service.token({ scope: 'audit:read' }) }),
    'Your access token lacks the permission (scope) invites:write. Ask the people who run this app.',
  ],
  [
    'no token',
    {},
    (service) => service.request('/v2/invite_policy'),
    'You are not signed in: no access token came. Sign in, and send the token as Authorization: Bearer <token>.',
  ],
  [
    'a Galileo that asks for fewer requests',
    {},
    (service) => service.invite({ emails: ['limit@acme.com'] }),
    'Galileo asked for fewer requests. Nothing was done. Try again in 30 s.',
  ],
  [
    'a limit on dry runs',
    {},
    async (service) => {
      const token = await service.token();
      for (let count = 0; count < 60; count += 1) await service.invite(ANN, { token, query: '?dry_run=true' });
      return await service.invite(ANN, { token, query: '?dry_run=true' });
    },
    'Nothing was decided: all 60 dry runs in 1 min are used up. Try again in 1 min.',
  ],
  [
    'an error of Galileo',
    {},
    (service) => service.invite({ emails: ['break@acme.com'] }),
    'Galileo answered with an error (status 500). The invitation may or may not have been done. Do not send it again before you know what became of request 019c0000-0001-7000-8000-000000000000.',
  ],
  [
    'a lost connection',
    {},
    (service) => service.invite({ emails: ['hangup@acme.com'] }),
    'The connection to Galileo broke before its answer came. The invitation may or may not have been done. Do not send it again before you know what became of request 019c0000-0001-7000-8000-000000000000.',
  ],
];

describe('the sentence for', () => {
  it.each(OCCASIONS)('%s is whole', async (_what, options, ask, detail) => {
    const service = await startTestService(options);
    expect((await told(ask(service))).detail).toBe(detail);
  });
});

describe('an unknown outcome', () => {
  it('names the request, and the place to look at, in a replay as in the first answer', async () => {
    const service = await startTestService();
    const first = await service.invite({ emails: ['hangup@acme.com'] }, { headers: KEY });
    const place = `/v2/invite_requests/${first.headers.get('X-Request-Id')}`;
    const again = await service.invite({ emails: ['hangup@acme.com'] }, { headers: KEY });
    expect([first.status, again.status]).toEqual([504, 504]);
    for (const response of [first, again]) {
      expect(response.headers.get('Content-Location')).toBe(place);
      expect(response.headers.get('Retry-After')).toBeNull();
      expect((await told(response)).detail).toContain(place.slice('/v2/invite_requests/'.length));
    }
  });

  it('says when to look while Galileo is asked about it', async () => {
    const service = await startTestService({ settings: { GALILEO_RECONCILE: true } });
    const first = await service.invite({ emails: ['hangup@acme.com'] }, { headers: KEY });
    expect(first.headers.get('Retry-After')).toBe('60');
    const again = await service.invite({ emails: ['hangup@acme.com'] }, { headers: KEY });
    expect(again.headers.get('Retry-After')).toBeNull();
    expect(await again.text()).toBe(await first.text());
  });
});

describe('a request whose key is in flight', () => {
  it('names the first request, and says when to ask again', async () => {
    const service = await startTestService();
    const released = Promise.withResolvers<void>();
    service.galileo.script({ kind: 'answer', status: 200, body: {}, after: released.promise });
    const both = [service.invite(ANN, { headers: KEY }), service.invite(ANN, { headers: KEY })];
    const early = await Promise.any(both);
    released.resolve();
    const [one, two] = await Promise.all(both);
    const first = early === one ? two : one;
    expect(early.headers.get('Content-Location')).toBe(`/v2/invite_requests/${first?.headers.get('X-Request-Id')}`);
    expect((await told(early)).detail).toBe(
      'The first request with this Idempotency-Key has not ended yet. Nothing was sent a second time. Try again in 5 s.',
    );
  });
});
