import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createECDH } from 'node:crypto';
import { exportJWK, generateKeyPair } from 'jose';
import { expect, onTestFinished } from 'vitest';
import { issuerProblem } from '../../src/auth/issuers.ts';
import type { IssuerConfig } from '../../src/auth/issuers.ts';
import { COOL_DOWN_MS, MAX_AGE_MS, REFRESH_BEHIND_MS } from '../../src/auth/keys/key-set.ts';
import { fetchKeySet, MAX_DOCUMENT_BYTES } from '../../src/auth/keys/key-source.ts';
import { selectUsableKeys } from '../../src/auth/keys/verification-key.ts';
import { checkIssuer } from '../../src/cli/doctor/checks/check-issuer.ts';
import { createFetchDocument } from '../../src/platform/node/http-client/fetch-document.ts';
import { createFakeClock } from '../support/clock.ts';
import { startTestService } from '../support/service.ts';
import {
  AUDIENCE,
  claimsText,
  corpDocuments,
  document,
  headerText,
  ISSUER,
  rs256Signer,
  testDocuments,
  testVerifier,
  verdict,
} from '../support/tokens.ts';
import type { Chapter } from './situation.ts';

const ANN = { emails: ['ann@acme.com'] };
const signer = await rs256Signer();
const stranger = await rs256Signer();
const { n = '', e = '' } = signer.jwk;
const rs256 = (changes: object = {}) => signer.sign(headerText({ alg: 'RS256', ...changes }), claimsText());

/** What becomes of a token that the signer signed, when its issuer publishes these keys. */
async function judge(keys: readonly object[], token = rs256()): Promise<string> {
  const metadata = { issuer: ISSUER, jwks_uri: `${ISSUER}/jwks` };
  const { fetchDocument } = testDocuments((url) =>
    document(JSON.stringify(url.endsWith('/jwks') ? { keys } : metadata)),
  );
  return verdict(testVerifier({ fetchDocument, clock: createFakeClock() }), await token);
}

const takes = (keys: readonly object[]) => async (): Promise<void> => expect(await judge(keys)).toBe('verified');

/** doctor on an issuer whose metadata has these members. */
async function doctor(entry: Partial<IssuerConfig>, metadata: object) {
  const text = (url: string) => JSON.stringify(url.endsWith('/jwks') ? { keys: [signer.jwk] } : metadata);
  return checkIssuer(
    { name: 'corp', issuer: ISSUER, audience: AUDIENCE, ...entry },
    {
      rules: { insecureDev: false },
      fetchDocument: async ({ url }) => document(text(url)),
      probe: Promise.resolve(null),
    },
  );
}

