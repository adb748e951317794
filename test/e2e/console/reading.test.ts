/**
 * What people read in the console, in Debian's Chromium: their own requests, the trail with its chart, the story of one
 * request, and that there is nothing to read for those without the right.
 */
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { disguises } from '../../support/key-disguises.ts';
import { accessibilityProblems, startBrowser } from '../browser.ts';
import type { Deployment } from './deployment.ts';
import { startDeployment } from './deployment.ts';
import type { Visit } from './visit.ts';
import { signIn, visit } from './visit.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser.close());

const NARROW_AND_DARK: BrowserContextOptions = { viewport: { width: 360, height: 740 }, colorScheme: 'dark' };
/** What a browser says of a refusal, and of an answer that the page no longer waits for. */
const isExpected = (complaint: string): boolean =>
  /the server responded with a status of 40[34]|^failed: /.test(complaint);

const heading = (page: Page, name: string) => page.getByRole('heading', { name, exact: true });
const row = (page: Page, text: string) => page.getByRole('row', { name: new RegExp(text) });

/** Goes to a view as a link would, so that the sign-in stays. */
async function go(page: Page, path: string): Promise<void> {
  await page.evaluate((to) => {
    history.pushState(null, '', to);
    dispatchEvent(new PopStateEvent('popstate'));
  }, path);
}

