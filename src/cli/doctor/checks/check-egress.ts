import type { ProxyAddress } from '../../../lib/egress/proxy-address.ts';
import { proxyName } from '../../../lib/egress/proxy-address.ts';
import type { Configuration } from '../../config/read-configuration.ts';
import { routesOf, unknownRoutes } from '../../config/routes.ts';
import type { Diagnosis } from '../check.ts';
import { ok, skipped } from '../check.ts';

/**
 * Doctor's report of the egress proxy and of the route to each target. Whether the proxy lets a target through is found
 * by the check of that target, over the same client. Pure.
 */
export function egressFinding(proxy: ProxyAddress | undefined, configuration: Configuration): Diagnosis {
  const unknown = unknownRoutes(configuration);
  if (proxy === undefined || unknown !== null) return skipped(`is not known: ${unknown ?? 'HTTPS_PROXY'} is refused`);
  const routes = routesOf(configuration);
  const through = routes.filter(({ via }) => via === 'proxy').length;
  const credentials = proxy.authorization === null ? 'without credentials' : 'with credentials';
  const message = `is the proxy ${proxyName(proxy)}, ${credentials}, for ${String(through)} of ${String(routes.length)} targets`;
  return ok(message, {
    lines: routes.map(({ target, sentence }) => `${target}: ${sentence}`),
    details: Object.fromEntries(routes.map(({ target, sentence }) => [target, sentence])),
  });
}
