/** A long list from the clipboard to Galileo, in Debian's Chromium, with the service lost in the middle. */
import { readFile } from 'node:fs/promises';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { disguises } from '../../support/key-disguises.ts';
import { startBrowser } from '../browser.ts';
import type { Deployment } from './deployment.ts';
import { invitedBy, startDeployment } from './deployment.ts';
import { isOfOutage, signIn, visit } from './visit.ts';

const people = (n: number, domain: string): string[] =>
  Array.from({ length: n }, (_, i) => `person${String(i)}@${domain}`);
const STAFF = people(500, 'acme.com');
const EUROPE = people(60, 'eu.acme.com');
const RIVALS = people(12, 'rival.io');
const STRANGERS = people(8, 'stranger.example');
const DUPLICATES = STAFF.slice(0, 10).map((email, i) => `Person ${String(i)} <${email.toUpperCase()}>`);
const MALFORMED = ['no at sign', 'jo..hn@acme.com', 'two words@acme.com', ...people(7, 'acme').map((one) => `${one}.`)];
const LIST = [...STAFF, ...RIVALS, ...DUPLICATES, ...EUROPE, ...STRANGERS, ...MALFORMED];

let browser: Browser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser.close());

const group = (page: Page, name: string) => page.getByRole('button', { name: new RegExp(`^${name}`) });
const listBox = (page: Page) => page.getByRole('textbox', { name: /^E-mail addresses/ });

describe.each(['node', 'workers'] as const)('a list of 600 entries on %s', (platform) => {
  let deployment: Deployment;
  beforeAll(async () => {
    deployment = await startDeployment(platform);
  });
  afterAll(() => deployment.stop());

  it('is checked, fixed, sent, and resumed after the service was lost; each address reaches Galileo once', async () => {
    const { page, complaints, received } = await visit(browser, deployment);
    await signIn(page, 'Ann');
    expect(LIST).toHaveLength(600);
    await listBox(page).fill(LIST.join('\n'));
    await page.getByText('Checked with the service.').waitFor();
    for (const text of ['Ready 560', 'Refused 20', 'Duplicates 10', 'Not addresses 10'])
      await page.getByRole('button', { name: text }).waitFor();

    await group(page, 'Refused').click();
    await page
      .getByRole('cell', { name: /rule never-invite\)\. Ask IT for partners\./ })
      .first()
      .waitFor();
    await group(page, 'Not addresses').click();
    const line = String(LIST.indexOf('jo..hn@acme.com') + 1);
    await page.getByRole('button', { name: `Show line ${line}` }).click();
    // The line is selected: typing corrects it.
    await page.keyboard.type('john@acme.com');
    await page.getByRole('button', { name: 'Ready 561' }).waitFor();
    await page.getByRole('button', { name: 'Not addresses 9' }).waitFor();
    await page.getByText('Set by the policy for 60 of 581 addresses: Okta.').waitFor();
    expect(await page.getByRole('radio', { name: 'Admin' }).isDisabled()).toBe(true);
    await page.getByRole('radio', { name: 'Read only' }).check();
    await page.getByText('Checked with the service.').waitFor();

    deployment.order('outage_after', '"person270@acme.com"', '200 OK');
    await page.getByRole('button', { name: 'Send 561 invites' }).click();
    await deployment.gone();
    await page.getByText('The service is not reached').waitFor();
    // Galileo was asked for the batch whose answer was lost.
    expect(invitedBy(deployment)).toHaveLength(300);

    await deployment.recover();
    // A new page: nothing but what the tab keeps is left.
    await page.reload();
    await page.getByText('A list is not finished.').waitFor();
    await signIn(page, 'Ann');
    await page.getByRole('button', { name: 'Resume' }).click();
    await page.getByText('561 people are invited.').waitFor();

    const invited = invitedBy(deployment);
    expect(new Set(invited)).toEqual(new Set([...STAFF, ...EUROPE, 'john@acme.com']));
    expect(invited).toHaveLength(561);

    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Export CSV' }).click();
    const csv = (await readFile(await (await download).path(), 'utf8')).trimEnd().split('\r\n');
    expect(csv[0]).toBe('\uFEFFAddress,Result,Message,Request');
    expect(csv.slice(1).map((row) => row.split(',')[1])).toEqual(Array.from({ length: 561 }, () => 'Invited'));

    expect((await complaints()).filter((one) => !isOfOutage(one))).toEqual([]);
    const texts = await received();
    const all = texts.join('\n');
    expect(all).toContain('hr-staff');
    expect(disguises(deployment.key).filter(([, text]) => all.includes(text))).toEqual([]);
    // Of rules and groups that name other callers.
    for (const hidden of ['board-and-partners', 'hidden-partner', 'board-members'])
      expect([hidden, all.includes(hidden)]).toEqual([hidden, false]);

    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByText('You are signed out.').waitFor();
    expect(await page.evaluate(() => [sessionStorage.length, localStorage.length, document.cookie])).toEqual([
      0,
      0,
      '',
    ]);
  });
});
