/**
 * One trace id from a page in a real Chromium through the service to Galileo: in the page's request, the service's log, the
 * records and their delivery, a refusal that the page shows, and the request that Galileo gets.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startStandIns } from '../../../dev/stand-ins.ts';
import type { StandIns } from '../../../dev/stand-ins.ts';
import { startService } from '../../../dev/service.ts';
import { openPage, startBrowser } from '../browser.ts';
import { packClient } from '../../unit/client/packed.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';
const TRACEPARENT = `00-${TRACE}-${SPAN}-01`;

/** What a page does with the client; `traceparent` is what its tracer would give. */
const PAGE = `<!doctype html><title>Invite</title><script type="module">
  import { createInviteClient } from '/client/galileo-invite-client.js';
  window.invite = async (url, token, emails) => {
    const invites = createInviteClient({ url, token: () => token, traceparent: () => '${TRACEPARENT}' });
    const { sent } = await invites.inviteUsers({ emails, auth_method: 'okta' }).catch(({ traceId, code }) => ({ sent: [code, traceId] }));
    return sent;
  };
</script>`;

const closings: (() => unknown)[] = [];
let page: Page;
let standIns: StandIns;
let url = '';
const lines: string[] = [];

beforeAll(async () => {
  const packed = await packClient();
  closings.push(() => packed.remove());
  const built = join(packed.project, 'node_modules/galileo-invite-client/dist');
  const server = createServer((request, response) => {
    const file = /^\/client\/((?:[\w-]+\/)?[\w-]+\.js)$/.exec(request.url ?? '')?.[1];
    const text = file === undefined ? Promise.resolve(PAGE) : readFile(join(built, file), 'utf8');
    const type = file === undefined ? 'text/html' : 'text/javascript';
    text.then(
      (body) => response.writeHead(200, { 'Content-Type': type }).end(body),
      () => response.writeHead(404).end(),
    );
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  closings.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const origin = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  standIns = await startStandIns({}, { identityProvider: 0, galileo: 0 });
  closings.push(() => standIns.close());
  const folder = await mkdtemp(join(tmpdir(), 'invite-proxy-trace-'));
  closings.push(() => rm(folder, { recursive: true }));
  const service = await startService(
    {
      ...{ PATH: process.env.PATH, PORT: '0', OPS_PORT: '0', CORS_ORIGINS: origin, ...standIns.env },
      ...{ POLICY_FILE: 'dev/policy.yaml', LEDGER_URL: `sqlite:${join(folder, 'ledger.db')}` },
      ...{ AUDIT_SINKS: 'stdout', TRACE_UPSTREAM: 'on' },
    },
    { onLine: (line) => lines.push(line) },
  );
  closings.push(() => service.stop());
  ({ url } = service);
  const browser = await startBrowser();
  closings.push(() => browser.close());
  ({ page } = await openPage(browser));
  await page.goto(origin);
  await page.waitForFunction('window.invite');
});
afterAll(async () => {
  for (const close of closings.toReversed()) await close();
});

/** The parsed log lines that name the trace. */
const traced = () =>
  lines
    .filter((line) => line.includes(TRACE))
    .map((line) => JSON.parse(line) as { channel: string; event: string; record?: { kind: string; trace_id: string } });

describe('one trace id', () => {
  it('is found in the page, the log, the records, the delivery and at Galileo', async () => {
    const token = await standIns.identityProvider.issue({ sub: 'hr-portal' });
    const invite = async (email: string): Promise<unknown> =>
      await page.evaluate(
        async ([at, bearer, address]) =>
          (window as unknown as { invite(...args: unknown[]): Promise<unknown> }).invite(at, bearer, [address]),
        [url, token, email],
      );
    const asked = page.waitForRequest((request) => request.method() === 'POST' && request.url().startsWith(url));
    expect(await invite('ann@acme.com')).toEqual(['ann@acme.com']);
    expect(await (await asked).headerValue('traceparent')).toBe(TRACEPARENT);
    expect(standIns.galileo.received.map(({ headers }) => headers['traceparent'])).toEqual([TRACEPARENT]);
    expect(await invite('ann@notacme.com')).toEqual(['policy_denied', TRACE]);

    const auditor = await standIns.identityProvider.issue({ sub: 'audit-desk', scope: 'audit:read' });
    const found = await fetch(`${url}/audit/search`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${auditor}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ trace_id: TRACE }),
    });
    const records = (await found.text())
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { kind: string });
    expect(records.map(({ kind }) => kind)).toEqual(['intent', 'outcome', 'denial']);

    await expect.poll(() => traced().filter(({ channel }) => channel === 'audit')).toHaveLength(3);
    expect(traced().flatMap(({ record }) => (record === undefined ? [] : [record.trace_id]))).toEqual([
      TRACE,
      TRACE,
      TRACE,
    ]);
    // Logged when the answer has gone out: perhaps only after the page has it.
    await expect
      .poll(() => traced().filter(({ event }) => event === 'http_request'))
      .toEqual([
        expect.objectContaining({ trace_id: TRACE, status: 200, method: 'POST' }),
        expect.objectContaining({ trace_id: TRACE, status: 403, code: 'policy_denied' }),
      ]);
    expect(lines.filter((line) => line.includes(SPAN))).toEqual([]);
  });
});
