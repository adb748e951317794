import { expect } from 'vitest';
import { SETTINGS } from '../../src/config/schema.ts';
import { HEADER_LIMIT_BYTES } from '../../src/lib/http/header-limit.ts';
import { ALLOWED_ORIGIN } from '../support/refusals.ts';
import { startTestService } from '../support/service.ts';
import { INVITE, inviteRequest, preflight, sendRaw } from './http-requests.ts';
import type { Situation } from './situation.ts';

const clients: readonly (readonly [product: string, sends: string, does: string, bytes: (token: string) => string])[] =
  [
    [
      'Java HttpClient',
      '`Upgrade: h2c` with its first POST',
      'Ignores the offer and serves the request.',
      inviteRequest('Connection: Upgrade, HTTP2-Settings, close', 'Upgrade: h2c', 'HTTP2-Settings: AAEAAEAAAAIAAAAB'),
    ],
    [
      'curl',
      '`Expect: 100-continue` with a body',
      'Answers 100 and then the request.',
      inviteRequest('Expect: 100-continue', 'Connection: close'),
    ],
    [
      'nginx `proxy_pass`',
      'HTTP/1.0 and the name of its upstream as Host',
      'Serves it.',
      (token) =>
        inviteRequest('Connection: close')(token).replace(
          'HTTP/1.1\r\nHost: invites.acme.com',
          'HTTP/1.0\r\nHost: invite_proxy',
        ),
    ],
    [
      'Ruby, gRPC bridges',
      '`Transfer-Encoding: Chunked`, `TE: trailers` and a trailer',
      'Serves it and ignores the trailer.',
      (token) =>
        inviteRequest(
          'TE: trailers',
          'Trailer: X-Sum',
          'Connection: close',
        )(token)
          .replace(/Content-Length: \d+/, 'Transfer-Encoding: Chunked')
          .replace(INVITE, `${INVITE.length.toString(16)}\r\n${INVITE}\r\n0\r\nX-Sum: 7\r\n\r\n`),
    ],
  ];

const asClient = ([product, sends, does, bytes]: (typeof clients)[number]): Situation => ({
  product,
  sends,
  does,
  async check() {
    const { statuses, refused, service } = await sendRaw(bytes);
    expect([statuses.filter((status) => status !== 100), refused]).toEqual([[200], []]);
    expect(service.galileo.received).toHaveLength(1);
  },
});

/** The body is that of a valid invite. */
const bodies: readonly (readonly [product: string, contentType: string, refusal: string | null])[] = [
  ['Spring, OkHttp', 'application/json;charset=UTF-8', null],
  [
    '.NET, OData',
    'application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8',
    null,
  ],
  ['ASP.NET Core', 'application/json; charset="utf-8"; version=1', null],
  ['JSON:API clients', 'application/vnd.api+json; profile="https://acme.com/p;q"', null],
  ['PHP, Salesforce', 'application/json; charset=utf8;', null],
  [
    'Apache HttpClient',
    'application/json; charset=ISO-8859-1',
    'The body came in the charset ISO-8859-1. Send it in UTF-8, with Content-Type: application/json.',
  ],
  [
    'curl `-d`, HTML forms',
    'application/x-www-form-urlencoded',
    'The body came as application/x-www-form-urlencoded. Send Content-Type: application/json.',
  ],
  ['axios, fetch', 'text/plain;charset=UTF-8', 'The body came as text/plain. Send Content-Type: application/json.'],
];

const asBody = ([product, contentType, refusal]: (typeof bodies)[number]): Situation => ({
  product,
  sends: `\`Content-Type: ${contentType}\``,
  does: refusal === null ? 'Reads the body.' : `Refuses it with 415: “${refusal}”`,
  async check() {
    const service = await startTestService();
    const response = await service.invite(INVITE, { headers: { 'Content-Type': contentType } });
    expect(response.status).toBe(refusal === null ? 200 : 415);
    if (refusal !== null) expect(await response.json()).toMatchObject({ detail: refusal });
  },
});

const tracers: readonly (readonly [product: string, fields: string])[] = [
  ['Sentry', 'authorization,baggage,content-type,sentry-trace'],
  [
    'Datadog RUM',
    'authorization,content-type,traceparent,tracestate,x-datadog-origin,x-datadog-parent-id,x-datadog-sampling-priority,x-datadog-trace-id',
  ],
  ['New Relic', 'authorization,content-type,newrelic,traceparent,tracestate'],
  ['Elastic APM', 'authorization,content-type,elastic-apm-traceparent'],
  ['Application Insights', 'authorization,content-type,request-context,request-id'],
  ['Dynatrace', 'authorization,content-type,x-dtpc,x-dtreferer'],
];

