import { bearerToken } from './bearer.ts';

/**
 * Where a token comes from in a request: the caller's own `Authorization`, or the field that Cloudflare Access adds.
 * Behind the latter is a cookie, which a browser sends whoever wrote the page; so such a token counts only in a request
 * that names an allowed origin. Reads fields only: whether the token is any good is verify's matter.
 */
export const TOKEN_FIELDS = {
  Authorization: { ambient: false },
  'Cf-Access-Jwt-Assertion': { ambient: true },
} as const satisfies Record<string, { readonly ambient: boolean }>;

export type TokenField = keyof typeof TOKEN_FIELDS;

/** How a token came. */
export interface Arrival {
  readonly field: TokenField;
  /** The `Origin` field of the request (RFC 6454 §7); null when there is none. */
  readonly origin: string | null;
}

export type Credentials =
  | { readonly kind: 'token'; readonly token: string; readonly arrival: Arrival }
  | { readonly kind: 'missing' }
  | { readonly kind: 'malformed' }
  /** A token in each field: which one counts must not depend on who reads. */
  | { readonly kind: 'two_tokens' };

/** `field` reads a header field; `expected` are the fields that some issuer's tokens come in: no other is looked at. */
export function readCredentials(
  field: (name: string) => string | undefined,
  expected: ReadonlySet<TokenField>,
): Credentials {
  const bearer = bearerToken(field('Authorization'));
  const assertion = expected.has('Cf-Access-Jwt-Assertion') ? field('Cf-Access-Jwt-Assertion') : undefined;
  const origin = field('Origin') ?? null;
  if (assertion === undefined) {
    return bearer.kind === 'token' ? { ...bearer, arrival: { field: 'Authorization', origin } } : bearer;
  }
  if (bearer.kind !== 'missing') return { kind: 'two_tokens' };
  return { kind: 'token', token: assertion, arrival: { field: 'Cf-Access-Jwt-Assertion', origin } };
}

/** What is wrong with the way a token of this issuer came, or null. */
export function arrivalFault(
  { field, origin }: Arrival,
  { tokenField }: { readonly tokenField: TokenField },
  allowedOrigins: readonly string[],
): 'token_field_not_allowed' | 'origin_not_allowed' | null {
  if (field !== tokenField) return 'token_field_not_allowed';
  if (!TOKEN_FIELDS[field].ambient) return null;
  return origin !== null && allowedOrigins.includes(origin) ? null : 'origin_not_allowed';
}
