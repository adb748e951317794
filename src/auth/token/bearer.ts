/**
 * The two header fields of RFC 6750: reads `Authorization: Bearer`, writes `WWW-Authenticate`.
 * It handles text only; verify decides whether the token is valid.
 */
export type BearerToken =
  | { readonly kind: 'token'; readonly token: string }
  /** No credentials of this scheme. Credentials of another scheme are ignored: they are not meant for this service. */
  | { readonly kind: 'missing' }
  /** Something in the form of a JWT, alone or behind `JWT` or `Token`. It is never read as a token. */
  | { readonly kind: 'without_scheme' }
  | { readonly kind: 'malformed' };

const JWT_WITHOUT_BEARER = /^(?:(?:JWT|Token)[ \t]+)?[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*$/i;

/**
 * RFC 9110 §11.4: scheme in any case, spaces, one token68. Two tokens, or two fields joined by a comma, are malformed.
 */
export function bearerToken(value: string | undefined): BearerToken {
  const match = /^([^ \t]*)[ \t]*(.*)$/s.exec(value ?? '');
  if (match?.[1]?.toLowerCase() !== 'bearer') {
    return { kind: JWT_WITHOUT_BEARER.test(value ?? '') ? 'without_scheme' : 'missing' };
  }
  const token = /^[Bb][Ee][Aa][Rr][Ee][Rr] +([A-Za-z0-9._~+/-]+=*)$/.exec(value ?? '')?.[1];
  return token === undefined ? { kind: 'malformed' } : { kind: 'token', token };
}

export type ChallengeOccasion =
  /** No credentials came: no error code (RFC 6750 §3.1). */
  | { readonly kind: 'missing' }
  | { readonly kind: 'invalid_token'; readonly description: string }
  | { readonly kind: 'insufficient_scope'; readonly scope: string };

const REALM = 'galileo-invites';

/** The value of `WWW-Authenticate`. `resourceMetadataUrl` is null when no public URL is configured (RFC 9728 §5.1). */
export function challenge(occasion: ChallengeOccasion, resourceMetadataUrl: string | null): string {
  const parameters: [name: string, value: string][] = [['realm', REALM]];
  if (resourceMetadataUrl !== null) parameters.push(['resource_metadata', resourceMetadataUrl]);
  if (occasion.kind !== 'missing') parameters.push(['error', occasion.kind]);
  if (occasion.kind === 'invalid_token') parameters.push(['error_description', occasion.description]);
  if (occasion.kind === 'insufficient_scope') parameters.push(['scope', occasion.scope]);
  return `Bearer ${parameters.map(([name, value]) => `${name}=${quoted(value)}`).join(', ')}`;
}

/** RFC 9110 §5.6.4. RFC 6750 §3 allows only printable ASCII without quote and backslash; the rest is removed. */
function quoted(value: string): string {
  return `"${value.replaceAll(/[^\x20\x21\x23-\x5b\x5d-\x7e]/g, '')}"`;
}