const asTracer = ([product, fields]: (typeof tracers)[number]): Situation => ({
  product,
  sends: `a preflight that names \`${fields.replaceAll(',', '`, `')}\``,
  does: 'Allows them; the service ignores the fields that it does not know.',
  async check() {
    const allowed = (await preflight(fields)).get('Access-Control-Allow-Headers')?.toLowerCase().split(',');
    expect(allowed).toEqual(expect.arrayContaining(fields.split(',')));
  },
});

const origins: readonly (readonly [product: string, origin: string])[] = [
  ['Capacitor', 'capacitor://localhost'],
  ['Ionic', 'ionic://localhost'],
  ['Tauri', 'tauri://localhost'],
  ['Tauri on Windows', 'http://tauri.localhost'],
  ['Chrome extensions', 'chrome-extension://mhjfbmdgcfjbbpaeojofohoefgiehjai'],
  ['Firefox extensions', 'moz-extension://2c127fa4-62c7-7e4f-90e5-472b45eecfdc'],
  ['Safari extensions', 'safari-web-extension://E2B5A2B0-4C5A-4D5C-8F0B-0A6A5C8C5D11'],
];

const asOrigin = ([product, origin]: (typeof origins)[number]): Situation => ({
  product,
  sends: `\`Origin: ${origin}\``,
  does: 'Serves it when `CORS_ORIGINS` lists exactly that.',
  async check() {
    const service = await startTestService({ settings: { CORS_ORIGINS: SETTINGS.CORS_ORIGINS.parse.parse(origin) } });
    const { headers } = await service.invite(INVITE, { headers: { Origin: origin } });
    expect(headers.get('Access-Control-Allow-Origin')).toBe(origin);
  },
});

const settings: readonly (readonly [value: string, message: string])[] = [
  ['*', 'must name each origin; a wildcard is not accepted (entry 1)'],
  ['https://*.acme.com', 'must name each origin; a wildcard is not accepted (entry 1)'],
  ['https://hr.acme.com/', 'must be written as browsers send it: https://hr.acme.com (entry 1)'],
  ['https://it.acme.com,https://HR.acme.com:443', 'must be written as browsers send it: https://hr.acme.com (entry 2)'],
];

const asSetting = ([value, message]: (typeof settings)[number]): Situation => ({
  product: 'people',
  sends: `\`CORS_ORIGINS=${value}\``,
  does: `Does not start: “CORS_ORIGINS ${message}”`,
  check() {
    expect(SETTINGS.CORS_ORIGINS.parse.safeParse(value).error?.issues.map((issue) => issue.message)).toEqual([message]);
  },
});

/** Requests, bodies and preflights of clients and pages. */
export const CALLERS: readonly Situation[] = [
  ...clients.map(asClient),
  ...bodies.map(asBody),
  {
    product: 'Windows PowerShell',
    sends: 'JSON in UTF-8 with a byte order mark',
    does: 'Drops the mark and reads the body.',
    async check() {
      const service = await startTestService();
      expect((await service.invite(`\uFEFF${INVITE}`)).status).toBe(200);
      expect(service.galileo.received.map(({ body }) => body[0])).toEqual(['{']);
    },
  },
  {
    product: 'Single sign-on',
    sends: 'more cookies or a larger token than fit',
    does: `Answers 431 with the CORS fields; a page can read how many bytes there are and that ${String(HEADER_LIMIT_BYTES)} are accepted.`,
    async check() {
      const { statuses, text } = await sendRaw(
        inviteRequest(`Origin: ${ALLOWED_ORIGIN}`, `Cookie: ${'c'.repeat(HEADER_LIMIT_BYTES)}`, 'Connection: close'),
      );
      expect(statuses).toEqual([431]);
      expect(text).toMatch(new RegExp(`\\r\\naccess-control-allow-origin: ${ALLOWED_ORIGIN}\\r\\n`, 'i'));
      expect(text).toMatch(/have \d+ bytes; at most 28672 are accepted. The cookies are the largest part/);
    },
  },
  ...tracers.map(asTracer),
  {
    product: 'Chrome',
    sends: 'a preflight with `Access-Control-Request-Private-Network: true`',
    does: 'Allows an allowed origin to call the service at its inner address.',
    async check() {
      const headers = await preflight('authorization', { 'Access-Control-Request-Private-Network': 'true' });
      expect(headers.get('Access-Control-Allow-Private-Network')).toBe('true');
    },
  },
  {
    product: 'a page that is not listed',
    sends: 'any request with its `Origin`',
    does: 'Gives it no CORS fields and logs `cors_origin_refused`, once.',
    async check() {
      const service = await startTestService();
      for (const method of ['OPTIONS', 'GET'])
        await service.request('/v2/invite_policy', {
          method,
          headers: { Origin: 'https://new.acme.com', 'Access-Control-Request-Method': 'GET' },
        });
      expect(service.logLines.filter((line) => line.includes('cors_origin_refused'))).toEqual([
        '{"level":"warn","event":"cors_origin_refused","origin":"https://new.acme.com"}',
      ]);
    },
  },
  ...origins.map(asOrigin),
  ...settings.map(asSetting),
];
