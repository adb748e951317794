import { base64url, exportJWK, exportSPKI, generateKeyPair } from 'jose';
import { describe, expect, it } from 'vitest';

import { createFakeClock } from '../support/clock.ts';
import {
  claimsText,
  corpDocuments,
  es256Signer,
  headerText,
  hmacSign,
  ISSUER,
  testDocuments,
  testVerifier,
  verdict,
} from '../support/tokens.ts';

/**
 * Hostile tokens, most of them with a valid signature of a trusted key. Each row differs from the honest token only in
 * the point that its title names. The honest token is verified in the same file, so no row is refused by accident.
 */
const signer = await es256Signer();
const { fetchDocument } = testDocuments(corpDocuments(signer.jwk));
const verifier = testVerifier({ fetchDocument, clock: createFakeClock() });

const withHeader = (changes: object) => signer.sign(headerText(changes), claimsText());
const withClaims = (changes: object) => signer.sign(headerText(), claimsText(changes));
/** Replaces a member's value by text that JSON.stringify would not write. */
const withRawClaim = (name: string, text: string) =>
  signer.sign(headerText(), claimsText({ [name]: '@' }).replace('"@"', text));
const rewrite = async (change: (parts: [string, string, string]) => string): Promise<string> => {
  return change((await signer.sign(headerText(), claimsText())).split('.') as [string, string, string]);
};

const rsa = await generateKeyPair('RS256', { extractable: true });
const stranger = await es256Signer();
const nested = (depth: number): unknown => Array.from({ length: depth }).reduce<unknown>((inner) => ({ inner }), 'x');

type Row = readonly [title: string, reason: string, token: () => Promise<string> | string];

const FORM: Row[] = [
  ['an empty text', 'not_compact_jws', () => ''],
  ['two parts', 'not_compact_jws', () => rewrite(([h, p]) => `${h}.${p}`)],
  ['four parts', 'not_compact_jws', () => rewrite((parts) => `${parts.join('.')}.e30`)],
  ['five parts, as an encrypted token has', 'not_compact_jws', () => rewrite((parts) => `${parts.join('.')}.e30.e30`)],
  ['no signature', 'not_compact_jws', () => rewrite(([h, p]) => `${h}.${p}.`)],
  [
    'the JSON serialisation',
    'not_compact_jws',
    () => rewrite(([h, p, s]) => JSON.stringify({ protected: h, payload: p, signature: s })),
  ],
  ['more than the issuer may send', 'token_too_long', () => withClaims({ note: 'x'.repeat(16_000) })],
  ['more than a header section holds', 'token_too_long', () => withClaims({ note: 'x'.repeat(20_000) })],
  ['a megabyte', 'token_too_long', () => withClaims({ note: 'x'.repeat(750_000) })],
  ['padding', 'not_canonical_base64url', () => rewrite(([h, p, s]) => `${h}.${p}.${s}==`)],
  [
    'the other base64 alphabet',
    'not_canonical_base64url',
    () => signer.signEncoded(base64url.encode(headerText()), `${base64url.encode(claimsText())}+/+/`),
  ],
  [
    'a space inside',
    'not_canonical_base64url',
    () => rewrite(([h, p, s]) => `${h}.${p}.${s.slice(0, 9)} ${s.slice(9)}`),
  ],
  ['a line end behind', 'not_canonical_base64url', () => rewrite((parts) => `${parts.join('.')}\n`)],
  [
    'non-zero trailing bits in the signature',
    'not_canonical_base64url',
    () => rewrite(([h, p, s]) => `${h}.${p}.${dirtyTail(s)}`),
  ],
  [
    'non-zero trailing bits in the claims, signed so',
    'not_canonical_base64url',
    () => signer.signEncoded(base64url.encode(headerText()), dirtyTail(unevenly())),
  ],
  [
    'a part of an impossible length',
    'not_canonical_base64url',
    () => signer.signEncoded(base64url.encode(headerText()), 'AAAAA'),
  ],
  ['a header that is an array', 'header_not_strict_json', () => signer.sign('[]', claimsText())],
  ['a header that is not JSON', 'header_not_strict_json', () => signer.sign('alg', claimsText())],
  ['claims that are a string', 'payload_not_strict_json', () => signer.sign(headerText(), '"claims"')],
  ['claims that are null', 'payload_not_strict_json', () => signer.sign(headerText(), 'null')],
  ['text behind the claims', 'payload_not_strict_json', () => signer.sign(headerText(), `${claimsText()}{}`)],
  ['a byte order mark', 'payload_not_strict_json', () => signer.sign(headerText(), `\uFEFF${claimsText()}`)],
  [
    'claims that are not UTF-8',
    'payload_not_strict_json',
    () => signer.sign(headerText(), latin1(claimsText({ note: 'é' }))),
  ],
  ['a lone surrogate', 'payload_not_strict_json', () => withRawClaim('note', String.raw`"\ud800"`)],
  [
    'two `iss`',
    'payload_not_strict_json',
    () => signer.sign(headerText(), claimsText().replace('{', '{"iss":"https://evil.example",')),
  ],
  [
    'two `sub`',
    'payload_not_strict_json',
    () => signer.sign(headerText(), claimsText().replace('{', '{"sub":"it-admins",')),
  ],
  [
    'two `exp`, one written with an escape',
    'payload_not_strict_json',
    () => signer.sign(headerText(), claimsText().replace('{', String.raw`{"e\u0078p":9999999999,`)),
  ],
  ['a repeated member deep inside', 'payload_not_strict_json', () => withRawClaim('note', '{"a":[{"b":1,"b":2}]}')],
  ['two `alg`', 'header_not_strict_json', () => signer.sign(headerText().replace('{', '{"alg":"none",'), claimsText())],
  [
    'two `kid`',
    'header_not_strict_json',
    () => signer.sign(headerText().replace('{', '{"kid":"other",'), claimsText()),
  ],
  ['claims nested 17 deep', 'payload_not_strict_json', () => withClaims({ note: nested(16) })],
  [
    'claims nested 2,000 deep',
    'payload_not_strict_json',
    () => withRawClaim('note', `${'['.repeat(2000)}${']'.repeat(2000)}`),
  ],
  ['exp = 1e400', 'payload_not_strict_json', () => withRawClaim('exp', '1e400')],
  ['nbf = -1e400', 'payload_not_strict_json', () => withRawClaim('nbf', '-1e400')],
];

