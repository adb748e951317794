/** A person at the console: a tab that is watched, and the steps of the sign-in. */
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import type { WatchedPage } from '../browser.ts';
import { openPage } from '../browser.ts';
import type { Deployment } from './deployment.ts';

export interface Visit extends WatchedPage {
  /** The text of every answer that the browser got, once each has arrived. */
  received(): Promise<readonly string[]>;
}

export async function visit(
  browser: Browser,
  deployment: Deployment,
  options: BrowserContextOptions & { readonly path?: string } = {},
): Promise<Visit> {
  const { path = '/console', ...context } = options;
  const watched = await openPage(browser, { locale: 'en-GB', acceptDownloads: true, ...context });
  const texts: Promise<string>[] = [];
  watched.page.on('response', (answer) => {
    // A redirect has no body, and one that was cut has none any more.
    texts.push(answer.text().catch(() => ''));
  });
  await watched.page.goto(`${deployment.url}${path}`);
  return { ...watched, received: () => Promise.all(texts) };
}

/** `name`: one of the people of the stand-in identity provider. */
export async function signIn(page: Page, name: 'Ann' | 'Ian' | 'Kim' | 'Nora'): Promise<void> {
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByRole('button', { name: new RegExp(`^${name}\\b`) }).click();
  await page.getByRole('button', { name: 'Sign out' }).waitFor();
}

/** Writes the list, and resolves when each address has its verdict. */
export async function checkList(page: Page, list: readonly string[]): Promise<void> {
  await page.getByRole('textbox', { name: /^E-mail addresses/ }).fill(list.join('\n'));
  await page.getByText('Checked with the service.').waitFor();
}

export const TOKEN_REFUSED = {
  ...{ status: 401, contentType: 'application/problem+json' },
  body: JSON.stringify({ code: 'invalid_token', origin: 'proxy', request_id: 'x', detail: 'x', status: 401 }),
};

/** The service refuses the token of the invite with this number, from 1. The result counts the invites so far. */
export async function refuseTokenOnce(page: Page, number: number): Promise<() => number> {
  let asked = 0;
  await page.route('**/v2/invite_users', async (route) => {
    asked += 1;
    return asked === number ? await route.fulfill(TOKEN_REFUSED) : await route.continue();
  });
  return () => asked;
}

/** What a browser says of a connection that a test has cut. */
export function isOfOutage(complaint: string): boolean {
  return /net::ERR_|^failed: /.test(complaint);
}
