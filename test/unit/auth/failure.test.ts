import { describe, expect, it } from 'vitest';

import { describeFailure } from '../../../src/auth/failure.ts';
import type { TokenFailureReason } from '../../../src/auth/failure.ts';

/** The type makes this table complete: a new reason does not compile until it is listed here. */
const SENTENCES: Record<TokenFailureReason, RegExp> = {
  token_too_long: /too long/,
  not_compact_jws: /well-formed/,
  not_canonical_base64url: /well-formed/,
  header_not_strict_json: /well-formed/,
  payload_not_strict_json: /well-formed/,
  issuer_missing: /issuer/,
  issuer_unknown: /issuer/,
  token_field_not_allowed: /header field/,
  origin_not_allowed: /Origin/,
  header_field_not_allowed: /header/,
  algorithm_not_allowed: /header/,
  key_id_malformed: /header/,
  token_type_not_allowed: /header/,
  key_unknown: /signature/,
  key_ambiguous: /signature/,
  key_algorithm_mismatch: /signature/,
  signature_invalid: /signature/,
  expired: /expired/,
  not_yet_valid: /not valid yet/,
  issued_in_future: /not valid yet/,
  lifetime_too_long: /lives longer/,
  audience_mismatch: /another service/,
  claim_missing: /claim/,
  claim_malformed: /claim/,
  claim_mismatch: /claim/,
};

describe('a refused token', () => {
  it.each(Object.entries(SENTENCES))('for %s gets one plain sentence', (reason, pattern) => {
    const sentence = describeFailure({ reason: reason as TokenFailureReason, issuer: 'corp' });
    expect(sentence).toMatch(pattern);
    expect(sentence).toMatch(/^[\x20\x21\x23-\x5b\x5d-\x7e]+\.$/);
    expect(sentence).not.toContain('corp');
  });

  it('gets one of few sentences, so that a forger learns little', () => {
    const sentences = Object.keys(SENTENCES).map((reason) =>
      describeFailure({ reason: reason as TokenFailureReason, issuer: null }),
    );
    expect(new Set(sentences).size).toBeLessThanOrEqual(12);
  });
});