const HEADERS: Row[] = [
  [
    'alg none, unsigned but for a dummy',
    'algorithm_not_allowed',
    () => rewrite(([, p]) => `${base64url.encode(headerText({ alg: 'none' }))}.${p}.AAAA`),
  ],
  ['alg none with a signature', 'algorithm_not_allowed', () => withHeader({ alg: 'none' })],
  ['alg nOnE', 'algorithm_not_allowed', () => withHeader({ alg: 'nOnE' })],
  ['HS256 with the public key as the secret', 'algorithm_not_allowed', confusedHmac],
  ['alg es256', 'algorithm_not_allowed', () => withHeader({ alg: 'es256' })],
  ['alg ES256K', 'algorithm_not_allowed', () => withHeader({ alg: 'ES256K' })],
  ['alg a list', 'algorithm_not_allowed', () => withHeader({ alg: ['ES256'] })],
  ['alg an inherited name', 'algorithm_not_allowed', () => withHeader({ alg: 'constructor' })],
  ['no alg', 'algorithm_not_allowed', () => withHeader({ alg: undefined })],
  [
    'an embedded jwk',
    'header_field_not_allowed',
    async () => stranger.sign(headerText({ jwk: stranger.jwk }), claimsText()),
  ],
  ['jku', 'header_field_not_allowed', () => withHeader({ jku: 'https://evil.example/jwks' })],
  ['x5u', 'header_field_not_allowed', () => withHeader({ x5u: 'https://evil.example/cert' })],
  ['x5c', 'header_field_not_allowed', () => withHeader({ x5c: ['AAAA'] })],
  ['crit', 'header_field_not_allowed', () => withHeader({ crit: ['exp'], exp: 1 })],
  ['an empty crit', 'header_field_not_allowed', () => withHeader({ crit: [] })],
  ['b64: false without crit', 'header_field_not_allowed', () => withHeader({ b64: false })],
  ['b64: false with crit', 'header_field_not_allowed', () => withHeader({ b64: false, crit: ['b64'] })],
  ['zip', 'header_field_not_allowed', () => withHeader({ zip: 'DEF' })],
  [
    'cty: JWT and a token as its claims',
    'payload_not_strict_json',
    async () => signer.sign(headerText({ cty: 'JWT' }), await signer.sign(headerText(), claimsText())),
  ],
  ['the ephemeral key of an encrypted token', 'header_field_not_allowed', () => withHeader({ epk: stranger.jwk })],
  ['a chain of trust', 'header_field_not_allowed', () => withHeader({ trust_chain: ['AAAA'] })],
  ['a signer, as load balancers of AWS have', 'header_field_not_allowed', () => withHeader({ signer: 'arn:aws:x' })],
  ['jku in other case', 'header_field_not_allowed', () => withHeader({ JKU: 'https://evil.example/jwks' })],
  ['sub in the header', 'header_field_not_allowed', () => withHeader({ sub: 'it-admins' })],
  ['enc', 'header_field_not_allowed', () => withHeader({ enc: 'A256GCM' })],
  ['iss in the header', 'header_field_not_allowed', () => withHeader({ iss: ISSUER })],
  [
    'a member named __proto__',
    'header_field_not_allowed',
    () => signer.sign(headerText().replace('{', '{"__proto__":{"typ":"at+jwt"},'), claimsText()),
  ],
  ['no typ', 'token_type_not_allowed', () => withHeader({ typ: undefined })],
  ['typ JWT, as ID tokens have', 'token_type_not_allowed', () => withHeader({ typ: 'JWT' })],
  ['typ logout+jwt', 'token_type_not_allowed', () => withHeader({ typ: 'logout+jwt' })],
  ['typ a number', 'token_type_not_allowed', () => withHeader({ typ: 1 })],
  [
    'typ application/application/at+jwt',
    'token_type_not_allowed',
    () => withHeader({ typ: 'application/application/at+jwt' }),
  ],
];

