import { describe, expect, it } from 'vitest';

import { createIdentityProvider, SIGNING_ALGORITHMS } from '../../../dev/identity-provider.ts';
import {
  BACK_OFF_MS,
  COOL_DOWN_MS,
  MAX_AGE_MS,
  MAX_STALE_MS,
  REFRESH_BEHIND_MS,
} from '../../../src/auth/keys/key-set.ts';
import { createFakeClock } from '../../support/clock.ts';
import {
  AUDIENCE,
  claimsText,
  corpDocuments,
  countedMetrics,
  documentsOf,
  es256Signer,
  headerText,
  ISSUER,
  keptLog,
  testDocuments,
  testVerifier,
  UNREACHABLE,
  verdict,
} from '../../support/tokens.ts';

function setUp(algorithm: (typeof SIGNING_ALGORITHMS)[number] = 'ES256') {
  const clock = createFakeClock();
  const provider = createIdentityProvider({ issuer: ISSUER, audience: AUDIENCE, now: clock.now, algorithm });
  const documents = documentsOf(provider.app);
  const logger = keptLog();
  const metrics = countedMetrics();
  const keptAlive: Promise<unknown>[] = [];
  const background = { run: (task: Promise<unknown>) => void keptAlive.push(task) };
  const verifier = testVerifier({ fetchDocument: documents.fetchDocument, clock, logger, metrics, background });
  return { clock, provider, documents, verifier, logger, metrics, keptAlive };
}

