/**
 * Every state of the console that a person can meet, each looked at on a wide screen, at 360 pixels and in the dark:
 * axe finds nothing, nothing is wider than the window, also at 400 % zoom, and nothing violates the policy of the page.
 */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accessibilityProblems, startBrowser } from '../browser.ts';
import type { Deployment } from './deployment.ts';
import { invitedBy, startDeployment } from './deployment.ts';
import { isOfOutage, signIn, visit } from './visit.ts';

const LOOKS = [
  { name: 'wide', viewport: { width: 1280, height: 900 }, colorScheme: 'light' },
  { name: 'at 360 pixels', viewport: { width: 360, height: 740 }, colorScheme: 'light' },
  { name: 'wide, dark', viewport: { width: 1280, height: 900 }, colorScheme: 'dark' },
  { name: 'at 360 pixels, dark', viewport: { width: 360, height: 740 }, colorScheme: 'dark' },
] as const;

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

const list = (page: Page) => page.getByRole('textbox', { name: /^E-mail addresses/ });
const MIXED =
  'ann@acme.com\nbo@eu.acme.com, cy@rival.io\nann@acme.com; dee@stranger.example\nnot one\njo..e@acme.com\n';

/** As wide as a window of 1280 pixels at 400 % zoom (WCAG 1.4.10). */
const ZOOMED = { width: 320, height: 640 };

const overflowOf = async (page: Page): Promise<number> =>
  await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

/** What is wrong with the page as it is, in any look. */
async function faults(page: Page): Promise<readonly string[]> {
  const found: string[] = [];
  for (const { name, viewport, colorScheme } of LOOKS) {
    await page.setViewportSize(viewport);
    await page.emulateMedia({ colorScheme });
    const problems = await accessibilityProblems(page);
    const overflow = await overflowOf(page);
    if (overflow > 0) found.push(`${name}: ${String(overflow)} pixels too wide`);
    found.push(...problems.map((one) => `${name}: ${one}`));
  }
  await page.setViewportSize(ZOOMED);
  const beside = await overflowOf(page);
  if (beside > 0) found.push(`at 400 % zoom: ${String(beside)} pixels too wide`);
  return found;
}

/** Brings the page into a state, and resolves when it is there. */
const STATES: Readonly<Record<string, (page: Page) => Promise<void>>> = {
  async 'signed out'(page) {
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
  },
  async 'back without signing in'(page) {
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('button', { name: /^Cancel/ }).click();
    await page.getByText('You went back without signing in.').waitFor();
  },
  async 'the identity provider does not answer'(page) {
    await page.route(`${deployment.standIns.issuer}/**`, (route) => route.abort());
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('The sign-in did not work').waitFor();
  },
  async 'an answer to a sign-in that nobody began'(page) {
    await page.goto(`${deployment.url}/console?code=stolen&state=foreign`);
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
    expect(page.url()).toBe(`${deployment.url}/console`);
  },
  async 'a person without rights'(page) {
    await signIn(page, 'Nora');
    await page.getByText('You may not use this').waitFor();
    await page.getByText('lacks the permission (scope) invites:write').waitFor();
  },
  async 'no list yet'(page) {
    await signIn(page, 'Ann');
    await page.getByText('Paste some addresses').waitFor();
  },
  async 'a mixed list, what is ready'(page) {
    await signIn(page, 'Ann');
    await list(page).fill(MIXED);
    await page.getByText('Checked with the service.').waitFor();
  },
  async 'a mixed list, what is refused'(page) {
    await STATES['a mixed list, what is ready']?.(page);
    await page.getByRole('button', { name: /^Refused/ }).click();
    await page.getByText('Remove it from the list.').waitFor();
  },
  async 'a mixed list, duplicates'(page) {
    await STATES['a mixed list, what is ready']?.(page);
    await page.getByRole('button', { name: /^Duplicates/ }).click();
    await page.getByRole('button', { name: 'Show line 3' }).waitFor();
  },
  async 'a mixed list, what is no address'(page) {
    await STATES['a mixed list, what is ready']?.(page);
    await page.getByRole('button', { name: /^Not addresses/ }).click();
    await page.getByRole('button', { name: 'Show line 5' }).waitFor();
  },
  async 'more choices, with groups by id'(page) {
    await signIn(page, 'Ian');
    await page.getByRole('radio', { name: 'Admin' }).check();
  },
  async 'a table from a spreadsheet'(page) {
    await signIn(page, 'Ann');
    await list(page).fill('Name\tE-mail\tTeam\nAnn\tann@acme.com\tHR\nBo\tbo@acme\tIT\nCy\t\tIT');
    await page.getByText('2 other columns of the table are left out.').waitFor();
    await page.getByRole('button', { name: 'Not addresses 2' }).click();
    await page.getByText('Checked with the service.').waitFor();
  },
  async 'a list that cannot be checked'(page) {
    await signIn(page, 'Ann');
    await page.route('**/v2/invite_users?dry_run=true', (route) =>
      route.fulfill({ status: 500, contentType: 'text/html', body: 'a gateway' }),
    );
    await list(page).fill('ann@acme.com');
    await page.getByText('The list could not be checked').waitFor();
  },
  async 'a list that was sent'(page) {
    await signIn(page, 'Ann');
    await list(page).fill('sent-1@acme.com sent-2@acme.com refuse@acme.com');
    await page.getByText('Checked with the service.').waitFor();
    await page.getByRole('button', { name: 'Send 3 invites' }).click();
    await page.getByText(/is invited|are invited/).waitFor();
  },
  async 'an outcome that is not known'(page) {
    await signIn(page, 'Ann');
    await list(page).fill('break@acme.com');
    await page.getByText('Checked with the service.').waitFor();
    await page.getByRole('button', { name: 'Send 1 invite' }).click();
    await page.getByText('Being followed until it settles.').waitFor();
  },
  async 'a list that was begun a week ago'(page) {
    await signIn(page, 'Ann');
    await page.evaluate(() => {
      const batch = { emails: ['old@acme.com'], idempotencyKey: 'key-of-a-week-ago', ended: null };
      const waiting = { email: 'old@acme.com', kind: 'waiting', message: null, requestId: null };
      const run = { plan: { request: {}, lenient: true, batches: [batch] }, results: [waiting], isSending: false };
      sessionStorage.setItem('invite-console.run', JSON.stringify({ ...run, startedAtMs: 1 }));
    });
    await page.reload();
    await signIn(page, 'Ann');
    await page.getByRole('button', { name: 'Resume' }).click();
    await page.getByText('This list was begun more than six days ago.').waitFor();
  },
  async offline(page) {
    await STATES['no list yet']?.(page);
    await page.context().setOffline(true);
    await page.getByText('You are offline').waitFor();
  },
  async 'a sign-in that has ended'(page) {
    await STATES['no list yet']?.(page);
    await page.route('**/v2/invite_users?dry_run=true', (route) =>
      route.fulfill({
        status: 401,
        contentType: 'application/problem+json',
        body: JSON.stringify({ code: 'invalid_token', origin: 'proxy', request_id: 'x', detail: 'x', status: 401 }),
      }),
    );
    await page.route(`${deployment.standIns.issuer}/token`, (route) =>
      route.fulfill({ status: 400, contentType: 'application/json', body: '{"error":"invalid_grant"}' }),
    );
    await list(page).fill('ann@acme.com');
    await page.getByText('Your sign-in has ended').waitFor();
    expect(await list(page).inputValue()).toBe('ann@acme.com');
    expect(await page.getByRole('link', { name: 'Audit' }).count()).toBe(0);
    expect(await page.getByText('The list could not be checked').count()).toBe(0);
  },
  async 'a view that is not there'(page) {
    await signIn(page, 'Ann');
    await page.evaluate(() => {
      history.pushState(null, '', '/console/nowhere');
      dispatchEvent(new PopStateEvent('popstate'));
    });
    await page.getByText('There is no such page').waitFor();
  },
};