const KEYS: Row[] = [
  ['a kid nobody published', 'key_unknown', () => withHeader({ kid: 'key-2' })],
  ['a kid that walks paths', 'key_unknown', () => withHeader({ kid: '../../../../dev/null' })],
  ['a kid that speaks SQL', 'key_unknown', () => withHeader({ kid: "x' UNION SELECT 'AAAA" })],
  ['a kid named __proto__', 'key_unknown', () => withHeader({ kid: '__proto__' })],
  ['a kid in other case', 'key_unknown', () => withHeader({ kid: 'KEY-1' })],
  ['a kid that is a number', 'key_id_malformed', () => withHeader({ kid: 1 })],
  ['a kid that is null', 'key_id_malformed', () => withHeader({ kid: null })],
  ['an empty kid', 'key_id_malformed', () => withHeader({ kid: '' })],
  ['a kid with a NUL', 'key_id_malformed', () => withHeader({ kid: 'key-1\0' })],
  ['a kid of 300 characters', 'key_id_malformed', () => withHeader({ kid: 'k'.repeat(300) })],
  ["a stranger's signature under our kid", 'signature_invalid', () => stranger.sign(headerText(), claimsText())],
  [
    "a stranger's signature without a kid",
    'signature_invalid',
    () => stranger.sign(headerText({ kid: undefined }), claimsText()),
  ],
  ['RS256 under the kid of an elliptic key', 'key_algorithm_mismatch', rs256UnderEcKid],
  ['ES384 under the kid of a P-256 key', 'key_algorithm_mismatch', () => withHeader({ alg: 'ES384' })],
  [
    'a changed claim',
    'signature_invalid',
    () => rewrite(([h, , s]) => `${h}.${base64url.encode(claimsText({ sub: 'it-admins' }))}.${s}`),
  ],
  [
    'a changed header',
    'signature_invalid',
    () => rewrite(([, p, s]) => `${base64url.encode(headerText({ kid: undefined }))}.${p}.${s}`),
  ],
  [
    'a signature of zeros',
    'signature_invalid',
    () => rewrite(([h, p]) => `${h}.${p}.${base64url.encode(new Uint8Array(64))}`),
  ],
  ['a signature cut short', 'signature_invalid', () => rewrite(([h, p, s]) => `${h}.${p}.${s.slice(0, 40)}`)],
  ['a signature made longer', 'signature_invalid', () => rewrite(([h, p, s]) => `${h}.${p}.${s.slice(0, -2)}AAAA`)],
];

