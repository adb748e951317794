import { expect } from 'vitest';
import { egressOf } from '../../src/config/settings/settings-egress.ts';
import { loadConfig } from '../../src/config/load.ts';
import { readConfig } from '../../src/platform/workers/config.ts';
import type { ProxyAnswer } from '../support/servers/connect-proxy.ts';
import { proxyAnswers } from '../support/servers/connect-proxy.ts';
import { serveGalileoBehindProxy } from '../support/servers/galileo-behind-proxy.ts';
import { startTestService } from '../support/service.ts';
import type { Chapter, Situation } from './situation.ts';

const REQUIRED = {
  GALILEO_API_KEY: 'a-good-key-0123456789',
  AUTH_ISSUERS: '[{"name":"corp","issuer":"https://login.acme.com","audience":"invites"}]',
};

/** What the proxy answers to CONNECT, and what a caller's invite becomes. */
function tunnel(answer: ProxyAnswer, reason: string | null): () => Promise<void> {
  return async () => {
    const behind = await serveGalileoBehindProxy(answer);
    const service = await startTestService({ settings: behind.settings, deps: { http: behind.http } });
    const response = await service.invite({ emails: ['ann@acme.com'] });
    expect(response.status).toBe(reason === null ? 200 : 503);
    const { outcome } = (await service.records()).at(-1) ?? {};
    expect(outcome).toMatchObject(reason === null ? { result: 'accepted' } : { result: 'not_sent', reason });
    expect(behind.galileo.received.includes('POST ')).toBe(reason === null);
    expect(behind.proxy.others).toEqual([]);
  };
}

/** The variables of a platform, and the route of each address with them. */
function routes(env: Readonly<Record<string, string>>, expected: Readonly<Record<string, 'proxy' | 'direct'>>) {
  return async (): Promise<void> => {
    const egress = egressOf(await settingsOf(env));
    const found = Object.keys(expected).map((url) => [url, egress.route(new URL(url)).kind]);
    expect(Object.fromEntries(found)).toEqual(expected);
  };
}

async function settingsOf(env: Readonly<Record<string, string>>) {
  const loaded = await loadConfig({ env: { ...REQUIRED, ...env }, readText: () => Promise.reject(new Error('none')) });
  if (loaded.kind === 'refused') throw new Error(loaded.problems.map(({ message }) => message).join());
  return loaded.config.settings;
}

function refused(env: Readonly<Record<string, string>>, words: string) {
  return async (): Promise<void> => {
    await expect(settingsOf(env)).rejects.toThrow(words);
  };
}

const GALILEO = 'https://api.galileo.ai';

/** As proxies do that let nothing through that does not name itself. */
const wantsUserAgent: ProxyAnswer = ({ headers, socket, carry }) => {
  if (headers['user-agent']?.startsWith('galileo-invite-proxy/') === true) return carry();
  socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
};

