/**
 * What becomes of a list on the console when its sending does not go straight through, in Debian's Chromium: a batch that
 * Galileo refuses, an outcome that is known later, a connection that is gone, and a page that is left open for a week.
 */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startBrowser } from '../browser.ts';
import type { Deployment } from './deployment.ts';
import { invitedBy, startDeployment } from './deployment.ts';
import { checkList, signIn, visit } from './visit.ts';

let browser: Browser;
let deployment: Deployment;
beforeAll(async () => {
  browser = await startBrowser();
  deployment = await startDeployment('node');
});
afterAll(async () => {
  await browser.close();
  await deployment.stop();
});

const SIX_DAYS_MS = 6 * 86_400_000;

const row = (page: Page, text: string) => page.getByRole('row', { name: new RegExp(text) });
const received = (name: string): readonly string[] => invitedBy(deployment).filter((email) => email.includes(name));

async function send(list: readonly string[]): Promise<Page> {
  const { page } = await visit(browser, deployment);
  await signIn(page, 'Ann');
  await checkList(page, list);
  await page.getByRole('button', { name: /^Send \d+ invites?$/ }).click();
  return page;
}

/** Sends without a connection, until the page gives up. The waits between its attempts are the test's. */
async function sendOffline(list: readonly string[]): Promise<Page> {
  const { page } = await visit(browser, deployment);
  await page.clock.install();
  await signIn(page, 'Ann');
  await checkList(page, list);
  await page.context().setOffline(true);
  await page.getByRole('button', { name: /^Send \d+ invites?$/ }).click();
  await expect
    .poll(async () => {
      await page.clock.runFor(5_000);
      return await page.getByText('The service is not reached').isVisible();
    })
    .toBe(true);
  return page;
}

async function settle(id: string, outcome: 'accepted' | 'refused'): Promise<void> {
  const token = await deployment.standIns.identityProvider.issue({
    sub: 'kim',
    client_id: 'hr-portal',
    scope: 'invites:settle',
  });
  const answer = await fetch(`${deployment.url}/v2/invite_requests/${id}/settlement`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ outcome, note: 'looked up in Galileo' }),
  });
  expect(answer.status).toBe(200);
}

it.each([
  ['accepted', 'Invited.*Settled: Galileo had accepted it', '1 person is invited.'],
  ['refused', 'Refused.*Settled: Galileo had refused it', '1 address is refused.'],
] as const)('an outcome that was not known is followed until it is: %s', async (outcome, inRow, inNotice) => {
  const page = await send([`break+${outcome}@acme.com`]);
  await row(page, 'Unknown.*Being followed until it settles').waitFor();
  const link = await row(page, 'Unknown').getByRole('link').getAttribute('href');
  await settle(link?.split('/').at(-1) ?? '', outcome);
  await row(page, inRow).waitFor();
  await page.getByText(inNotice).waitFor();
  expect(received(outcome)).toHaveLength(1);
});

it('says that the outcome of a batch is known while the rest of the list waits, and sends the rest', async () => {
  // The policy sends those of Europe by themselves.
  const page = await send(['break+first@acme.com', 'second@eu.acme.com']);
  await page.getByText('It is not known whether one batch was done.').waitFor();
  const link = await row(page, 'Unknown').getByRole('link').getAttribute('href');
  await settle(link?.split('/').at(-1) ?? '', 'accepted');
  await page.getByText('It is known now what became of that batch.').waitFor();
  await page.getByRole('button', { name: 'Send the rest' }).click();
  await page.getByText('2 people are invited.').waitFor();
  expect([received('first@'), received('second@')]).toEqual([['break+first@acme.com'], ['second@eu.acme.com']]);
});

it('a list goes on by itself when the connection is back', async () => {
  const page = await sendOffline(['online-1@acme.com', 'online-2@acme.com']);
  expect(received('online-')).toEqual([]);
  await page.context().setOffline(false);
  await page.getByText('2 people are invited.').waitFor();
  expect(received('online-')).toEqual(['online-1@acme.com', 'online-2@acme.com']);
});

it('a list on a page that was left open for more than six days is not sent on', async () => {
  const page = await sendOffline(['week@acme.com']);
  await page.clock.fastForward(SIX_DAYS_MS);
  await page.context().setOffline(false);
  await page.getByText('This list was begun more than six days ago.').waitFor();
  expect(await page.getByRole('button', { name: 'Resume' }).count()).toBe(0);
  await page.getByRole('button', { name: 'New list' }).waitFor();
  expect(received('week@')).toEqual([]);
});

it('a batch that Galileo refuses for one address is sent again in smaller ones, until only that address is left', async () => {
  const people = Array.from({ length: 12 }, (_, at) => `together-${String(at)}@acme.com`);
  const page = await send([...people, 'refuse+together@acme.com']);
  await page.getByText('13 addresses were refused with the whole batch').waitFor();
  await row(page, 'together-0@.*Refused with its whole batch. Galileo says: Inviting this person').waitFor();
  const again = page.getByRole('button', { name: 'Send them again in smaller batches' });
  await again.click();
  await page.getByText('12 people are invited.').waitFor();
  await page.getByText('1 address is refused.').waitFor();
  await row(page, 'refuse.together@.*Galileo says: Inviting this person is not permitted').waitFor();
  expect(await again.count()).toBe(0);
  const accepted = deployment.standIns.galileo.received
    .map(({ body }) => (JSON.parse(body) as { emails: string[] }).emails)
    .filter((emails) => !emails.includes('refuse+together@acme.com'))
    .flat()
    .filter((email) => email.startsWith('together-'));
  expect(accepted.toSorted()).toEqual(people.toSorted());
});
