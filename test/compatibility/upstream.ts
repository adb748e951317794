import { expect } from 'vitest';
import type { HttpResult } from '../../src/ports/http.ts';
import type { CheckResult } from '../../src/cli/doctor/check.ts';
import { startTestService } from '../support/service.ts';
import { answer, GOOD_ENV, hasKey, runCommand } from '../unit/cli/cli-harness.ts';
import type { Chapter, Situation } from './situation.ts';

const OURS = 'Answers 502 `upstream_error` that names the configuration: `not_sent`, quota returned, key freed.';
const GALILEOS = 'Passes it on as a verdict of Galileo: `upstream_refused`.';

const HTML = { 'content-type': 'text/html' };

/** What answers in place of Galileo: gateways, consoles, sign-in pages, filters and networks in between. */
export const UPSTREAM: Chapter = {
  title: 'Galileo and what is between',
  about:
    'What answers when `GALILEO_API_URL` leads elsewhere, or when something in between answers. Our own mistake is not passed on as a verdict of Galileo.',
  situations: [...invites(), ...diagnoses()],
};

function invites(): Situation[] {
  const ours = (product: string, sends: string, status: number, body: unknown): Situation => ({
    ...{ product, sends, does: OURS },
    check: () => invite(status, body, { status: 502, code: 'upstream_error', origin: 'proxy', outcome: 'not_sent' }),
  });
  const galileos = (product: string, sends: string, status: number, body: unknown): Situation => ({
    ...{ product, sends, does: GALILEOS },
    check: () => invite(status, body, { status, code: 'upstream_refused', origin: 'upstream', outcome: 'refused' }),
  });
  return [
    ours('FastAPI (a wrong path)', '404 `{"detail":"Not Found"}`', 404, { detail: 'Not Found' }),
    ours('FastAPI (a wrong method)', '405 `{"detail":"Method Not Allowed"}`', 405, { detail: 'Method Not Allowed' }),
    ours('Django REST', '405 `{"detail":"Method \\"POST\\" not allowed."}`', 405, {
      detail: 'Method "POST" not allowed.',
    }),
    ours(
      'nginx (plain http to its https port)',
      '400 with its HTML page',
      400,
      '<html>\r\n<head><title>400 The plain HTTP request was sent to HTTPS port</title></head></html>',
    ),
    ours('nginx (a client certificate is missing)', '496', 496, ''),
    ours('nginx', '404 with its HTML page', 404, '<html><center><h1>404 Not Found</h1></center><hr>nginx</html>'),
    ours('Traefik', '404 `404 page not found` as text', 404, '404 page not found\n'),
    ours('Envoy, Istio', '404 without a body', 404, ''),
    ours('Kong', '404 `{"message":"no Route matched with those values"}`', 404, {
      message: 'no Route matched with those values',
    }),
    ours('APISIX', '404 `{"error_msg":"404 Route Not Found"}`', 404, { error_msg: '404 Route Not Found' }),
    ours('AWS API Gateway (HTTP API)', '404 `{"message":"Not Found"}`', 404, { message: 'Not Found' }),
    ours('Azure API Management', '404 `{"statusCode":404,"message":"Resource not found"}`', 404, {
      statusCode: 404,
      message: 'Resource not found',
    }),
    ours('Spring', '404 problem details titled `Not Found`', 404, {
      ...{ type: 'about:blank', title: 'Not Found', status: 404 },
      ...{ detail: 'No static resource v2/invite_users.', instance: '/v2/invite_users' },
    }),
    ours('Fastify', '404 `{"message":"Route POST:… not found","error":"Not Found"}`', 404, {
      ...{ message: 'Route POST:/v2/invite_users not found', error: 'Not Found', statusCode: 404 },
    }),
    ours('a server of another host', '421 `Misdirected Request`', 421, ''),
    ours('a gateway for another protocol', '426 `Upgrade Required`', 426, 'Upgrade Required'),
    ours('Squid, Zscaler', '407 with an HTML page', 407, '<html><h1>Proxy Authentication Required</h1></html>'),
    galileos('Galileo', '404 `{"detail":"Group not found"}`', 404, { detail: 'Group not found' }),
    galileos('Galileo', '404 with `standard_error`', 404, { standard_error: { message: 'No such group' } }),
    galileos('a web filter', '403 with an HTML page', 403, '<html><h1>403 Forbidden</h1></html>'),
    galileos('nginx', '413 with its HTML page', 413, '<html><h1>413 Request Entity Too Large</h1></html>'),
  ];
}

