/**
/**
 * Derives three settings of the listener from HOST and TRUSTED_PROXY_HOPS: the keep-alive timeout, the bound for the
 * connections of one address, and the grace period at shutdown. A trusted proxy reuses idle connections, and a request on
 * a connection that is just being closed fails with 502. So behind a proxy the keep-alive timeout is longer than the 60 s
 * of common load balancers; without one it is short. All connections of a proxy come from its address, so the bound for an
 * address holds only without one. A load balancer on another machine needs time to see that the service is not ready, so
 * a service that listens beyond loopback has a grace period.
 */
import { LISTENER_LIMITS } from './listener.ts';

export interface Exposure {
  /** How long an idle connection is kept; Node keeps it a second longer than it announces to the client. */
  readonly keepAliveMs: number;
  /** How many connections one address may have; null: any number. */
  readonly maxConnectionsPerAddress: number | null;
  /** How long new connections are still accepted after the service became not ready. */
  readonly graceMs: number;
}

const LOOPBACK = /^(?:localhost|127\.\d+\.\d+\.\d+|::1)$/;

export function exposureOf(settings: { readonly HOST: string; readonly TRUSTED_PROXY_HOPS: number }): Exposure {
  return {
    keepAliveMs: settings.TRUSTED_PROXY_HOPS > 0 ? 65_000 : LISTENER_LIMITS.keepAliveMs,
    maxConnectionsPerAddress: settings.TRUSTED_PROXY_HOPS > 0 ? null : LISTENER_LIMITS.maxConnectionsPerAddress,
    graceMs: LOOPBACK.test(settings.HOST) ? 0 : 3_000,
  };
}
