/** Debian's Chromium, as a person's browser: nothing of the page's own protection is switched off. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { chromium } from 'playwright-core';

const EXECUTABLE = '/usr/bin/chromium';
/** For a start and for each step: a slow machine is no failure. Shorter than a test, so that the step is named that does not come. */
const PATIENCE_MS = 100_000;

export async function startBrowser(): Promise<Browser> {
  return await chromium.launch({ executablePath: EXECUTABLE, timeout: PATIENCE_MS });
}

export interface WatchedPage {
  readonly page: Page;
  /** What the browser complained about so far: messages of the console, errors, violations of the policy. */
  complaints(): Promise<readonly string[]>;
  /** The status and the URL of every answer so far. */
  readonly answers: readonly (readonly [status: number, url: string])[];
}

/** A tab of its own, with everything that it complains about. */
export async function openPage(browser: Browser, options: BrowserContextOptions = {}): Promise<WatchedPage> {
  const context = await browser.newContext(options);
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  const said: string[] = [];
  const answers: [number, string][] = [];
  page.on('console', (message) => said.push(`${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => said.push(`error: ${error.message}`));
  page.on('requestfailed', (request) => {
    // The page itself has given it up, or has read it to the end and ended what could still abort it: no fault, and whether
    // the browser reports it depends on the moment.
    if (request.failure()?.errorText !== 'net::ERR_ABORTED') said.push(`failed: ${request.url()}`);
  });
  page.on('response', (response) => answers.push([response.status(), response.url()]));
  // A report of the platform itself, also where the console is silent.
  await page.addInitScript(() => {
    const violations: string[] = [];
    Object.assign(window, { violations });
    document.addEventListener('securitypolicyviolation', (event) => {
      violations.push(`${event.effectiveDirective} blocked ${event.blockedURI}`);
    });
  });
  return {
    page,
    answers,
    async complaints() {
      const violations = await page.evaluate(() => (window as unknown as { violations: string[] }).violations);
      return [...said, ...violations];
    },
  };
}

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

/** What axe finds wrong with the page as it is, one line for each element. */
export async function accessibilityProblems(page: Page): Promise<readonly string[]> {
  await page.evaluate(await readFile(AXE, 'utf8'));
  const results = await page.evaluate(
    async () => await (window as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run(),
  );
  return results.violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
}

interface AxeResults {
  readonly violations: readonly { readonly id: string; readonly nodes: readonly { readonly html: string }[] }[];
}
