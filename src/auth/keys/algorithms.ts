/**
 * The signature algorithms that a token may use, each with the one type of key that fits it. All are asymmetric
 * (RFC 7518 §3.1, RFC 8037, RFC 9864). `none` and the HMAC family have no row, so no setting can enable them, and a
 * public key can never be used as a shared secret (RFC 8725 §2.1, §3.1).
 */
export const ALGORITHMS = {
  RS256: { kty: 'RSA', crv: null },
  RS384: { kty: 'RSA', crv: null },
  RS512: { kty: 'RSA', crv: null },
  PS256: { kty: 'RSA', crv: null },
  PS384: { kty: 'RSA', crv: null },
  PS512: { kty: 'RSA', crv: null },
  ES256: { kty: 'EC', crv: 'P-256' },
  ES384: { kty: 'EC', crv: 'P-384' },
  ES512: { kty: 'EC', crv: 'P-521' },
  EdDSA: { kty: 'OKP', crv: 'Ed25519' },
  Ed25519: { kty: 'OKP', crv: 'Ed25519' },
} as const satisfies Record<string, { readonly kty: 'RSA' | 'EC' | 'OKP'; readonly crv: string | null }>;

export type Algorithm = keyof typeof ALGORITHMS;

export const ALGORITHM_NAMES = Object.keys(ALGORITHMS) as [Algorithm, ...Algorithm[]];