describe('a hostile token', () => {
  it('differs from an honest one, which is verified', async () => {
    expect(await verdict(verifier, await withHeader({}))).toBe('verified');
    expect(await verdict(verifier, await withHeader({ kid: undefined }))).toBe('verified');
    expect(await verdict(verifier, await withHeader({ typ: 'application/at+jwt' }))).toBe('verified');
    expect(await verdict(verifier, await withClaims({ note: nested(15) }))).toBe('verified');
    expect(await verdict(verifier, await withClaims({ note: 'x'.repeat(9000) }))).toBe('verified');
  });

  it.each(['x5t', 'x5t#S256', 'cty', 'nonce', 'kid2', 'keys', 'jwks', 'alg2', 'verify', 'constructor', 'toString'])(
    'gains nothing by the header field %s: the same caller, and never another key',
    async (field) => {
      const honest = await verifier.verify(await withHeader({}));
      for (const value of [stranger.jwk.kid, { ...stranger.jwk }, [stranger.jwk], 'https://evil.example', null]) {
        const header = headerText({ [field]: value });
        expect(await verifier.verify(await signer.sign(header, claimsText()))).toEqual(honest);
        expect(await verdict(verifier, await stranger.sign(header, claimsText()))).toBe('refused:signature_invalid');
      }
    },
  );

  it.each([...FORM, ...HEADERS, ...KEYS])('with %s is refused as %s', async (_title, reason, token) => {
    expect(await verdict(verifier, await token())).toBe(`refused:${reason}`);
  });

  it('is refused again when it comes again', async () => {
    const forged = await stranger.sign(headerText(), claimsText());
    expect([await verdict(verifier, forged), await verdict(verifier, forged)]).toEqual([
      'refused:signature_invalid',
      'refused:signature_invalid',
    ]);
  });

  it('cannot ride on a verified one that it equals but for its last character', async () => {
    const honest = await signer.sign(headerText(), claimsText());
    expect(await verdict(verifier, honest)).toBe('verified');
    for (const last of ['A', 'Q', 'g', 'w', 'B', '=']) {
      const twin = honest.slice(0, -1) + last;
      if (twin !== honest) expect(await verdict(verifier, twin)).toMatch(/^refused:/);
    }
  });
});

/** Sets the lowest padding bit. */
function dirtyTail(encoded: string): string {
  const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return encoded.slice(0, -1) + (digits[digits.indexOf(encoded.at(-1) ?? '') + 1] ?? '');
}

/** Claims whose base64url encoding has padding bits. */
function unevenly(): string {
  const encoded = ['', 'x', 'xx']
    .map((note) => base64url.encode(claimsText({ note })))
    .find((candidate) => candidate.length % 4 !== 0);
  return encoded ?? '';
}

function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.codePointAt(0) ?? 0);
}

async function confusedHmac(): Promise<string> {
  const input = `${base64url.encode(headerText({ alg: 'HS256' }))}.${base64url.encode(claimsText())}`;
  const key = await crypto.subtle.importKey(
    'jwk',
    { ...signer.jwk } as JsonWebKey,
    { name: 'ECDSA', namedCurve: 'P-256' },
    true,
    ['verify'],
  );
  return `${input}.${await hmacSign(Uint8Array.from(new TextEncoder().encode(await exportSPKI(key))), input)}`;
}

async function rs256UnderEcKid(): Promise<string> {
  const input = `${base64url.encode(headerText({ alg: 'RS256' }))}.${base64url.encode(claimsText())}`;
  const signature = await crypto.subtle.sign('RSASSA-PKCS1-v1_5', rsa.privateKey, new TextEncoder().encode(input));
  expect((await exportJWK(rsa.publicKey)).kty).toBe('RSA');
  return `${input}.${base64url.encode(new Uint8Array(signature))}`;
}
