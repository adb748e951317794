import { thrownCode } from '../../../lib/thrown.ts';
import type { NotSentReason, ProxyFailure } from '../../../ports/http.ts';

/** Why a connection was not opened, from the codes of node:net, node:dns, OpenSSL and undici, and from the tunnel. */

/** The egress proxy opened no tunnel. It has no cause: the message of that error may hold an address. */
export class TunnelError extends Error {
  override readonly name = 'TunnelError';
  readonly reason: ProxyFailure;

  constructor(reason: ProxyFailure) {
    super(reason);
    this.reason = reason;
  }
}

/** Any code that is not listed is a plain failure to connect. */
const REASONS: ReadonlyMap<string, NotSentReason> = new Map([
  ['ENOTFOUND', 'name_not_resolved'],
  ['EAI_AGAIN', 'name_not_resolved'],
  ['EAI_FAIL', 'name_not_resolved'],
  ['EAI_NODATA', 'name_not_resolved'],
  ['EAI_NONAME', 'name_not_resolved'],
  ['ETIMEDOUT', 'connect_timeout'],
  ['UND_ERR_CONNECT_TIMEOUT', 'connect_timeout'],
  ['UND_ERR_CLOSED', 'client_closed'],
  ['UND_ERR_DESTROYED', 'client_closed'],
]);

/** OpenSSL and node:tls name verification failures after X509_V_ERR_*; all other TLS errors have a prefix. */
const TLS_CODE =
  /^(?:ERR_TLS_|ERR_SSL_|ERR_OSSL_|EPROTO$|CERT_|CRL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|INVALID_|PATH_LENGTH_|HOSTNAME_)/;

/** The reason of an error that came before a byte of the request was written. */
export function connectFailure(error: unknown): NotSentReason {
  if (error instanceof TunnelError) return error.reason;
  const code = thrownCode(error) ?? '';
  return REASONS.get(code) ?? (TLS_CODE.test(code) ? 'tls_failed' : 'connect_failed');
}
