/**
 * A Galileo over TLS that only an egress proxy reaches, under a name that is not loopback, and the real HTTP client that
 * goes there. Both end with the test.
 */
import { onTestFinished } from 'vitest';
import type { Settings } from '../../../src/config/schema.ts';
import { egressOf } from '../../../src/config/settings/settings-egress.ts';
import { readProxyAddress } from '../../../src/lib/egress/proxy-address.ts';
import type { HttpClient } from '../../../src/platform/node/http-client/http-client.ts';
import { createHttpClient } from '../../../src/platform/node/http-client/http-client.ts';
import { selfSigned } from '../../contract/http-port/certificate.ts';
import type { RawServer } from '../../contract/http-port/server.ts';
import { serveRaw } from '../../contract/http-port/server.ts';
import type { ConnectProxy, ProxyAnswer } from './connect-proxy.ts';
import { proxyAnswers, serveConnectProxy } from './connect-proxy.ts';

const NAME = 'api.galileo.test';

export interface GalileoBehindProxy {
  readonly settings: Pick<Settings, 'GALILEO_API_URL' | 'HTTPS_PROXY'>;
  readonly http: HttpClient;
  readonly galileo: RawServer;
  readonly proxy: ConnectProxy;
  /** Changes how the proxy answers from the next CONNECT on. */
  answerWith(answer: ProxyAnswer): void;
}

export async function serveGalileoBehindProxy(first: ProxyAnswer = proxyAnswers.carries): Promise<GalileoBehindProxy> {
  const certificate = selfSigned(NAME);
  const galileo = await serveRaw(async (connection) => {
    for (;;) {
      await connection.request();
      connection.write('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}');
    }
  }, certificate);
  onTestFinished(() => galileo.close());
  let answer = first;
  const proxy = await serveConnectProxy({
    targets: { [`${NAME}:443`]: galileo.port },
    answer: (tunnel) => answer(tunnel),
  });
  const address = readProxyAddress(proxy.url);
  if (address.kind === 'unfit') throw new Error(address.problem);
  const http = createHttpClient({ ca: certificate.cert, egress: egressOf({ HTTPS_PROXY: address.proxy }) });
  onTestFinished(() => http.close());
  const settings = { GALILEO_API_URL: `https://${NAME}`, HTTPS_PROXY: address.proxy };
  return { settings, http, galileo, proxy, answerWith: (next) => void (answer = next) };
}
