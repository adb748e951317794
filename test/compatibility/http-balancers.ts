import { expect } from 'vitest';
import { SETTINGS } from '../../src/config/schema.ts';
import { exposureOf } from '../../src/platform/node/http-server/exposure.ts';
import type { RefusalReason } from '../../src/platform/node/http-server/connections/refusal-causes.ts';
import { probe, sendRaw } from './http-requests.ts';
import type { Situation } from './situation.ts';

const HEALTHY = 'Answers its state.';

const probes: readonly (readonly [product: string, sends: string, bytes: string])[] = [
  ['AWS, F5, keepalived', '`GET /readyz HTTP/1.0` without Host', probe('GET /readyz HTTP/1.0')],
  ['HAProxy', '`option httpchk /readyz`: `OPTIONS /readyz HTTP/1.0`', probe('OPTIONS /readyz HTTP/1.0')],
  ['HAProxy', '`option httpchk HEAD /livez`: HTTP/1.0, no body wanted', probe('HEAD /livez HTTP/1.0')],
  ['F5 BIG-IP', 'HTTP/1.1 with an empty `Host:`', probe('GET /livez HTTP/1.1', 'Host: ')],
  [
    'Kubernetes',
    'the address of the pod as Host, no Accept',
    probe('GET /livez HTTP/1.1', 'Host: 10.1.2.3:8080', 'User-Agent: kube-probe/1.33'),
  ],
  ['Kubernetes, IPv6', 'an IPv6 literal as Host', probe('GET /livez HTTP/1.1', 'Host: [fd00::7]:8080')],
  ['Docker, Compose', 'a service name with an underscore as Host', probe('GET /livez HTTP/1.1', 'Host: invite_proxy')],
  ['Consul, Nagios', 'a Host with a dot at its end', probe('GET /livez HTTP/1.1', 'Host: invites.service.consul.')],
  ['people', 'a Host with an empty port', probe('GET /livez HTTP/1.1', 'Host: invites.acme.com:')],
  ['people', '`/livez/` and `/readyz?verbose`', probe('GET /readyz/?verbose HTTP/1.1', 'Host: a')],
];

const asProbe = ([product, sends, bytes]: (typeof probes)[number]): Situation => ({
  product,
  sends,
  does: HEALTHY,
  async check() {
    const { statuses, text, refused } = await sendRaw(bytes);
    expect([statuses, refused]).toEqual([[200], []]);
    if (!bytes.startsWith('HEAD')) expect(text).toMatch(/"status":"(?:live|ready)"/);
  },
});

/** Each is refused with 400, and its cause is counted, logged and said. */
const misdirected: readonly (readonly [
  product: string,
  sends: string,
  bytes: string,
  reason: RefusalReason,
  detail: string,
])[] = [
  [
    'balancers with https to their targets',
    'a TLS handshake',
    '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003',
    'tls_handshake',
    'The connection began with a TLS handshake; this port speaks plain HTTP.',
  ],
  [
    'HAProxy `send-proxy`',
    'the PROXY protocol, version 1',
    `PROXY TCP4 192.0.2.1 192.0.2.2 56324 8080\r\n${probe('GET /livez HTTP/1.1', 'Host: a')}`,
    'proxy_protocol',
    'The connection began with a PROXY protocol header, which this port does not read.',
  ],
  [
    'AWS NLB, `send-proxy-v2`',
    'the PROXY protocol, version 2',
    `\r\n\r\n\u0000\r\nQUIT\n\u0021\u0011\u0000\u000c\u00c0\u0000\u0002\u0001\u00c0\u0000\u0002\u0002\u00dc\u0004\u001f\u0090${probe('GET /livez HTTP/1.1', 'Host: a')}`,
    'proxy_protocol',
    'The connection began with a PROXY protocol header, which this port does not read.',
  ],
  [
    'Envoy, ALB target groups',
    'HTTP/2 with prior knowledge',
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    'http2',
    'The connection began with HTTP/2; this port speaks HTTP/1.1.',
  ],
  [
    'clients with a proxy set',
    'a whole URL in the request line',
    probe('GET http://invites.acme.com/livez HTTP/1.1', 'Host: invites.acme.com'),
    'absolute_target',
    'Send only the path in the request line, not a whole URL.',
  ],
  [
    'HAProxy, old monitors',
    '`OPTIONS *`',
    probe('OPTIONS * HTTP/1.1', 'Host: a'),
    'server_target',
    'Ask for a path; health is at /livez and /readyz.',
  ],
];

const asMisdirected = ([product, sends, bytes, reason, detail]: (typeof misdirected)[number]): Situation => ({
  product,
  sends,
  does: `Refuses it and says: “${detail}” Counts \`${reason}\`.`,
  async check() {
    const { statuses, text, refused } = await sendRaw(bytes);
    expect([statuses, refused]).toEqual([[400], [reason]]);
    expect(text).toContain(detail);
  },
});

/** `TRUSTED_PROXY_HOPS` is 1 for each. */
const keepAlives: readonly (readonly [product: string, idleS: number, setting: number | null])[] = [
  ['AWS ALB, nginx', 60, null],
  ['Google Cloud', 600, null],
  ['Envoy', 3600, 3610],
];

const asKeepAlive = ([product, idleS, setting]: (typeof keepAlives)[number]): Situation => ({
  product,
  sends: `a request on a connection that was idle for up to ${String(idleS)} s`,
  does: `Has kept it: idle connections of a trusted proxy live longer, ${setting === null ? 'by default' : `with \`KEEP_ALIVE_S=${String(setting)}\``}.`,
  check() {
    const keepAliveS = setting === null ? null : SETTINGS.KEEP_ALIVE_S.parse.parse(String(setting));
    const { keepAliveMs } = exposureOf({ HOST: '0.0.0.0', TRUSTED_PROXY_HOPS: 1, KEEP_ALIVE_S: keepAliveS });
    expect(keepAliveMs).toBeGreaterThan(idleS * 1000);
  },
});

/** Health probes, idle connections, and what a balancer sends to a port that speaks plain HTTP/1.1. */
export const BALANCERS: readonly Situation[] = [
  ...probes.map(asProbe),
  ...misdirected.map(asMisdirected),
  ...keepAlives.map(asKeepAlive),
];
