/** The page /docs in a real browser, served by the service as a process. */
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accessibilityProblems, openPage, startBrowser } from './browser.ts';
import { startRunning } from './running.ts';

const NARROW = { width: 360, height: 740 };
const WIDE = { width: 1440, height: 900 };

const VIEWS: Readonly<Record<string, BrowserContextOptions>> = {
  'on a wide screen': { viewport: WIDE },
  'on a wide screen, dark': { viewport: WIDE, colorScheme: 'dark' },
  'at 360 pixels': { viewport: NARROW },
  'at 360 pixels, dark': { viewport: NARROW, colorScheme: 'dark' },
  // 1280 pixels at 200 % are 640 CSS pixels (WCAG 1.4.4, 1.4.10).
  'at 200 %': { viewport: { width: 640, height: 450 }, deviceScaleFactor: 2 },
  'at 400 %': { viewport: { width: 320, height: 256 }, deviceScaleFactor: 4 },
  'with forced colours': { viewport: WIDE, forcedColors: 'active' },
};

let browser: Browser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser.close());

async function addressOfPage(): Promise<string> {
  return `http://127.0.0.1:${String((await startRunning()).port)}/docs`;
}

async function unfoldAll(page: Page): Promise<void> {
  await page.evaluate(() => {
    for (const details of document.querySelectorAll('details')) details.open = true;
  });
}

describe('the reference in Chromium', () => {
  it.each(Object.entries(VIEWS))('has nothing to complain about, %s', async (_name, view) => {
    const address = await addressOfPage();
    const { page, answers, complaints } = await openPage(browser, view);
    await page.goto(address, { waitUntil: 'load' });
    await unfoldAll(page);
    expect(await complaints()).toEqual([]);
    expect(answers.map(([status, url]) => [status, new URL(url).origin])).toEqual(
      answers.map(() => [200, new URL(address).origin]),
    );
    expect(answers.map(([, url]) => new URL(url).pathname)).toEqual(
      expect.arrayContaining(['/docs', '/docs/page.css']),
    );
    expect(await accessibilityProblems(page)).toEqual([]);
    // Nothing is wider than the window, so nobody scrolls sideways to read a line.
    const { scrollWidth, clientWidth } = await page.evaluate(() => {
      const { scrollWidth: all, clientWidth: seen } = document.documentElement;
      return { scrollWidth: all, clientWidth: seen };
    });
    expect(scrollWidth).toBe(clientWidth);
  });

  it('follows the preference for dark, and is black on white on paper', async () => {
    const { page } = await openPage(browser, { colorScheme: 'dark' });
    await page.goto(await addressOfPage());
    const colours = (): Promise<readonly [number, number]> =>
      page.evaluate(() => {
        const { color, backgroundColor } = getComputedStyle(document.documentElement);
        const light = (text: string): number =>
          (text.match(/\d+/g) ?? []).slice(0, 3).reduce((sum, one) => sum + Number(one), 0);
        return [light(color), light(backgroundColor)] as const;
      });
    const [inkInDark, paperInDark] = await colours();
    expect(inkInDark).toBeGreaterThan(paperInDark + 400);
    await page.emulateMedia({ media: 'print' });
    expect(await colours()).toEqual([0, 3 * 255]);
    expect(await page.locator('nav').isVisible()).toBe(false);
    expect(await page.locator('details:not([open]) pre').first().isVisible()).toBe(true);
    expect(await page.locator('.skip').isVisible()).toBe(false);
    expect((await page.pdf()).byteLength).toBeGreaterThan(50_000);
  });

  it('is used with the keyboard alone', async () => {
    const { page } = await openPage(browser, { viewport: WIDE });
    await page.goto(await addressOfPage());
    const focused = (): Promise<string> => page.evaluate(() => document.activeElement?.textContent.trim() ?? '');
    await page.keyboard.press('Tab');
    expect(await focused()).toBe('Skip to the content');
    await expect
      .poll(async () => await page.locator('.skip').evaluate((link) => link.getBoundingClientRect().top))
      .toBeGreaterThanOrEqual(0);
    await page.keyboard.press('Enter');
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('content');
    await page.keyboard.press('Tab');
    expect(await focused()).toBe('Start here');
    // Every place that takes the focus shows it.
    const unseen = await page.evaluate(() => {
      const places = [...document.querySelectorAll<HTMLElement>('a, summary')];
      return places.filter((place) => {
        place.focus({ focusVisible: true });
        const { outlineStyle, outlineWidth } = getComputedStyle(place);
        return outlineStyle === 'none' || outlineWidth === '0px';
      }).length;
    });
    expect(unseen).toBe(0);
  });

  it('runs no script and no style that somebody gets into it', async () => {
    const { page, complaints } = await openPage(browser);
    await page.goto(await addressOfPage());
    const ran = await page.evaluate(() => {
      const script = document.createElement('script');
      script.textContent = 'window.ran = true';
      const style = document.createElement('style');
      style.textContent = 'html { color: rgb(1, 2, 3) !important }';
      document.head.append(script, style);
      return 'ran' in window || getComputedStyle(document.documentElement).color === 'rgb(1, 2, 3)';
    });
    expect(ran).toBe(false);
    const complained = (await complaints()).join('\n');
    expect(complained).toContain('script-src-elem blocked inline');
    expect(complained).toContain('style-src-elem blocked inline');
  });
});
