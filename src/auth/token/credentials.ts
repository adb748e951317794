import { bearerToken } from './bearer.ts';

/**
 * Finds the token of a request: in the caller's own `Authorization`, or in the field that Cloudflare Access adds.
 * Access takes its token from a cookie, which a browser sends from any page. Such a token is therefore accepted only
 * from an allowed origin, or from a page of this service itself: the console, where it is served. This file only reads
 * fields; verify decides whether the token is valid.
 */
export const TOKEN_FIELDS = {
  Authorization: { ambient: false },
  'Cf-Access-Jwt-Assertion': { ambient: true },
} as const satisfies Record<string, { readonly ambient: boolean }>;

export type TokenField = keyof typeof TOKEN_FIELDS;

/** The field that carried a token, and the origin of the request. */
export interface Arrival {
  readonly field: TokenField;
  /** The `Origin` field of the request (RFC 6454 §7); null when there is none. */
  readonly origin: string | null;
  /**
   * The browser says that a page of this origin asks (`Sec-Fetch-Site: same-origin`, Fetch Metadata). No page can set the
   * field. A browser sends no `Origin` with such a GET.
   */
  readonly isSameOrigin: boolean;
}

export type Credentials =
  | { readonly kind: 'token'; readonly token: string; readonly arrival: Arrival }
  | { readonly kind: 'missing' }
  | { readonly kind: 'without_scheme' }
  | { readonly kind: 'malformed' }
  /** A token in each field. Which one counts must not depend on the reader, so the request is refused. */
  | { readonly kind: 'two_tokens' };

/**
 * `field` reads a header field. `expected` holds the fields that tokens of the configured issuers come in; the field of
 * Cloudflare Access is read only if it is one of them.
 */
export function readCredentials(
  field: (name: string) => string | undefined,
  expected: ReadonlySet<TokenField>,
): Credentials {
  const bearer = bearerToken(field('Authorization'));
  const assertion = expected.has('Cf-Access-Jwt-Assertion') ? field('Cf-Access-Jwt-Assertion') : undefined;
  const origin = field('Origin') ?? null;
  const isSameOrigin = field('Sec-Fetch-Site') === 'same-origin';
  if (assertion === undefined) {
    return bearer.kind === 'token' ? { ...bearer, arrival: { field: 'Authorization', origin, isSameOrigin } } : bearer;
  }
  if (bearer.kind === 'token' || bearer.kind === 'malformed') return { kind: 'two_tokens' };
  return { kind: 'token', token: assertion, arrival: { field: 'Cf-Access-Jwt-Assertion', origin, isSameOrigin } };
}

/** Which pages may send a token that the browser adds by itself. */
export interface TrustedPages {
  readonly corsOrigins: readonly string[];
  /** Whether the service has pages of its own (PAGES). Without them, a page of its origin is one of another app. */
  readonly pages: boolean;
}

/** Why a token of this issuer may not arrive in this way, or null. */
export function arrivalFault(
  { field, origin, isSameOrigin }: Arrival,
  { tokenField }: { readonly tokenField: TokenField },
  { corsOrigins, pages }: TrustedPages,
): 'token_field_not_allowed' | 'origin_not_allowed' | null {
  if (field !== tokenField) return 'token_field_not_allowed';
  if (!TOKEN_FIELDS[field].ambient || (pages && isSameOrigin)) return null;
  return origin !== null && corsOrigins.includes(origin) ? null : 'origin_not_allowed';
}