const TUNNELS: readonly Situation[] = [
  {
    product: 'Squid',
    sends: '`HTTP/1.1 200 Connection established` to CONNECT',
    does: 'Sends the invite in the tunnel, in TLS with Galileo.',
    check: tunnel(proxyAnswers.carries, null),
  },
  {
    product: 'tinyproxy and other small proxies',
    sends: '`HTTP/1.0 200` to CONNECT, with `Proxy-Agent`, `Content-Length` or `Connection: close`',
    does: 'Takes any 2xx, whatever its fields (RFC 9110 §9.3.6).',
    check: tunnel(
      proxyAnswers.carriesAfter('HTTP/1.0 200 OK\r\nProxy-Agent: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'),
      null,
    ),
  },
  {
    product: 'Corporate proxies with a list of programs',
    sends: '`403` to a CONNECT without `User-Agent`',
    does: 'Names itself to the proxy: `User-Agent: galileo-invite-proxy/…`.',
    check: tunnel(wantsUserAgent, null),
  },
  {
    product: 'Squid with authentication',
    sends: '`407 Proxy Authentication Required` to CONNECT',
    does: '503, `not_sent`, reason `proxy_credentials_rejected`. The password is not tried again for this invite.',
    check: tunnel(proxyAnswers.wants('x'), 'proxy_credentials_rejected'),
  },
  {
    product: 'Squid (`ERR_ACCESS_DENIED`)',
    sends: '`403 Forbidden` to CONNECT',
    does: '503, `not_sent`, reason `proxy_refused`. It is the proxy that refuses, never Galileo.',
    check: tunnel(proxyAnswers.answers(403), 'proxy_refused'),
  },
  {
    product: 'Squid (`ERR_CONNECT_FAIL`, `ERR_DNS_FAIL`)',
    sends: '`503` to CONNECT: it cannot reach the target; others send 502 or 504',
    does: '503, `not_sent`, reason `proxy_target_unreachable`.',
    check: tunnel(proxyAnswers.answers(503), 'proxy_target_unreachable'),
  },
  {
    product: 'A firewall in front of the proxy',
    sends: 'an established tunnel that is cut before TLS',
    does: '503, `not_sent`, reason `proxy_connection_lost`.',
    check: tunnel(proxyAnswers.cutsAfterConnect, 'proxy_connection_lost'),
  },
  {
    product: 'A SOCKS proxy, an SSH port',
    sends: 'bytes that are no HTTP',
    does: '503, `not_sent`, reason `proxy_protocol_error`.',
    check: tunnel(proxyAnswers.writes('SSH-2.0-OpenSSH_9.9\r\n'), 'proxy_protocol_error'),
  },
  {
    product: 'A captive portal',
    sends: '`200` to CONNECT and a page in the place of TLS',
    does: '503, `not_sent`, reason `proxy_protocol_error`. Nothing of the page is taken as an answer.',
    check: tunnel(
      proxyAnswers.writes('HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}'),
      'proxy_protocol_error',
    ),
  },
];

