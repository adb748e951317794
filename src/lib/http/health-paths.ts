/**
 * The paths of health, with and without a slash at the end, because people write both into load balancers. Their answers
 * depend on nothing that a probe sends, so probes may leave out what other requests need.
 */
export const LIVEZ_PATHS = ['/livez', '/livez/'];
export const READYZ_PATHS = ['/readyz', '/readyz/'];
/** `OPTIONS` is what HAProxy asks with where no other method is written. */
export const PROBE_METHODS = ['GET', 'OPTIONS'];

const HEALTH_PATHS: ReadonlySet<string> = new Set([...LIVEZ_PATHS, ...READYZ_PATHS]);

export function isHealthPath(path: string): boolean {
  return HEALTH_PATHS.has(path);
}
