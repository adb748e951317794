import type { ProxyFailure } from '../../../ports/http.ts';

/**
 * Doctor's words for an egress proxy that opened no tunnel. `message` follows the name of the target. No row names the
 * proxy: the check of the egress does.
 */
export interface Words {
  readonly message: string;
  readonly remedy: string;
}

const PROXY_ADDRESS =
  'Check scheme, host and port of HTTPS_PROXY (without a port it is 80, or 443 for https://; not 1080 or 3128)';

export const BEHIND_PROXY = {
  proxy_name_not_resolved: {
    message: 'is behind a proxy whose name does not resolve',
    remedy: 'Check the host in HTTPS_PROXY for a typing error, and the DNS of this machine or container.',
  },
  proxy_unreachable: {
    message: 'is behind a proxy that takes no connection',
    remedy: `${PROXY_ADDRESS}, and that a firewall lets this machine connect to the proxy.`,
  },
  proxy_tls_failed: {
    message: 'is behind a proxy at https:// whose certificate is not trusted, or that speaks no TLS 1.2',
    remedy:
      'If the proxy takes plain connections, as most do, write http:// in HTTPS_PROXY: TLS with the target stays end to end. ' +
      'If the proxy has a private authority, name its certificate in NODE_EXTRA_CA_CERTS, for the service too.',
  },
  proxy_timeout: {
    message: 'is behind a proxy that opens no connection in time',
    remedy: `${PROXY_ADDRESS}, and ask its operators whether it can reach this address.`,
  },
  proxy_credentials_rejected: {
    message: 'is behind a proxy that wants credentials, or refuses those it got (407 Proxy Authentication Required)',
    remedy:
      'Put them into HTTPS_PROXY: http://user:password@host:port, special characters percent-encoded. They are sent as Basic; ' +
      'for a proxy that wants NTLM or Kerberos, ask its operators to let this machine through by its address.',
  },
  proxy_refused: {
    message: 'may not be reached through the proxy: it refuses the connection (403, or another status below 500)',
    remedy:
      'Ask the operators of the proxy to allow CONNECT from this machine to this host and port. If it can be reached ' +
      'directly, name it in NO_PROXY.',
  },
  proxy_target_unreachable: {
    message: 'cannot be reached by the proxy (it answers 502, 503 or another status from 500)',
    remedy:
      'Check the address. If it is an inner host, which the proxy does not know, name it in NO_PROXY. Otherwise ask the ' +
      'operators of the proxy.',
  },
  proxy_protocol_error: {
    message: 'is behind a proxy that does not answer as an HTTP proxy',
    remedy: `${PROXY_ADDRESS}: something else may be listening, for example a SOCKS proxy.`,
  },
  proxy_connection_lost: {
    message: 'is behind a proxy that ends the connection before TLS with the target is set up',
    remedy: `${PROXY_ADDRESS}, and ask its operators whether it lets TLS to this host and port through.`,
  },
} as const satisfies Record<ProxyFailure, Words>;
