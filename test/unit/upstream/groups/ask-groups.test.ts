import { describe, expect, it } from 'vitest';
import type { HttpResult } from '../../../../src/ports/http.ts';
import { deadlinesOf } from '../../../../src/upstream/deadline.ts';
import { createAskGroups } from '../../../../src/upstream/groups/ask-groups.ts';
import { createFakeClock } from '../../../support/clock.ts';
import { disguises } from '../../../support/key-disguises.ts';
import {
  answered,
  apiKeyCredentials,
  CURRENT_KEY,
  fixedSecrets,
  NEXT_KEY,
  scriptHttp,
  type ScriptStep,
} from '../../../support/upstream.ts';

const id = (n: number): string => `9b1deb4d-3b7d-4bad-9bdd-${String(n).padStart(12, '0')}`;
const group = (n: number, name: unknown = `Group ${n}`) => ({ id: id(n), name, visibility: 'public', size: 1 });
const page = (groups: readonly unknown[], next: number | null = null) =>
  answered(200, { starting_token: 0, limit: 100, paginated: next !== null, next_starting_token: next, groups });
const NONE: ReadonlySet<string> = new Set();

function harness(steps: readonly ScriptStep[], secrets = fixedSecrets()) {
  const http = scriptHttp(...steps);
  const clock = createFakeClock();
  const ask = createAskGroups({
    ...{ http, clock, version: '0.0.0-test', deadlines: deadlinesOf(5000) },
    credentials: apiKeyCredentials(secrets),
    baseUrl: 'https://api.galileo.ai/eu/',
  });
  return { http, clock, ask, paths: () => http.exchanges.map(({ url }) => url.replace(/^.*\/v2/, '/v2')) };
}

const namesOf = async (ask: ReturnType<typeof harness>['ask'], expected = NONE) => {
  const answer = await ask(expected);
  return answer.kind === 'answered' ? { ...Object.fromEntries(answer.names), isWhole: answer.isWhole } : answer.reason;
};