describe('a token of a trusted issuer', () => {
  it.each(SIGNING_ALGORITHMS)('signed with %s is verified', async (algorithm) => {
    const { provider, verifier } = setUp(algorithm);
    expect(await verdict(verifier, await provider.issue())).toBe('verified');
  });

  it('gives the principal it was issued for', async () => {
    const { provider, verifier } = setUp();
    const token = await provider.issue({
      sub: 'user-7',
      client_id: 'it-desk',
      groups: ['it-admins'],
      scope: 'invites:write audit:read',
      jti: 'id-1',
    });
    expect(await verifier.verify(token)).toMatchObject({
      kind: 'verified',
      principal: {
        issuer: 'corp',
        subject: 'user-7',
        clientId: 'it-desk',
        groups: ['it-admins'],
        kind: 'user',
        scopes: ['invites:write', 'audit:read'],
        tokenId: 'id-1',
      },
    });
  });

  it('is verified across a rotation, and refused once its key is retired', async () => {
    const { provider, verifier, clock } = setUp();
    const old = await provider.issue({}, { lifetimeS: 7200 });
    expect(await verdict(verifier, old)).toBe('verified');
    await provider.rotate();
    clock.advance(COOL_DOWN_MS);
    expect(await verdict(verifier, await provider.issue())).toBe('verified');
    expect(await verdict(verifier, old)).toBe('verified');
    await provider.retire();
    clock.advance(MAX_AGE_MS + REFRESH_BEHIND_MS);
    expect(await verdict(verifier, old)).toBe('refused:key_unknown');
  });

  it('is forgotten at once when the key set changes, though it was remembered a moment ago', async () => {
    const { provider, verifier, clock, keptAlive } = setUp();
    await verdict(verifier, await provider.issue());
    clock.advance(MAX_AGE_MS + REFRESH_BEHIND_MS - 1000);
    const old = await provider.issue();
    expect(await verdict(verifier, old)).toBe('verified');
    await Promise.all(keptAlive.splice(0));
    expect(await verdict(verifier, old)).toBe('verified');
    await provider.rotate();
    await provider.retire();
    clock.advance(MAX_AGE_MS);
    expect(await verdict(verifier, await provider.issue())).toBe('verified');
    expect(await verdict(verifier, old)).toBe('refused:key_unknown');
  });

  it('is remembered, but never beyond its own end', async () => {
    const { provider, verifier, clock } = setUp();
    const token = await provider.issue({}, { lifetimeS: 120 });
    const [first, second] = [await verifier.verify(token), await verifier.verify(token)];
    if (first.kind !== 'verified' || second.kind !== 'verified') throw new Error('not verified');
    expect(second.principal).toBe(first.principal);
    clock.advance(120_000 + 30_000);
    expect(await verdict(verifier, token)).toBe('refused:expired');
  });

  it('is verified anew after five minutes', async () => {
    const { provider, verifier, clock } = setUp();
    const token = await provider.issue({}, { lifetimeS: 3600 });
    const first = await verifier.verify(token);
    clock.advance(300_000);
    const second = await verifier.verify(token);
    if (first.kind !== 'verified' || second.kind !== 'verified') throw new Error('not verified');
    expect(second.principal).not.toBe(first.principal);
    expect(second.principal).toEqual(first.principal);
  });

  it('is verified when its key took the place and the kid of another, within the bounds of fetches', async () => {
    const clock = createFakeClock();
    const [old, young] = [await es256Signer('key-1'), await es256Signer('key-1')];
    const published = { jwk: old.jwk };
    const documents = testDocuments((url) => corpDocuments(published.jwk)(url));
    const verifier = testVerifier({ fetchDocument: documents.fetchDocument, clock });
    const ofOld = await old.sign(headerText(), claimsText());
    const ofYoung = await young.sign(headerText(), claimsText());
    expect(await verdict(verifier, ofOld)).toBe('verified');
    published.jwk = young.jwk;
    clock.advance(COOL_DOWN_MS - 1);
    expect(await verdict(verifier, ofYoung)).toBe('refused:signature_invalid');
    expect(documents.urls).toHaveLength(2);
    clock.advance(1);
    expect(await verdict(verifier, ofYoung)).toBe('verified');
    expect(await verdict(verifier, ofOld)).toBe('refused:signature_invalid');
    expect(documents.urls).toHaveLength(4);
  });

  it('with a bad signature causes at most one fetch in each cool-down, and none while the issuer fails', async () => {
    const { provider, verifier, documents, clock } = setUp();
    const token = await provider.issue({}, { lifetimeS: 3600 });
    const forged = `${token.slice(0, -6)}AAAAAA`;
    await verdict(verifier, token);
    documents.trouble = UNREACHABLE;
    clock.advance(COOL_DOWN_MS);
    for (let n = 0; n < 20; n += 1) expect(await verdict(verifier, forged)).toBe('refused:signature_invalid');
    expect(documents.urls).toHaveLength(3);
    expect(await verdict(verifier, token)).toBe('verified');
  });

  it('without a kid is verified with whichever key of the set signed it, and with no other', async () => {
    const { provider, verifier } = setUp();
    const header = { kid: undefined };
    const old = await provider.issue({}, { header });
    await provider.rotate();
    expect(await verdict(verifier, old)).toBe('verified');
    expect(await verdict(verifier, await provider.issue({}, { header }))).toBe('verified');
    expect(await verdict(verifier, `${old.slice(0, -6)}AAAAAA`)).toBe('refused:signature_invalid');
  });

  it('without a kid is refused when more keys could be meant than are tried', async () => {
    const { provider, verifier } = setUp();
    for (let n = 0; n < 8; n += 1) await provider.rotate();
    expect(await verdict(verifier, await provider.issue({}, { header: { kid: undefined } }))).toBe(
      'refused:key_ambiguous',
    );
  });

  it('of an issuer with a name that is no URL is verified with the keys from jwks_uri', async () => {
    const { provider, documents, clock } = setUp();
    const issuer = 'http://adfs.example.com/adfs/services/trust';
    const issuers = [{ name: 'corp', audience: AUDIENCE, issuer, jwks_uri: `${ISSUER}/jwks` }];
    const verifier = testVerifier({ fetchDocument: documents.fetchDocument, clock, issuers });
    expect(await verdict(verifier, await provider.issue({ iss: issuer }))).toBe('verified');
    expect(await verdict(verifier, await provider.issue({ iss: issuer.replace('http', 'https') }))).toBe(
      'refused:issuer_unknown',
    );
    expect(documents.urls).toEqual([`${ISSUER}/jwks`]);
  });

  it('that nearly names an issuer is refused, with the short name of that issuer for the log', async () => {
    const { provider, verifier } = setUp();
    expect(await verifier.verify(await provider.issue({ iss: `${ISSUER}/` }))).toEqual({
      kind: 'refused',
      failure: { reason: 'issuer_unknown', issuer: null, nearest: { issuer: 'corp', differsIn: 'trailing_slash' } },
    });
  });
});