async function invite(
  status: number,
  body: unknown,
  { status: expected, ...problem }: { readonly status: number; readonly [member: string]: unknown },
): Promise<void> {
  const service = await startTestService();
  const headers = typeof body === 'string' ? { 'content-type': 'text/html' } : {};
  service.galileo.script({ kind: 'answer', status, body, headers });
  const key = { 'Idempotency-Key': 'a-key-of-the-caller-1' };
  const response = await service.invite({ emails: ['ann@acme.com'] }, { headers: key });
  expect([response.status, await response.json()]).toEqual([expected, expect.objectContaining(problem)]);
  const again = await service.invite({ emails: ['ann@acme.com'] }, { headers: key });
  const refused = problem['outcome'] === 'refused';
  expect(again.headers.get('Idempotency-Replayed')).toBe(refused ? 'true' : null);
  // Of 50 addresses a day, only one that Galileo took is counted.
  if (!refused) expect(again.headers.get('RateLimit')).toContain('r=49');
}

function diagnoses(): Situation[] {
  const row = (product: string, sends: string, url: string, result: HttpResult, says: string): Situation => ({
    ...{ product, sends },
    does: `\`doctor\` fails (exit 1), keeps the key from it, and says: ${says}`,
    check: () => diagnose(url, result, says),
  });
  const API = 'Write GALILEO_API_URL=https://api.galileo.ai.';
  const page = answer(200, '<!doctype html><title>Galileo</title>', HTML);
  const router = answer(404, { detail: 'Not Found' });
  return [
    row('Galileo’s console', 'its page, for `https://app.galileo.ai`', 'https://app.galileo.ai', page, API),
    row(
      'a console of your own',
      'its page, for `https://console.acme.com`',
      'https://console.acme.com',
      page,
      'Write GALILEO_API_URL=https://api.acme.com.',
    ),
    row('FastAPI', '404, for `https://api.galileo.ai/v2`', 'https://api.galileo.ai/v2', router, API),
    row(
      'an identity-aware proxy',
      'a redirect to its sign-in',
      'https://g.acme.com',
      answer(302, '', { location: 'https://sso.acme.com/in?x=1' }),
      'redirects to https://sso.acme.com',
    ),
    row(
      'nginx (plain http to its https port)',
      '400 with its HTML page',
      'https://g.acme.com',
      answer(400, '<html><head><title>400 The plain HTTP request was sent to HTTPS port</title></head></html>', HTML),
      'a server in front wants https',
    ),
    row('a captive portal', '200 with its sign-in page', 'https://g.acme.com', page, 'answers with a web page'),
    row(
      'a captive portal',
      '511 `Network Authentication Required`',
      'https://g.acme.com',
      answer(511, '', HTML),
      'asks for a sign-in first',
    ),
    row(
      'a web filter',
      '403 with its HTML page',
      'https://g.acme.com',
      answer(403, '<h1>Blocked</h1>', HTML),
      'answers with a web page',
    ),
    ...(
      [
        ['a private certificate authority', 'a certificate that is not trusted', 'tls_failed', 'NODE_EXTRA_CA_CERTS'],
        ['a server that speaks plain http', 'no TLS on this port', 'tls_failed', 'that its port speaks https'],
        ['DNS', 'no such name', 'name_not_resolved', 'typing error'],
        ['a firewall', 'no connection', 'connect_failed', 'takes no connection'],
      ] as const
    ).map(([product, sends, reason, says]) => ({
      ...{ product, sends },
      does: `\`doctor\` fails (exit 1) and says: ${says}`,
      check: () => diagnose('https://g.acme.com', { kind: 'not_sent', reason }, says),
    })),
  ];
}

async function diagnose(url: string, result: HttpResult, says: string): Promise<void> {
  const ran = await runCommand(['doctor', '--json'], {
    env: { ...GOOD_ENV, GALILEO_API_URL: url },
    answer: (request) => (request.url.startsWith(url) ? result : null),
  });
  const { checks } = JSON.parse(ran.stdout) as { readonly checks: readonly CheckResult[] };
  const found = checks.find(({ id }) => id === 'upstream');
  expect([ran.code, found?.status]).toEqual([1, 'failed']);
  expect(`${found?.message}. ${found?.remedy}`).toContain(says);
  if (result.kind === 'answered') expect(ran.asked.filter(hasKey)).toEqual([]);
}