describe('asking Galileo for its groups', () => {
  it('is one GET without a body, with the key in its own field', async () => {
    const { http, ask } = harness([page([group(1), group(2)])]);
    expect(await namesOf(ask)).toEqual({ [id(1)]: 'Group 1', [id(2)]: 'Group 2', isWhole: true });
    expect(http.exchanges).toEqual([
      {
        method: 'GET',
        url: 'https://api.galileo.ai/eu/v2/groups?starting_token=0&limit=100',
        headers: {
          accept: 'application/json',
          'accept-encoding': 'identity',
          'user-agent': 'galileo-invite-proxy/0.0.0-test',
          'Galileo-API-Key': CURRENT_KEY,
        },
        body: null,
        deadlines: deadlinesOf(5000),
        maxResponseBytes: 512 * 1024,
      },
    ]);
  });

  it('reads page after page, in lower-case ids', async () => {
    const { ask, paths } = harness([page([{ ...group(1), id: id(1).toUpperCase() }], 100), page([group(2)])]);
    expect(await namesOf(ask)).toEqual({ [id(1)]: 'Group 1', [id(2)]: 'Group 2', isWhole: true });
    expect(paths()).toEqual(['/v2/groups?starting_token=0&limit=100', '/v2/groups?starting_token=100&limit=100']);
  });

  it('reads several pages once more when an expected group is on none of them, because it may have moved', async () => {
    const pages = [page([group(1)], 100), page([group(3)])];
    const { ask, paths } = harness([...pages, page([group(2)], 100), page([group(3)])]);
    expect(await namesOf(ask, new Set([id(2)]))).toMatchObject({
      [id(1)]: 'Group 1',
      [id(2)]: 'Group 2',
      isWhole: true,
    });
    expect(paths()).toHaveLength(4);
    const failing = harness([...pages, answered(500)]);
    expect(await namesOf(failing.ask, new Set([id(2)]))).toMatchObject({ [id(1)]: 'Group 1', isWhole: false });
    const single = harness([page([group(1)])]);
    expect(await namesOf(single.ask, new Set([id(2)]))).toMatchObject({ isWhole: true });
  });

  it.each([
    ['too long', 'x'.repeat(129)],
    ['empty', ''],
    ['only blanks', ' \u00a0\u3000'],
    ['with a character that nobody sees', 'Revi\u202eewers'],
    ['with a line break', 'a\nb'],
    ['not text', 7],
    ['absent', undefined],
  ])('a name that is %s is not shown, and its group is there', async (_, name) => {
    const { ask } = harness([page([{ ...group(1), name }, group(2)])]);
    expect(await namesOf(ask)).toEqual({ [id(1)]: null, [id(2)]: 'Group 2', isWhole: true });
  });

  it('skips what has no id of a group', async () => {
    const { ask } = harness([page([null, 'x', { name: 'a' }, { id: '../x', name: 'a' }, group(2)])]);
    expect(await namesOf(ask)).toEqual({ [id(2)]: 'Group 2', isWhole: true });
  });

  it('reads at most 20 pages, 2 MiB and 5,000 groups, and says that it is not all', async () => {
    const endless = (groups: readonly unknown[]) => (exchange: { url: string }) =>
      page(groups, Number(/starting_token=(\d+)/.exec(exchange.url)?.[1]) + 100);
    const pages = harness(Array.from({ length: 30 }, () => endless([group(1)])));
    expect(await namesOf(pages.ask)).toMatchObject({ isWhole: false });
    expect(pages.paths()).toHaveLength(20);
    const wide = [group(1), ...Array.from({ length: 500 }, () => ({ text: 'x'.repeat(1000) }))];
    const bytes = harness(Array.from({ length: 30 }, () => endless(wide)));
    await namesOf(bytes.ask);
    expect(bytes.paths()).toHaveLength(5);
    const many = harness([
      page(
        Array.from({ length: 5_000 }, (_, n) => group(n)),
        100,
      ),
    ]);
    expect(await namesOf(many.ask)).toMatchObject({ isWhole: false });
    expect(many.paths()).toHaveLength(1);
  });

  it('takes no longer than one time limit for all pages together', async () => {
    const slow = (next: number) => {
      clock.advance(3_000);
      return page([group(1)], next);
    };
    const { ask, clock, http } = harness([() => slow(100), () => slow(200), page([])]);
    expect(await namesOf(ask)).toBe('timeout');
    expect(http.exchanges.map(({ deadlines }) => deadlines.totalMs)).toEqual([5000, 2000]);
  });

  it.each<readonly [name: string, result: HttpResult | Error, reason: string]>([
    ['a redirect', answered(307, '', { location: 'https://elsewhere.example' }), 'other_status'],
    ['a server error', answered(502, '<html>'), 'other_status'],
    ['no JSON', answered(200, '<html>'), 'not_json'],
    ['JSON of another shape', answered(200, { groups: 'none' }), 'other_shape'],
    ['a list', answered(200, [group(1)]), 'other_shape'],
    ['pages that go back', page([group(1)], 0), 'other_shape'],
    ['a refused permission', answered(403), 'credentials_rejected'],
    ['no answer', { kind: 'maybe_sent', reason: 'timeout', status: null }, 'timeout'],
    ['no connection', { kind: 'not_sent', reason: 'connect_failed' }, 'connect_failed'],
    ['too many bytes', { kind: 'maybe_sent', reason: 'response_too_large', status: 200 }, 'response_too_large'],
    ['an exception', new Error(`header Galileo-API-Key: ${CURRENT_KEY}`), 'interrupted'],
  ])('gives a word for %s', async (_, result, reason) => {
    expect(await namesOf(harness([result]).ask)).toBe(reason);
  });

  it.each(disguises(CURRENT_KEY))('reads no answer that holds the key: %s', async (_, text) => {
    const { ask } = harness([page([group(1, text.slice(0, 60))], null), page([])]);
    const whole = await harness([answered(200, JSON.stringify({ groups: [], note: text }))]).ask(NONE);
    expect(whole).toMatchObject({ kind: 'unanswered', reason: 'holds_key' });
    expect(JSON.stringify(await ask(NONE))).not.toContain(CURRENT_KEY);
  });

  it('uses the next key after a 401 or a 403, and nothing else after both', async () => {
    for (const status of [401, 403]) {
      const { ask, http } = harness([answered(status), page([group(1)])], fixedSecrets(CURRENT_KEY, NEXT_KEY));
      expect(await namesOf(ask)).toMatchObject({ [id(1)]: 'Group 1' });
      expect(http.exchanges.map(({ headers }) => headers['Galileo-API-Key'])).toEqual([CURRENT_KEY, NEXT_KEY]);
      const refused = harness([answered(status), answered(status)], fixedSecrets(CURRENT_KEY, NEXT_KEY));
      expect(await namesOf(refused.ask)).toBe('credentials_rejected');
    }
  });

  it('asks nothing while the key cannot be read', async () => {
    const { ask, http } = harness([], { galileoKeys: () => Promise.reject(new Error('unreadable')) });
    expect(await namesOf(ask)).toBe('key_unavailable');
    expect(http.exchanges).toEqual([]);
  });
});
