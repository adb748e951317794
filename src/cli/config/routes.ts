import { issuerProfile } from '../../auth/issuer-profile.ts';
import type { Route } from '../../lib/egress/egress.ts';
import { proxyName } from '../../lib/egress/proxy-address.ts';
import { egressOf } from '../../config/settings/settings-egress.ts';
import type { Configuration } from './read-configuration.ts';

/**
 * The route that each target of this configuration takes out of the network: directly or through the egress proxy. The
 * decision is the one that the service's clients make. Pure; nothing of it is secret.
 */
export interface TargetRoute {
  /** `Galileo`, `issuer corp`, `collector http`. */
  readonly target: string;
  readonly via: 'direct' | 'proxy';
  readonly sentence: string;
}

/** Targets whose address could not be read are left out. An issuer's keys may be at another host than its metadata. */
export function routesOf({ settings, issuers }: Pick<Configuration, 'settings' | 'issuers'>): readonly TargetRoute[] {
  const egress = egressOf(settings);
  const { GALILEO_API_URL: galileo, AUDIT_HTTP_URL: http } = settings;
  const otlp = settings.OTEL_EXPORTER_OTLP_LOGS_ENDPOINT ?? settings.OTEL_EXPORTER_OTLP_ENDPOINT;
  const targets = [
    ...(issuers ?? []).map((issuer) => ({
      target: `issuer ${issuer.name}`,
      url: issuerProfile(issuer).jwksUri ?? issuer.issuer,
    })),
    { target: 'Galileo', url: galileo },
    { target: 'collector http', url: http },
    { target: 'collector otlp', url: otlp },
  ];
  return targets.flatMap(({ target, url }) => {
    const parsed = URL.parse(url ?? '');
    if (parsed === null) return [];
    const route = egress.route(parsed);
    return [{ target, via: route.kind, sentence: sentenceOf(route) }];
  });
}

const DIRECTLY = {
  no_proxy_configured: 'directly',
  plain_http: 'directly: it is plain http',
  loopback: 'directly: it is on this machine',
} as const;

function sentenceOf(route: Route): string {
  if (route.kind === 'proxy') return `through the proxy ${proxyName(route.proxy)}`;
  return route.because === 'listed' ? `directly: NO_PROXY has ${route.entry}` : DIRECTLY[route.because];
}

/** The setting that leaves the routes unknown, because it was refused; null when they are known. */
export function unknownRoutes({ settings }: Pick<Configuration, 'settings'>): 'HTTPS_PROXY' | 'NO_PROXY' | null {
  if (settings.HTTPS_PROXY === undefined) return 'HTTPS_PROXY';
  return settings.NO_PROXY === undefined ? 'NO_PROXY' : null;
}
