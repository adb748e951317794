/**
 * The examples of docs/calling.md in a browser, on another port of this machine than the service: sign-in with the
 * stand-in identity provider, an invite with the client, one with fetch alone, and the React hook. The service has no
 * CORS_ORIGINS: a local run allows pages of this machine.
 */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Service } from '../../dev/service.ts';
import { startService } from '../../dev/service.ts';
import type { StandIns } from '../../dev/stand-ins.ts';
import { startStandIns } from '../../dev/stand-ins.ts';
import { ROOT } from '../arch/source-tree.ts';
import { openPage, startBrowser } from './browser.ts';

const REACT_APP = `
import { createInviteClient } from 'galileo-invite-client';
import { createElement as h } from 'react';
import { createRoot } from 'react-dom/client';
import { useInvites } from './examples/calling/use-invites.ts';
const invites = createInviteClient({ url: 'http://127.0.0.1:8080', token: () => window.TOKEN });
function Form() {
  const { policy, state, send } = useInvites(invites);
  const text = state.kind === 'failed' ? state.problem.message : state.kind === 'done' ? state.sent.sent.join() : '';
  return h('main', null,
    h('p', null, policy === null ? '…' : policy.rules.map(({ id }) => id).join()),
    ['cy@acme.com', 'cy@notacme.com'].map((email) =>
      h('button', { key: email, onClick: () => send({ emails: [email], auth_method: 'okta' }) }, email)),
    h('output', null, state.kind + ': ' + text));
}
createRoot(document.body.appendChild(document.createElement('div'))).render(h(Form));
`;
const FETCH_APP = `
import { invite } from './examples/calling/plain-fetch.ts';
window.invite = (email) => invite('http://127.0.0.1:8080', window.TOKEN, { emails: [email], auth_method: 'okta' });
`;

let standIns: StandIns;
let service: Service;
let browser: Browser;
let pages: Awaited<ReturnType<typeof servePages>>;
const folder = await mkdtemp(join(tmpdir(), 'invite-proxy-page-'));

beforeAll(async () => {
  standIns = await startStandIns({}, { identityProvider: 0, galileo: 0 });
  service = await startService({
    ...{ PATH: process.env.PATH, PORT: '0', OPS_PORT: '0', POLICY_FILE: 'dev/policy.yaml' },
    ...{ ...standIns.env, LEDGER_URL: `sqlite:${join(folder, 'ledger.db')}` },
  });
  pages = await servePages();
  browser = await startBrowser();
});

afterAll(async () => {
  await browser.close();
  await pages.close();
  await service.stop();
  await standIns.close();
  await rm(folder, { recursive: true });
});

/** As a bundler of an app does it. The addresses are those of `npm start` in the source. */
async function bundle(input: { readonly file: string } | { readonly text: string }): Promise<string> {
  const { outputFiles } = await build({
    ...('file' in input
      ? { entryPoints: [join(ROOT, input.file)] }
      : { stdin: { contents: input.text, resolveDir: ROOT, loader: 'js' } }),
    alias: { 'galileo-invite-client': join(ROOT, 'client/src/galileo-invite-client.ts') },
    define: { 'process.env.NODE_ENV': '"production"' },
    ...{ bundle: true, format: 'esm', target: 'es2022', write: false },
  });
  const [output] = outputFiles;
  return (output?.text ?? '')
    .replaceAll('http://127.0.0.1:8080', service.url)
    .replaceAll('http://127.0.0.1:8081', standIns.issuer);
}

