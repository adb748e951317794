/**
 * Who stands between this process and its callers, read from settings that say so anyway, and what follows from it.
 * Proxies of one's own keep connections ready for the next caller: ending one just as it is used would cost that
 * caller a 502, so theirs outlive the 60 s after which common load balancers let go. Everyone else's end soon.
 * And whoever is not on this machine needs a moment to hear that it is no longer ready.
 */
import { LISTENER_LIMITS } from './listener.ts';

export interface Exposure {
  /** How long an idle connection is kept; Node adds a second to what it tells the client. */
  readonly keepAliveMs: number;
  /** How long new connections are still taken once the readiness is off. */
  readonly graceMs: number;
}

const LOOPBACK = /^(?:localhost|127\.\d+\.\d+\.\d+|::1)$/;

export function exposureOf(settings: { readonly HOST: string; readonly TRUSTED_PROXY_HOPS: number }): Exposure {
  return {
    keepAliveMs: settings.TRUSTED_PROXY_HOPS > 0 ? 65_000 : LISTENER_LIMITS.keepAliveMs,
    graceMs: LOOPBACK.test(settings.HOST) ? 0 : 3_000,
  };
}