async function expectAccessible(page: Page): Promise<void> {
  expect(await accessibilityProblems(page)).toEqual([]);
  // Nothing is beside the screen.
  expect(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBe(
    0,
  );
}

describe.each(['node', 'workers'] as const)('the console on %s', (platform) => {
  let deployment: Deployment;
  /** Of Ann. */
  let unknown: string;
  /** Of Ian. */
  let foreign: string;

  async function invite(claims: object, emails: readonly string[]): Promise<{ status: number; id: string }> {
    const token = await deployment.standIns.identityProvider.issue({ client_id: 'hr-portal', ...claims });
    const answer = await fetch(`${deployment.url}/v2/invite_users`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ emails, auth_method: 'okta' }),
    });
    await answer.arrayBuffer();
    return { status: answer.status, id: answer.headers.get('X-Request-Id') ?? '' };
  }

  beforeAll(async () => {
    deployment = await startDeployment(platform);
    const statuses: number[] = [];
    for (const emails of [['bo@acme.com', 'cy@acme.com'], ['di@acme.com'], ['eve@rival.io']])
      statuses.push((await invite({ sub: 'ann' }, emails)).status);
    const lost = await invite({ sub: 'ann' }, ['break@acme.com']);
    const other = await invite({ sub: 'ian', groups: ['it-admins'] }, ['pat@hidden-partner.example']);
    expect([...statuses, lost.status, other.status]).toEqual([200, 200, 403, 502, 200]);
    [unknown, foreign] = [lost.id, other.id];
  });
  afterAll(() => deployment.stop());

  let visits: Visit[];
  /** Header fields and bodies of all answers of the service from the sign-in on. */
  let received: string[];
  beforeEach(() => {
    [visits, received] = [[], []];
  });
  // A page that is left open goes on following what it shows.
  afterEach(async () => {
    for (const { page } of visits) {
      await page.unrouteAll({ behavior: 'ignoreErrors' });
      await page.context().close();
    }
  });

  /** On the way to the page: what the page no longer waits for would have no body in the browser. */
  async function keepAnswers(page: Page): Promise<void> {
    const { origin } = new URL(deployment.url);
    await page.route(
      (url) => url.origin === origin,
      async (route) => {
        try {
          // A connection that the service ends while it is idle is tried again, as a browser does.
          const response = await route.fetch({ maxRedirects: 0, maxRetries: 3 });
          received.push(JSON.stringify(response.headers()), await response.text());
          await route.fulfill({ response });
        } catch {
          // The page asks again, or does not wait for it any more.
          await route.abort().catch(() => undefined);
        }
      },
    );
  }

  async function open(
    person: 'Ann' | 'Kim' | 'Nora',
    path: string,
    options: BrowserContextOptions = {},
  ): Promise<Page> {
    const opened = await visit(browser, deployment, { path, ...options });
    visits.push(opened);
    await keepAnswers(opened.page);
    await signIn(opened.page, person);
    return opened.page;
  }

  /** Nothing was blocked, no address of a person was in an address, and no token was. */
  async function expectClean(): Promise<void> {
    for (const { complaints, answers } of visits) {
      expect((await complaints()).filter((one) => !isExpected(one))).toEqual([]);
      const urls = answers.map(([, url]) => url).filter((url) => url.startsWith(deployment.url));
      expect(urls.filter((url) => /@|%40|eyJ/.test(url))).toEqual([]);
    }
  }

  it('shows people what became of their requests, and nothing of other people or of rules for others', async () => {
    const page = await open('Ann', '/console/requests');
    await page.getByText('4 requests').waitFor();
    expect(await page.getByRole('link', { name: 'Audit' }).count()).toBe(0);
    await expectAccessible(page);
    await row(page, 'break@acme.com.*Outcome unknown').waitFor();
    await page.getByRole('searchbox', { name: 'Search' }).fill('RIVAL');
    await page.getByText('1 of 4 requests').waitFor();
    await row(page, 'eve@rival.io.*Refused').getByRole('link').click();
    await heading(page, 'What happened').waitFor();
    await row(page, 'eve@rival.io.*Refused.*never-invite').waitFor();
    await expectAccessible(page);

    await go(page, `/console/requests/${foreign}`);
    await heading(page, 'There is no such request').waitFor();
    await expectAccessible(page);
    await go(page, '/console/audit');
    await heading(page, 'You may not use this').waitFor();
    await page.getByText(/audit:read/).waitFor();
    await expectAccessible(page);

    const all = [...received, ...((await visits[0]?.received()) ?? [])].join('\n');
    expect(all).toContain('eve@rival.io');
    expect(all).toContain(unknown);
    const others = ['hidden-partner', 'board-and-partners', 'board-members', 'ian@acme.com'];
    const keys = disguises(deployment.key).map(([, text]) => text);
    for (const secret of [...others, ...keys]) expect(all).not.toContain(secret);
    await expectClean();
  });

  it('tells a person without rights so, in every view', async () => {
    const page = await open('Nora', '/console/requests');
    await heading(page, 'You may not use this').waitFor();
    await go(page, '/console/audit');
    await page.getByText(/permission \(scope\) audit:read/).waitFor();
    await expectClean();
  });

  it('gives an auditor figures, filters, records and stories', async () => {
    const page = await open('Kim', '/console/audit');
    await page.getByText('In this period: 3 invited, 1 refused, 1 unknown.').waitFor();
    await page
      .getByRole('img', { name: 'Bar chart of requests over time. In all: 3 invited, 1 refused, 1 unknown.' })
      .waitFor();
    await page.getByText('The figures as a table').click();
    const figures = page.getByRole('region', { name: 'Requests by time (UTC) and result' }).getByRole('row');
    expect((await figures.last().getByRole('cell').allTextContents()).slice(1)).toEqual(['3', '1', '1', '0']);
    await page.getByText('Show the policy').click();
    const changes = page.getByRole('region', { name: 'Policy and changes' });
    await changes.getByText(/"board-and-partners"/).waitFor();
    await row(page, 'pat|ian').first().getByText('Record').click();
    await page
      .getByText(/"pat@hidden-partner\.example"/)
      .first()
      .waitFor();
    await expectAccessible(page);

    await page.getByRole('button', { name: '24 hours' }).click();
    await page.getByLabel('Result', { exact: true }).selectOption({ label: 'Refused by the policy' });
    await page.getByLabel('Invited address').fill('EVE@rival.io');
    await page.getByRole('button', { name: 'Search', exact: true }).click();
    await page.getByText('In this period: 0 invited, 1 refused, 0 unknown.').waitFor();
    await page.getByText('1 record, oldest first.').waitFor();
    await page.getByLabel('Invited address').fill('nobody@acme.com');
    await page.keyboard.press('Enter');
    await page.getByText('No record of this period matches.').waitFor();
    await expectAccessible(page);
    await page.getByRole('button', { name: 'Clear the filters' }).click();
    await page.getByText('In this period: 3 invited').waitFor();

    await row(page, 'ian.*Story').first().getByRole('link', { name: 'Story' }).click();
    await page.getByText(/asked to invite pat@hidden-partner\.example|asked to invite 1 address/).waitFor();
    await page.getByText('Exchange 1').waitFor();
    expect(new URL(page.url()).pathname).toBe(`/console/audit/${foreign}`);
    await expectAccessible(page);
    await expectClean();
  });

  it('says how far the trail is proven, and what changed when', async () => {
    const page = await open('Kim', '/console/audit');
    const proven = page.getByRole('region', { name: 'How far it is proven' });
    await proven.getByText('Last checkpoint').waitFor();
    await proven.getByText('Delivered to stdout').waitFor();
    await page.getByText('A policy came into force').first().waitFor();
    await page.getByText('The service started').first().waitFor();
  });

  it('is settled by keyboard alone, and whoever follows the request sees it without a reload', async () => {
    const follower = await open('Ann', `/console/requests/${unknown}`);
    await follower.getByText('This page follows it').waitFor();
    expect(await follower.getByText('Settle it').count()).toBe(0);

    const page = await open('Kim', `/console/audit/${unknown}`);
    await page.getByRole('heading', { name: 'Settle it' }).waitFor();
    await expectAccessible(page);
    await tabTo(page, 'Yes: they were invited');
    await page.keyboard.press('ArrowDown');
    await tabTo(page, 'How you know');
    await page.keyboard.type('looked it up a day later');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog', { name: 'Settle it for good?' }).waitFor();
    await expectAccessible(page);
    await page.keyboard.press('Escape');
    // Gone, and not only closed: until then the page has not heard of it.
    await page.locator('dialog').waitFor({ state: 'detached' });
    // The focus is where it was.
    await page.getByLabel('How you know').and(page.locator(':focus')).waitFor();
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').getByRole('button', { name: 'Back' }).press('Enter');
    await page.locator('dialog').waitFor({ state: 'detached' });
    await page.getByLabel('How you know').and(page.locator(':focus')).waitFor();
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Enter');
    await page.getByText('Refused by Galileo', { exact: true }).waitFor();
    await page.getByText('looked it up a day later').first().waitFor();
    // The form that had the focus is gone.
    await heading(page, 'Request').and(page.locator(':focus')).waitFor();
    await follower.getByText('Refused by Galileo', { exact: true }).waitFor();
    await expectClean();
  });

  it('fits a phone in the dark, keeps what it shows when the connection is gone, and goes on when it is back', async () => {
    const page = await open('Kim', '/console/audit', NARROW_AND_DARK);
    await page.getByText(/In this period: 3 invited/).waitFor();
    await expectAccessible(page);
    await page.context().setOffline(true);
    await page.getByText('You are offline').waitFor();
    await page.getByText(/In this period: 3 invited/).waitFor();
    await page.context().setOffline(false);
    await page.getByText('You are offline').waitFor({ state: 'detached' });
    await go(page, `/console/audit/${foreign}`);
    await heading(page, 'What happened').waitFor();
    await expectAccessible(page);
    await go(page, '/console/requests');
    await page.getByText('You have not invited anyone yet.').waitFor();
    await expectAccessible(page);
    await expectClean();
  });
});

/** Presses Tab until the field of this name has the focus. */
async function tabTo(page: Page, name: string): Promise<void> {
  const isThere = () =>
    page.evaluate((wanted) => {
      const { activeElement: active } = document;
      return (
        active instanceof HTMLInputElement &&
        [...(active.labels ?? [])].some(({ textContent }) => textContent === wanted)
      );
    }, name);
  for (let tabs = 0; tabs < 40; tabs += 1) {
    if (await isThere()) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`the keyboard does not reach "${name}"`);
}
