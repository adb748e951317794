import { base64url, exportJWK, generateKeyPair, SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';

import { createFakeClock } from '../support/clock.ts';
import {
  claimsText,
  corpDocuments,
  document,
  es256Signer,
  headerText,
  hmacSign,
  rs256Signer,
  testDocuments,
  testVerifier,
  verdict,
} from '../support/tokens.ts';

/**
 * Key sets with a key that must verify nothing, beside an honest one. Such a set comes from an issuer that publishes too
 * much, or from one that others may add keys to. The honest tokens are verified wherever no key is in doubt.
 */
const signer = await es256Signer();
const stranger = await es256Signer();
const rsa = await rs256Signer();

describe('a hostile key set', () => {
  const secret = Uint8Array.from(new TextEncoder().encode('0123456789abcdef0123456789abcdef'));
  const shared = { kty: 'oct', k: base64url.encode(secret), alg: 'HS256', use: 'sig' };
  const setUp = (keys: readonly object[]) => {
    const set = testDocuments((url) =>
      url.endsWith('/openid-configuration') ? corpDocuments(signer.jwk)(url) : document(JSON.stringify({ keys })),
    );
    return testVerifier({ fetchDocument: set.fetchDocument, clock: createFakeClock() });
  };
  const underOurKid = { ...stranger.jwk, kid: 'key-1' };
  const honest = () => signer.sign(headerText(), claimsText());
  const forged = () => stranger.sign(headerText(), claimsText());

  it('with a shared secret under our kid gives it no say, and costs our key nothing', async () => {
    for (const keys of [
      [{ ...shared, kid: 'key-1' }, signer.jwk],
      [signer.jwk, { ...shared, kid: 'key-1' }],
    ]) {
      const target = setUp(keys);
      const input = `${base64url.encode(headerText({ alg: 'HS256' }))}.${base64url.encode(claimsText())}`;
      expect(await verdict(target, `${input}.${await hmacSign(secret, input)}`)).toBe('refused:algorithm_not_allowed');
      expect(await verdict(target, await honest())).toBe('verified');
    }
  });

  it('with an encryption key under our kid gives it no say, and costs our key nothing', async () => {
    const target = setUp([{ ...underOurKid, use: 'enc' }, signer.jwk]);
    expect(await verdict(target, await forged())).toBe('refused:signature_invalid');
    expect(await verdict(target, await honest())).toBe('verified');
  });

  it('with two keys under one kid and algorithm trusts neither', async () => {
    for (const keys of [
      [signer.jwk, underOurKid],
      [underOurKid, signer.jwk],
    ]) {
      const target = setUp([...keys, (await es256Signer('key-2')).jwk]);
      expect(await verdict(target, await forged())).toBe('refused:key_unknown');
      expect(await verdict(target, await honest())).toBe('refused:key_unknown');
      expect(await verdict(target, await signer.sign(headerText({ kid: undefined }), claimsText()))).toBe(
        'refused:signature_invalid',
      );
    }
  });

  it('with our private key in it trusts that key no more, in any of its places', async () => {
    const pair = await generateKeyPair('ES256', { extractable: true });
    const published = { ...(await exportJWK(pair.publicKey)), kid: 'key-1' };
    const leaked = { ...(await exportJWK(pair.privateKey)), kid: 'key-2' };
    const text = await new SignJWT(JSON.parse(claimsText()) as Record<string, unknown>)
      .setProtectedHeader(JSON.parse(headerText()) as { alg: string })
      .sign(pair.privateKey);
    expect(await verdict(setUp([published]), text)).toBe('verified');
    expect(await verdict(setUp([published, leaked, { ...stranger.jwk, kid: 'key-3' }]), text)).toBe(
      'refused:key_unknown',
    );
  });

  it('without any kid does not let a token choose a key of another kind', async () => {
    const bare = { ...signer.jwk, kid: undefined };
    const target = setUp([bare, { ...underOurKid, kid: undefined, use: 'enc' }]);
    expect(await verdict(target, await honest())).toBe('verified');
    expect(await verdict(target, await forged())).toBe('refused:signature_invalid');
    expect(await verdict(target, await rsa.sign(headerText({ alg: 'RS256' }), claimsText()))).toBe(
      'refused:key_unknown',
    );
  });
});
