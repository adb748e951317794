import { describe, expect, it } from 'vitest';

import { issuerProfile } from '../../../../src/auth/issuer-profile.ts';
import {
  BACK_OFF_MS,
  COOL_DOWN_MS,
  createKeySet,
  MAX_AGE_MS,
  MAX_STALE_MS,
  REFRESH_BEHIND_MS,
} from '../../../../src/auth/keys/key-set.ts';
import type { KeySet } from '../../../../src/auth/keys/key-set.ts';
import type { WantedKey } from '../../../../src/auth/keys/choose-keys.ts';
import type { DocumentResult } from '../../../../src/ports/fetch-document.ts';
import { createFakeClock } from '../../../support/clock.ts';
import {
  AUDIENCE,
  countedMetrics,
  document,
  es256Signer,
  ISSUER,
  keptLog,
  testDocuments,
  UNREACHABLE,
} from '../../../support/tokens.ts';

const first = (await es256Signer('first')).jwk;
const second = (await es256Signer('second')).jwk;
const has = (keyId: string): WantedKey => ({ keyId, algorithm: 'ES256' });

function setUp({ canAwaitAcrossRequests = true } = {}) {
  const clock = createFakeClock();
  const published = { keys: [first] as object[] };
  const documents = testDocuments((): DocumentResult => document(JSON.stringify(published)));
  const metrics = countedMetrics();
  const logger = keptLog();
  const keptAlive: Promise<unknown>[] = [];
  const profile = issuerProfile({ name: 'corp', issuer: ISSUER, audience: AUDIENCE, jwks_uri: `${ISSUER}/jwks` });
  const rules = { insecureDev: false };
  const keySet = createKeySet({
    profile,
    fetchDocument: documents.fetchDocument,
    clock,
    rules,
    canAwaitAcrossRequests,
    background: { run: (task) => void keptAlive.push(task) },
    metrics,
    logger,
  });
  return { clock, published, documents, metrics, logger, keySet, keptAlive };
}

async function kids(keySet: KeySet, wanted?: WantedKey): Promise<string> {
  const result = await keySet.keys(wanted);
  return result.kind === 'keys' ? result.keys.map(({ keyId }) => keyId).join(' ') : result.kind;
}

/** Holds back answers until it is opened. */
function gate(): { readonly promise: Promise<void>; open(): void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { promise, open: resolve };
}

