/** Following a request from the console until its outcome is known. */
import type { InviteClient, InviteRequest } from 'galileo-invite-client';
import { createInviteClient } from 'galileo-invite-client';
import { expect, it } from 'vitest';
import { followOutcome } from '../../../console/src/session/follow-outcome.ts';
import { SessionExpired } from '../../../console/src/session/session.ts';
import type { Browser } from '../../support/browser.ts';
import { openBrowser } from '../../support/browser.ts';

const ID = '0198a6d2-5a3c-7000-8000-0000000000aa';
const NOT_FOUND = { code: 'not_found', origin: 'proxy', request_id: ID, detail: 'There is no such request.' };

/** `answers`: one for each look. After the last one, the service is not reached. */
function open(answers: readonly (() => Response | Promise<Response>)[]): {
  readonly client: InviteClient;
  readonly browser: Browser;
  /** Resolves when the service was asked this often. */
  readonly asked: (times: number) => Promise<void>;
} {
  let looks = 0;
  const browser = openBrowser({
    url: 'https://invites.acme.example/console',
    fetch: async () => {
      const answer = answers[looks];
      looks += 1;
      if (answer === undefined) throw new TypeError('Failed to fetch');
      return await answer();
    },
  });
  return {
    browser,
    client: createInviteClient({ url: '/', token: () => 'token', patienceMs: 0 }),
    asked: async (times) => await expect.poll(() => looks).toBe(times),
  };
}

const state = (name: InviteRequest['state'], wait?: string) => () =>
  Response.json({ id: ID, state: name }, wait === undefined ? {} : { headers: { 'Retry-After': wait } });
const lost = () => Promise.reject(new TypeError('Failed to fetch'));

it('goes on when the connection was gone, as soon as it is back', async () => {
  const { client, browser, asked } = open([lost, state('accepted')]);
  const followed = followOutcome(client, ID, new AbortController().signal);
  await asked(1);
  // The page hears of it after the call has failed.
  await expect
    .poll(async () => {
      browser.goesOnline();
      return await Promise.race([followed, Promise.resolve(null)]);
    })
    .toMatchObject({ state: 'accepted' });
});

it('looks again soon after a look that failed, and once a minute when it goes on like that', async () => {
  const { client } = open([lost, lost, lost, lost, lost, lost, state('accepted')]);
  const pauses: number[] = [];
  const pause = async (ms: number): Promise<void> => void pauses.push(ms);
  const { signal } = new AbortController();
  expect(await followOutcome(client, ID, signal, pause)).toMatchObject({ state: 'accepted' });
  expect(pauses).toEqual([5_000, 10_000, 20_000, 40_000, 60_000, 60_000]);
});

it('goes on when the outcome was not known for long', async () => {
  const { client, browser } = open([state('unknown', '3600'), state('unknown', '3600'), state('refused')]);
  const followed = followOutcome(client, ID, new AbortController().signal);
  await expect
    .poll(async () => {
      browser.goesOnline();
      return await Promise.race([followed, Promise.resolve(null)]);
    })
    .toMatchObject({ state: 'refused' });
});

it('ends when there is no such request for this person', async () => {
  const { client } = open([() => Response.json(NOT_FOUND, { status: 404 })]);
  expect(await followOutcome(client, ID, new AbortController().signal)).toBeNull();
});

it('ends with the sign-in', async () => {
  open([]);
  const token = (): Promise<string> => Promise.reject(new SessionExpired());
  const client = createInviteClient({ url: '/', token, patienceMs: 0 });
  expect(await followOutcome(client, ID, new AbortController().signal)).toBeNull();
});

it('ends when the page is left, also in the middle of a pause', async () => {
  const { client, asked } = open([]);
  const left = new AbortController();
  const followed = followOutcome(client, ID, left.signal);
  await asked(1);
  left.abort();
  expect(await followed).toBeNull();
});
