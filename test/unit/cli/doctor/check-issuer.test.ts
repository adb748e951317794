/** The diagnosis of an issuer for each thing that may be wrong with its documents, its keys and its name. */
import { describe, expect, it } from 'vitest';
import type { IssuerConfig } from '../../../../src/auth/issuers.ts';
import { checkIssuer } from '../../../../src/cli/doctor/checks/check-issuer.ts';
import type { Probe } from '../../../../src/cli/doctor/probe.ts';
import type { DocumentResult } from '../../../../src/ports/fetch-document.ts';
import { es256Signer } from '../../../support/tokens.ts';
import { ISSUER_URL } from '../cli-harness.ts';

describe('an issuer', () => {
  const config = { name: 'corp', issuer: ISSUER_URL, audience: 'invites' };
  const look = (
    documents: Readonly<Record<string, DocumentResult>>,
    probe: Probe | null = null,
    entry: IssuerConfig = config,
  ) =>
    checkIssuer(entry, {
      rules: { insecureDev: false },
      fetchDocument: async ({ url }) => documents[url] ?? { kind: 'failed', reason: 'bad_status', status: 404 },
      probe: Promise.resolve(probe),
    });
  const document = (value: unknown): DocumentResult => ({
    kind: 'document',
    text: typeof value === 'string' ? value : JSON.stringify(value),
    contentType: 'application/json',
  });
  const METADATA = `${ISSUER_URL}/.well-known/openid-configuration`;
  const JWKS = `${ISSUER_URL}/jwks`;
  const metadata = document({ issuer: ISSUER_URL, jwks_uri: JWKS });
  const keys = (list: unknown) => look({ [METADATA]: metadata, [JWKS]: document({ keys: list }) });

  it('is well when it publishes a usable key', async () => {
    const { jwk } = await es256Signer();
    expect(await keys([jwk])).toMatchObject({
      status: 'ok',
      message: 'publishes one usable key (ES256)',
      remedy: null,
    });
  });

  it('is well, with a word on it, beside keys that are not used', async () => {
    const { jwk } = await es256Signer();
    const other = { ...jwk, kid: 'enc', use: 'enc' };
    expect(await keys([jwk, other])).toMatchObject({
      status: 'ok',
      message: expect.stringContaining('not_for_signatures'),
    });
  });

  it('is warned of when it publishes a private key', async () => {
    const { jwk } = await es256Signer();
    const { jwk: other } = await es256Signer();
    const leaked = { ...other, kid: 'leaked', d: 'AAAA' };
    expect(await keys([jwk, leaked])).toMatchObject({ status: 'warning', remedy: expect.stringContaining('at once') });
  });

  it.each([[[]], [[{ kty: 'oct', k: 'AAAA' }]], [[{ kty: 'RSA', n: 'AQAB', e: 'AQAB' }]]])(
    'fails without a usable key: %j',
    async (list) => {
      expect(await keys(list)).toMatchObject({
        status: 'failed',
        message: expect.stringContaining('no key that may be used'),
      });
    },
  );

  it('fails when what it publishes is no key set', async () => {
    expect(await look({ [METADATA]: metadata, [JWKS]: document({ jwks: [] }) })).toMatchObject({
      status: 'failed',
      message: expect.stringContaining('no key set'),
    });
  });

  it.each([
    [
      'metadata_issuer_mismatch',
      document({ issuer: `${ISSUER_URL}/`, jwks_uri: JWKS }),
      'has in its metadata the issuer',
    ],
    ['metadata_malformed', document({ issuer: ISSUER_URL }), 'without issuer or jwks_uri'],
    ['metadata_jwks_uri_not_allowed', document({ issuer: ISSUER_URL, jwks_uri: 'http://a.example.com' }), 'not https'],
    ['json_ambiguous', document('{"issuer":"a","issuer":"b"}'), 'read in different ways'],
    ['not_json', document('<h1>Sign in</h1>'), 'no JSON'],
    [
      'redirected',
      { kind: 'failed', reason: 'redirected', status: 302 },
      'redirects, which is not followed (status 302)',
    ],
    ['bad_status', { kind: 'failed', reason: 'bad_status', status: 500 }, '(status 500)'],
    ['timeout', { kind: 'failed', reason: 'timeout' }, 'in time'],
    ['too_large', { kind: 'failed', reason: 'too_large' }, '256 KiB'],
    ['not_utf8', { kind: 'failed', reason: 'not_utf8' }, 'no text'],
    ['unreachable', { kind: 'failed', reason: 'unreachable' }, 'does not answer'],
  ] as readonly (readonly [string, DocumentResult, string])[])(
    'fails with %s in plain words',
    async (reason, result, words) => {
      const finding = await look({ [METADATA]: result });
      expect(finding).toMatchObject({ status: 'failed', message: expect.stringContaining(words), details: { reason } });
      expect(finding.remedy).toMatch(/\w/);
    },
  );

  it.each([
    ['not_for_signatures', { use: 'enc' }, 'is for encryption'],
    ['name_in_other_case', { use: 'SIG' }, 'upper and lower case'],
    ['algorithm_not_supported', { crv: 'secp256k1' }, 'does not know'],
    ['certificate_only', { x: undefined, y: undefined, x5c: ['MIIC'] }, 'only as a certificate'],
    ['key_malformed', { x: '?' }, 'publish it again'],
    ['key_id_malformed', { kid: 7 }, '1 to 256 characters'],
    ['private_or_symmetric', { d: 'AAAA' }, 'at once'],
    ['not_a_key', { kty: undefined }, '"kty"'],
  ])('gives the remedy for its only key’s fault %s', async (fault, members, remedy) => {
    const { jwk } = await es256Signer();
    expect(await keys([{ ...jwk, ...members }])).toEqual({
      status: 'failed',
      message: `publishes no key that may be used (${fault})`,
      remedy: expect.stringContaining(remedy),
      details: { keys: 0, algorithms: [], dropped: [fault] },
    });
  });

  it('gives the remedy for an algorithm that AUTH_ISSUERS leaves out', async () => {
    const { jwk } = await es256Signer();
    const found = await look({ [METADATA]: metadata, [JWKS]: document({ keys: [jwk] }) }, null, {
      ...config,
      algorithms: ['RS256'],
    });
    expect(found).toMatchObject({ status: 'failed', remedy: expect.stringContaining('"algorithms" in AUTH_ISSUERS') });
  });

  it('is warned of when two keys have one kid', async () => {
    const { jwk } = await es256Signer();
    const [{ jwk: one }, { jwk: other }] = [await es256Signer('same'), await es256Signer('same')];
    expect(await keys([jwk, one, other])).toMatchObject({
      status: 'warning',
      remedy: expect.stringContaining('each its own kid'),
    });
  });

  describe('whose metadata has another name', async () => {
    const { jwk } = await es256Signer();
    const set = document({ keys: [jwk] });
    const named = (members: object) => document({ issuer: ISSUER_URL, jwks_uri: JWKS, ...members });

    it('is shown with both names and what to paste', async () => {
      expect(await look({ [METADATA]: named({ issuer: `${ISSUER_URL}/` }) })).toEqual({
        status: 'failed',
        message: `has in its metadata the issuer "${ISSUER_URL}/", where AUTH_ISSUERS has "${ISSUER_URL}"`,
        remedy: `If the iss of its access tokens is that, paste into AUTH_ISSUERS: "issuer": "${ISSUER_URL}/"`,
        details: { reason: 'metadata_issuer_mismatch', configured: ISSUER_URL, in_metadata: `${ISSUER_URL}/` },
      });
    });

    it('is told from a template of all tenants', async () => {
      const template = 'https://login.microsoftonline.com/{tenantid}/v2.0';
      expect(await look({ [METADATA]: named({ issuer: template }) })).toMatchObject({
        message: expect.stringContaining(template),
        remedy: expect.stringContaining('your own tenant'),
      });
    });

    it('is warned of where only access tokens have it, as at AD FS', async () => {
      const trust = 'http://adfs.acme.com/adfs/services/trust';
      expect(await look({ [METADATA]: named({ access_token_issuer: trust }), [JWKS]: set })).toMatchObject({
        status: 'warning',
        message: `publishes one usable key (ES256); it says in its metadata that its access tokens have the issuer "${trust}", where AUTH_ISSUERS has "${ISSUER_URL}"`,
        remedy: `If the iss of its access tokens is that, paste into AUTH_ISSUERS: "issuer": "${trust}", "jwks_uri": "${JWKS}"`,
      });
    });

    it('is warned of where the settings name the key set', async () => {
      const entry = { ...config, jwks_uri: JWKS };
      const documents = { [METADATA]: named({ issuer: `${ISSUER_URL}/` }), [JWKS]: set };
      expect(await look(documents, null, entry)).toMatchObject({
        status: 'warning',
        remedy: expect.stringContaining(`"issuer": "${ISSUER_URL}/"`),
      });
      expect(await look({ [METADATA]: named({}), [JWKS]: set }, null, entry)).toMatchObject({ status: 'ok' });
      expect(await look({ [JWKS]: set }, null, entry)).toMatchObject({ status: 'ok' });
    });

    it('is not looked for where the issuer is no https URL', async () => {
      const asked: string[] = [];
      const entry = { ...config, issuer: 'http://adfs.acme.com/adfs/services/trust', jwks_uri: JWKS };
      const finding = await checkIssuer(entry, {
        rules: { insecureDev: false },
        fetchDocument: async ({ url }) => {
          asked.push(url);
          return set;
        },
        probe: Promise.resolve(null),
      });
      expect([finding.status, asked]).toEqual(['ok', [JWKS]]);
    });

    it('is printed without control characters', async () => {
      const finding = await look({ [METADATA]: named({ issuer: 'a\u001b[31m' }) });
      expect(JSON.stringify(finding)).not.toContain('u001b');
    });
  });

  it('has its jwks_uri to blame where the settings name that', async () => {
    const finding = await look({}, null, { ...config, jwks_uri: JWKS });
    expect(finding).toMatchObject({ status: 'failed', remedy: expect.stringMatching(/^Check jwks_uri/) });
  });

  it('says why it is unreachable when the probe knows', async () => {
    const probe: Probe = { result: { kind: 'not_sent', reason: 'tls_failed' }, aheadMs: null };
    const finding = await look({ [METADATA]: { kind: 'failed', reason: 'unreachable' } }, probe);
    expect(finding).toMatchObject({ status: 'failed', details: { reason: 'tls_failed' } });
    expect(finding.remedy).toContain('NODE_EXTRA_CA_CERTS');
  });
});