/** Issuers' key sets and names, as they really are. */
export const KEY_SETS: Chapter = {
  title: 'Issuers and key sets',
  about: 'The documents that identity providers publish, and the names that they give themselves.',
  situations: [
    {
      product: 'Keycloak, OpenSearch',
      sends: 'an encryption key (`RSA-OAEP`) under the `kid` of the signing key',
      does: 'Sets the encryption key aside. The signing key verifies.',
      check: takes([{ ...stranger.jwk, use: 'enc', alg: 'RSA-OAEP' }, signer.jwk]),
    },
    {
      product: 'WSO2, Keycloak',
      sends: 'one key under one `kid` for `RS256` and again for `RS512`',
      does: 'Takes both entries as one key for both algorithms.',
      check: takes([signer.jwk, { ...signer.jwk, alg: 'RS512' }]),
    },
    {
      product: 'A key set of several servers',
      sends: 'the same key twice',
      does: 'Takes it once.',
      check: takes([signer.jwk, { ...signer.jwk, x5t: 'AAAA' }]),
    },
    {
      product: 'Any provider',
      sends: 'an RSA key and an elliptic key under one `kid`',
      does: 'Chooses by the algorithm of the token.',
      async check() {
        const { publicKey } = await generateKeyPair('ES256', { extractable: true });
        expect(await judge([{ ...(await exportJWK(publicKey)), kid: 'key-1' }, signer.jwk])).toBe('verified');
      },
    },
    {
      product: 'Any provider',
      sends: 'two different keys under one `kid` for one algorithm',
      does: 'Trusts neither: 401, and `key_dropped` in the log.',
      async check() {
        expect(await judge([stranger.jwk, signer.jwk, { ...stranger.jwk, kid: 'key-2' }])).toBe('refused:key_unknown');
      },
    },
    {
      product: 'Any provider',
      sends: 'a private key by mistake',
      does: 'Uses neither it nor its public half.',
      async check() {
        expect(await judge([signer.jwk, { ...signer.jwk, kid: 'other', d: 'AAAA' }, stranger.jwk])).toBe(
          'refused:signature_invalid',
        );
      },
    },
    {
      product: 'Jenkins, Firebase, Cloud Foundry UAA',
      sends: 'a modulus with a zero byte in front',
      does: 'Reads the same number.',
      check: takes([
        { ...signer.jwk, n: Buffer.concat([Buffer.alloc(1), Buffer.from(n, 'base64url')]).toString('base64url') },
      ]),
    },
    {
      product: 'Java and .NET services',
      sends: 'key members in base64 with `=`, `+` and `/`, and in lines',
      does: 'Reads the same bytes.',
      check: takes([
        { ...signer.jwk, n: Buffer.from(n, 'base64url').toString('base64').replaceAll(/.{76}/g, '$&\r\n'), e: `${e}=` },
      ]),
    },
    {
      product: 'Java services',
      sends: 'an elliptic key whose coordinate lacks its leading zero',
      does: 'Reads the same number.',
      async check() {
        const [x, y] = shortPoint();
        const set = await selectUsableKeys({ keys: [{ kty: 'EC', crv: 'P-256', kid: 'a', x, y }] }, ['ES256']);
        expect(set?.usable).toHaveLength(1);
      },
    },
    {
      product: '.NET and Java services',
      sends: '`"alg":""`, `"use":""` and `"oth":[]` for what a key has not',
      does: 'Takes them as absent. An `oth` with entries is a private key.',
      check: takes([{ ...signer.jwk, alg: '', use: '', oth: [], x5c: [] }]),
    },
    {
      product: '.NET services',
      sends: '`null` for every member that a key has not',
      does: 'Takes the members as absent.',
      check: takes([{ ...signer.jwk, d: null, p: null, k: null, x5c: null, key_ops: null, alg: null }]),
    },
    {
      product: 'AD FS, WSO2',
      sends: 'a `kid` in tokens and none in the key set',
      does: 'Tries the keys without a `kid` that fit the algorithm.',
      check: takes([
        { ...stranger.jwk, kid: undefined },
        { ...signer.jwk, kid: undefined },
      ]),
    },
    {
      product: 'PingFederate, WSO2 API Manager',
      sends: 'tokens without a `kid`, while two keys are published',
      does: 'Tries each key that fits the algorithm, at most eight.',
      async check() {
        const keys = [stranger.jwk, { ...signer.jwk, kid: 'key-2' }];
        expect(await judge(keys, rs256({ kid: undefined }))).toBe('verified');
      },
    },
    {
      product: 'PingFederate, Entra ID',
      sends: 'a key set of more than 64 KiB, with certificate chains',
      does: 'Reads up to 256 KiB.',
      async check() {
        const text = JSON.stringify({ keys: [{ ...signer.jwk, x5c: ['M'.repeat(200_000)] }] });
        expect(text.length).toBeLessThan(MAX_DOCUMENT_BYTES);
        expect((await fetchFrom(text, 'application/json')).kind).toBe('document');
      },
    },
    {
      product: 'IIS, object stores',
      sends: 'a key set with a byte order mark, as `application/octet-stream`',
      does: 'Judges it by its content.',
      async check() {
        const text = `\uFEFF${JSON.stringify({ keys: [signer.jwk] })}`;
        expect((await fetchFrom(text, 'application/octet-stream')).kind).toBe('document');
      },
    },
    {
      product: 'Servers that negotiate',
      sends: 'a key set as `application/jwk-set+json` only, and 406 to others',
      does: 'Asks for that type too.',
      async check() {
        const text = JSON.stringify({ keys: [signer.jwk] });
        expect((await fetchFrom(text, 'application/jwk-set+json')).kind).toBe('document');
      },
    },
    {
      product: 'Some SAML bridges',
      sends: 'keys as certificates only (`x5c`)',
      does: 'Sets them aside. `doctor` says what the issuer has to publish.',
      async check() {
        const keys = [{ kty: 'RSA', use: 'sig', kid: 'key-1', x5c: ['MIIC'] }];
        expect((await selectUsableKeys({ keys }, ['RS256']))?.dropped).toEqual(['certificate_only']);
      },
    },
    {
      product: 'Any provider',
      sends: 'a token of a new key, seconds after the last fetch',
      does: '503 with `Retry-After` until the next fetch, at most 30 s; then it counts.',
      async check() {
        const service = await startTestService();
        await service.invite(ANN);
        await service.identityProvider.rotate();
        service.clock.advance(10_000);
        const token = await service.token();
        const early = await service.invite(ANN, { token });
        expect([early.status, early.headers.get('Retry-After')]).toEqual([503, '20']);
        expect(await early.json()).toMatchObject({
          code: 'identity_keys_unavailable',
          detail:
            'Nothing was sent. The token names a key that its identity provider may just have begun to use; this service fetches the keys again in a moment. Try again in 20 s.',
        });
        expect(service.logLines.join('\n')).toContain('"reason":"key_not_seen_yet"');
        service.clock.advance(20_000);
        expect((await service.invite(ANN, { token })).status).toBe(200);
      },
    },
    {
      product: 'Home-made issuers',
      sends: 'a new key under the `kid` of the old one',
      does: 'Fetches the keys again when a signature does not fit, at most every 30 s.',
      async check() {
        const published = { jwk: stranger.jwk };
        const clock = createFakeClock();
        const { fetchDocument } = testDocuments((url) => corpDocuments(published.jwk)(url));
        const verifier = testVerifier({ fetchDocument, clock });
        expect(await verdict(verifier, await rs256())).toBe('refused:signature_invalid');
        published.jwk = signer.jwk;
        clock.advance(COOL_DOWN_MS);
        expect(await verdict(verifier, await rs256())).toBe('verified');
      },
    },
    {
      product: 'Strangers',
      sends: 'a made-up `kid`, again and again',
      does: '401 as soon as a fetch has looked for it. At most one fetch in 30 s.',
      async check() {
        const service = await startTestService();
        await service.invite(ANN);
        const before = service.documents.urls.length;
        service.clock.advance(COOL_DOWN_MS);
        const header = { kid: 'made-up' };
        const token = await service.identityProvider.issue({}, { header });
        const first = await service.invite(ANN, { token });
        service.clock.advance(1);
        const second = await service.invite(ANN, { token });
        expect([first.status, second.status]).toEqual([401, 401]);
        expect(service.documents.urls.length - before).toBe(2); // the metadata and the key set
      },
    },
    {
      product: 'Any provider',
      sends: 'a key set without a key that it has withdrawn',
      does: 'Refuses its tokens after 15 minutes at most, while the provider answers.',
      async check() {
        const service = await startTestService();
        const token = await service.identityProvider.issue({}, { lifetimeS: 3600 });
        expect((await service.invite(ANN, { token })).status).toBe(200);
        await service.identityProvider.rotate();
        await service.identityProvider.retire();
        service.clock.advance(MAX_AGE_MS + REFRESH_BEHIND_MS);
        expect((await service.invite(ANN, { token })).status).toBe(401);
      },
    },
    {
      product: 'AD FS',
      sends: 'access tokens of the issuer `http://adfs.acme.com/adfs/services/trust`',
      does: 'Takes the name as it is, with `jwks_uri`. https is required of what is fetched.',
      check() {
        const issuer = 'http://adfs.acme.com/adfs/services/trust';
        const jwks_uri = 'https://adfs.acme.com/adfs/discovery/keys';
        expect(issuerProblem({ issuer, jwks_uri }, { insecureDev: false })).toBeNull();
        expect(issuerProblem({ issuer }, { insecureDev: false })).toContain('jwks_uri must name its key set');
      },
    },
    {
      product: 'AD FS',
      sends: 'metadata with an `access_token_issuer` of its own',
      does: '`doctor` prints both names and what to paste.',
      async check() {
        const finding = await doctor(
          {},
          {
            issuer: ISSUER,
            jwks_uri: `${ISSUER}/jwks`,
            access_token_issuer: 'http://adfs.acme.com/adfs/services/trust',
          },
        );
        expect(finding.remedy).toContain(
          `"issuer": "http://adfs.acme.com/adfs/services/trust", "jwks_uri": "${ISSUER}/jwks"`,
        );
      },
    },
    {
      product: 'Entra ID',
      sends: 'metadata of all tenants, with the issuer `https://login.microsoftonline.com/{tenantid}/v2.0`',
      does: 'Refuses it by name: `doctor` says to write the tenant’s id, and so does the start when it is pasted.',
      async check() {
        const template = 'https://login.microsoftonline.com/{tenantid}/v2.0';
        expect((await doctor({}, { issuer: template, jwks_uri: `${ISSUER}/jwks` })).remedy).toContain(
          'your own tenant',
        );
        expect(issuerProblem({ issuer: template }, { insecureDev: false })).toContain('tenant id');
      },
    },
    {
      product: 'Auth0',
      sends: 'metadata whose issuer ends in a slash, where AUTH_ISSUERS has none',
      does: 'Refuses it. The log and `doctor` have both names, `doctor` also what to paste.',
      async check() {
        const finding = await doctor({}, { issuer: `${ISSUER}/`, jwks_uri: `${ISSUER}/jwks` });
        expect(finding).toMatchObject({ status: 'failed', remedy: expect.stringContaining(`"issuer": "${ISSUER}/"`) });
        const result = { kind: 'failed', reason: 'metadata_issuer_mismatch', metadata: { issuer: `${ISSUER}/` } };
        const text = JSON.stringify({ issuer: `${ISSUER}/`, jwks_uri: `${ISSUER}/jwks` });
        const profile = { issuer: ISSUER, jwksUri: null };
        const { fetchDocument } = testDocuments(() => document(text));
        expect(await fetchKeySet({ profile, fetchDocument, rules: { insecureDev: false } })).toMatchObject(result);
      },
    },
    {
      product: 'Auth0, Keycloak, Google, Entra ID',
      sends: 'a token whose `iss` differs in a slash, case, scheme, port, `/auth` or version',
      does: '401. The log names the configured issuer that it nearly is, and in what it differs.',
      async check() {
        const service = await startTestService();
        const response = await service.invite(ANN, { token: await service.token({ iss: `${ISSUER}/` }) });
        expect(response.status).toBe(401);
        expect(service.logLines.join('\n')).toContain('"nearest_issuer":"corp","differs_in":"trailing_slash"');
      },
    },
    {
      product: 'AWS load balancers',
      sends: 'a token of their own in `x-amzn-oidc-data`',
      does: 'Does not look at the field: 401.',
      async check() {
        const service = await startTestService();
        const headers = { 'x-amzn-oidc-data': await service.token() };
        expect((await service.request('/v2/invite_policy', { headers })).status).toBe(401);
      },
    },
  ],
};

/** The coordinates of a point of P-256 whose x begins with a zero byte, without that byte. */
function shortPoint(): readonly [string, string] {
  const pair = createECDH('prime256v1');
  for (let scalar = 1; ; scalar += 1) {
    pair.setPrivateKey(scalar.toString(16).padStart(64, '0'), 'hex');
    const point = pair.getPublicKey();
    if (point[1] === 0) return [point.subarray(2, 33).toString('base64url'), point.subarray(33).toString('base64url')];
  }
}

/** Fetches a key set from a real server, with the service's own client. */
async function fetchFrom(text: string, contentType: string) {
  const server = createServer((request, response) => {
    const isAccepted = [contentType, '*/*'].some((type) => request.headers.accept?.includes(type) === true);
    response.writeHead(isAccepted ? 200 : 406, { 'Content-Type': contentType }).end(text);
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  return fetchKeySet({
    profile: { issuer: 'urn:acme:sts', jwksUri: `http://127.0.0.1:${String(port)}/` },
    fetchDocument: createFetchDocument(),
    rules: { insecureDev: true },
  });
}
