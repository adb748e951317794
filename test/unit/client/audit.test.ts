/** What the entry for auditors and settlers sends, and what it makes of the answers. Repeating is that of every call. */
import { describe, expect, it } from 'vitest';
import { createAuditClient } from '../../../client/src/galileo-invite-audit.ts';
import type { AuditClient, AuditCounts } from '../../../client/src/galileo-invite-audit.ts';
import { InviteProblem } from '../../../client/src/galileo-invite-client.ts';
import type { Received, Scripted } from './scripted-service.ts';
import { cut, failureOf, ID, page, problem, success } from './scripted-service.ts';

const NDJSON = { 'Content-Type': 'application/x-ndjson', 'X-Request-Id': ID };

const lines = (values: readonly unknown[], headers: Record<string, string> = {}): Response =>
  new Response(values.map((value) => `${JSON.stringify(value)}\n`).join(''), { headers: { ...NDJSON, ...headers } });

const record = (seq: number) => ({ seq, kind: 'denial' });

function scripted(answers: readonly Scripted[]): { client: AuditClient; received: readonly Received[] } {
  const received: Received[] = [];
  const client = createAuditClient({
    url: 'https://invites.example.com',
    token: () => 'token-1',
    delay: (ms) => (ms > 39_999 ? new Promise(() => undefined) : Promise.resolve()),
    async fetch(url, init) {
      const body = typeof init.body === 'string' ? init.body : '';
      received.push({ url, method: init.method ?? 'GET', headers: new Headers(init.headers), body, init });
      const answer = answers[received.length - 1];
      if (answer instanceof Response) return answer;
      throw answer instanceof Error ? answer : new Error('it is not in the script');
    },
  });
  return { client, received };
}

const counts = (rows: readonly [string, string, number, number][], scanned_to: number, complete: boolean): Response =>
  success({
    step: 'day',
    counts: rows.map(([from, result, requests, addresses]) => ({ from, result, requests, addresses })),
    ...{ scanned_to, complete },
  });

describe('the trail', () => {
  it('is read after a cursor, and has no more when no line comes', async () => {
    const { client, received } = scripted([lines([record(8), record(9)]), lines([])]);
    expect(await client.records(7)).toEqual([record(8), record(9)]);
    expect(await client.records(9)).toEqual([]);
    expect(received.map(({ url }) => url.replace('https://invites.example.com', ''))).toEqual([
      '/audit/records?after=7',
      '/audit/records?after=9',
    ]);
    expect(received[0]?.headers.get('Authorization')).toBe('Bearer token-1');
  });

  it('is searched with filters in the body alone, never in the address', async () => {
    const { client, received } = scripted([lines([record(4)], { 'Audit-Unreadable-Records': 'count=2, seq=(1 3)' })]);
    const filters = { email: 'ann@acme.com', kind: 'denial', after: 0 } as const;
    expect(await client.search(filters)).toEqual({ records: [record(4)], next: 4, unreadable: 2 });
    expect(received[0]).toMatchObject({ method: 'POST', url: 'https://invites.example.com/audit/search' });
    expect(JSON.parse(received[0]?.body ?? '')).toEqual(filters);
  });

  it('says where a search that was cut short continues, also without a match, and when there is no more', async () => {
    const progress = { kind: 'search_progress', scanned_to: 50_000 };
    const { client } = scripted([lines([record(4), progress]), lines([progress]), lines([])]);
    expect(await client.search({})).toEqual({ records: [record(4)], next: 50_000, unreadable: 0 });
    expect(await client.search({})).toEqual({ records: [], next: 50_000, unreadable: 0 });
    expect(await client.search({})).toEqual({ records: [], next: null, unreadable: 0 });
  });

  it('is not read from an answer that is cut or is a page of a gateway', async () => {
    const torn = new Response('{"seq":1}\n{"se', { headers: NDJSON });
    for (const answer of [torn, page(200), cut()]) {
      const { client } = scripted(
        Array.from({ length: 20 }, () => (answer instanceof Response ? answer.clone() : answer)),
      );
      expect(await failureOf(client.search({}))).toMatchObject({ name: 'ServiceUnreachable' });
    }
  });
});

describe('a count', () => {
  it('continues where the service stopped, and adds up', async () => {
    const [monday, tuesday] = ['2026-03-02T00:00:00.000Z', '2026-03-03T00:00:00.000Z'];
    const { client, received } = scripted([
      counts([[monday, 'denied', 2, 3]], 100, false),
      counts(
        [
          [monday, 'denied', 1, 1],
          [tuesday, 'accepted', 4, 9],
        ],
        150,
        true,
      ),
    ]);
    const steps: AuditCounts[] = [];
    const asked = { from: monday, to: '2026-03-09T00:00:00Z', step: 'day' } as const;
    for await (const step of client.count(asked)) steps.push(step);
    expect(received.map(({ body }) => (JSON.parse(body) as { after?: number }).after)).toEqual([undefined, 100]);
    expect(steps.map(({ complete, scanned_to }) => [complete, scanned_to])).toEqual([
      [false, 100],
      [true, 150],
    ]);
    expect(steps.at(-1)?.counts).toEqual([
      { from: monday, result: 'denied', requests: 3, addresses: 4 },
      { from: tuesday, result: 'accepted', requests: 4, addresses: 9 },
    ]);
  });

  it('ends at once when it is aborted between two answers', async () => {
    const ended = new AbortController();
    const { client, received } = scripted([counts([], 1, false), counts([], 2, true)]);
    const counted = client.count({ from: '', to: '', step: 'day' }, { signal: ended.signal });
    await counted.next();
    ended.abort(new Error('the view is left'));
    expect(await failureOf(counted.next())).toMatchObject({ message: 'the view is left' });
    expect(received).toHaveLength(1);
  });
});

describe('the other calls', () => {
  it('ask for the status, a policy, and the requests of everyone', async () => {
    const { client, received } = scripted([
      success({ last_seq: 2 }),
      success({ rules: [] }),
      success({ requests: [] }),
    ]);
    expect(await client.status()).toEqual({ last_seq: 2 });
    expect(await client.policy('ab/..')).toEqual({ rules: [] });
    await client.requests({ before: ID });
    expect(received.map(({ url }) => new URL(url).pathname + new URL(url).search)).toEqual([
      '/audit/status',
      '/audit/policies/ab%2F..',
      `/v2/invite_requests?before=${ID}`,
    ]);
  });

  it('settle an unknown outcome, and repeat that after a lost answer', async () => {
    const { client, received } = scripted([cut(), success({ id: ID, state: 'refused' })]);
    const settlement = { outcome: 'refused', note: 'looked it up' } as const;
    expect(await client.settle(ID, settlement)).toMatchObject({ state: 'refused' });
    expect(received.map(({ url, body }) => [url, JSON.parse(body) as unknown])).toEqual(
      Array.from({ length: 2 }, () => [`https://invites.example.com/v2/invite_requests/${ID}/settlement`, settlement]),
    );
  });

  it('throw the problems of the first entry', async () => {
    const { client } = scripted([problem(403, 'insufficient_scope')]);
    const thrown = await failureOf(client.status());
    expect(thrown).toBeInstanceOf(InviteProblem);
    expect(thrown).toMatchObject({ code: 'insufficient_scope', status: 403 });
  });
});
