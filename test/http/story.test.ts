/** The story of a request over HTTP: the member `events` of GET /v2/invite_requests/{id}. */
import { describe, expect, it } from 'vitest';
import { resolveUnknown } from '../../src/invite/settle/resolve-unknown.ts';
import { MAX_SHOWN_REPLAYS } from '../../src/ledger/page.ts';
import { MINUTE_MS } from '../support/ledger/ledger.ts';
import type { TestService, TestServiceOptions } from '../support/service.ts';
import { startTestService } from '../support/service.ts';

const AUDITOR = { sub: 'audit-desk', scope: 'audit:read' };
const ANN = { emails: ['ann@acme.com'] };
const KEY = { 'Idempotency-Key': 'a-key-of-the-caller-1' };
const idOf = (response: Response): string => response.headers.get('X-Request-Id') ?? '';

interface Shown {
  readonly events: readonly { readonly at: string | null; readonly event: string; readonly message: string }[];
  readonly replays_left_out: number;
}

async function shown(service: TestService, id: string, claims: Record<string, unknown> = {}): Promise<Shown> {
  const headers = { Authorization: `Bearer ${await service.token(claims)}` };
  const response = await service.request(`/v2/invite_requests/${id}`, { headers });
  expect(response.status).toBe(200);
  return (await response.json()) as Shown;
}

const namesOf = ({ events }: Shown): string[] => events.map(({ event }) => event);

/** On both ledgers: the model, and SQLite. */
const LEDGERS: readonly NonNullable<TestServiceOptions['ledger']>[] = ['memory', 'file'];