/** Serves each page with its script, on a port of its own. */
async function servePages() {
  const scripts: Readonly<Record<string, string>> = {
    '/page': await bundle({ file: 'examples/calling/page.ts' }),
    '/react': await bundle({ text: REACT_APP }),
    '/fetch': await bundle({ text: FETCH_APP }),
  };
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const script = scripts[pathname.replace(/\.js$/, '')];
    if (script === undefined) response.writeHead(204).end();
    else if (pathname.endsWith('.js')) response.writeHead(200, { 'Content-Type': 'text/javascript' }).end(script);
    else
      response
        .writeHead(200, { 'Content-Type': 'text/html' })
        .end(`<!doctype html><body><script type="module" src="${pathname}.js"></script>`);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    // Another site than the service's, too.
    url: `http://localhost:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function open(path: string, token?: string): Promise<Page> {
  const { page } = await openPage(browser);
  await page.addInitScript((value) => Object.assign(window, { TOKEN: value }), token);
  await page.goto(`${pages.url}${path}`);
  return page;
}

const invited = (email: string): number =>
  standIns.galileo.received.filter(({ body }) => body.includes(`"${email}"`)).length;

describe('a page on another port of this machine', () => {
  it('signs a person in, invites, shows who was refused, and keeps no token', async () => {
    const page = await open('/page');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('button', { name: /^Ann/ }).click();
    await page.waitForURL(`${pages.url}/page`);
    const send = async (email: string): Promise<string> => {
      await page.getByRole('textbox').fill(email);
      await page.getByRole('button', { name: 'Invite' }).click();
      const output = page.locator('output', { hasText: email });
      await output.waitFor();
      return (await output.textContent()) ?? '';
    };
    expect(await send('bo@acme.com')).toMatch(/^bo@acme\.com: invited\n\d+ left of app-day/);
    expect(await send('bo@notacme.com')).toBe('bo@notacme.com: no rule lets you invite this address.');
    expect([invited('bo@acme.com'), invited('bo@notacme.com')]).toEqual([1, 0]);
    expect(await page.evaluate(() => [localStorage.length, sessionStorage.length, document.cookie])).toEqual([
      0,
      0,
      '',
    ]);
    expect(page.url()).toBe(`${pages.url}/page`);
  });

  it('says when the person went back, and offers the sign-in again', async () => {
    const page = await open('/page');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('button', { name: /^Cancel/ }).click();
    await page.getByText('the person went back').waitFor();
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('button', { name: /^Ann/ }).click();
    await page.getByRole('button', { name: 'Invite' }).waitFor();
  });

  it('says that an outcome is unknown while it waits for it', async () => {
    const page = await open('/page');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('button', { name: /^Ann/ }).click();
    await page.getByRole('textbox').fill('lost@acme.com');
    await page.getByRole('button', { name: 'Invite' }).click();
    await page.getByText('The invitation may or may not have been done.').waitFor();
    expect(invited('lost@acme.com')).toBe(1);
  });

  it('invites with fetch alone', async () => {
    const page = await open('/fetch', await standIns.identityProvider.issue({ sub: 'ann', client_id: 'hr-portal' }));
    const invite = async (email: string): Promise<unknown> =>
      await page.evaluate(async (to) => await (window as unknown as InvitePage).invite(to), email);
    expect(await invite('di@acme.com')).toMatchObject({ kind: 'invited' });
    expect(await invite('di@notacme.com')).toMatchObject({ kind: 'refused', requestId: expect.any(String) });
    expect(await invite('hangup@acme.com')).toMatchObject({ kind: 'unknown', requestId: expect.any(String) });
  });

  it('invites with the React hook, once for two clicks', async () => {
    const page = await open('/react', await standIns.identityProvider.issue({ sub: 'ann', client_id: 'hr-portal' }));
    await page.getByText('hr-staff').waitFor();
    await page.getByRole('button', { name: 'cy@acme.com' }).dblclick();
    await page.getByText('done: cy@acme.com').waitFor();
    await page.getByRole('button', { name: 'cy@notacme.com' }).click();
    await page.getByText('failed: Nothing was sent. cy@notacme.com: no rule lets you invite this address.').waitFor();
    expect([invited('cy@acme.com'), invited('cy@notacme.com')]).toEqual([1, 0]);
  });
});

interface InvitePage {
  readonly invite: (email: string) => Promise<unknown>;
}
