import { describe, expect, it } from 'vitest';

import { createFakeClock } from '../support/clock.ts';
import {
  AUDIENCE,
  claimsText,
  corpDocuments,
  document,
  es256Signer,
  headerText,
  ISSUER,
  NOW_S,
  testDocuments,
  testVerifier,
  verdict,
} from '../support/tokens.ts';

/**
 * Tokens with a valid signature of a trusted key and claims that must be refused. Each row differs from the honest
 * token only in the point that its title names. The honest token is verified in the same test file.
 */
const signer = await es256Signer();
const { fetchDocument } = testDocuments(corpDocuments(signer.jwk));
const verifier = testVerifier({ fetchDocument, clock: createFakeClock() });

const withClaims = (changes: object) => signer.sign(headerText(), claimsText(changes));
/** Replaces a member's value by text that JSON.stringify would not write. */
const withRawClaim = (name: string, text: string) =>
  signer.sign(headerText(), claimsText({ [name]: '@' }).replace('"@"', text));

type Row = readonly [title: string, reason: string, token: () => Promise<string>];

const ROUTING: Row[] = [
  ['no iss', 'issuer_missing', () => withClaims({ iss: undefined })],
  ['iss a list with ours', 'issuer_missing', () => withClaims({ iss: [ISSUER] })],
  ['iss of a stranger', 'issuer_unknown', () => withClaims({ iss: 'https://evil.example' })],
  ['iss with a slash behind', 'issuer_unknown', () => withClaims({ iss: `${ISSUER}/` })],
  ['iss in other case', 'issuer_unknown', () => withClaims({ iss: ISSUER.toUpperCase() })],
  ['iss the short name', 'issuer_unknown', () => withClaims({ iss: 'corp' })],
  ['iss with ours as its user information', 'issuer_unknown', () => withClaims({ iss: `${ISSUER}@evil.example` })],
];

const TIMES: Row[] = [
  ['no exp', 'claim_missing', () => withClaims({ exp: undefined })],
  ['no iat', 'claim_missing', () => withClaims({ iat: undefined })],
  ['expired 31 seconds ago', 'expired', () => withClaims({ iat: NOW_S - 600, exp: NOW_S - 31 })],
  ['expired at the edge of the tolerance', 'expired', () => withClaims({ iat: NOW_S - 600, exp: NOW_S - 30 })],
  ['exp = 0', 'expired', () => withClaims({ exp: 0 })],
  ['exp below 0', 'expired', () => withClaims({ exp: -1 })],
  ['exp a string', 'claim_malformed', () => withClaims({ exp: String(NOW_S + 600) })],
  ['exp true', 'claim_malformed', () => withClaims({ exp: true })],
  ['exp null', 'claim_malformed', () => withClaims({ exp: null })],
  ['exp in milliseconds', 'lifetime_too_long', () => withClaims({ exp: (NOW_S + 600) * 1000 })],
  ['exp with a fraction', 'claim_malformed', () => withClaims({ exp: NOW_S + 0.5 })],
  ['exp beyond what a double holds', 'claim_malformed', () => withRawClaim('exp', '9007199254740993')],
  ['exp = 1e308', 'claim_malformed', () => withRawClaim('exp', '1e308')],
  ['exp in ten years', 'lifetime_too_long', () => withClaims({ exp: NOW_S + 315_360_000 })],
  ['a life of a day and a second', 'lifetime_too_long', () => withClaims({ exp: NOW_S + 86_401 })],
  ['exp before iat', 'claim_malformed', () => withClaims({ iat: NOW_S + 20, exp: NOW_S + 10 })],
  ['iat 31 seconds ahead', 'issued_in_future', () => withClaims({ iat: NOW_S + 31 })],
  ['iat a string', 'claim_malformed', () => withClaims({ iat: String(NOW_S) })],
  ['iat below 0', 'claim_malformed', () => withClaims({ iat: -1 })],
  ['nbf 31 seconds ahead', 'not_yet_valid', () => withClaims({ nbf: NOW_S + 31 })],
  ['nbf a string', 'claim_malformed', () => withClaims({ nbf: String(NOW_S) })],
  ['nbf null', 'claim_malformed', () => withClaims({ nbf: null })],
];