describe.each(LEDGERS)('the events of a request (ledger: %s)', (ledger) => {
  it('tell an owner what was asked, decided and done, in order, without keys, attempts and sources', async () => {
    const service = await startTestService({ ledger });
    const id = idOf(await service.invite(ANN, { headers: { 'User-Agent': 'curl/8.5.0' } }));
    const story = await shown(service, id);
    expect(namesOf(story)).toEqual(['asked', 'policy_decided', 'admitted', 'accepted']);
    expect(story.replays_left_out).toBe(0);
    const text = JSON.stringify(story.events);
    expect(story.events[0]).toEqual({
      at: '2026-03-02T10:00:00.000Z',
      event: 'asked',
      message: expect.stringMatching(
        /^The app hr-portal \(issuer corp\) asked to invite 1 address as user with \w+: ann@acme\.com\.$/,
      ),
    });
    expect(text).toContain('allowed the address by rule hr-staff');
    expect(text).toContain('Galileo accepted the invitation (status 200). The caller was answered with status 200.');
    for (const hidden of ['fingerprint', 'current key', '192.0.2.7', 'curl/8.5.0']) expect(text).not.toContain(hidden);
  });

  it('tell an auditor also which key went to Galileo, and where the request came from', async () => {
    const service = await startTestService({
      ledger,
      acceptedKeys: ['next-key-0f3c9a7e5b1d2468'],
      nextKey: 'next-key-0f3c9a7e5b1d2468',
    });
    const id = idOf(await service.invite(ANN, { headers: { 'User-Agent': 'curl/8.5.0' } }));
    const story = await shown(service, id, AUDITOR);
    expect(namesOf(story)).toEqual([
      'asked',
      'policy_decided',
      'admitted',
      'galileo_asked',
      'galileo_asked',
      'accepted',
    ]);
    const messages = story.events.map(({ message }) => message);
    expect(messages[0]).toContain('The request came from 192.0.2.7, with User-Agent curl/8.5.0.');
    expect(messages[3]).toMatch(
      /^Galileo was asked with the current key \(fingerprint [0-9a-f]{12}\) and answered with status 401 after \d+\.\d\d s\.$/,
    );
    expect(messages[4]).toMatch(
      /^Galileo was asked with the next key \(fingerprint [0-9a-f]{12}\) and answered with status 200 /,
    );
  });

  it('tell of a refusal which rule refused', async () => {
    const service = await startTestService({ ledger });
    const story = await shown(service, idOf(await service.invite({ emails: ['eve@rival.io'] })));
    expect(namesOf(story)).toEqual(['asked', 'policy_decided', 'denied']);
    expect(story.events[1]?.message).toContain('denied the address by rule never-invite (domains).');
  });

  it('go on after an unknown outcome: who looked, who settled it, and what a repeat got', async () => {
    const service = await startTestService({ ledger, settings: { GALILEO_RECONCILE: true } });
    service.galileo.script({ kind: 'hangup', when: 'after_body' });
    const first = await service.invite(ANN, { headers: KEY });
    expect(first.status).toBe(504);
    const id = idOf(first);
    service.clock.advance(MINUTE_MS);
    await service.reconcile?.();
    const entry = await service.deps.ledger.find(id, null);
    const by = { kind: 'person', person: 'Ann Smith', note: 'listed since 10:02' } as const;
    await service.deps.ledger.settle(
      resolveUnknown({ requestId: id, intent: entry!.decided! }, { ending: 'accepted', by }),
    );
    service.clock.advance(MINUTE_MS);
    const repeat = idOf(await service.invite(ANN, { headers: KEY }));
    const story = await shown(service, id);
    expect(namesOf(story)).toEqual([
      'asked',
      'policy_decided',
      'admitted',
      'became_unknown',
      'users_looked_up',
      'settled',
      'replayed',
    ]);
    expect(story.events.at(-2)?.message).toBe('Ann Smith settled it as accepted: "listed since 10:02".');
    expect(story.events.at(-1)).toEqual({
      at: '2026-03-02T10:02:00.000Z',
      event: 'replayed',
      message: `The request was repeated with its Idempotency-Key, as request ${repeat}, and got the stored answer (status 200). Nothing was sent.`,
    });
  });

  it('are bounded: the newest repeats, ten addresses, and the numbers of the rest', async () => {
    const service = await startTestService({ ledger });
    const emails = Array.from({ length: 20 }, (_, n) => `p${n}@acme.com`);
    const id = idOf(await service.invite({ emails }, { headers: KEY }));
    for (let count = 0; count < MAX_SHOWN_REPLAYS + 3; count += 1) {
      if (count % 10 === 0) service.clock.advance(MINUTE_MS);
      await service.invite({ emails }, { headers: KEY });
    }
    const story = await shown(service, id);
    expect(namesOf(story).filter((name) => name === 'replayed')).toHaveLength(MAX_SHOWN_REPLAYS);
    expect(story.replays_left_out).toBe(3);
    expect(story.events[0]?.message).toMatch(/: p0@acme\.com, .*, p9@acme\.com and 10 more\.$/);
  });

  it('are not in the list of requests', async () => {
    const service = await startTestService({ ledger });
    await service.invite(ANN);
    const headers = { Authorization: `Bearer ${await service.token()}` };
    const { requests } = (await (await service.request('/v2/invite_requests', { headers })).json()) as {
      requests: object[];
    };
    expect(requests).toHaveLength(1);
    expect(requests[0]).not.toHaveProperty('events');
  });
});

describe('the events of a request with a damaged record', () => {
  it('name it, hide no other, and never show a record of another request', async () => {
    const service = await startTestService({ ledger: 'file' });
    const id = idOf(await service.invite(ANN));
    const other = idOf(await service.invite({ emails: ['bob@acme.com'] }));
    const [line] = service.sql('SELECT line FROM records WHERE seq = 2');
    service.sql('UPDATE records SET line = (SELECT line FROM records WHERE seq = 3) WHERE seq = 2');
    const story = await shown(service, id);
    expect(namesOf(story)).toEqual(['asked', 'policy_decided', 'admitted', 'unreadable']);
    expect(story.events.at(-1)).toEqual({
      at: null,
      event: 'unreadable',
      message: 'Record 2 belongs to this request and cannot be read: it is damaged, missing or of a later release.',
    });
    expect(JSON.stringify(story)).not.toContain('bob@acme.com');
    expect(namesOf(await shown(service, other))).toEqual(['asked', 'policy_decided', 'admitted', 'accepted']);
    service.sql('UPDATE records SET line = ? WHERE seq = 2', String(line?.['line']));
  });
});