/** What a browser says of answers that a test has ordered. */
const isOrdered = (complaint: string): boolean => isOfOutage(complaint) || /status of (?:4|5)\d\d/.test(complaint);

describe('a state of the console', () => {
  it.each(Object.entries(STATES))('has nothing to complain about, in any look: %s', async (_name, reach) => {
    const { page, complaints } = await visit(browser, deployment);
    await reach(page);
    expect(await faults(page)).toEqual([]);
    expect((await complaints()).filter((one) => !isOrdered(one))).toEqual([]);
    await page.context().close();
  });
});

describe('the console by keyboard alone', () => {
  it('signs in, takes a list, shows a line, sends, and signs out', async () => {
    const { page } = await visit(browser, deployment);
    /** Tab until this is reached; a person would not look for it longer. */
    const reach = async (name: RegExp): Promise<void> => {
      for (let i = 0; i < 60; i += 1) {
        await page.keyboard.press('Tab');
        const label = await page.evaluate(() => {
          const found = document.activeElement;
          const labels =
            found instanceof HTMLInputElement || found instanceof HTMLTextAreaElement ? found.labels : null;
          return `${found?.getAttribute('aria-label') ?? ''} ${labels?.[0]?.textContent ?? found?.textContent ?? ''}`.trim();
        });
        if (name.test(label)) return;
      }
      throw new Error(`the keyboard does not reach ${String(name)}`);
    };
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
    await reach(/^Sign in$/);
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: /^Ann/ }).waitFor();
    await reach(/^Ann/);
    await page.keyboard.press('Enter');
    await page.getByText('Paste some addresses').waitFor();
    await reach(/E-mail addresses/);
    await page.keyboard.insertText('key-1@acme.com\nkey 2@acme.com');
    await page.getByText('Checked with the service.').waitFor();
    await reach(/^Not addresses/);
    await page.keyboard.press('Enter');
    await reach(/^Show line 2/);
    await page.keyboard.press('Enter');
    await page.keyboard.insertText('key-2@acme.com');
    await page.getByRole('button', { name: 'Ready 2' }).waitFor();
    await page.getByText('Checked with the service.').waitFor();
    await reach(/^Send 2 invites$/);
    await page.keyboard.press('Space');
    await page.getByText('2 people are invited.').waitFor();
    // The button that was pressed is gone.
    await page.getByRole('heading', { name: 'Sent' }).and(page.locator(':focus')).waitFor();
    expect(invitedBy(deployment).filter((email) => email.startsWith('key-'))).toEqual([
      'key-1@acme.com',
      'key-2@acme.com',
    ]);
    await reach(/^[0-9a-f]{12}$/);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Request', exact: true }).and(page.locator(':focus')).waitFor();
    expect(await page.title()).toBe('Request · Galileo invites');
    await page.goBack();
    await page.getByRole('heading', { name: 'Sent' }).and(page.locator(':focus')).waitFor();
    expect(await page.title()).toBe('Invite · Galileo invites');
    await reach(/^New list$/);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Invite people to Galileo' }).and(page.locator(':focus')).waitFor();
    await page.keyboard.press('Home');
    await reach(/^Sign out$/);
    await page.keyboard.press('Enter');
    await page.getByText('You are signed out.').waitFor();
  });
});
