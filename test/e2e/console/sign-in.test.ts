/** The sign-in of the console in Debian's Chromium: where its tokens are, how one is renewed or replaced, and how it ends. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBrowser } from '../browser.ts';
import type { Deployment } from './deployment.ts';
import { invitedBy, startDeployment } from './deployment.ts';
import { checkList, refuseTokenOnce, signIn, TOKEN_REFUSED, visit } from './visit.ts';

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

describe('the sign-in of the console', () => {
  it('keeps no token where another script or a reload could find it', async () => {
    const { page, received } = await visit(browser, deployment);
    await signIn(page, 'Ann');
    const kept = await page.evaluate(() =>
      JSON.stringify([Object.entries(sessionStorage), localStorage, document.cookie, location.href, history.state]),
    );
    const texts = await received();
    const tokens = texts.flatMap((text) => text.match(/"(?:access|refresh|id)_token":"([^"]+)"/g) ?? []);
    expect(tokens).toHaveLength(3);
    for (const token of tokens) expect(kept).not.toContain(token.split('"')[3]);
  });

  it('renews a token quietly, so that a list is sent on', async () => {
    const { page } = await visit(browser, deployment);
    await signIn(page, 'Ann');
    await checkList(page, ['renewed@acme.com']);
    const asked = await refuseTokenOnce(page, 1);
    await page.getByRole('button', { name: 'Send 1 invite' }).click();
    await page.getByText('1 person is invited.').waitFor();
    expect([asked(), invitedBy(deployment).filter((email) => email === 'renewed@acme.com').length]).toEqual([2, 1]);
  });

  it('ends at a sign-out for the identity provider, too: the refresh token is of no use any more', async () => {
    const { page, received, complaints } = await visit(browser, deployment);
    await signIn(page, 'Ann');
    const [, token = ''] = /"refresh_token":"([^"]+)"/.exec((await received()).join('\n')) ?? [];
    const revoked = page.waitForResponse(`${deployment.standIns.issuer}/revoke`);
    await page.getByRole('button', { name: 'Sign out' }).click();
    expect((await revoked).status()).toBe(200);
    const again = await fetch(`${deployment.standIns.issuer}/token`, {
      method: 'POST',
      body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: token, client_id: 'hr-portal' }),
    });
    expect([token === '', again.status, await again.json()]).toEqual([false, 400, { error: 'invalid_grant' }]);
    expect(await complaints()).toEqual([]);
  });
});

describe('a provider that gives no refresh token', () => {
  let without: Deployment;
  beforeAll(async () => {
    without = await startDeployment('node', { CONSOLE_SCOPE: 'openid profile' });
  });
  afterAll(() => without.stop());

  it('is asked between two batches, and the list then goes on by itself', async () => {
    const { page, received } = await visit(browser, without);
    await signIn(page, 'Ann');
    expect((await received()).join('\n')).not.toContain('refresh_token":"');
    // The policy takes 50 at a time.
    const people = Array.from({ length: 60 }, (_, at) => `between-${String(at)}@acme.com`);
    await checkList(page, people);
    await refuseTokenOnce(page, 2);
    await page.getByRole('button', { name: 'Send 60 invites' }).click();
    await page.getByRole('button', { name: /^Ann/ }).click();
    await page.getByText('60 people are invited.').waitFor();
    expect(invitedBy(without)).toEqual(people);
  });

  it('is not asked again and again by a page whose new tokens are refused', async () => {
    const { page, answers } = await visit(browser, without);
    await signIn(page, 'Ann');
    await checkList(page, ['refused-token@acme.com']);
    await page.route('**/v2/invite_users', (route) => route.fulfill(TOKEN_REFUSED));
    await page.getByRole('button', { name: 'Send 1 invite' }).click();
    await page.getByRole('button', { name: /^Ann/ }).click();
    await page.getByText('Your sign-in has ended').waitFor();
    await page.getByRole('button', { name: 'Resume' }).waitFor();
    // Once by the person, and once by the page.
    expect(answers.filter(([status, url]) => status === 200 && url.includes('/authorize?'))).toHaveLength(2);
  });
});
