/**
 * Derives three settings of the listener from HOST, TRUSTED_PROXY_HOPS and KEEP_ALIVE_S: the keep-alive timeout, the
 * bound for the connections of one address, and the grace period at shutdown. A trusted proxy reuses idle connections,
 * and a request on a connection that is just being closed fails with 502. So behind a proxy the keep-alive timeout is
 * longer than the 600 s of Google's load balancer and the 60 s of most others; without one it is short. All connections
 * of a proxy come from its address, so the bound for an address holds only without one. A load balancer on another
 * machine needs time to see that the service is not ready, so a service that listens beyond loopback has a grace
 * period.
 */
import type { Settings } from '../../../config/schema.ts';
import { LISTENER_LIMITS } from './listener.ts';

export interface Exposure {
  /** How long an idle connection is kept; Node keeps it a second longer than it announces to the client. */
  readonly keepAliveMs: number;
  /** How many connections one address may have; null: any number. */
  readonly maxConnectionsPerAddress: number | null;
  /** How long new connections are still accepted after the service became not ready. */
  readonly graceMs: number;
}

type ExposureSettings = Pick<Settings, 'HOST' | 'TRUSTED_PROXY_HOPS'> & Partial<Pick<Settings, 'KEEP_ALIVE_S'>>;

const BEHIND_PROXY_MS = 620_000;
const LOOPBACK = /^(?:localhost|127\.\d+\.\d+\.\d+|::1)$/;

export function exposureOf({ HOST, TRUSTED_PROXY_HOPS: hops, KEEP_ALIVE_S }: ExposureSettings): Exposure {
  const defaultMs = hops > 0 ? BEHIND_PROXY_MS : LISTENER_LIMITS.keepAliveMs;
  return {
    keepAliveMs: typeof KEEP_ALIVE_S === 'number' ? KEEP_ALIVE_S * 1000 : defaultMs,
    maxConnectionsPerAddress: hops > 0 ? null : LISTENER_LIMITS.maxConnectionsPerAddress,
    graceMs: LOOPBACK.test(HOST) ? 0 : 3_000,
  };
}