describe('a key set', () => {
  it('is fetched once and then served from memory for ten minutes', async () => {
    const { keySet, documents, clock } = setUp();
    expect(await kids(keySet)).toBe('first');
    clock.advance(MAX_AGE_MS - 1);
    expect(await kids(keySet)).toBe('first');
    expect(documents.urls).toEqual([`${ISSUER}/jwks`]);
    clock.advance(1);
    expect(await kids(keySet)).toBe('first');
    expect(documents.urls).toHaveLength(2);
  });

  it('is fetched behind the answers for five minutes more, once', async () => {
    const { keySet, published, documents, keptAlive, clock } = setUp();
    await keySet.keys();
    published.keys = [second];
    const door = gate();
    documents.gate = door.promise;
    clock.advance(MAX_AGE_MS + REFRESH_BEHIND_MS - 1);
    expect(await kids(keySet, has('first'))).toBe('first');
    expect(await kids(keySet)).toBe('first');
    expect(documents.urls).toHaveLength(2);
    door.open();
    await Promise.all(keptAlive);
    clock.advance(1);
    expect(await kids(keySet, has('first'))).toBe('second'); // a verdict at once: the fetch has looked for it
    expect(documents.urls).toHaveLength(2);
  });

  it.each([true, false])('is waited for after that: a revoked key ends there (promises shared: %s)', async (shared) => {
    const { keySet, published, documents, clock } = setUp({ canAwaitAcrossRequests: shared });
    await keySet.keys();
    published.keys = [second];
    clock.advance(MAX_AGE_MS + REFRESH_BEHIND_MS);
    const answers = await Promise.all([kids(keySet, has('first')), kids(keySet, has('first')), kids(keySet)]);
    expect(new Set(answers)).toEqual(new Set(['second']));
    expect(documents.urls).toHaveLength(shared ? 2 : 4);
  });

  it('is fetched by one request at a time while the issuer fails, so that others need not wait', async () => {
    const { keySet, documents, clock } = setUp({ canAwaitAcrossRequests: false });
    await keySet.keys();
    documents.trouble = UNREACHABLE;
    clock.advance(MAX_AGE_MS + REFRESH_BEHIND_MS);
    await keySet.keys();
    const door = gate();
    documents.gate = door.promise;
    clock.advance(BACK_OFF_MS.cap);
    const waiting = kids(keySet);
    expect(new Set(await Promise.all([kids(keySet), kids(keySet)]))).toEqual(new Set(['first']));
    expect(documents.urls).toHaveLength(3);
    door.open();
    expect(await waiting).toBe('first');
  });

  it('is as old as a document that others shared', async () => {
    const { keySet, documents, clock, keptAlive } = setUp();
    documents.trouble = { ...document(JSON.stringify({ keys: [first] })), ageMs: 29_000 } as DocumentResult;
    await keySet.keys();
    documents.trouble = null;
    clock.advance(MAX_AGE_MS - 29_000);
    await keySet.keys();
    await Promise.all(keptAlive);
    expect(documents.urls).toHaveLength(2);
  });

  it('revokes a key that a later fetch does not hold', async () => {
    const { keySet, published, clock } = setUp();
    await keySet.keys();
    published.keys = [second];
    clock.advance(MAX_AGE_MS + REFRESH_BEHIND_MS);
    expect(await kids(keySet, has('first'))).toBe('second');
    expect(await kids(keySet, has('first'))).toBe('second');
  });

  it('keeps its version while the document stays the same, and changes it with the document', async () => {
    const { keySet, published, clock } = setUp();
    const version = async () => {
      const result = await keySet.keys();
      clock.advance(MAX_AGE_MS);
      return result.kind === 'keys' ? result.version : null;
    };
    const [one, two] = [await version(), await version()];
    published.keys = [first, second];
    expect(two).toBe(one);
    expect(await version()).not.toBe(one);
  });

  it('is fetched anew for a key it does not hold, but not again within the cool-down', async () => {
    const { keySet, published, documents, clock } = setUp();
    await keySet.keys();
    published.keys = [first, second];
    clock.advance(COOL_DOWN_MS - 1);
    expect(await keySet.keys(has('second'))).toEqual({
      kind: 'unavailable',
      reason: 'key_not_seen_yet',
      retryAfterMs: 1,
    });
    expect(documents.urls).toHaveLength(1);
    clock.advance(1);
    expect(await kids(keySet, has('second'))).toBe('first second');
    expect(documents.urls).toHaveLength(2);
    for (let n = 0; n < 50; n += 1) await keySet.keys(has(`made up ${n}`));
    expect(documents.urls).toHaveLength(2);
  });

  it('is no verdict on a key until a fetch has looked for it, and one from then on', async () => {
    const { keySet, documents, clock } = setUp();
    await keySet.keys();
    clock.advance(10_000);
    expect(await keySet.keys(has('made up'))).toMatchObject({ kind: 'unavailable', retryAfterMs: 20_000 });
    clock.advance(10_000);
    expect(await keySet.keys(has('made up'))).toMatchObject({ kind: 'unavailable', retryAfterMs: 10_000 });
    clock.advance(10_000);
    expect(await kids(keySet, has('made up'))).toBe('first');
    clock.advance(1);
    expect(await kids(keySet, has('made up'))).toBe('first');
    expect(await kids(keySet, has('another'))).toBe('unavailable');
    expect(documents.urls).toHaveLength(2);
  });

  it('looks for a key again after each cool-down, because an issuer may publish it late', async () => {
    const { keySet, published, clock } = setUp();
    expect(await kids(keySet, has('second'))).toBe('first');
    published.keys = [first, second];
    clock.advance(COOL_DOWN_MS);
    expect(await kids(keySet, has('second'))).toBe('first second');
  });

  it('has looked for a key only with a document as young as the question', async () => {
    const { keySet, documents, clock } = setUp();
    documents.trouble = { ...document(JSON.stringify({ keys: [first] })), ageMs: 20_000 } as DocumentResult;
    expect(await keySet.keys(has('second'))).toMatchObject({ kind: 'unavailable', retryAfterMs: 10_000 });
    documents.trouble = null;
    clock.advance(10_000);
    expect(await kids(keySet, has('second'))).toBe('first');
    expect(documents.urls).toHaveLength(2);
  });

  it('keeps no more than a bounded number of names that it was asked for', async () => {
    const { keySet, clock } = setUp();
    expect(await kids(keySet, has('made up'))).toBe('first');
    clock.advance(1);
    expect(await kids(keySet, has('made up'))).toBe('first');
    for (let n = 0; n < 500; n += 1) await keySet.keys(has(`flood ${n}`));
    expect(await kids(keySet, has('made up'))).toBe('unavailable');
  });

  it('gives a verdict on missing keys again when the clock was set back', async () => {
    const { keySet, clock } = setUp();
    await keySet.keys(has('made up'));
    clock.advance(-3_600_000);
    expect(await kids(keySet, has('made up'))).toBe('first');
    expect(await kids(keySet, has('made up'))).toBe('first');
  });

  it('is unavailable, and no verdict, when a key it does not hold cannot be looked for', async () => {
    const { keySet, documents, clock } = setUp();
    await keySet.keys();
    documents.trouble = UNREACHABLE;
    clock.advance(COOL_DOWN_MS);
    expect(await kids(keySet, has('second'))).toBe('unavailable');
    expect(await kids(keySet, has('second'))).toBe('unavailable');
    expect(await kids(keySet, has('first'))).toBe('first');
    expect(documents.urls).toHaveLength(2);
  });

  it('outlives trouble of the issuer by one hour and not a moment more', async () => {
    const { keySet, documents, clock } = setUp();
    await keySet.keys();
    documents.trouble = UNREACHABLE;
    clock.advance(MAX_AGE_MS + MAX_STALE_MS - 1);
    expect(await kids(keySet)).toBe('first');
    clock.advance(1);
    expect(await kids(keySet)).toBe('unavailable');
    documents.trouble = null;
    clock.advance(BACK_OFF_MS.cap);
    expect(await kids(keySet)).toBe('first');
  });

  it('is unavailable while it was never had, and waits twice as long after each failure, up to a minute', async () => {
    const { keySet, documents, clock } = setUp();
    documents.trouble = UNREACHABLE;
    const waits: number[] = [];
    expect(await kids(keySet)).toBe('unavailable');
    for (let attempt = 0; attempt < 9; attempt += 1) {
      const before = documents.urls.length;
      let waitedMs = 0;
      while (documents.urls.length === before) {
        clock.advance(500);
        waitedMs += 500;
        expect(await kids(keySet)).toBe('unavailable');
      }
      waits.push(waitedMs / 1000);
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
    documents.trouble = null;
    clock.advance(BACK_OFF_MS.cap);
    expect(await kids(keySet)).toBe('first');
  });

  it('starts its back-off afresh after a success', async () => {
    const { keySet, documents, clock } = setUp();
    documents.trouble = UNREACHABLE;
    for (let n = 0; n < 5; n += 1, clock.advance(BACK_OFF_MS.cap)) await keySet.keys();
    documents.trouble = null;
    await keySet.keys();
    documents.trouble = UNREACHABLE;
    clock.advance(MAX_AGE_MS + REFRESH_BEHIND_MS);
    await keySet.keys();
    const before = documents.urls.length;
    clock.advance(BACK_OFF_MS.first);
    await keySet.keys();
    expect(documents.urls).toHaveLength(before + 1);
  });

  it.each([
    ['not JSON', '<html>'],
    ['JSON with a repeated member', '{"keys":[],"keys":[]}'],
    ['no key set', '{"key":[]}'],
    ['a list', '[]'],
  ])('counts a document that is %s as a failure and keeps what it has', async (_title, text) => {
    const { keySet, documents, clock } = setUp();
    await keySet.keys();
    documents.trouble = document(text);
    clock.advance(MAX_AGE_MS + REFRESH_BEHIND_MS);
    expect(await kids(keySet)).toBe('first');
    expect(documents.urls).toHaveLength(2);
  });

  it('survives a fetch that throws', async () => {
    const { clock, metrics, logger } = setUp();
    const profile = issuerProfile({ name: 'corp', issuer: ISSUER, audience: AUDIENCE, jwks_uri: `${ISSUER}/jwks` });
    const fetchDocument = () => Promise.reject(new Error('broken'));
    const keySet = createKeySet({
      profile,
      fetchDocument,
      clock,
      rules: { insecureDev: false },
      canAwaitAcrossRequests: true,
      background: { run: () => undefined },
      metrics,
      logger,
    });
    expect(await kids(keySet)).toBe('unavailable');
  });

  it('keeps a fetch alive when whoever caused it has gone: others rely on it', async () => {
    const { keySet, keptAlive } = setUp({ canAwaitAcrossRequests: false });
    const asked = keySet.keys();
    expect(keptAlive).toHaveLength(1);
    await keptAlive[0];
    expect(await asked).toMatchObject({ kind: 'keys' });
  });

  it('revokes everything and is unavailable when the issuer publishes no usable key', async () => {
    const { keySet, published, documents, clock, logger } = setUp();
    await keySet.keys();
    published.keys = [{ kty: 'oct', k: 'c2VjcmV0', kid: 'first' }];
    clock.advance(MAX_AGE_MS + REFRESH_BEHIND_MS);
    expect(await kids(keySet, has('first'))).toBe('unavailable');
    documents.trouble = UNREACHABLE;
    clock.advance(BACK_OFF_MS.cap);
    expect(await kids(keySet, has('first'))).toBe('unavailable');
    expect(logger.lines.join()).not.toContain('c2VjcmV0');
  });

  it('does not grow younger when the clock is set back', async () => {
    const { keySet, documents, clock } = setUp();
    await keySet.keys();
    clock.advance(-3_600_000);
    expect(await kids(keySet)).toBe('first');
    expect(documents.urls).toHaveLength(2);
  });

  it('logs each reason for which it sets keys aside once, and an encryption key as no fault', async () => {
    const { keySet, published, logger } = setUp();
    const secrets = Array.from({ length: 50 }, () => ({ kty: 'oct', k: 'c2VjcmV0' }));
    published.keys = [first, { ...second, use: 'enc' }, ...secrets];
    await keySet.keys();
    expect(logger.lines.filter((line) => line.includes('key_dropped'))).toEqual([
      JSON.stringify({ event: 'key_dropped', issuer: 'corp', reason: 'not_for_signatures', keys: 1 }),
      JSON.stringify({ event: 'key_dropped', issuer: 'corp', reason: 'private_or_symmetric', keys: 50 }),
    ]);
  });

  it('counts its fetches by issuer and result', async () => {
    const { keySet, documents, clock, metrics } = setUp();
    documents.trouble = UNREACHABLE;
    await keySet.keys();
    documents.trouble = null;
    clock.advance(BACK_OFF_MS.first);
    await keySet.keys();
    expect(metrics.counted.map(({ labels }) => labels)).toEqual([
      { issuer: 'corp', result: 'unreachable' },
      { issuer: 'corp', result: 'ok' },
    ]);
  });
});

describe('forty parallel callers', () => {
  const callers = (keySet: KeySet, kid = 'first') =>
    Promise.all(Array.from({ length: 40 }, () => kids(keySet, has(kid))));

  it('share one fetch where promises may be shared', async () => {
    const { keySet, documents } = setUp();
    const door = gate();
    documents.gate = door.promise;
    const answers = callers(keySet);
    door.open();
    expect(new Set(await answers)).toEqual(new Set(['first']));
    expect(documents.urls).toHaveLength(1);
  });

  it('share one failure, which counts once', async () => {
    const { keySet, documents, clock } = setUp();
    documents.trouble = UNREACHABLE;
    expect(new Set(await callers(keySet))).toEqual(new Set(['unavailable']));
    documents.trouble = null;
    clock.advance(BACK_OFF_MS.first);
    expect(await kids(keySet)).toBe('first');
    expect(documents.urls).toHaveLength(2);
  });

  it('each fetch for themselves, and fail as one, where promises may not be shared and nothing is held', async () => {
    const { keySet, documents, clock } = setUp({ canAwaitAcrossRequests: false });
    documents.trouble = UNREACHABLE;
    expect(new Set(await callers(keySet))).toEqual(new Set(['unavailable']));
    expect(documents.urls).toHaveLength(40);
    documents.trouble = null;
    clock.advance(BACK_OFF_MS.first);
    expect(await kids(keySet)).toBe('first');
  });

  it('never wait for the fetch of another where promises may not be shared', async () => {
    const { keySet, documents, clock } = setUp({ canAwaitAcrossRequests: false });
    await keySet.keys();
    const door = gate();
    documents.gate = door.promise;
    clock.advance(MAX_AGE_MS);
    const fetching = kids(keySet);
    expect(new Set(await callers(keySet))).toEqual(new Set(['first']));
    expect(new Set(await callers(keySet, 'second'))).toEqual(new Set(['unavailable']));
    door.open();
    expect(await fetching).toBe('first');
    expect(documents.urls).toHaveLength(2);
  });

  it('start another fetch when the running one was lost with its request', async () => {
    const { keySet, documents, clock } = setUp();
    documents.gate = gate().promise;
    void keySet.keys();
    documents.gate = null;
    clock.advance(60_000);
    expect(await kids(keySet)).toBe('first');
    expect(documents.urls).toHaveLength(2);
  });

  it('are not misled by an old answer that comes after a newer one', async () => {
    const { keySet, documents, published, clock } = setUp();
    const door = gate();
    documents.gate = door.promise;
    const late = kids(keySet);
    documents.gate = null;
    clock.advance(60_000);
    published.keys = [second];
    expect(await kids(keySet)).toBe('second');
    door.open();
    await late;
    expect(await kids(keySet)).toBe('second');
  });
});