describe('when the keys of an issuer cannot be had', () => {
  it('there is no verdict on its tokens, good or bad', async () => {
    const { provider, verifier, documents } = setUp();
    documents.trouble = UNREACHABLE;
    const token = await provider.issue();
    const unavailable = { kind: 'unavailable', issuer: 'corp', reason: 'issuer_unreachable', retryAfterMs: 5000 };
    expect(await verifier.verify(token)).toEqual(unavailable);
    expect(await verifier.verify(`${token.slice(0, -6)}AAAAAA`)).toEqual(unavailable);
  });

  it('tokens are verified as soon as they can be had again', async () => {
    const { provider, verifier, documents, clock } = setUp();
    documents.trouble = UNREACHABLE;
    const token = await provider.issue();
    await verifier.verify(token);
    documents.trouble = null;
    expect(await verdict(verifier, token)).toBe('unavailable');
    clock.advance(BACK_OFF_MS.first);
    expect(await verdict(verifier, token)).toBe('verified');
  });

  it('known keys serve for an hour more, remembered tokens included', async () => {
    const { provider, verifier, documents, clock } = setUp();
    const token = await provider.issue({}, { lifetimeS: 3 * 3600 });
    expect(await verdict(verifier, token)).toBe('verified');
    documents.trouble = UNREACHABLE;
    clock.advance(MAX_AGE_MS + MAX_STALE_MS - 1);
    expect(await verdict(verifier, token)).toBe('verified');
    clock.advance(1);
    expect(await verdict(verifier, token)).toBe('unavailable');
  });

  it('a token of a key not seen yet is unavailable, not refused', async () => {
    const { provider, verifier, documents, clock } = setUp();
    await verdict(verifier, await provider.issue());
    await provider.rotate();
    clock.advance(COOL_DOWN_MS);
    documents.trouble = UNREACHABLE;
    expect(await verdict(verifier, await provider.issue())).toBe('unavailable');
  });

  it('forty parallel tokens cause one fetch of each document', async () => {
    const { provider, verifier, documents } = setUp();
    const tokens = await Promise.all(Array.from({ length: 40 }, () => provider.issue()));
    const verdicts = await Promise.all(tokens.map((token) => verdict(verifier, token)));
    expect(new Set(verdicts)).toEqual(new Set(['verified']));
    expect(documents.urls).toHaveLength(2);
  });
});

describe('a token verifier', () => {
  it.each([
    ['plain http', { issuer: 'http://id.example.com' }],
    ['a key set over plain http', { issuer: ISSUER, jwks_uri: 'http://id.example.com/jwks' }],
  ])('is not built with %s', (_title, urls) => {
    const { documents, clock } = setUp();
    const issuers = [{ name: 'corp', audience: AUDIENCE, ...urls }];
    expect(() => testVerifier({ fetchDocument: documents.fetchDocument, clock, issuers })).toThrow('must use https');
  });

  it('writes no part of a token into the log or the metrics', async () => {
    const { provider, verifier, logger, metrics, documents } = setUp();
    const token = await provider.issue({ sub: 'subject-needle', client_id: 'client-needle', jti: 'jti-needle' });
    documents.trouble = UNREACHABLE;
    await verifier.verify(token);
    documents.trouble = null;
    await verifier.verify(token);
    await verifier.verify(`${token.slice(0, -6)}AAAAAA`);
    const written = JSON.stringify([logger.lines, metrics.counted]);
    for (const piece of [...token.split('.'), 'needle']) expect(written).not.toContain(piece);
    expect(logger.lines).not.toEqual([]);
  });

  it.each([
    ['groups as an object', { groups: { 'needle-a': true } }, 'token_group_unreadable', 'form'],
    ['groups joined to one text', { groups: 'needle-a,needle-b' }, 'token_group_unreadable', 'joined'],
    [
      '1,001 groups',
      { groups: Array.from({ length: 1001 }, (_, n) => `needle-${n}`) },
      'token_group_unreadable',
      'too_many',
    ],
    ['groups that Entra ID left out', { _claim_names: { groups: 'src1' } }, 'token_group_unreadable', 'left_out'],
    ['a scope that is a number', { scope: ['invites:write', 7] }, 'token_scope_unreadable', 'form'],
  ])('logs %s without a part of the token, and accepts it', async (_title, claims, event, reason) => {
    const { provider, verifier, logger } = setUp();
    expect(await verdict(verifier, await provider.issue(claims))).toBe('verified');
    expect(logger.lines.filter((line) => line.includes('unreadable'))).toEqual([
      JSON.stringify({ event, issuer: 'corp', reason }),
    ]);
  });

  it('logs that the kind of a caller is unclear', async () => {
    const clock = createFakeClock();
    const provider = createIdentityProvider({ issuer: ISSUER, audience: AUDIENCE, now: clock.now });
    const logger = keptLog();
    const verifier = testVerifier({
      fetchDocument: documentsOf(provider.app).fetchDocument,
      clock,
      logger,
      issuers: [{ name: 'corp', issuer: ISSUER, audience: AUDIENCE, preset: 'auth0' }],
    });
    const token = await provider.issue({ sub: 'x@clients', client_id: 'x', gty: null });
    expect(await verifier.verify(token)).toMatchObject({ principal: { kind: 'user', hasUnreadableKind: true } });
    expect(logger.lines).toContain(JSON.stringify({ event: 'token_kind_unreadable', issuer: 'corp', reason: 'form' }));
  });

  it('fetches nothing for a token of an issuer it does not know', async () => {
    const { verifier, documents } = setUp();
    const stranger = createIdentityProvider({ issuer: 'https://evil.example', audience: AUDIENCE });
    expect(await verdict(verifier, await stranger.issue())).toBe('refused:issuer_unknown');
    expect(documents.urls).toEqual([]);
  });
});