const VARIABLES: readonly Situation[] = [
  {
    product: 'Docker (`~/.docker/config.json`)',
    sends: '`HTTP_PROXY`, `HTTPS_PROXY`, `NO_PROXY`, `FTP_PROXY` and `ALL_PROXY`, each in both cases',
    does: 'Reads `HTTPS_PROXY` and `NO_PROXY`, and ignores the others.',
    check: routes(
      {
        ...Object.fromEntries(
          ['HTTP_PROXY', 'http_proxy', 'FTP_PROXY', 'ALL_PROXY'].map((name) => [name, 'http://old:8080']),
        ),
        ...{ HTTPS_PROXY: 'http://proxy:3128', https_proxy: 'http://proxy:3128' },
        ...{ NO_PROXY: 'localhost,.inner.acme.com', no_proxy: 'localhost,.inner.acme.com' },
      },
      { [GALILEO]: 'proxy', 'https://login.inner.acme.com': 'direct' },
    ),
  },
  {
    product: 'Kubernetes, OpenShift',
    sends: '`NO_PROXY=.cluster.local,.svc,10.0.0.0/8,169.254.169.254,localhost`',
    does: 'Compares domains with names, and networks with addresses.',
    check: routes(
      { HTTPS_PROXY: 'http://proxy:3128', NO_PROXY: '.cluster.local,.svc,10.0.0.0/8,169.254.169.254,localhost' },
      {
        [GALILEO]: 'proxy',
        'https://keycloak.auth.svc': 'direct',
        'https://otel.obs.svc.cluster.local:4318': 'direct',
        'https://10.20.30.40:8443': 'direct',
      },
    ),
  },
  {
    product: 'curl, Python, Go',
    sends: '`https_proxy=proxy.acme.com:3128`, in lower case and without a scheme',
    does: 'Takes it as `http://proxy.acme.com:3128`.',
    check: routes({ https_proxy: 'proxy.acme.com:3128' }, { [GALILEO]: 'proxy' }),
  },
  {
    product: 'Istio and other sidecars',
    sends: '`HTTPS_PROXY=http://127.0.0.1:15001`, and targets on loopback',
    does: 'Takes a proxy on loopback. Targets on loopback are always direct.',
    check: routes(
      { HTTPS_PROXY: 'http://127.0.0.1:15001' },
      { [GALILEO]: 'proxy', 'https://localhost:4318': 'direct', 'https://127.0.0.1:8443': 'direct' },
    ),
  },
  {
    product: 'Windows, Java',
    sends: '`NO_PROXY` with `<local>`, `10.*` or `*.acme.com`',
    does: 'Reads them as these systems do.',
    check: routes(
      { HTTPS_PROXY: 'http://proxy:3128', NO_PROXY: '<local>,10.*,*.acme.com' },
      { [GALILEO]: 'proxy', 'https://siem': 'direct', 'https://10.1.2.3': 'direct', 'https://siem.acme.com': 'direct' },
    ),
  },
  {
    product: 'Scripts of older systems',
    sends: '`NO_PROXY=10.96.` for a network',
    does: 'Refuses the start: programs disagree about it. The sentence shows how a network is written, `10.0.0.0/8`.',
    check: refused({ HTTPS_PROXY: 'http://proxy', NO_PROXY: '10.96.' }, 'network (10.0.0.0/8)'),
  },
  {
    product: 'Platforms with a form for the proxy',
    sends: '`HTTPS_PROXY=none` or `direct`',
    does: 'Refuses the start: it would be the name of a host. The sentence says to leave it empty.',
    check: refused({ HTTPS_PROXY: 'none' }, 'leave it empty for no proxy'),
  },
  {
    product: 'docker --env-file, systemd',
    sends: '`HTTPS_PROXY=http://$PROXY_USER:$PROXY_PASS@proxy:3128`, not replaced',
    does: 'Refuses the start: it would send the names of the variables as credentials.',
    check: refused({ HTTPS_PROXY: 'http://$PROXY_USER:$PROXY_PASS@proxy:3128' }, 'nothing has replaced'),
  },
  {
    product: 'A Windows domain account',
    sends: String.raw`${'`'}HTTPS_PROXY=http://CORP\svc:…@proxy:3128${'`'}`,
    does: 'Refuses the start and says to write `%5C` for the backslash. The password is not shown.',
    check: refused({ HTTPS_PROXY: 'http://CORP\\svc:sesame@proxy:3128' }, 'write %5C for it'),
  },
  {
    product: 'A SOCKS proxy',
    sends: '`HTTPS_PROXY=socks5://proxy:1080`',
    does: 'Refuses the start and asks for an HTTP proxy that allows CONNECT.',
    check: refused({ HTTPS_PROXY: 'socks5://proxy:1080' }, 'name an HTTP proxy that allows CONNECT'),
  },
  {
    product: 'A person',
    sends: '`NO_PROXY=https://siem.acme.com`',
    does: 'Refuses the start, names the place of the entry, and says to write the host alone.',
    check: refused({ HTTPS_PROXY: 'http://proxy', NO_PROXY: 'a.io,https://b.io' }, 'entry 2 that begins with a scheme'),
  },
  {
    product: 'A base image and a platform',
    sends: '`HTTPS_PROXY` and `https_proxy` with different values',
    does: 'Refuses the start: programs disagree about which of them counts.',
    check: refused({ HTTPS_PROXY: 'http://a', https_proxy: 'http://b' }, 'are both set and differ; keep one'),
  },
  {
    product: 'Cloudflare Workers',
    sends: '`HTTPS_PROXY` or `https_proxy` as a binding',
    does: 'Serves nothing and names the setting: Workers have no way out through a proxy.',
    async check() {
      for (const name of ['HTTPS_PROXY', 'https_proxy', 'NO_PROXY']) {
        const read = await readConfig({ ...REQUIRED, LEDGER: {}, [name]: 'proxy.acme.com:3128' });
        expect(read).toEqual({
          kind: 'refused',
          problems: [`${name} has no meaning on Workers: Workers have no way out through a proxy; remove it`],
        });
      }
    },
  },
];

/** Proxies between this service and the internet, as they answer, and as platforms name them. */
export const EGRESS: Chapter = {
  title: 'Egress proxies',
  about:
    'Proxies between this service and the internet: what they answer to CONNECT, and how platforms name them. The whole process is tried through one in `test/e2e/egress.test.ts`.',
  situations: [...TUNNELS, ...VARIABLES],
};
