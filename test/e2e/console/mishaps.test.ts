/**
 * What happens to people between the steps, in Debian's Chromium: files that are not what the page expects, a connection that
 * is gone while the view changes, a browser that keeps nothing, and an outcome that comes while they read on.
 */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startBrowser } from '../browser.ts';
import type { Deployment } from './deployment.ts';
import { startDeployment } from './deployment.ts';
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

const OF_A_GATEWAY = { status: 500, contentType: 'text/html', body: '<h1>Bad Gateway</h1>' };

const list = (page: Page) => page.getByRole('textbox', { name: /^E-mail addresses/ });

async function open(path = '/console'): Promise<Page> {
  const { page } = await visit(browser, deployment, { path });
  await signIn(page, 'Ann');
  return page;
}

/** As the mouse does it. False: the browser does what it does with a file, which is to open it in place of the page. */
async function drop(page: Page, on: string, files: readonly (readonly [name: string, bytes: number[]])[]) {
  return await page.locator(on).evaluate((element, dropped) => {
    const dataTransfer = new DataTransfer();
    for (const [name, bytes] of dropped) dataTransfer.items.add(new File([Uint8Array.from(bytes)], name));
    const shared = { bubbles: true, cancelable: true, dataTransfer };
    return ['dragover', 'drop'].every((type) => !element.dispatchEvent(new DragEvent(type, shared)));
  }, files);
}

it('takes every file that is dropped, also in UTF-16, and names those that are no text', async () => {
  const page = await open();
  const taken = await drop(page, 'textarea', [
    ['staff.txt', [...Buffer.from('\ufeffMüller\tann@acme.com\r\nNovák\tbo@acme.com\r\n', 'utf16le')]],
    ['staff.xlsx', [0x50, 0x4b, 0x03, 0x04, 0, 0]],
    ['more.csv', [...Buffer.from('Name;Mail\ncy;cy@acme.com\n')]],
  ]);
  expect(taken).toBe(true);
  await page.getByText('“staff.xlsx” cannot be read as text.').waitFor();
  await expect.poll(() => list(page).inputValue()).toMatch(/bo@acme\.com[^]*cy@acme\.com/);
  expect(await list(page).inputValue()).toContain('Müller');
});

it('does not give way to a file that is dropped beside the list', async () => {
  const page = await open();
  await list(page).waitFor();
  expect(await drop(page, 'h1', [['staff.csv', [0x61]]])).toBe(true);
});

it('shows the line that it names, also where a line ends as chats and design programs end it', async () => {
  const page = await open();
  await list(page).fill('ann@acme.com\u2028bo@acme.com\nno address');
  await page.getByRole('button', { name: /^Not addresses/ }).click();
  await page.getByRole('button', { name: 'Show line 3' }).click();
  await page.keyboard.insertText('cy@acme.com');
  await page.getByRole('button', { name: 'Ready 3' }).waitFor();
});

it('keeps the list in sight when the view changes while nothing is reached, and checks it when that is over', async () => {
  const page = await open();
  await checkList(page, ['ann@acme.com']);
  await page.route('**/v2/*', (route) => route.fulfill(OF_A_GATEWAY));
  await page.getByRole('link', { name: 'My requests' }).click();
  const policy = page.waitForResponse('**/v2/invite_policy');
  await page.getByRole('link', { name: 'Invite', exact: true }).click();
  await policy;
  await list(page).fill('ann@acme.com\nbo@acme.com');
  await page.getByText('The list could not be checked').waitFor();
  expect(await list(page).inputValue()).toBe('ann@acme.com\nbo@acme.com');
  await page.unrouteAll({ behavior: 'ignoreErrors' });
  await page.evaluate(() => dispatchEvent(new Event('online')));
  await page.getByText('Checked with the service.').waitFor();
});

it('loads policy, trail and figures by itself when the connection is back', async () => {
  const { page } = await visit(browser, deployment, { path: '/console/audit' });
  await page.route(/\/(?:audit\/(?!status)|v2\/invite_policy)/, (route) => route.fulfill(OF_A_GATEWAY));
  await signIn(page, 'Kim');
  await expect.poll(() => page.getByRole('alert').count()).toBe(3);
  await page.unrouteAll({ behavior: 'ignoreErrors' });
  await page.evaluate(() => dispatchEvent(new Event('online')));
  await page.getByText(/^In this period: /).waitFor();
  await page.getByText(/^\d+ records?, oldest first/).waitFor();
  await expect.poll(() => page.getByRole('alert').count()).toBe(0);

  await page.route('**/v2/invite_policy', (route) => route.fulfill(OF_A_GATEWAY));
  await page.getByRole('link', { name: 'Invite', exact: true }).click();
  await page.getByRole('heading', { name: 'The service is not reached' }).waitFor();
  await page.unrouteAll({ behavior: 'ignoreErrors' });
  await page.evaluate(() => dispatchEvent(new Event('online')));
  await list(page).waitFor();
});

it('says why a browser that keeps nothing cannot sign in', async () => {
  const { page } = await visit(browser, deployment, { path: '/livez' });
  await page.addInitScript(() => {
    // As where cookies and site data are blocked.
    Object.defineProperty(window, 'sessionStorage', {
      get: () => {
        throw new DOMException('denied', 'SecurityError');
      },
    });
  });
  await page.goto(`${deployment.url}/console`);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByText('This browser keeps nothing for this page').waitFor();
});

it('keeps the older requests that are loaded when an outcome becomes known', async () => {
  const { page } = await visit(browser, deployment, { path: '/console/requests' });
  const idOf = (n: number) => `01a2217d-0000-7000-8000-${String(n).padStart(12, '0')}`;
  const requestOf = (n: number, state: string) => ({
    ...{ id: idOf(n), state, requested_at: '2026-11-01T10:00:00.000Z', settled_at: null, expires_at: null },
    ...{ actor: null, policy: null, outcome: null },
    request: {
      ...{ emails: [`person${String(n)}@acme.com`], email_count: 1, role: 'user', auth_method: 'email' },
      ...{ group_ids: [], send_email: true },
    },
  });
  const known = Promise.withResolvers<void>();
  const fields = { 'X-Request-Id': 'x', 'Content-Type': 'application/json' };
  const answer = (body: unknown) => ({ status: 200, headers: fields, body: JSON.stringify(body) });
  await page.route('**/v2/invite_requests**', async (route) => {
    const { pathname, searchParams } = new URL(route.request().url());
    if (pathname.endsWith(idOf(1))) {
      await known.promise;
      await route.fulfill(answer(requestOf(1, 'accepted')));
    } else if (searchParams.has('before'))
      await route.fulfill(answer({ requests: [requestOf(2, 'accepted')], next: null }));
    else await route.fulfill(answer({ requests: [requestOf(1, 'unknown')], next: idOf(1) }));
  });
  await signIn(page, 'Ann');
  await page.getByRole('button', { name: 'Load older requests' }).click();
  await page.getByText('2 requests').waitFor();
  known.resolve();
  await page.getByRole('row', { name: /person1@.*Invited/ }).waitFor();
  await page.getByRole('row', { name: /person2@.*Invited/ }).waitFor({ timeout: 5_000 });
  await page.getByText('2 requests').waitFor();
});