const OTHER_CLAIMS: Row[] = [
  ['no aud', 'claim_missing', () => withClaims({ aud: undefined })],
  ['aud of another service', 'audience_mismatch', () => withClaims({ aud: 'payroll' })],
  ['aud in other case', 'audience_mismatch', () => withClaims({ aud: AUDIENCE.toUpperCase() })],
  ['aud with ours as its beginning', 'audience_mismatch', () => withClaims({ aud: `${AUDIENCE}-staging` })],
  ['aud an empty list', 'audience_mismatch', () => withClaims({ aud: [] })],
  ['aud ours beside a number', 'claim_malformed', () => withClaims({ aud: [AUDIENCE, 1] })],
  ['aud an object with ours as a member', 'audience_mismatch', () => withClaims({ aud: { [AUDIENCE]: true } })],
  ['no sub', 'claim_missing', () => withClaims({ sub: undefined })],
  ['sub a number', 'claim_malformed', () => withClaims({ sub: 7 })],
  ['sub empty', 'claim_malformed', () => withClaims({ sub: '' })],
  ['sub a list', 'claim_malformed', () => withClaims({ sub: ['hr-portal'] })],
  ['sub with a line end', 'claim_malformed', () => withClaims({ sub: 'hr-portal\n' })],
  ['sub with a zero-width space', 'claim_malformed', () => withClaims({ sub: 'hr-\u200bportal' })],
  ['sub with an override of the direction', 'claim_malformed', () => withClaims({ sub: '\u202elatrop-rh' })],
  ['client_id with a Hangul filler', 'claim_malformed', () => withClaims({ client_id: 'hr-portal\u3164' })],
  ['client_id with a tag character', 'claim_malformed', () => withClaims({ client_id: 'hr-portal\u{e0041}' })],
  ['jti with an isolate', 'claim_malformed', () => withClaims({ jti: 'id-\u2066' })],
  ['sub of 300 characters', 'claim_malformed', () => withClaims({ sub: 's'.repeat(300) })],
  ['no client_id', 'claim_missing', () => withClaims({ client_id: undefined })],
  ['client_id a list', 'claim_malformed', () => withClaims({ client_id: ['hr-portal'] })],
  ['client_id empty', 'claim_malformed', () => withClaims({ client_id: '' })],
  ['no jti', 'claim_missing', () => withClaims({ jti: undefined })],
  ['jti a number', 'claim_malformed', () => withClaims({ jti: 1 })],
];

describe('a well-signed token', () => {
  it('is verified when its claims are honest, at the edges too', async () => {
    expect(await verdict(verifier, await withClaims({}))).toBe('verified');
    expect(await verdict(verifier, await withClaims({ aud: ['other', AUDIENCE], nbf: NOW_S + 30 }))).toBe('verified');
    expect(await verdict(verifier, await withClaims({ iat: NOW_S - 600, exp: NOW_S - 29 }))).toBe('verified');
    expect(await verdict(verifier, await withClaims({ iat: NOW_S + 30, exp: NOW_S + 86_430 }))).toBe('verified');
  });

  it.each([...ROUTING, ...TIMES, ...OTHER_CLAIMS])('with %s is refused as %s', async (_title, reason, token) => {
    expect(await verdict(verifier, await token())).toBe(`refused:${reason}`);
  });

  it.each([
    ['scope an object', { scope: { 'invites:write': true } }, [], []],
    ['scope a list with a number', { scope: ['invites:write', 1] }, ['invites:write'], []],
    ['groups a string', { scope: undefined, groups: 'it-admins' }, [], ['it-admins']],
    ['groups a list with an object', { scope: undefined, groups: [{ name: 'it-admins' }] }, [], []],
  ])('with %s is verified, and what cannot be read grants nothing', async (_title, changes, scopes, groups) => {
    expect(await verifier.verify(await withClaims(changes))).toMatchObject({
      kind: 'verified',
      principal: { scopes, groups },
    });
  });

  it('of one issuer is not verified with the keys, or for the audience, of another', async () => {
    const partner = await es256Signer();
    const iss = 'https://id.partner.example';
    const published = testDocuments((url) => {
      return document(JSON.stringify({ keys: [url.startsWith(iss) ? partner.jwk : signer.jwk] }));
    });
    const both = testVerifier({
      fetchDocument: published.fetchDocument,
      clock: createFakeClock(),
      issuers: [
        { name: 'corp', issuer: ISSUER, audience: AUDIENCE, jwks_uri: `${ISSUER}/jwks` },
        { name: 'partner', issuer: iss, audience: 'partner-invites', jwks_uri: `${iss}/jwks` },
      ],
    });
    const ofPartner = (changes: object) => partner.sign(headerText(), claimsText(changes));
    expect(await verdict(both, await ofPartner({}))).toBe('refused:signature_invalid');
    expect(await verdict(both, await ofPartner({ iss }))).toBe('refused:audience_mismatch');
    expect(await verdict(both, await ofPartner({ iss, aud: 'partner-invites' }))).toBe('verified');
    expect(await verdict(both, await withClaims({}))).toBe('verified');
  });
});
