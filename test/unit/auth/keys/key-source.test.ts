import { describe, expect, it } from 'vitest';

import { fetchKeySet } from '../../../../src/auth/keys/key-source.ts';
import type { DocumentResult } from '../../../../src/ports/fetch-document.ts';
import { document, ISSUER, testDocuments } from '../../../support/tokens.ts';

const KEYS = '{"keys":[]}';
const OPENID = `${ISSUER}/realms/corp/.well-known/openid-configuration`;
const OAUTH = `${ISSUER}/.well-known/oauth-authorization-server/realms/corp`;

async function fetchFrom(
  answers: Readonly<Record<string, DocumentResult | object>>,
  settings: { issuer?: string; jwksUri?: string; insecureDev?: boolean } = {},
) {
  const documents = testDocuments((url) => {
    const answer = answers[url];
    if (answer === undefined) return { kind: 'failed', reason: 'bad_status', status: 404 };
    return 'kind' in answer ? answer : document(JSON.stringify(answer));
  });
  const result = await fetchKeySet({
    profile: { issuer: settings.issuer ?? `${ISSUER}/realms/corp`, jwksUri: settings.jwksUri ?? null },
    fetchDocument: documents.fetchDocument,
    rules: { insecureDev: settings.insecureDev ?? false },
  });
  return { outcome: result.kind === 'document' ? result.text : result.reason, urls: documents.urls };
}

const metadata = (changes: object = {}) => ({
  issuer: `${ISSUER}/realms/corp`,
  jwks_uri: `${ISSUER}/jwks`,
  ...changes,
});
const keys = { [`${ISSUER}/jwks`]: document(KEYS) };

describe('the source of keys', () => {
  it('is jwks_uri where it is configured, without a look at the metadata', async () => {
    expect(await fetchFrom(keys, { jwksUri: `${ISSUER}/jwks` })).toEqual({ outcome: KEYS, urls: [`${ISSUER}/jwks`] });
  });

  it('is found through OpenID discovery', async () => {
    expect(await fetchFrom({ ...keys, [OPENID]: metadata() })).toEqual({
      outcome: KEYS,
      urls: [OPENID, `${ISSUER}/jwks`],
    });
  });

  it('is found through OpenID discovery for an issuer that ends in a slash', async () => {
    const issuer = `${ISSUER}/realms/corp/`;
    expect((await fetchFrom({ ...keys, [OPENID]: metadata({ issuer }) }, { issuer })).outcome).toBe(KEYS);
  });

  it('is found through RFC 8414 metadata where there is no OpenID document', async () => {
    expect(await fetchFrom({ ...keys, [OAUTH]: metadata() })).toEqual({
      outcome: KEYS,
      urls: [OPENID, OAUTH, `${ISSUER}/jwks`],
    });
  });

  it.each([
    ['an error', { kind: 'failed', reason: 'bad_status', status: 500 }],
    ['a redirect', { kind: 'failed', reason: 'redirected', status: 302 }],
    ['silence', { kind: 'failed', reason: 'timeout' }],
  ] as const)('is not looked for elsewhere when OpenID discovery answers with %s', async (_title, answer) => {
    const { outcome, urls } = await fetchFrom({ ...keys, [OPENID]: answer, [OAUTH]: metadata() });
    expect([outcome, urls]).toEqual([answer.reason, [OPENID]]);
  });

  it.each([
    ['another issuer', { issuer: 'https://evil.example' }, 'metadata_issuer_mismatch'],
    ['the issuer with a slash more', { issuer: `${ISSUER}/realms/corp/` }, 'metadata_issuer_mismatch'],
    ['no issuer', { issuer: undefined }, 'metadata_malformed'],
    ['no jwks_uri', { jwks_uri: undefined }, 'metadata_malformed'],
    ['a jwks_uri that is a list', { jwks_uri: [`${ISSUER}/jwks`] }, 'metadata_malformed'],
    ['keys over plain http', { jwks_uri: 'http://id.example.com/jwks' }, 'metadata_jwks_uri_not_allowed'],
    ['keys on loopback over plain http', { jwks_uri: 'http://127.0.0.1/jwks' }, 'metadata_jwks_uri_not_allowed'],
    ['keys in a data URL', { jwks_uri: 'data:application/json,{}' }, 'metadata_jwks_uri_not_allowed'],
    ['credentials in jwks_uri', { jwks_uri: 'https://a:b@id.example.com/jwks' }, 'metadata_jwks_uri_not_allowed'],
  ])('is not believed when the metadata names %s', async (_title, changes, reason) => {
    const { outcome, urls } = await fetchFrom({ ...keys, [OPENID]: metadata(changes) });
    expect([outcome, urls]).toEqual([reason, [OPENID]]);
  });

  it('says what the metadata has where that is not what was configured', async () => {
    const text = JSON.stringify({ ...metadata(), issuer: 'https://login.example.com', access_token_issuer: 'urn:sts' });
    const documents = testDocuments(() => document(text));
    const profile = { issuer: `${ISSUER}/realms/corp`, jwksUri: null };
    expect(await fetchKeySet({ profile, ...documents, rules: { insecureDev: false } })).toMatchObject({
      reason: 'metadata_issuer_mismatch',
      metadata: { issuer: 'https://login.example.com', accessTokenIssuer: 'urn:sts', jwksUri: `${ISSUER}/jwks` },
    });
  });

  it('may be plain http on loopback in insecure development only', async () => {
    const issuer = 'http://127.0.0.1:9400';
    const answers = {
      [`${issuer}/.well-known/openid-configuration`]: { issuer, jwks_uri: `${issuer}/jwks` },
      [`${issuer}/jwks`]: document(KEYS),
    };
    expect((await fetchFrom(answers, { issuer, insecureDev: true })).outcome).toBe(KEYS);
    expect((await fetchFrom(answers, { issuer })).outcome).toBe('metadata_jwks_uri_not_allowed');
  });

  it('asks for at most 256 KiB', async () => {
    let asked = 0;
    await fetchKeySet({
      profile: { issuer: ISSUER, jwksUri: `${ISSUER}/jwks` },
      fetchDocument: async ({ maxBytes }) => {
        asked = maxBytes;
        return document(KEYS);
      },
      rules: { insecureDev: false },
    });
    expect(asked).toBe(262_144);
  });
});
