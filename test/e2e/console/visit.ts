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

/** What a browser says of a connection that a test has cut. */
export function isOfOutage(complaint: string): boolean {
  return /net::ERR_|^failed: /.test(complaint);
}
