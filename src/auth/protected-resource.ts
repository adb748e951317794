import { issuerUrlProblem } from './issuers.ts';
import type { UrlRules } from './issuers.ts';
import { SCOPES } from './principal.ts';

/**
 * OAuth 2.0 Protected Resource Metadata (RFC 9728 §2), which a client needs to get a token for this service.
 * `resource` must be exactly the URL that clients use for the service (§3.3).
 */
export interface ProtectedResource {
  readonly resource: string;
  /** Only issuers that are https URLs (§2, RFC 8414 §2). Left out when there is none. */
  readonly authorization_servers?: readonly string[];
  readonly scopes_supported: readonly string[];
  readonly bearer_methods_supported: readonly ['header'];
}

const WELL_KNOWN = '/.well-known/oauth-protected-resource';

export function protectedResource(
  publicUrl: string,
  issuers: readonly { readonly issuer: string }[],
  rules: UrlRules,
): ProtectedResource {
  const servers = issuers.map(({ issuer }) => issuer).filter((issuer) => issuerUrlProblem(issuer, rules) === null);
  return {
    resource: publicUrl,
    ...(servers.length === 0 ? {} : { authorization_servers: servers }),
    scopes_supported: SCOPES,
    bearer_methods_supported: ['header'],
  };
}

/** The URL of the metadata for `publicUrl`: the well-known part goes between host and path (RFC 9728 §3.1). */
export function resourceMetadataUrl(publicUrl: string): string {
  const { origin, pathname } = new URL(publicUrl);
  return `${origin}${WELL_KNOWN}${pathname.replace(/\/$/, '')}`;
}
