import { describe, expect, it } from 'vitest';

import { DEFAULT_TOKEN_BYTES, MAX_TOKEN_BYTES } from '../../../src/auth/token/token-limit.ts';
import type { IssuerConfig } from '../../../src/auth/issuers.ts';
import { issuersSchema } from '../../../src/auth/issuers.ts';
import { PRESET_NAMES } from '../../../src/auth/presets.ts';
import { HEADER_LIMIT_BYTES } from '../../../src/lib/http/header-limit.ts';
import { createFakeClock } from '../../support/clock.ts';
import {
  AUDIENCE,
  claimsText,
  corpDocuments,
  es256Signer,
  headerText,
  ISSUER,
  testDocuments,
  testVerifier,
  verdict,
} from '../../support/tokens.ts';
import { LARGEST_TOKENS } from './largest-tokens.ts';

describe('the largest token', () => {
  // test/compatibility/tokens.ts verifies them.
  it('is known for every preset', () => {
    expect([...new Set(LARGEST_TOKENS.map(({ preset }) => preset))]).toEqual(PRESET_NAMES);
  });
});

describe('the size of a token', () => {
  async function setUp(changes: Partial<IssuerConfig> = {}) {
    const own = await es256Signer();
    const verifier = testVerifier({
      fetchDocument: testDocuments(corpDocuments(own.jwk)).fetchDocument,
      clock: createFakeClock(),
      issuers: [{ name: 'corp', issuer: ISSUER, audience: AUDIENCE, ...changes }],
    });
    /** A verified token of exactly this length, but for the three lengths that base64url cannot have. */
    const tokenOf = async (length: number): Promise<string> => {
      const bare = await own.sign(headerText(), claimsText({ pad: '' }));
      const missing = length - bare.length;
      const token = await own.sign(headerText(), claimsText({ pad: 'x'.repeat(Math.floor((missing * 3) / 4)) }));
      expect(length - token.length).toBeLessThanOrEqual(2);
      return token;
    };
    return { verifier, tokenOf };
  }

  it('may be what the header section leaves for it', async () => {
    const { verifier, tokenOf } = await setUp();
    expect(await verdict(verifier, await tokenOf(DEFAULT_TOKEN_BYTES))).toBe('verified');
    expect(await verdict(verifier, await tokenOf(DEFAULT_TOKEN_BYTES + 4))).toBe('refused:token_too_long');
  });

  it.each([1024, MAX_TOKEN_BYTES])('may be %i bytes where the entry says so, and not more', async (max_token_bytes) => {
    const { verifier, tokenOf } = await setUp({ max_token_bytes });
    expect(await verdict(verifier, await tokenOf(max_token_bytes))).toBe('verified');
    expect(await verdict(verifier, await tokenOf(max_token_bytes + 4))).toBe('refused:token_too_long');
  });

  it('is judged by the entry of its issuer, which the refusal names', async () => {
    const { verifier, tokenOf } = await setUp({ max_token_bytes: 1024 });
    expect(await verifier.verify(await tokenOf(2048))).toEqual({
      kind: 'refused',
      failure: { reason: 'token_too_long', issuer: 'corp' },
    });
    expect(await verifier.verify(await tokenOf(MAX_TOKEN_BYTES + 4))).toEqual({
      kind: 'refused',
      failure: { reason: 'token_too_long', issuer: null },
    });
  });

  it('may not be set to more than the header section lets through', () => {
    expect(MAX_TOKEN_BYTES).toBeLessThan(HEADER_LIMIT_BYTES);
    const entry = { name: 'corp', issuer: ISSUER, audience: AUDIENCE, max_token_bytes: MAX_TOKEN_BYTES + 1 };
    const parsed = issuersSchema.safeParse([entry]);
    expect(parsed.error?.issues.map(({ path, message }) => [path.join('.'), message])).toEqual([
      [
        '0.max_token_bytes',
        `must be at most ${MAX_TOKEN_BYTES}: a larger token does not fit into the header section of a request`,
      ],
    ]);
  });
});
