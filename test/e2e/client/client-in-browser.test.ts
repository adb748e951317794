/** A page of another origin with the built client, in a real Chromium, before a real service that is killed. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { startStandIns } from '../../../dev/stand-ins.ts';
import { CLOSED_PORT } from '../../contract/http-port/server.ts';
import type { Service } from '../started.ts';
import { startService } from '../started.ts';
import { openPage as openTab, startBrowser } from '../browser.ts';
import { startCuttingProxy } from './cutting-proxy.ts';
import { servePage } from './serve-page.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser.close());

async function temporary(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'invite-proxy-page-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

async function openPage(url: string): Promise<Page> {
  const { page } = await openTab(browser);
  onTestFinished(() => page.context().close());
  await page.goto(url);
  return page;
}

/** Clicks, and resolves with the message that follows. */
async function click(page: Page, button: 'Check' | 'Invite'): Promise<string> {
  await begin(page, button);
  return await ended(page);
}

async function begin(page: Page, button: 'Check' | 'Invite'): Promise<void> {
  await page.getByRole('button', { name: button }).click();
}

async function ended(page: Page): Promise<string> {
  const message = page.locator('#message').filter({ hasNotText: 'Please wait.' });
  return (await message.textContent()) ?? '';
}

describe('a page of 30 lines', () => {
  it('has no more than 30', async () => {
    const page = await readFile(join(import.meta.dirname, 'page.html'), 'utf8');
    expect(page.trimEnd().split('\n').length).toBeLessThanOrEqual(30);
  });

  it('shows verdicts and quota, and invites, against the service of npm start', async () => {
    const folder = await temporary();
    let issuer = '';
    const { origin, pageFor } = await servePage(async () => {
      const answer = await fetch(`${issuer}/token`, {
        method: 'POST',
        headers: { Authorization: `Basic ${btoa('hr-portal:hr-portal-demo')}` },
        body: new URLSearchParams({ grant_type: 'client_credentials' }),
      });
      return ((await answer.json()) as { access_token: string }).access_token;
    });
    const child = spawn(process.execPath, ['dev/start.ts'], {
      env: {
        ...process.env,
        ...{ PORT: '0', OPS_PORT: '0', LEDGER_URL: `sqlite:${join(folder, 'ledger.db')}`, CORS_ORIGINS: origin },
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const exited = once(child, 'close');
    onTestFinished(async () => {
      child.kill('SIGKILL');
      await exited;
    });
    let output = '';
    const started = new Promise<void>((resolve) => {
      const read = (chunk: unknown): void => {
        output += String(chunk);
        if (output.includes('Ctrl-C stops.')) resolve();
      };
      child.stdout.on('data', read);
      child.stderr.on('data', read);
    });
    const tooEarly = exited.then(() => {
      throw new Error(`npm start ended: ${output}`);
    });
    await Promise.race([started, tooEarly]);
    const address = (name: string): string => new RegExp(`${name} +(http://\\S+)`).exec(output)?.[1] ?? '';
    issuer = address('stand-in identity provider');

    const page = await openPage(pageFor(address('the service')));
    await page.locator('#list').fill('Ann <ann@acme.com>; ann@notacme.com');
    expect(await click(page, 'Check')).toMatch(
      /^allow: ann@acme\.com.*\ndeny: ann@notacme\.com: no rule.*\napp-day: 40 of 40$/m,
    );
    expect(await click(page, 'Invite')).toMatch(/^PolicyDenied: Nothing was sent.*ann@notacme\.com/);
    await page.locator('#list').fill('ann@acme.com');
    expect(await click(page, 'Invite')).toMatch(/^Invited: ann@acme\.com\napp-day: 39 of 40$/m);
    child.kill('SIGTERM');
    await exited;
    expect(output.match(/galileo: POST /g)).toHaveLength(1);
  });
});

describe('a page whose service is killed', () => {
  it('invites nobody twice, and shows what is known', { timeout: 300_000 }, async () => {
    const folder = await temporary();
    const standIns = await startStandIns({}, { identityProvider: 0, galileo: 0 });
    onTestFinished(() => standIns.close());
    const { galileo, identityProvider } = standIns;
    const sentTo = (email: string): number => galileo.received.filter(({ body }) => body.includes(email)).length;
    const proxy = await startCuttingProxy();
    const { origin, pageFor } = await servePage(() => identityProvider.issue({ sub: 'hr-portal' }));
    const start = async (): Promise<Service> => {
      const service = await startService({
        ...{ PATH: process.env.PATH, PORT: '0', OPS_PORT: '0', CORS_ORIGINS: origin, ...standIns.env },
        ...{
          POLICY_FILE: 'dev/policy.yaml',
          LEDGER_URL: `sqlite:${join(folder, 'ledger.db')}`,
          GALILEO_TIMEOUT_MS: '1000',
        },
      });
      proxy.forwardTo(Number(new URL(service.url).port));
      return service;
    };
    const kill = async ({ child }: Service): Promise<void> => {
      const exited = once(child, 'close');
      child.kill('SIGKILL');
      await exited;
      // Its port is free for others now.
      proxy.forwardTo(CLOSED_PORT);
    };
    let service = await start();
    onTestFinished(() => kill(service));
    const page = await openPage(pageFor(proxy.url));

    // Killed after Galileo has accepted, and before the page has an answer.
    const withheld = proxy.withholdAnswer();
    await page.locator('#list').fill('ann@acme.com');
    await begin(page, 'Invite');
    await withheld;
    await kill(service);
    service = await start();
    expect(await ended(page)).toMatch(/^Invited: ann@acme\.com \(repeated answer\)$/m);
    expect(sentTo('ann@acme.com')).toBe(1);

    // Killed before the page asks.
    await kill(service);
    await page.locator('#list').fill('bo@acme.com');
    const refused = page.waitForEvent('requestfailed');
    await begin(page, 'Invite');
    await refused;
    service = await start();
    expect(await ended(page)).toMatch(/^Invited: bo@acme\.com$/m);
    expect(sentTo('bo@acme.com')).toBe(1);

    // Killed while Galileo works. Nobody knows what became of it, and the service sends nothing again.
    const never = new Promise(() => undefined);
    galileo.script({ kind: 'answer', status: 200, body: { invited: 1 }, after: never });
    await page.locator('#list').fill('cy@acme.com');
    await begin(page, 'Invite');
    await galileo.arrived(3);
    await kill(service);
    service = await start();
    expect(await ended(page)).toMatch(/^OutcomeUnknown: .*The invitation may or may not have been done/);
    expect(sentTo('cy@acme.com')).toBe(1);
    expect(galileo.received).toHaveLength(3);
  });
});
